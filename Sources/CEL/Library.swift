/// One form of a function: what it takes, what it yields, how it is done.
struct Overload: Sendable {
    typealias Body = @Sendable (_ arguments: [Value], _ meter: inout Meter) throws(EvaluationError) -> Value

    let name: String
    let isMethod: Bool
    /// For a method the first is its target.
    let parameters: [CELType]
    let result: CELType
    /// What it yields for arguments of these types, where that depends on them.
    var deduced: @Sendable ([CELType]) -> CELType? = { _ in nil }
    let body: Body

    static func function(_ name: String, _ parameters: [CELType], _ result: CELType, body: @escaping Body) -> Overload {
        Overload(name: name, isMethod: false, parameters: parameters, result: result, body: body)
    }

    static func method(_ name: String, _ parameters: [CELType], _ result: CELType, body: @escaping Body) -> Overload {
        Overload(name: name, isMethod: true, parameters: parameters, result: result, body: body)
    }

    /// The type of its result for arguments of these types.
    func result(of types: [CELType]) -> CELType { deduced(types) ?? result }

    func takes(_ types: [CELType]) -> Bool {
        types.count == parameters.count && zip(types, parameters).allSatisfy { $0.fits($1) }
    }

    func takes(_ values: [Value]) -> Bool {
        values.count == parameters.count && zip(values, parameters).allSatisfy { $0.belongs(to: $1) }
    }

    var signature: String {
        let names = parameters.map(\.description)
        let given = names.dropFirst(isMethod ? 1 : 0).joined(separator: ", ")
        return "\(isMethod ? (names.first ?? "") + "." : "")\(name)(\(given))"
    }
}

/// Every function there is.
enum Library {
    static let macros: Set<String> = ["all", "exists", "exists_one", "filter", "map", "has"]

    private static let all = sizes + conversions + strings + patterns + times + optionals
    private static let functions = Dictionary(grouping: all.filter { !$0.isMethod }, by: \.name)
    private static let methods = Dictionary(grouping: all.filter(\.isMethod), by: \.name)

    static var names: [String] { Set(all.map(\.name)).sorted() }

    static func overloads(_ name: String, isMethod: Bool) -> [Overload] {
        (isMethod ? methods : functions)[name] ?? []
    }

    /// Functions other evaluators have, with the reason why they are refused.
    static let unsupported: [String: String] = {
        let whether = "matches() says whether a text has a match"
        var reasons = ["find": whether, "findAll": whether, "format": "use + and string()"]
        for name in [
            "quote", "reverse", "sort", "sortBy", "distinct", "flatten", "slice", "first", "last", "isSorted", "sum",
            "min", "max", "transformList", "transformMap", "transformMapEntry", "quantity", "isQuantity", "url",
            "isURL",
            "ip", "isIP", "cidr", "isCIDR", "semver", "optMap", "optFlatMap", "or", "bind",
        ] {
            reasons[name] = "this evaluator does not have it"
        }
        return reasons
    }()

    static func call(_ name: String, isMethod: Bool, _ values: [Value], _ meter: inout Meter) throws(EvaluationError)
        -> Value
    {
        guard let overload = overloads(name, isMethod: isMethod).first(where: { $0.takes(values) }) else {
            let kinds = values.map(\.kind).joined(separator: ", ")
            throw EvaluationError(.noSuchOverload, "\(name)() does not take (\(kinds))")
        }
        return try overload.body(values, &meter)
    }

    /// For a body that met values its signature rules out.
    static func noSuchOverload(_ name: String) -> EvaluationError {
        EvaluationError(.noSuchOverload, "\(name)() does not take these arguments")
    }

    private static let sizes: [Overload] = [CELType.string, .bytes, .list(.dyn), .map(.dyn, .dyn)].flatMap { type in
        let body: Overload.Body = { (arguments, meter) throws(EvaluationError) in try size(arguments[0], &meter) }
        return [Overload.function("size", [type], .int, body: body), .method("size", [type], .int, body: body)]
    }

    private static func size(_ value: Value, _ meter: inout Meter) throws(EvaluationError) -> Value {
        switch value {
        case .string(let string):
            try meter.charge(bytes: string.utf8.count)
            return .int(Int64(string.unicodeScalars.count))
        case .bytes(let bytes): return .int(Int64(bytes.count))
        case .list(let elements): return .int(Int64(elements.count))
        case .map(let map): return .int(Int64(map.count))
        default: throw noSuchOverload("size")
        }
    }
}

/// Counts what an evaluation costs.
struct Meter: Sendable {
    let limit: Int
    private(set) var spent = 0

    init(limit: Int) { self.limit = limit }

    /// Takes units before the work is done, so that the limit bounds memory too.
    mutating func charge(_ units: Int = 1) throws(EvaluationError) {
        let (sum, overflow) = spent.addingReportingOverflow(units)
        spent = overflow ? .max : sum
        if spent > limit {
            throw EvaluationError(.costLimit, "the expression costs more than the limit of \(limit) units")
        }
    }

    /// One unit for sixteen bytes that are read or made.
    mutating func charge(bytes: Int) throws(EvaluationError) { try charge(bytes / 16) }
}

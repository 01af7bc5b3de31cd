/// Walks the tree. Errors are thrown; `&&`, `||`, `all` and `exists` catch them where the language absorbs them.
struct Evaluator {
    let bindings: [String: Value]
    /// The variables the program was checked against; `nil` lets it see every binding.
    let variables: Set<String>?
    /// What the checker made of literals, by their nodes.
    let patterns: [ObjectIdentifier: Pattern]
    let limits: Limits
    var meter: Meter
    var scopes: [(name: String, value: Value)] = []
    var trace: [(range: SourceRange, outcome: Result<Value, EvaluationError>)] = []
    private var depth = 0
    /// Variables that were read. They are few, and found by comparing faster than by hashing.
    private var globals: [(name: String, value: Value)] = []

    init(
        bindings: [String: Value], variables: Set<String>?, patterns: [ObjectIdentifier: Pattern], limits: Limits
    ) {
        self.bindings = bindings
        self.variables = variables
        self.patterns = patterns
        self.limits = limits
        meter = Meter(limit: limits.cost)
    }

    /// The value of a node; never `.error`.
    mutating func evaluate(_ node: Node) throws(EvaluationError) -> Value {
        depth += 1
        defer { depth -= 1 }
        do throws(EvaluationError) {
            guard depth <= limits.depth else {
                throw EvaluationError(.depthLimit, "nested deeper than the limit of \(limits.depth) levels")
            }
            try meter.charge()
            let value = try self.value(of: node)
            if trace.count < limits.traceEntries { record(node, .success(value)) }
            return value
        } catch {
            let located = error.located(at: node.focus)
            if trace.count < limits.traceEntries { record(node, .failure(located)) }
            throw located
        }
    }

    private mutating func record(_ node: Node, _ outcome: Result<Value, EvaluationError>) {
        if case .literal = node.kind { return }
        trace.append((node.range, outcome))
    }

    private mutating func value(of node: Node) throws(EvaluationError) -> Value {
        switch node.kind {
        case .literal(let value): value
        case .identifier(let name): try identifier(name)
        case .select(let operand, let field): try select(try evaluate(operand), field)
        case .has(let operand, let field): .bool(try has(try evaluate(operand), field))
        case .index(let operand, let index): try self.index(try evaluate(operand), try evaluate(index))
        case .call(let name, let target, let arguments): try call(name, target, arguments)
        case .unary(let symbol, let operand): try unary(symbol, try evaluate(operand))
        case .binary(let symbol, let left, let right): try binary(symbol, left, right)
        case .conditional(let condition, let yes, let no):
            try evaluate(try truth(of: try evaluate(condition), "?:") ? yes : no)
        case .list(let elements): try list(elements)
        case .map(let entries): try map(entries)
        case .comprehension(let comprehension): try self.comprehension(comprehension)
        }
    }

    /// What data holds: a value, or the error the host bound in its place.
    ///
    /// The error may come from another expression, so that its position would mislead here.
    func read(_ value: Value) throws(EvaluationError) -> Value {
        guard case .error(var error) = value else { return value }
        error.position = nil
        throw error
    }

    func truth(of value: Value, _ symbol: String) throws(EvaluationError) -> Bool {
        guard case .bool(let bool) = value else {
            throw EvaluationError(.noSuchOverload, "'\(symbol)' needs a bool, not \(value.kind)")
        }
        return bool
    }

    // MARK: Names, fields and elements

    private mutating func identifier(_ name: String) throws(EvaluationError) -> Value {
        if let scope = scopes.last(where: { $0.name == name }) { return try read(scope.value) }
        if let global = globals.first(where: { $0.name == name }) { return try read(global.value) }
        if variables?.contains(name) ?? true, let value = bindings[name] {
            globals.append((name, value))
            return try read(value)
        }
        if Checker.typeNames.contains(name), variables?.contains(name) != true { return .type(name) }
        throw EvaluationError(.unboundVariable, "the variable '\(name)' is not bound")
    }

    private func select(_ operand: Value, _ field: String) throws(EvaluationError) -> Value {
        switch operand {
        case .message(let name, let fields):
            if let value = fields[field] { return try read(value) }
            throw EvaluationError(.noSuchField, "\(name) has no value for the field '\(field)'")
        case .map(let map):
            if let value = map[.string(field)] { return try read(value) }
            throw EvaluationError(.noSuchKey, "no such key: \(Value.string(field))")
        default: throw EvaluationError(.noSuchOverload, "\(operand.kind) has no field '\(field)'")
        }
    }

    private func has(_ operand: Value, _ field: String) throws(EvaluationError) -> Bool {
        // The checker refuses declared fields; under `dyn` a message may still come here.
        guard case .map(let map) = operand else {
            throw EvaluationError(.noSuchOverload, "has() is for maps, not \(operand.kind)")
        }
        guard let value = map[.string(field)] else { return false }
        _ = try read(value)
        return true
    }

    private func index(_ operand: Value, _ index: Value) throws(EvaluationError) -> Value {
        switch operand {
        case .list(let elements):
            guard case .int(let place)? = MapKey(index).flatMap(Self.asInteger) else {
                throw EvaluationError(
                    .noSuchOverload, "the index of a list is an int, not \(index.rendered(limit: 40))")
            }
            guard place >= 0, place < Int64(elements.count) else {
                throw EvaluationError(.indexOutOfRange, "index \(place) is outside a list of \(elements.count)")
            }
            return try read(elements[Int(place)])
        case .map(let map):
            if let key = MapKey(index), let value = map[key] { return try read(value) }
            throw EvaluationError(.noSuchKey, "no such key: \(index.rendered(limit: 60))")
        default: throw EvaluationError(.noSuchOverload, "\(operand.kind) cannot be indexed")
        }
    }

    private static func asInteger(_ key: MapKey) -> MapKey? {
        switch key {
        case .int: key
        case .uint(let uint): .int(Int64(clamping: uint))
        default: nil
        }
    }

    // MARK: Calls and literals

    private mutating func call(_ name: String, _ target: Node?, _ arguments: [Node]) throws(EvaluationError) -> Value {
        var values: [Value] = []
        if let target { values.append(try evaluate(target)) }
        for argument in arguments { values.append(try evaluate(argument)) }
        if let last = arguments.last, let pattern = patterns[ObjectIdentifier(last)], case .string(let text) = values[0]
        {
            return .bool(try pattern.isFound(in: text, &meter))
        }
        return try Library.call(name, isMethod: target != nil, values, &meter)
    }

    private mutating func list(_ elements: [Node]) throws(EvaluationError) -> Value {
        var values: [Value] = []
        values.reserveCapacity(elements.count)
        for element in elements { values.append(try evaluate(element)) }
        return .list(values)
    }

    private mutating func map(_ entries: [(key: Node, value: Node)]) throws(EvaluationError) -> Value {
        var map = MapValue()
        for entry in entries {
            let value = try evaluate(entry.key)
            guard let key = MapKey(value), value.kind != "double" else {
                throw EvaluationError(.noSuchOverload, "\(value.kind) cannot be the key of a map").located(
                    at: entry.key.range)
            }
            guard map.insert(key, try evaluate(entry.value)) else {
                let message = "the key \(value.rendered(limit: 60)) is there twice"
                throw EvaluationError(.duplicateKey, message).located(at: entry.key.range)
            }
        }
        return .map(map)
    }
}

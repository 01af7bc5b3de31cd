/// The type of an expression or a declared variable.
public indirect enum CELType: Sendable, Hashable {
    /// The primitive types; `int` and `uint` have 64 bits.
    case bool, int, uint, double, string, bytes, null
    /// An instant, a span of time.
    case timestamp, duration
    /// Known only when evaluated: the checker lets it stand for everything.
    case dyn
    /// The type of a type, such as `type(1)`.
    case type
    /// What the elements of `[]` and `{}` are before anything says so; it fits every type and prints as `dyn`.
    case unconstrained
    /// A list of elements of one type.
    case list(CELType)
    /// A map from keys to values.
    case map(CELType, CELType)
    /// What may be absent, of the language's optional library.
    case optional(CELType)
    /// A struct declared by the host, by name.
    case message(String)

    /// Whether the checker knows nothing about it.
    var isDynamic: Bool { self == .dyn || self == .unconstrained }
    /// `int`, `uint` or `double`.
    var isNumeric: Bool { self == .int || self == .uint || self == .double }

    /// The type with nothing left open.
    var settled: CELType {
        switch self {
        case .unconstrained: .dyn
        case .list(let element): .list(element.settled)
        case .optional(let wrapped): .optional(wrapped.settled)
        case .map(let key, let value): .map(key.settled, value.settled)
        default: self
        }
    }

    /// Whether a value of this type may stand where `other` is asked for.
    func fits(_ other: CELType) -> Bool {
        if isDynamic || other.isDynamic || self == other { return true }
        switch (self, other) {
        case (.list(let mine), .list(let theirs)), (.optional(let mine), .optional(let theirs)):
            return mine.fits(theirs)
        case (.map(let key, let value), .map(let otherKey, let otherValue)):
            return key.fits(otherKey) && value.fits(otherValue)
        case (.null, .message), (.null, .timestamp), (.null, .duration): return true
        default: return false
        }
    }

    /// Whether values of the two types can be compared with `==`.
    func isComparable(with other: CELType) -> Bool { fits(other) || other.fits(self) }

    /// The type of a value that is of either type: `dyn` when they have nothing in common.
    func joined(with other: CELType) -> CELType {
        if self == other || other == .unconstrained { return self }
        switch (self, other) {
        case (.unconstrained, _): return other
        case (.list(let mine), .list(let theirs)): return .list(mine.joined(with: theirs))
        case (.optional(let mine), .optional(let theirs)): return .optional(mine.joined(with: theirs))
        case (.map(let key, let value), .map(let otherKey, let otherValue)):
            return .map(key.joined(with: otherKey), value.joined(with: otherValue))
        case (.null, .message), (.null, .timestamp), (.null, .duration): return other
        case (.message, .null), (.timestamp, .null), (.duration, .null): return self
        default: return .dyn
        }
    }
}

extension CELType: CustomStringConvertible {
    /// The notation that `init(parsing:)` reads; of optionals, which no host declares, only what is printed.
    public var description: String {
        switch self {
        case .list(let element): "list(\(element))"
        case .optional(let wrapped): "\(Self.optionalName)(\(wrapped))"
        case .map(let key, let value): "map(\(key), \(value))"
        case .message(let name): name
        case .unconstrained: "dyn"
        default: Self.names.first { $0.type == self }?.name ?? "dyn"
        }
    }

    static let optionalName = "optional_type"

    static let names: [(name: String, type: CELType)] = [
        ("bool", .bool), ("int", .int), ("uint", .uint), ("double", .double), ("string", .string), ("bytes", .bytes),
        ("null_type", .null), ("timestamp", .timestamp), ("duration", .duration), ("dyn", .dyn), ("type", .type),
    ]
}

extension CELType {
    /// A type notation that cannot be read.
    public struct NotationError: Error, Sendable, Equatable, CustomStringConvertible {
        /// What was wrong, with the notation.
        public let description: String
    }

    /// Reads a notation such as `list(string)` or `map(string, Condition)`.
    ///
    /// A name that is not a built-in type becomes a message, which the host has to declare.
    public init(parsing notation: String) throws {
        var reader = NotationReader(text: notation, rest: Substring(notation))
        self = try reader.type(depth: 0)
        try reader.expectEnd()
    }
}

private struct NotationReader {
    let text: String
    var rest: Substring

    func fail(_ reason: String) -> CELType.NotationError {
        .init(description: "'\(text.prefix(80))' is not a type: \(reason)")
    }

    mutating func skipSpaces() { rest = rest.drop { $0 == " " } }

    mutating func expect(_ mark: Character) throws {
        skipSpaces()
        guard rest.first == mark else { throw fail("'\(mark)' expected before '\(rest.prefix(20))'") }
        rest = rest.dropFirst()
    }

    func expectEnd() throws {
        let tail = rest.drop { $0 == " " }
        if !tail.isEmpty { throw fail("'\(tail.prefix(20))' is left over") }
    }

    mutating func type(depth: Int) throws -> CELType {
        guard depth < 16 else { throw fail("nested more than 16 deep") }
        skipSpaces()
        let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") }
        guard let first = name.first, !first.isNumber else { throw fail("a type name is missing") }
        rest = rest.dropFirst(name.count)
        switch name {
        case "list":
            try expect("(")
            let element = try type(depth: depth + 1)
            try expect(")")
            return .list(element)
        case "map": return try map(depth: depth)
        default: return CELType.names.first { $0.name == name }?.type ?? .message(String(name))
        }
    }

    private mutating func map(depth: Int) throws -> CELType {
        try expect("(")
        let key = try type(depth: depth + 1)
        guard [.string, .int, .uint, .bool, .dyn].contains(key) else { throw fail("\(key) cannot be the key of a map") }
        try expect(",")
        let value = try type(depth: depth + 1)
        try expect(")")
        return .map(key, value)
    }
}

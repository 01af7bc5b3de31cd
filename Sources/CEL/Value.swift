/// A value: what hosts bind to variables and what expressions yield.
public enum Value: Sendable {
    /// The null value.
    case null
    /// A truth value.
    case bool(Bool)
    /// A signed integer of 64 bits.
    case int(Int64)
    /// An unsigned integer of 64 bits.
    case uint(UInt64)
    /// A double.
    case double(Double)
    /// Text: a sequence of unicode scalars.
    case string(String)
    /// Bytes.
    case bytes([UInt8])
    /// A list; its elements may be of different types.
    case list([Value])
    /// A map.
    case map(MapValue)
    /// A struct the host declared. A declared field that is absent here gives an error when it is selected.
    indirect case message(name: String, fields: [String: Value])
    /// An instant.
    case timestamp(Timestamp)
    /// A span of time; CEL keeps nanoseconds.
    case duration(Duration)
    /// A type as a value, by its name.
    case type(String)
    /// No value but a reason, such as an unknown fact. It may stand anywhere; whoever reads it gets the error.
    indirect case error(EvaluationError)

    /// An error for a fact that could not be collected.
    ///
    /// - Parameters:
    ///   - path: the fact, such as `node.firewall`.
    ///   - cause: why it is not known.
    public static func unknown(path: String, cause: String) -> Value {
        .error(.unknownFact(path: path, cause: cause))
    }

    /// A map from its entries; of entries with the same key the last one holds.
    public static func map(_ entries: KeyValuePairs<MapKey, Value>) -> Value {
        var map = MapValue()
        for (key, value) in entries.reversed() { map.insert(key, value) }
        var ordered = MapValue()
        for entry in map.entries.reversed() { ordered.insert(entry.key, entry.value) }
        return .map(ordered)
    }

    /// The name of the value's type, as in messages: `int`, `list`, the name of a message.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .list: "list"
        case .map: "map"
        case .message(let name, _): name
        case .timestamp: "timestamp"
        case .duration: "duration"
        case .type: "type"
        case .error: "error"
        }
    }

    /// The value of a type's name as `type()` yields it.
    var typeName: String {
        switch self {
        case .null: "null_type"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        default: kind
        }
    }

    /// Whether the value may stand where the checker expected `type`; the elements of lists and maps are not looked at.
    func belongs(to type: CELType) -> Bool {
        switch (self, type) {
        case (_, .dyn), (_, .unconstrained), (.null, .null), (.bool, .bool), (.int, .int), (.uint, .uint): true
        case (.double, .double), (.string, .string), (.bytes, .bytes), (.list, .list), (.map, .map): true
        case (.timestamp, .timestamp), (.duration, .duration), (.type, .type): true
        case (.message(let name, _), .message(let expected)): name == expected
        case (.message(let name, _), .optional): name == CELType.optionalName
        default: false
        }
    }
}

extension Value: Equatable {
    /// The same kind and the same value, for hosts and tests: `1` is not `1u`, NaN is itself, strings by scalars.
    ///
    /// The `==` of CEL is another one.
    public static func == (left: Value, right: Value) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.uint(let a), .uint(let b)): a == b
        case (.double(let a), .double(let b)): a == b || (a.isNaN && b.isNaN)
        case (.string(let a), .string(let b)), (.type(let a), .type(let b)): Text.equal(a, b)
        case (.bytes(let a), .bytes(let b)): a == b
        case (.list(let a), .list(let b)): a == b
        case (.map(let a), .map(let b)): a == b
        case (.message(let a, let fields), .message(let b, let others)): a == b && fields == others
        case (.timestamp(let a), .timestamp(let b)): a == b
        case (.duration(let a), .duration(let b)): a == b
        case (.error(let a), .error(let b)): a == b
        default: false
        }
    }
}

extension Value: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral, ExpressibleByArrayLiteral
{
    /// A bool.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An int.
    public init(integerLiteral value: Int64) { self = .int(value) }
    /// A double.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A list.
    public init(arrayLiteral elements: Value...) { self = .list(elements) }
}

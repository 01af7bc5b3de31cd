/// The key of a map. `1` and `1u` are one key; strings are compared by unicode scalars.
public enum MapKey: Sendable {
    /// The four types a key can have.
    case bool(Bool), int(Int64), uint(UInt64), string(String)

    /// The key as a value.
    public var value: Value {
        switch self {
        case .bool(let bool): .bool(bool)
        case .int(let int): .int(int)
        case .uint(let uint): .uint(uint)
        case .string(let string): .string(string)
        }
    }

    /// The key that a value stands for; a double with an integral value finds integer keys. `nil` for other types.
    init?(_ value: Value) {
        switch value {
        case .bool(let bool): self = .bool(bool)
        case .int(let int): self = .int(int)
        case .uint(let uint): self = .uint(uint)
        case .string(let string): self = .string(string)
        case .double(let double):
            if let int = Int64(exactly: double) {
                self = .int(int)
            } else if let uint = UInt64(exactly: double) {
                self = .uint(uint)
            } else {
                return nil
            }
        default: return nil
        }
    }
}

extension MapKey: Hashable {
    /// Equality across `int` and `uint`, and by scalars: Swift's own would take é and e+U+0301 for one key.
    public static func == (left: MapKey, right: MapKey) -> Bool {
        switch (left, right) {
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.uint(let a), .uint(let b)): a == b
        case (.int(let a), .uint(let b)), (.uint(let b), .int(let a)): a >= 0 && UInt64(a) == b
        case (.string(let a), .string(let b)): Text.equal(a, b)
        default: false
        }
    }

    /// Agrees with `==`.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .bool(let bool): hasher.combine(bool)
        case .int(let int): hasher.combine(UInt64(bitPattern: int))
        case .uint(let uint): hasher.combine(uint)
        case .string(var string): string.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }
}

extension MapKey: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    /// A string key.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An int key.
    public init(integerLiteral value: Int64) { self = .int(value) }
    /// A bool key.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

/// A map that remembers the order of insertion, so that evaluation is the same every time.
public struct MapValue: Sendable {
    /// The entries in the order of insertion.
    public private(set) var entries: [(key: MapKey, value: Value)] = []
    private var places: [MapKey: Int] = [:]

    /// An empty map.
    public init() {}

    /// A map of string keys, in the order of their unicode scalars.
    public init(_ strings: [String: Value]) {
        for (key, value) in strings.sorted(by: { Text.precedes($0.key, $1.key) }) { insert(.string(key), value) }
    }

    /// Adds an entry; returns `false` and changes nothing when the key is there already.
    @discardableResult public mutating func insert(_ key: MapKey, _ value: Value) -> Bool {
        guard places[key] == nil else { return false }
        places[key] = entries.count
        entries.append((key, value))
        return true
    }

    /// The value of a key.
    public subscript(key: MapKey) -> Value? { places[key].map { entries[$0].value } }

    /// How many entries there are.
    public var count: Int { entries.count }
}

extension MapValue: Equatable {
    /// The same keys with the same values, in any order.
    public static func == (left: MapValue, right: MapValue) -> Bool {
        left.count == right.count && left.entries.allSatisfy { right[$0.key] == $0.value }
    }
}

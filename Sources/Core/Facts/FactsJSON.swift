public import CEL

/// A value of facts as JSON: what is not known is `{"unknown": "cause"}`, durations are CEL's text (`12.5s`), instants RFC 3339.
public struct FactsJSON: Encodable, Sendable {
    private let value: Value

    /// The JSON of a value.
    public init(_ value: Value) { self.value = value }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Writes it.
    public func encode(to encoder: any Encoder) throws {
        switch value {
        case .list(let items):
            var container = encoder.unkeyedContainer()
            for item in items { try container.encode(FactsJSON(item)) }
        case .map(let map): try Self.encode(map.entries.map { (Self.name($0.key), $0.value) }, to: encoder)
        case .message(_, let fields): try Self.encode(fields.map { ($0.key, $0.value) }, to: encoder)
        case .error(let error): try Self.encode([("unknown", .string(error.cause))], to: encoder)
        default: try encodeSingle(to: encoder)
        }
    }

    private static func encode(_ members: [(String, Value)], to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        for (name, value) in members { try container.encode(FactsJSON(value), forKey: Key(stringValue: name)) }
    }

    private func encodeSingle(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch value {
        case .bool(let bool): try container.encode(bool)
        case .int(let int): try container.encode(int)
        case .uint(let uint): try container.encode(uint)
        case .double(let double): try container.encode(double)
        case .string(let text), .type(let text): try container.encode(text)
        case .bytes(let bytes): try container.encode(Base64.encode(bytes))
        case .timestamp(let instant): try container.encode(instant.description)
        case .duration(let duration): try container.encode(duration.celDescription)
        case .null, .list, .map, .message, .error: try container.encodeNil()
        }
    }

    private static func name(_ key: MapKey) -> String {
        switch key {
        case .string(let text): text
        case .bool(let bool): String(bool)
        case .int(let int): String(int)
        case .uint(let uint): String(uint)
        }
    }
}

extension EvaluationError {
    /// Why a fact is not known, without its path.
    public var cause: String {
        let prefix = "\(path ?? "") is not known: "
        return path != nil && message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message
    }
}

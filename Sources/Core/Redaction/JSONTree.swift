/// JSON without a model, for what only passes through. Numbers are integers, as in everything the log has.
public indirect enum JSONTree: Codable, Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int)
    case string(String)
    case array([JSONTree])
    case object([String: JSONTree])

    /// Reads any value.
    public init(from decoder: any Decoder) throws {
        let single = try decoder.singleValueContainer()
        if single.decodeNil() {
            self = .null
        } else if let value = try? single.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? single.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? single.decode(String.self) {
            self = .string(value)
        } else if let value = try? single.decode([JSONTree].self) {
            self = .array(value)
        } else {
            self = .object(try single.decode([String: JSONTree].self))
        }
    }

    /// Writes it.
    public func encode(to encoder: any Encoder) throws {
        var single = encoder.singleValueContainer()
        switch self {
        case .null: try single.encodeNil()
        case .bool(let value): try single.encode(value)
        case .integer(let value): try single.encode(value)
        case .string(let value): try single.encode(value)
        case .array(let value): try single.encode(value)
        case .object(let value): try single.encode(value)
        }
    }
}

extension JSONTree {
    /// The value with each longer text cut to so many bytes, and how long it was said.
    public func cut(to limit: Int) -> JSONTree {
        switch self {
        case .string(let text) where text.utf8.count > limit:
            .string(String(decoding: text.utf8.prefix(limit), as: UTF8.self) + "… [cut: \(text.utf8.count) bytes]")
        case .array(let items): .array(items.map { $0.cut(to: limit) })
        case .object(let members):
            Self.bytes(members, longerThan: limit) ?? .object(members.mapValues { $0.cut(to: limit) })
        case .string, .null, .bool, .integer: self
        }
    }

    /// The value with other names for the members of its objects; of those that come to have one name, one stays.
    func mappingKeys(_ name: (String) -> String) -> JSONTree {
        switch self {
        case .array(let items): .array(items.map { $0.mappingKeys(name) })
        case .object(let members): .object(members.reduce(into: [:]) { $0[name($1.key)] = $1.value.mappingKeys(name) })
        case .string, .null, .bool, .integer: self
        }
    }

    // Base64 that was cut anywhere is none any more: bytes that are no text (``Payload``) are cut as the text they nearly are.
    private static func bytes(_ members: [String: JSONTree], longerThan limit: Int) -> JSONTree? {
        guard members.count == 1, case .string(let encoded)? = members["base64"], encoded.utf8.count > limit,
            let bytes = Base64.decode(encoded)
        else { return nil }
        return .string(String(decoding: bytes.prefix(limit), as: UTF8.self) + "… [cut: \(bytes.count) bytes]")
    }
}

/// Bytes that travel in plans and log entries: readable there when they are text, base64 when they are not.
///
/// Coded as a JSON string when the bytes are valid UTF-8 without NUL, else as `{"base64": "…"}`.
public struct Payload: Sendable, Hashable {
    /// The bytes themselves, exactly.
    public var bytes: [UInt8]

    /// Wraps bytes as they are.
    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The UTF-8 bytes of a text.
    public init(_ text: String) {
        self.init(bytes: Array(text.utf8))
    }

    /// The text, or nil when the bytes are not valid UTF-8 or hold a NUL.
    public var text: String? {
        bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }
}

extension Payload: Codable {
    private enum CodingKeys: String, CodingKey { case base64 }

    /// Reads either form; base64 that does not decode is an error.
    public init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            self.init(text)
            return
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let encoded = try container.decode(String.self, forKey: .base64)
        guard let bytes = Base64.decode(encoded) else {
            throw DecodingError.dataCorruptedError(
                forKey: .base64, in: container, debugDescription: "not valid base64")
        }
        self.init(bytes: bytes)
    }

    /// Writes the readable form where there is one.
    public func encode(to encoder: any Encoder) throws {
        if let text {
            var container = encoder.singleValueContainer()
            try container.encode(text)
        } else {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(Base64.encode(bytes), forKey: .base64)
        }
    }
}

import Crypto
import Foundation

/// A public key as SSH encodes it. Two keys are the same when their bytes are; so only the one canonical encoding is read.
public struct SSHPublicKey: Sendable, Hashable {
    /// `ssh-ed25519`, …
    public let type: String
    /// The wire encoding (RFC 4253 §6.6).
    public let blob: [UInt8]

    /// Key types that may sign, with the number of strings after the type. DSA is broken; certificates are not keys.
    static let fieldCounts = [
        "ssh-ed25519": 1, "sk-ssh-ed25519@openssh.com": 2, "ecdsa-sha2-nistp256": 2, "ecdsa-sha2-nistp384": 2,
        "ecdsa-sha2-nistp521": 2, "sk-ecdsa-sha2-nistp256@openssh.com": 3, "ssh-rsa": 2,
    ]

    /// Whether it lies in a FIDO authenticator.
    var isOfSecurityKey: Bool { type.hasPrefix("sk-") }

    /// Reads the wire encoding.
    public init(blob: [UInt8]) throws(SignatureRefusal) {
        let fault = SignatureRefusal(
            .malformed, "this is not a public key that may sign", remedy: "Use an Ed25519, ECDSA, RSA or security key")
        var reader = SSHWireReader(blob)
        guard blob.count <= 8192, let name = reader.text(), let count = Self.fieldCounts[name] else { throw fault }
        var fields: [[UInt8]] = []
        for _ in 0..<count {
            guard let field = reader.string(), !field.isEmpty else { throw fault }
            fields.append(field)
        }
        guard reader.isAtEnd, Self.isCanonical(name, fields) else { throw fault }
        type = name
        self.blob = blob
    }

    /// Reads a line as of a `.pub` file: type, base64, and a comment that is ignored.
    public init(line: String) throws(SignatureRefusal) {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r\n" })
        guard line.utf8.count <= 16_384, words.count >= 2, let blob = Base64.decode(words[1]) else {
            throw SignatureRefusal(
                .malformed, "this is not a line with a public key", remedy: "It begins like 'ssh-ed25519 AAAA…'")
        }
        try self.init(blob: blob)
        guard type == words[0] else {
            throw SignatureRefusal(
                .malformed,
                "the line says \(Printable.escape(String(words[0]), limit: 60)), the key is of type \(type)",
                remedy: "Copy the line from the .pub file again")
        }
    }

    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    public var fingerprint: String {
        let digest = Base64.encode(Array(SHA256.hash(data: Data(blob))))
        return "SHA256:" + digest.prefix { $0 != "=" }
    }

    /// Another encoding of the same key would be another identity: then one person could approve their own plan.
    private static func isCanonical(_ type: String, _ fields: [[UInt8]]) -> Bool {
        switch type {
        case "ssh-ed25519", "sk-ssh-ed25519@openssh.com": fields[0].count == 32
        case "ssh-rsa": fields.allSatisfy(isPositiveInteger) && fields[1].count >= 256
        // The curve is named again inside; 4 = an uncompressed point, the only form OpenSSH takes.
        default: type.contains("-\(String(decoding: fields[0], as: UTF8.self))") && fields[1][0] == 4
        }
    }

    /// An mpint (RFC 4251 §5): no sign bit, and no leading zero byte but the one that keeps the sign off.
    private static func isPositiveInteger(_ bytes: [UInt8]) -> Bool {
        bytes[0] == 0 ? bytes.count > 1 && bytes[1] >= 0x80 : bytes[0] < 0x80
    }
}

extension SSHPublicKey: Codable {
    /// Reads `type base64`.
    public init(from decoder: any Decoder) throws {
        try self.init(line: decoder.singleValueContainer().decode(String.self))
    }

    /// Writes `type base64`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode("\(type) \(Base64.encode(blob))")
    }
}

/// Reads SSH's length-prefixed strings (RFC 4251 §5), never beyond the end.
struct SSHWireReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ count: Int) -> [UInt8]? {
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func number() -> UInt32? { take(4)?.reduce(0) { $0 << 8 | UInt32($1) } }

    mutating func string() -> [UInt8]? { number().flatMap { take(Int($0)) } }

    /// A string of printable ASCII.
    mutating func text() -> String? {
        guard let bytes = string(), bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}

import Crypto
// Curve25519.Signing takes DataProtocol, which [UInt8] conforms to there.
import FoundationEssentials

/// The public half of a signed-note key (C2SP signed-note; Ed25519 only).
public struct VerifierKey: Hashable, Sendable, CustomStringConvertible {
    /// The key's name: for a log its origin.
    public let name: String
    /// The first 4 bytes of SHA-256(name || 0A || type || public key).
    public let id: [UInt8]
    private let publicKey: [UInt8]

    private static let ed25519: UInt8 = 0x01

    /// Reads `name+id+base64(type || public key)`.
    public init(_ vkey: String) throws {
        let parts = vkey.utf8.split(separator: UInt8(ascii: "+"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw FormatError("a verifier key has three parts: name+id+key") }
        guard let key = Base64.decode(parts[2]), key.first == Self.ed25519 else {
            throw FormatError("not an Ed25519 verifier key: its last part must be base64 of 01 and the public key")
        }
        try self.init(name: String(decoding: parts[0], as: UTF8.self), publicKey: Array(key.dropFirst()))
        guard Hex.decode(parts[1]) == id else {
            throw FormatError("the key id in the verifier key is not that of its name and key (\(Hex.encode(id)))")
        }
    }

    init(name: String, publicKey: [UInt8]) throws {
        guard isKeyName(name) else {
            throw FormatError("a key name is not empty and has neither spaces, control characters nor '+'")
        }
        guard publicKey.count == 32 else {
            throw FormatError("an Ed25519 public key has 32 bytes, this one \(publicKey.count)")
        }
        self.name = name
        self.publicKey = publicKey
        id = Array(SHA256.hash(data: Array(name.utf8) + [0x0A, Self.ed25519] + publicKey).prefix(4))
    }

    /// The vkey text, as it is handed to an auditor.
    public var description: String {
        "\(name)+\(Hex.encode(id))+\(Base64.encode([Self.ed25519] + publicKey))"
    }

    /// Whether `signature` is this key's over exactly these bytes.
    public func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey)
        return key?.isValidSignature(signature, for: message) ?? false
    }
}

/// The secret half of a signed-note key. Its description shows the public half only.
public struct SigningKey: Sendable, CustomStringConvertible {
    private static let prefix = "PRIVATE+KEY+"
    private let key: Curve25519.Signing.PrivateKey
    /// The public half.
    public let verifier: VerifierKey

    /// The key with this 32-byte seed (RFC 8032 section 5.1.5).
    public init(name: String, seed: [UInt8]) throws {
        try self.init(name: name, key: Self.privateKey(seed))
    }

    /// A new random key.
    public init(generatingWithName name: String) throws {
        try self.init(name: name, key: Curve25519.Signing.PrivateKey())
    }

    /// Reads `PRIVATE+KEY+name+id+base64(01 || seed)`.
    public init(skey: String) throws {
        // Errors here never quote the text: it is the secret.
        guard skey.hasPrefix(Self.prefix) else { throw FormatError("a signing key starts with \(Self.prefix)") }
        let parts = skey.dropFirst(Self.prefix.count).utf8
            .split(separator: UInt8(ascii: "+"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let secret = Base64.decode(parts[2]), secret.count == 33, secret[0] == 0x01 else {
            throw FormatError("not an Ed25519 signing key: PRIVATE+KEY+name+id+base64 of 01 and the 32-byte seed")
        }
        try self.init(name: String(decoding: parts[0], as: UTF8.self), seed: Array(secret.dropFirst()))
        guard Hex.decode(parts[1]) == verifier.id else {
            throw FormatError("the key id in the signing key is not that of its name and key")
        }
    }

    private init(name: String, key: Curve25519.Signing.PrivateKey) throws {
        self.key = key
        verifier = try VerifierKey(name: name, publicKey: Array(key.publicKey.rawRepresentation))
    }

    /// The text to keep in a file only its owner can read.
    public var skey: String {
        let secret = Base64.encode([0x01] + Array(key.rawRepresentation))
        return "\(Self.prefix)\(verifier.name)+\(Hex.encode(verifier.id))+\(secret)"
    }

    /// The public key.
    public var description: String { verifier.description }

    func sign(_ message: [UInt8]) throws -> [UInt8] {
        Array(try key.signature(for: message))
    }

    private static func privateKey(_ seed: [UInt8]) throws -> Curve25519.Signing.PrivateKey {
        guard seed.count == 32 else { throw FormatError("an Ed25519 seed has 32 bytes, this one \(seed.count)") }
        return try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
    }
}

/// Non-empty, without Unicode spaces, control characters and "+".
func isKeyName(_ name: some StringProtocol) -> Bool {
    !name.isEmpty
        && name.unicodeScalars.allSatisfy { !$0.properties.isWhitespace && $0 != "+" && $0.value >= 0x20 }
}

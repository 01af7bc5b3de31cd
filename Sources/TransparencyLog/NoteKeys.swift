import Crypto
// Curve25519.Signing takes DataProtocol, which [UInt8] conforms to there.
import FoundationEssentials

/// What a key's signatures mean: the type byte in its id and its vkey (C2SP signed-note v1.0.0, signature types).
public enum KeyType: UInt8, Sendable {
    /// Ed25519 over a note's text: a log's key.
    case log = 0x01
    /// Ed25519 over a cosignature/v1 message: a witness's key.
    case witness = 0x04
    /// ML-DSA-44 over a subtree: a witness's key that can be read, but whose signatures cannot be checked here.
    case witnessMLDSA44 = 0x06

    var publicKeyLength: Int { self == .witnessMLDSA44 ? 1312 : 32 }

    var code: String { Hex.encode([rawValue]) }
}

/// The public half of a signed-note key (C2SP signed-note).
public struct VerifierKey: Hashable, Sendable, CustomStringConvertible {
    /// The key's name: for a log its origin.
    public let name: String
    /// What it signs.
    public let type: KeyType
    /// The first 4 bytes of SHA-256(name || 0A || type || public key).
    public let id: [UInt8]
    let publicKey: [UInt8]

    /// Reads a log's key, `name+id+base64(type || public key)` with type 01.
    public init(_ vkey: String) throws {
        try self.init(vkey, types: [.log])
    }

    /// The key of a log of this name from its Ed25519 public key, 32 bytes (RFC 8032 section 5.1.5).
    public init(log name: String, ed25519 publicKey: [UInt8]) throws {
        try self.init(name: name, type: .log, publicKey: publicKey)
    }

    /// Reads a witness's key, of type 04 or 06. One of type 06 is never found to have signed.
    public init(witness vkey: String) throws {
        try self.init(vkey, types: [.witness, .witnessMLDSA44])
    }

    private init(_ vkey: String, types: [KeyType]) throws {
        let parts = vkey.utf8.split(separator: UInt8(ascii: "+"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw FormatError("a verifier key has three parts: name+id+key") }
        guard let key = Base64.decode(parts[2]), let type = types.first(where: { $0.rawValue == key.first }) else {
            let whose = types == [.log] ? "a log" : "a witness"
            let codes = types.map(\.code).joined(separator: " or ")
            throw FormatError(
                "not the verifier key of \(whose): its last part must be base64 of \(codes) and the public key")
        }
        try self.init(name: String(decoding: parts[0], as: UTF8.self), type: type, publicKey: Array(key.dropFirst()))
        guard Hex.decode(parts[1]) == id else {
            throw FormatError("the key id in the verifier key is not that of its name and key (\(Hex.encode(id)))")
        }
    }

    init(name: String, type: KeyType, publicKey: [UInt8]) throws {
        guard isKeyName(name) else {
            throw FormatError("a key name is not empty and has neither spaces, control characters nor '+'")
        }
        guard publicKey.count == type.publicKeyLength else {
            throw FormatError(
                "a public key of type \(type.code) has \(type.publicKeyLength) bytes, this one \(publicKey.count)")
        }
        self.name = name
        self.type = type
        self.publicKey = publicKey
        id = Array(SHA256.hash(data: Array(name.utf8) + [0x0A, type.rawValue] + publicKey).prefix(4))
    }

    /// The vkey text, as it is handed to an auditor.
    public var description: String {
        "\(name)+\(Hex.encode(id))+\(Base64.encode([type.rawValue] + publicKey))"
    }

    /// Whether `signature` is this key's Ed25519 signature over exactly these bytes.
    func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        guard type != .witnessMLDSA44 else { return false }
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

    /// The key with this 32-byte seed (RFC 8032 section 5.1.5); its type is one of Ed25519.
    public init(name: String, type: KeyType = .log, seed: [UInt8]) throws {
        try self.init(name: name, type: type, key: Self.privateKey(seed))
    }

    /// A new random key of a log.
    public init(generatingWithName name: String) throws {
        try self.init(name: name, type: .log, key: Curve25519.Signing.PrivateKey())
    }

    /// Reads a log's key, `PRIVATE+KEY+name+id+base64(01 || seed)`.
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

    private init(name: String, type: KeyType, key: Curve25519.Signing.PrivateKey) throws {
        self.key = key
        verifier = try VerifierKey(name: name, type: type, publicKey: Array(key.publicKey.rawRepresentation))
    }

    /// The text to keep in a file only its owner can read.
    public var skey: String {
        let secret = Base64.encode([verifier.type.rawValue] + Array(key.rawRepresentation))
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

import Crypto
import FoundationEssentials

/// A public key as SSH exchanges it: a host's identity, or the public half of a user's key.
public struct PublicKey: Sendable, Hashable {
    /// The key's type as named on the wire, for example `ssh-ed25519`.
    public let type: String
    /// The wire encoding (RFC 4253, section 6.6), type name included.
    public let blob: [UInt8]

    /// Takes a wire encoding; nil when it does not begin with a type name.
    public init?(blob: [UInt8]) {
        var reader = WireReader(blob)
        guard let type = reader.text(), !type.isEmpty, type.utf8.count <= 64, !reader.isAtEnd else { return nil }
        guard type.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        self.type = type
        self.blob = blob
    }

    /// Takes base64 as written in known_hosts and authorized_keys.
    public init?(base64: String) {
        guard let blob = Base64.decode(base64.utf8) else { return nil }
        self.init(blob: blob)
    }

    /// The blob in base64, as in known_hosts.
    public var base64: String { Data(blob).base64EncodedString() }

    /// `SHA256:` and unpadded base64, as ssh-keygen(1) -l shows it.
    public var fingerprint: String {
        "SHA256:" + Data(SHA256.hash(data: blob)).base64EncodedString().prefix { $0 != "=" }
    }
}

extension PublicKey: CustomStringConvertible {
    /// Type and fingerprint.
    public var description: String { "\(type) \(fingerprint)" }
}

/// Somebody's decision to trust host keys of a node, as the audit log keeps it.
public struct TrustRecord: Codable, Sendable, Hashable {
    /// The name the keys are recorded under, as in known_hosts.
    public var name: String
    /// The address they were shown at, `user@host:port`.
    public var address: String
    /// The keys that are trusted from now on.
    public var keys: [Key]
    /// The keys that are no longer trusted for the name.
    public var replaced: [Key]
    /// The known_hosts file.
    public var file: String
    /// On what grounds.
    public var basis: Basis

    /// A host key.
    public struct Key: Codable, Sendable, Hashable, CustomStringConvertible {
        /// For example `ssh-ed25519`.
        public var type: String
        /// `SHA256:…`
        public var fingerprint: String

        /// A key by its type and fingerprint.
        public init(type: String, fingerprint: String) {
            self.type = type
            self.fingerprint = fingerprint
        }

        /// Both.
        public var description: String { "\(type) \(fingerprint)" }
    }

    /// What the decision rests on.
    public enum Basis: Codable, Sendable, Hashable {
        /// A person was shown the fingerprints and said yes.
        case asked
        /// The fingerprints stand in a file that was prepared before.
        case prepared(file: String, sha256: String)

        /// As people say it.
        public var words: String {
            switch self {
            case .asked: "a person compared the fingerprints"
            case .prepared(let file, let sha256): "as prepared in \(Printable.escape(file)) (SHA-256 \(sha256))"
            }
        }
    }

    /// Collects the parts.
    public init(name: String, address: String, keys: [Key], replaced: [Key], file: String, basis: Basis) {
        self.name = name
        self.address = address
        self.keys = keys
        self.replaced = replaced
        self.file = file
        self.basis = basis
    }
}

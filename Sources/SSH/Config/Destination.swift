/// A node as a person would name it to ssh(1), with what they say about it themselves; ssh(1)'s configuration says the
/// rest.
public struct Destination: Sendable, Hashable {
    /// The word given to ssh(1): `Host` lines of its configuration are matched against it.
    public var name: String
    /// The remote user; nil for the configuration's.
    public var user: String?
    /// The TCP port; nil for the configuration's.
    public var port: UInt16?
    /// The name to look up in known hosts; nil for the configuration's.
    public var hostKeyAlias: String?
    /// Private keys to try instead of the configuration's.
    public var identityFiles: [String]?
    /// Files of known host keys instead of the configuration's.
    public var knownHostsFiles: [String]?
    /// Which transport to use.
    public var transport: TransportChoice

    /// A destination by its name; the rest is up to the configuration.
    public init(
        _ name: String, user: String? = nil, port: UInt16? = nil, hostKeyAlias: String? = nil,
        identityFiles: [String]? = nil, knownHostsFiles: [String]? = nil, transport: TransportChoice = .automatic
    ) {
        self.name = name
        self.user = user
        self.port = port
        self.hostKeyAlias = hostKeyAlias
        self.identityFiles = identityFiles
        self.knownHostsFiles = knownHostsFiles
        self.transport = transport
    }
}

/// Which transport a person wants.
public enum TransportChoice: String, Sendable, Hashable, CaseIterable, Codable {
    /// libssh2 where it can, OpenSSH where it cannot.
    case automatic = "auto"
    /// libssh2 only; what it cannot do is an error.
    case libssh2
    /// OpenSSH only.
    case openSSH = "openssh"
}

/// Which configuration ssh(1) reads.
public enum ConfigFile: Sendable, Hashable {
    /// The user's and the system's own files.
    case standard
    /// None at all (`ssh -F none`).
    case none
    /// This one alone (`ssh -F FILE`).
    case file(String)

    /// The option as ssh(1) takes it.
    var arguments: [String] {
        switch self {
        case .standard: []
        case .none: ["-F", "none"]
        case .file(let path): ["-F", path]
        }
    }
}

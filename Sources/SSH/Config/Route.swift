/// How one host is reached: what the caller asked for and what ssh(1)'s configuration says, together.
public struct Route: Sendable, Hashable {
    /// The word given to ssh(1).
    public var name: String
    /// Where it listens and who logs in.
    public var endpoint: Endpoint
    /// Private keys to try, in order; some may not exist.
    public var identityFiles: [String] = []
    /// Whether a key file that does not exist is an error, because the caller named it: ssh(1) has default names.
    public var identitiesMustExist = false
    /// User certificates to try.
    public var certificateFiles: [String] = []
    /// Whether only the keys of `identityFiles` are tried, though an agent may hold them.
    public var identitiesOnly = false
    /// The agent's socket; nil for none.
    public var agentSocket: String?
    /// Files of known host keys, in order.
    public var knownHostsFiles: [String] = []
    /// The hosts on the way, the one reached directly first.
    public var jumps: [Route] = []
    /// Resolving and connecting together, when the configuration limits them.
    public var connectTimeout: Duration?
    /// Which transport the caller wants.
    public var transport = TransportChoice.automatic
    /// Which configuration was read, for an `ssh` that will read it again.
    public var configuration = ConfigFile.standard
    /// The configuration's KnownHostsCommand, unexpanded; only OpenSSH follows it.
    public var knownHostsCommand: String?
    /// What in the configuration only OpenSSH itself can follow, such as a ProxyCommand; nil when there is nothing.
    public var openSSHReason: String?

    /// A route without any configuration: direct, with no keys and no known hosts.
    public init(name: String, endpoint: Endpoint) {
        self.name = name
        self.endpoint = endpoint
    }
}

/// An authenticated conversation with one node, over whichever transport: what ``SSHConnection`` stands on.
///
/// Every transport keeps the same contract (`Tests/SSHTests/TransportContractTests`): a script's end is known from its
/// marks and never from silence, output is bounded, a cancelled run stops waiting at once, and what ends is never
/// reported as success.
protocol Conversation: Sendable {
    /// Runs a wrapped script and waits for its end.
    func run(_ wrapper: Wrapper, outputLimit: Int) async throws(SSHError) -> Output

    /// Ends it; runs that still wait get an error or end as `.unknown`.
    func close() async
}

/// How a connection is carried.
public enum Transport: Sendable, Hashable {
    /// libssh2 in this process.
    case libssh2
    /// The `ssh` of OpenSSH, and why.
    case openSSH(reason: String)
}

/// The host key that a node has proven.
public struct HostKey: Sendable, Hashable {
    /// The key's type as named on the wire, for example `ssh-ed25519`.
    public let type: String
    /// `SHA256:` and unpadded base64, as ssh-keygen(1) -l shows it.
    public let fingerprint: String

    /// A key by its type and fingerprint.
    public init(type: String, fingerprint: String) {
        self.type = type
        self.fingerprint = fingerprint
    }

    init(_ key: PublicKey) { self.init(type: key.type, fingerprint: key.fingerprint) }
}

/// What is known of a conversation besides what is said in it.
public struct ConnectionFacts: Sendable, Hashable {
    /// How it is carried.
    public var transport: Transport
    /// The host key that the node has proven and that is on record: bind plans to it.
    public var hostKey: HostKey
    /// The server's software as its banner names it, for example `OpenSSH_9.2p1 Debian-2+deb12u5`; escaped.
    public var server: String
    /// The method that let us in, and the key where there was one; escaped.
    public var authentication: String
    /// From the first packet to being logged in.
    public var handshake: Duration
}

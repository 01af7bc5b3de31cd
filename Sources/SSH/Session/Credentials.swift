/// How to prove who we are; the ways are tried in order.
public struct Credentials: Sendable {
    /// One way to authenticate.
    public enum Method: Sendable {
        /// A private key held in memory.
        case key(PrivateKey)
        /// The keys of an ssh-agent, by its socket's path; with `only`, just that key.
        case agent(socket: String, only: PublicKey? = nil)
    }

    /// Tried in order.
    public let methods: [Method]

    /// Takes the ways to try, in order.
    public init(_ methods: [Method]) { self.methods = methods }

    /// One private key.
    public static func key(_ key: PrivateKey) -> Credentials { Credentials([.key(key)]) }

    /// All keys of the agent at this socket (usually the value of SSH_AUTH_SOCK).
    public static func agent(socket: String) -> Credentials { Credentials([.agent(socket: socket)]) }
}

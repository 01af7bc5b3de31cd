/// How to prove who we are; the ways are tried in order.
public struct Credentials: Sendable {
    /// One way to authenticate.
    public enum Method: Sendable {
        /// A private key held in memory.
        case key(PrivateKey)
        /// The keys of an ssh-agent, by its socket's path; with `only`, just those, in that order.
        case agent(socket: String, only: [PublicKey]? = nil)
        /// A key protected by a passphrase: it is asked for once a node would take the key, and never before.
        case locked(LockedKey)
        /// Answers to keyboard-interactive prompts (RFC 4256): what `password` says, to each prompt that hides its input.
        case keyboardInteractive(SharedPassword)
    }

    /// Tried in order.
    public var methods: [Method]
    /// Keys that libssh2 cannot use here, each with the reason; nothing is tried with them, and errors name them.
    public var unusable: [String] = []

    /// Takes the ways to try, in order.
    public init(_ methods: [Method]) { self.methods = methods }

    /// One private key.
    public static func key(_ key: PrivateKey) -> Credentials { Credentials([.key(key)]) }

    /// All keys of the agent at this socket (usually the value of SSH_AUTH_SOCK).
    public static func agent(socket: String) -> Credentials { Credentials([.agent(socket: socket)]) }
}

/// A private key whose secret lies behind a passphrase.
public struct LockedKey: Sendable {
    /// Its public half, which the file shows without the passphrase.
    public let publicKey: PublicKey
    /// Asks for the passphrase, once for all nodes, and gives the socket of an agent that holds the key from then on.
    public let unlock: @Sendable () async throws(SSHError) -> String

    /// A key and the way to open it.
    public init(publicKey: PublicKey, unlock: @escaping @Sendable () async throws(SSHError) -> String) {
        self.publicKey = publicKey
        self.unlock = unlock
    }
}

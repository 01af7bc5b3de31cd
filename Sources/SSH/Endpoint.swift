/// Where a node listens and who logs in.
public struct Endpoint: Sendable, Hashable {
    /// A name or a numeric IPv4 or IPv6 address.
    public let host: String
    /// The TCP port.
    public let port: UInt16
    /// The remote user.
    public let user: String
    /// The name to look up in known hosts instead of `host` (ssh_config(5) HostKeyAlias).
    public let hostKeyAlias: String?

    /// Makes an endpoint; `port` is 22 unless told.
    public init(host: String, port: UInt16 = 22, user: String, hostKeyAlias: String? = nil) {
        self.host = host
        self.port = port
        self.user = user
        self.hostKeyAlias = hostKeyAlias
    }

    /// Refuses what cannot be a host or a user before anything is sent.
    func validate() throws(SSHError) {
        let fields = [host, user]
        guard port > 0, fields.allSatisfy({ !$0.isEmpty && !$0.utf8.contains { $0 <= 0x20 || $0 == 0x7F } }) else {
            throw SSHError(
                .invalidInput, .preparation, host: printable(description.utf8),
                "host and user must be words and the port positive", remedy: "correct the inventory")
        }
    }
}

extension Endpoint: CustomStringConvertible {
    /// `user@host:port`.
    public var description: String {
        host.contains(":") ? "\(user)@[\(host)]:\(port)" : "\(user)@\(host):\(port)"
    }
}

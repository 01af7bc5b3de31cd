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
}

extension Endpoint {
    /// Refuses what could be taken for something else: empty words, blanks and control characters, a leading `-`.
    func validate() throws(SSHError) {
        let words = [host, user].allSatisfy { word in
            !word.isEmpty && !word.hasPrefix("-") && !word.utf8.contains { $0 <= 0x20 || $0 == 0x7F }
        }
        guard port > 0, words else {
            throw SSHError(
                .invalidInput, .preparation, host: printable(description.utf8),
                "host and user must be words and the port positive", remedy: "correct the inventory")
        }
    }
}

extension Endpoint: CustomStringConvertible {
    /// `host:port`, an IPv6 address in brackets.
    public var place: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// `user@host:port`.
    public var description: String { "\(user)@\(place)" }
}

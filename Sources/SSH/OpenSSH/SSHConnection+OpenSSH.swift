extension SSHConnection {
    /// Connects with ssh(1) by a handshake of its own, has it verify the host key strictly, and authenticates.
    ///
    /// ssh reads the route's configuration again: what in it cannot disturb (forwardings, commands, multiplexing,
    /// prompts) is switched off; what decides how the host is reached (ProxyCommand, algorithms, keys) holds.
    /// `Options.maxKeysTried` does not: ssh tries all keys it is configured with.
    /// - Parameter reason: why not libssh2, for people.
    /// - Throws: an ``SSHError`` that names the phase; nothing was run on the node then.
    public static func connect(
        overOpenSSH route: Route, options: Options = Options(), reason: String
    ) async throws(SSHError) -> SSHConnection {
        let (session, facts) = try await OpenSSHSession.connect(to: route, options: options, reason: reason)
        return SSHConnection(session, to: route.endpoint, facts, options)
    }
}

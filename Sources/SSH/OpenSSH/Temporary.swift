extension SSHConnection {
    static func connect(overOpenSSH route: Route, options: Options, reason: String) async throws(SSHError)
        -> SSHConnection
    {
        fatalError()
    }
}

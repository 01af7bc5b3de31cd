import Synchronization

/// Connects to any node that a person can reach with ssh(1): asks its configuration, chooses the transport, goes
/// through jump hosts, keeps the limits, and tries again where a node only turned us away for now.
public final class SSHClient: Sendable {
    /// What holds for all nodes.
    public struct Settings: Sendable {
        /// Which configuration of ssh(1) is read.
        public var configuration = ConfigFile.standard
        /// How much is done at once.
        public var limits = Limits()
        /// Opens keys that have a passphrase; nil leaves them closed.
        public var unlocker: KeyUnlocker? = KeyUnlocker()
        /// Answers keyboard-interactive prompts; nil answers none.
        public var password: SharedPassword?

        /// The defaults.
        public init() {}
    }

    private let settings: Settings
    private let loops: LoopGroup
    private let routes: RouteFinder
    private let identities: Identities
    private let queue: LoginQueue
    private let jumps = JumpHosts()
    private let knownHosts = KnownHostsCache()
    /// Why OpenSSH carries a route, learnt by failing once with libssh2.
    private let learnt = Mutex<[Route: String]>([:])

    /// A client on event loops, which are the caller's to shut down after it.
    public init(_ settings: Settings = Settings(), on loops: LoopGroup) {
        self.settings = settings
        self.loops = loops
        routes = RouteFinder(configuration: settings.configuration)
        identities = Identities(unlocker: settings.unlocker, password: settings.password)
        queue = LoginQueue(settings.limits)
    }

    /// Ends what the client keeps for later: sessions on jump hosts, the agent with opened keys.
    public func close() async {
        await jumps.close()
        await settings.unlocker?.close()
    }

    /// How a destination is reached, by the caller's word and ssh(1)'s configuration.
    public func route(to destination: Destination) async throws(SSHError) -> Route {
        try await routes.route(to: destination)
    }

    /// What is on record of a route's host.
    public func record(of route: Route) async throws(SSHError) -> KnownHosts.Record {
        try await knownHosts.hosts(in: route.knownHostsFiles).record(of: route.endpoint)
    }

    /// Connects afresh, verifies the host key strictly and logs in; never over a connection that was there before.
    /// - Throws: an ``SSHError`` that names the phase; nothing was run on the node then.
    public func connect(
        to destination: Destination, options: Options = Options()
    ) async throws(SSHError) -> SSHConnection {
        try await connect(along: try await route(to: destination), options: options)
    }

    /// The same along a route that was looked up before.
    public func connect(along route: Route, options: Options = Options()) async throws(SSHError) -> SSHConnection {
        var options = options
        // It may only shorten what the caller can wait: a dead-man's time does not follow a person's configuration.
        if let limit = route.connectTimeout { options.connectTimeout = min(limit, options.connectTimeout) }
        return try await Retries(settings.limits).run(for: route.endpoint) { [options] () throws(SSHError) in
            try await self.queue.take(route) { () throws(SSHError) in try await self.logIn(along: route, options) }
        }
    }

    /// The host keys that a route's host shows, without logging in to it; jump hosts on the way are logged in to.
    public func hostKeys(along route: Route) async throws(SSHError) -> [PublicKey] {
        guard route.openSSHReason == nil else { throw SSHError.unscannable(route) }
        return try await queue.take(route) { () throws(SSHError) in
            let jump = try await self.session(on: route.jumps, Options())
            return try await HostKeyScan.keys(of: route.endpoint, through: jump, Options(), self.loops)
        }
    }

    // MARK: One login

    private func logIn(along route: Route, _ options: Options) async throws(SSHError) -> SSHConnection {
        let hosts = try await knownHosts.hosts(in: route.knownHostsFiles)
        let credentials = try await identities.credentials(for: route)
        let carrier = Carrier(route: route, options: options, hosts: hosts, credentials: credentials)
        switch route.transport {
        case .openSSH: return try await carrier.overOpenSSH(because: "asked for")
        case .libssh2: return try await overLibSSH2(carrier)
        case .automatic: return try await overEither(carrier)
        }
    }

    private func overEither(_ carrier: Carrier) async throws(SSHError) -> SSHConnection {
        if let reason = learnt.withLock({ $0[carrier.route] }) ?? carrier.reasonForOpenSSH {
            return try await carrier.overOpenSSH(because: reason)
        }
        do throws(SSHError) {
            return try await overLibSSH2(carrier)
        } catch {
            guard let reason = Preflight.reason(after: error, carrier.credentials) else { throw error }
            let connection = try await carrier.overOpenSSH(because: reason)
            learnt.withLock { $0[carrier.route] = reason }
            return connection
        }
    }

    private func overLibSSH2(_ carrier: Carrier) async throws(SSHError) -> SSHConnection {
        try await carrier.overLibSSH2(through: try await session(on: carrier.route.jumps, carrier.options), on: loops)
    }

    /// The session of the last of some jump hosts; nil for none.
    private func session(on chain: [Route], _ options: Options) async throws(SSHError) -> Session? {
        guard let last = chain.last else { return nil }
        return try await jumps.session(of: chain) { () throws(SSHError) in
            let hosts = try await self.knownHosts.hosts(in: last.knownHostsFiles)
            let credentials = try await self.identities.credentials(for: last)
            var plain = options
            plain.privilege = .none
            let carrier = Carrier(route: last, options: plain, hosts: hosts, credentials: credentials)
            let before = try await self.session(on: chain.dropLast(), plain)
            return try await carrier.session(through: before, on: self.loops).session
        }
    }
}

/// What one login needs, whoever carries it.
private struct Carrier: Sendable {
    let route: Route
    let options: Options
    let hosts: KnownHosts
    let credentials: Credentials

    var reasonForOpenSSH: String? { Preflight.reason(route, hosts.record(of: route.endpoint), credentials) }

    func overLibSSH2(through jump: Session?, on loops: LoopGroup) async throws(SSHError) -> SSHConnection {
        let (session, facts) = try await session(through: jump, on: loops)
        return SSHConnection(session, to: route.endpoint, facts, options)
    }

    func session(
        through jump: Session?, on loops: LoopGroup
    ) async throws(SSHError) -> (session: Session, facts: ConnectionFacts) {
        try route.endpoint.validate()
        let session = Session(route.endpoint, options, on: loops.next(), loops.resolver)
        do throws(SSHError) {
            return (session, try await session.establish(credentials, hosts, through: jump))
        } catch {
            await session.close()
            // What ended the jump's session has ended this one: its words say more.
            guard error.code == .connectionLost, let cause = await jump?.failure else { throw error }
            throw SSHError(
                error.code, error.phase, host: error.host, "the way through the jump host was lost: \(cause)",
                remedy: error.remedy)
        }
    }

    func overOpenSSH(because reason: String) async throws(SSHError) -> SSHConnection {
        try await SSHConnection.connect(overOpenSSH: route, options: options, reason: reason)
    }
}

extension SSHError {
    fileprivate static func unscannable(_ route: Route) -> SSHError {
        SSHError(
            .hostKeyUnsupported, .preparation, host: route.endpoint.description,
            "its host keys cannot be asked for, since \(route.openSSHReason ?? "")",
            remedy: "compare the fingerprint that `ssh \(printable(route.name.utf8))` shows, and let ssh record it")
    }
}

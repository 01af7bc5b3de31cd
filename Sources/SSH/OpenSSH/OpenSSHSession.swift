import Glibc

/// A conversation carried by ssh(1): one master process with a connection of its own, and an ssh for each run.
actor OpenSSHSession {
    nonisolated let endpoint: Endpoint
    nonisolated let options: Options
    nonisolated let arguments: OpenSSHArguments
    nonisolated let master: Master

    /// Why the conversation is over on this side.
    var failure: SSHError?
    var runs = 0
    /// Runs that have a place, and those that wait for one.
    var running = 0
    var limit: Int
    var queue: [Waiter] = []

    private init(_ route: Route, _ options: Options) throws(SSHError) {
        endpoint = route.endpoint
        self.options = options
        limit = max(1, options.maxChannels)
        let folder = try PrivateFolder(host: route.endpoint.description)
        arguments = OpenSSHArguments(route, options, folder)
        do throws(SSHError) {
            master = Master(try arguments.master(), in: folder)
        } catch {
            folder.remove()
            throw error
        }
    }

    /// Connects, has ssh verify the host key strictly, and authenticates.
    /// - Throws: an ``SSHError`` that names the phase; nothing was run on the node then, and nothing is left here.
    static func connect(
        to route: Route, options: Options, reason: String
    ) async throws(SSHError) -> (OpenSSHSession, ConnectionFacts) {
        for hop in route.jumps + [route] { try hop.endpoint.validate() }
        do {
            return try await starting.take { try await start(route, options, reason) }
        } catch {
            throw error as? SSHError
                ?? SSHError(
                    .cancelled, .preparation, host: route.endpoint.description, "cancelled",
                    remedy: "nothing was started on the node")
        }
    }

    /// Handshakes at once: each keeps this machine busy, and its deadlines count from its start.
    private static let starting = Turns(32)

    private static func start(
        _ route: Route, _ options: Options, _ reason: String
    ) async throws(SSHError) -> (OpenSSHSession, ConnectionFacts) {
        let session = try OpenSSHSession(route, options)
        do throws(SSHError) {
            return (session, try await session.establish(route, reason))
        } catch {
            await session.master.stop()
            throw error
        }
    }

    nonisolated func error(
        _ code: SSHError.Code, _ phase: SSHError.Phase, _ message: String, _ remedy: String
    ) -> SSHError {
        SSHError(code, phase, host: endpoint.description, message, remedy: remedy)
    }

    // MARK: Connecting

    private func establish(_ route: Route, _ reason: String) async throws(SSHError) -> ConnectionFacts {
        let start = Instant.now
        let log = try await becomeReady(Deadlines(options, hops: route.jumps.count, start), route)
        let handshake = Instant.now - start
        guard let shown = shownKey() else {
            throw error(
                .protocolFailure, .hostKey, "ssh did not tell which host key it has verified",
                "check that ssh is OpenSSH 8.5 or newer")
        }
        guard shown.host.lowercased() == endpoint.host.lowercased(), shown.port == endpoint.port else {
            throw error(
                .invalidInput, .hostKey,
                "ssh took the host for \(printable(shown.host.utf8)) port \(shown.port), by its configuration",
                "the configuration has changed meanwhile, or depends on more than the host's name: try again")
        }
        // Where a certificate could have been shown, ssh takes a plain key of port 22 for any port's.
        if let record = try OpenSSHArguments.knownHosts(of: route),
            let refusal = HostKeyRefusal(shown, record, endpoint).error("")
        {
            throw refusal
        }
        return ConnectionFacts(
            transport: .openSSH(reason: reason), hostKey: shown.hostKey, server: log.server,
            authentication: log.authentication, handshake: handshake)
    }

    private func shownKey() -> ShownKey? {
        let file = try? readFile(master.folder.keys, limit: ShownKey.limit, what: "record of host keys")
        return file.flatMap { ShownKey(record: String(decoding: $0.bytes, as: UTF8.self)) }
    }

    /// Waits until the master listens: it does once it is authenticated.
    private func becomeReady(_ deadlines: Deadlines, _ route: Route) async throws(SSHError) -> OpenSSHLog {
        var deadlines = deadlines
        while true {
            let (log, hasEnded, change) = master.log.snapshot()
            if hasEnded { throw ended(log, route) }
            if master.folder.hasSocket { return await authenticated() }
            let phase = log.phase
            switch await change.wait(until: deadlines.reached(phase, throughProxy: log.goesThroughProxy)) {
            case .changed: continue
            case .cancelled: throw error(.cancelled, phase, "cancelled", "nothing was started on the node")
            case .deadline: throw late(phase, log)
            }
        }
    }

    /// The log with how ssh was authenticated. It says so before it listens, but it may not have been read yet; a second later
    /// it goes on without, since that is only reported.
    private func authenticated() async -> OpenSSHLog {
        let end = Instant.now + .seconds(1)
        while true {
            let (log, hasEnded, change) = master.log.snapshot()
            guard log.authentication.isEmpty, !hasEnded, await change.wait(until: end) == .changed else { return log }
        }
    }

    private func late(_ phase: SSHError.Phase, _ log: OpenSSHLog) -> SSHError {
        let remedy =
            switch phase {
            case .resolution: "check the name server, or use an address"
            case .connection: "check the address, the route, hosts and firewalls on the way"
            case .banner: "something listens there but does not speak SSH in time: check the port and sshd's load"
            case .keyExchange: "check the node's load and whether large packets get through (MTU)"
            default: "check the node's load, its name service, the ssh-agent and keys that wait for a touch"
            }
        return error(.timedOut, phase, "no progress before the deadline" + log.bannerWords + said(log), remedy)
    }

    private func said(_ log: OpenSSHLog) -> String { log.words.isEmpty ? "" : "; ssh says: \(log.words)" }

    /// Why the master has ended before it was authenticated.
    private func ended(_ log: OpenSSHLog, _ route: Route) -> SSHError {
        guard let failure = log.failure else {
            return error(
                .connectionLost, log.phase, "ssh ended\(log.bannerWords)\(said(log))",
                "try again; if it stays, compare with: ssh -v -p \(endpoint.port) \(endpoint.user)@\(endpoint.host)")
        }
        if failure.phase == .hostKey, let shown = shownKey(), let record = try? OpenSSHArguments.knownHosts(of: route),
            let refusal = HostKeyRefusal(shown, record, endpoint).error(log.words)
        {
            return refusal
        }
        return error(failure.code, failure.phase, "ssh ended\(log.bannerWords)\(said(log))", failure.remedy)
    }
}

/// When each phase must be over. A phase counts from when it was first seen.
private struct Deadlines {
    private let options: Options
    private let hops: Int
    private let start: Instant
    private var firstSeen: [SSHError.Phase: Instant] = [:]

    init(_ options: Options, hops: Int, _ start: Instant) {
        self.options = options
        self.hops = hops
        self.start = start
    }

    mutating func reached(_ phase: SSHError.Phase, throughProxy: Bool) -> Instant {
        let since = firstSeen[phase] ?? .now
        firstSeen[phase] = since
        let handshake = (firstSeen[.banner] ?? start) + options.handshakeTimeout
        switch phase {
        case .resolution, .connection:
            // Whoever is on the way connects and logs in first.
            let whole = options.connectTimeout + options.handshakeTimeout + options.authenticationTimeout
            return start + (throughProxy ? whole * max(1, hops) : .zero) + options.connectTimeout
        case .banner: return handshake
        case .keyExchange: return firstSeen[.banner] == nil ? since + options.handshakeTimeout : handshake
        default: return since + options.authenticationTimeout
        }
    }
}

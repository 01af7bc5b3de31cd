import CSSH2
import Glibc

/// One SSH conversation, driven on one loop: all libssh2 calls of a session happen in this actor.
///
/// libssh2 has three rules that shape this code. A call that answered EAGAIN is repeated with the same arguments. When
/// it could not *send*, no other call may send before it was repeated (`sender` holds the right to). Any call may take
/// in another channel's packets, so a call that received wakes everybody who waits.
actor Session {
    nonisolated let loop: EventLoop
    nonisolated let resolver: Resolver
    nonisolated let endpoint: Endpoint
    nonisolated let options: Options
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Identifies one libssh2 call through its repetitions.
    typealias Call = Int

    private(set) var ssh: LibSSH2Session?
    private var nextCall = 0
    private var sender: Call?
    /// Why the conversation is over; every later call fails with it.
    private(set) var failure: SSHError?
    private var keepAliveAt: Instant?
    private var isDraining = false

    /// Channels in use, those still being closed included.
    var channels = 0
    var channelLimit: Int
    var isOpening = false
    /// Whether the server has opened a channel before.
    var hasRun = false
    /// Channels whose run is over; libssh2 frees them once the peer has closed its side.
    var closing: [ClosingChannel] = []
    /// Connections to other hosts through this one.
    var tunnels: [Tunnel.ID: Tunnel] = [:]
    /// When a run last began to wait for the peer: silence before it means nothing.
    var expectingSince = Instant.now

    init(_ endpoint: Endpoint, _ options: Options, on loop: EventLoop, _ resolver: Resolver) {
        self.endpoint = endpoint
        self.options = options
        self.loop = loop
        self.resolver = resolver
        channelLimit = max(1, options.maxChannels)
    }

    func adopt(_ descriptor: LoopDescriptor) throws(SSHError) -> LibSSH2Session {
        guard let session = LibSSH2Session(descriptor) else {
            throw error(.resources, .connection, "libssh2 has no memory for a session", "use fewer connections at once")
        }
        ssh = session
        return session
    }

    func makeCall() -> Call {
        nextCall += 1
        return nextCall
    }

    func error(_ code: SSHError.Code, _ phase: SSHError.Phase, _ message: String, _ remedy: String) -> SSHError {
        SSHError(code, phase, host: endpoint.description, message, remedy: remedy)
    }

    // MARK: Calling libssh2

    /// One attempt of a call; EAGAIN too when another call has to finish sending first.
    ///
    /// A call that answers EAGAIN has taken in all packets there are, as have channel reads and writes (`drains`). Any
    /// other call that is done may have stopped early and left packets in libssh2's buffer, where no readiness of the
    /// socket will ever tell of them: so the others are woken to look.
    func attempt(_ call: Call, drains: Bool = false, _ body: (OpaquePointer) -> Int) -> Int {
        guard let ssh else { return Int(LIBSSH2_ERROR_SOCKET_DISCONNECT) }
        if let sender, sender != call { return LibSSH2.again }
        let before = ssh.bytesReceived
        ssh.beginCall()
        let result = body(ssh.pointer)
        let isBlocked = result == LibSSH2.again && ssh.sendIsBlocked
        let releases = sender == call && !isBlocked
        sender = isBlocked ? call : nil
        let mayLeavePackets = result != LibSSH2.again && !drains
        if releases || mayLeavePackets || ssh.bytesReceived != before { ssh.descriptor.wakeAll() }
        return result
    }

    /// Repeats a call until it is done, the deadline passes, the task is cancelled or the connection ends.
    func perform(
        _ phase: @autoclosure () -> SSHError.Phase, until deadline: Instant, _ body: (OpaquePointer) -> Int
    ) async throws(SSHError) -> Int {
        let call = makeCall()
        while true {
            let result = attempt(call, body)
            guard result == LibSSH2.again else { return result }
            do throws(SSHError) {
                try await pause(phase(), until: deadline)
            } catch {
                abandon(call, because: error)
                throw error
            }
        }
    }

    /// Whether a packet of one of these calls is half sent.
    func isSending(_ calls: [Call]) -> Bool { sender.map(calls.contains) ?? false }

    /// A half-sent packet cannot be taken back: leaving such a call ends the conversation.
    func abandon(_ call: Call, because error: SSHError) {
        if sender == call { end(error) }
    }

    // MARK: Waiting

    /// Suspends until something may have changed.
    func pause(_ phase: SSHError.Phase, until deadline: Instant) async throws(SSHError) {
        if let failure { throw failure }
        guard let ssh else { throw closedError(phase) }
        if let end = ssh.end { return try await drain(end, phase) }
        // Whoever is woken over and over, as by a socket that can always be written to, shall end in time, too.
        if Instant.now >= deadline { throw timeoutError(phase) }
        if finishedClosing() { return }
        let silence = silenceDeadlines(phase)
        let next = min(deadline, silence?.probe ?? deadline)
        switch await ssh.descriptor.wait(writable: sender != nil, until: next) {
        case .changed: break
        case .cancelled: throw cancelledError(phase)
        case .deadline: try whenLate(phase, deadline)
        }
        if let failure { throw failure }
    }

    /// A channel that is being closed has nobody who waits for it, and its half-sent packet keeps all others from sending.
    private func finishedClosing() -> Bool {
        guard isSending(closing.map(\.call)) else { return false }
        sweepClosing()
        return !isSending(closing.map(\.call))
    }

    /// The connection has ended, but packets for other runs may still be queued: each gets one more turn before the
    /// session is freed under them.
    private func drain(_ end: LibSSH2Session.End, _ phase: SSHError.Phase) async throws(SSHError) {
        guard !isDraining else { throw lost(end, phase) }
        isDraining = true
        ssh?.descriptor.wakeAll()
        await Task.yield()
    }

    /// A caller that makes progress without ever suspending gives others their turn, and notices that it should stop.
    func breathe(_ phase: SSHError.Phase, until deadline: Instant) async throws(SSHError) {
        await Task.yield()
        if let failure { throw failure }
        if Task.isCancelled { throw cancelledError(phase) }
        if Instant.now >= deadline { throw timeoutError(phase) }
    }

    private func whenLate(_ phase: SSHError.Phase, _ deadline: Instant) throws(SSHError) {
        guard Instant.now < deadline else { throw timeoutError(phase) }
        guard let silence = silenceDeadlines(phase) else { return }
        if Instant.now >= silence.limit {
            let error = error(
                .peerSilent, phase, "nothing came from the node for \(silenceLimit)",
                "check whether the node hangs; a running script ends at its time limit")
            end(error)
            throw error
        }
        if keepAliveAt == nil, Instant.now >= silence.probe { sendKeepAlive() }
    }

    /// libssh2 sends a keep-alive every two seconds at most, so a shorter limit would end healthy connections.
    private var silenceLimit: Duration { max(options.silenceLimit, .seconds(5)) }

    /// When to ask for a sign of life, and when to give up. Before authentication the phase's deadline does that.
    private func silenceDeadlines(_ phase: SSHError.Phase) -> (probe: Instant, limit: Instant)? {
        guard let ssh, [.channel, .command, .tunnel].contains(phase) else { return nil }
        let heard = max(ssh.lastReceived, expectingSince)
        if let asked = keepAliveAt, asked < heard { keepAliveAt = nil }
        let limit = heard + silenceLimit
        return (keepAliveAt == nil ? heard + silenceLimit / 2 : limit, limit)
    }

    /// Only when nothing is half sent: libssh2_keepalive_send(3) forgets a packet that it could not send whole.
    private func sendKeepAlive() {
        keepAliveAt = .now
        guard sender == nil else { return }
        _ = attempt(makeCall()) { pointer in
            var seconds: Int32 = 0
            libssh2_keepalive_config(pointer, 1, 1)
            return Int(libssh2_keepalive_send(pointer, &seconds))
        }
    }

    // MARK: Ending

    /// Ends the conversation at once; all who wait get `error`.
    func end(_ error: SSHError) {
        guard failure == nil else { return }
        failure = error
        closing = []
        for tunnel in tunnels.values { tunnel.close() }
        guard let ssh else { return }
        ssh.tearDown()
        ssh.descriptor.close()
        self.ssh = nil
    }

    /// Says good-bye if that needs no waiting, then ends the conversation.
    func close() {
        if let ssh, failure == nil, ssh.end == nil, sender == nil {
            _ = attempt(makeCall()) { Int(libssh2_session_disconnect_ex($0, 11, "", "")) }
        }
        end(closedError(.command))
    }

    func closedError(_ phase: SSHError.Phase) -> SSHError {
        error(.closed, phase, "the connection was closed on this side", "connect again")
    }

    func cancelledError(_ phase: SSHError.Phase) -> SSHError {
        let isRunning = phase == .command
        return error(
            .cancelled, phase, "cancelled",
            isRunning ? "a script that has started runs on until its time limit" : "nothing was started on the node")
    }

    func timeoutError(_ phase: SSHError.Phase) -> SSHError {
        let remedy =
            switch phase {
            case .resolution: "check the name server, or use an address"
            case .connection: "check the address, the route and firewalls on the way"
            case .banner: "something listens there but does not speak SSH in time: check the port and sshd's load"
            case .keyExchange: "check the node's load and whether large packets get through (MTU)"
            case .authentication: "check the node's load, its name service and the ssh-agent"
            default: "check the node's load"
            }
        let message =
            phase == .command ? "no end was reported within the time limit" : "no progress before the deadline"
        return error(.timedOut, phase, message, remedy)
    }

    /// The error for a connection that ended under us.
    func lost(_ end: LibSSH2Session.End, _ phase: SSHError.Phase) -> SSHError {
        var cause =
            switch end {
            case .closedByPeer: "the node closed the connection"
            case .failed(let code): "the connection broke: \(systemMessage(code))"
            case .flooded: "the node sent a flood of data before anybody had logged in"
            }
        if let text = ssh?.disconnectMessage { cause += ", saying: \(text)" }
        let error = error(.connectionLost, phase, cause, "check the node and the path to it, then try again")
        self.end(error)
        return error
    }

    /// The error for a libssh2 call that failed for good; the conversation is over then.
    func broken(_ result: Int, _ phase: SSHError.Phase) -> SSHError {
        if let failure { return failure }
        if let end = ssh?.end { return lost(end, phase) }
        if ssh?.disconnectMessage != nil { return lost(.closedByPeer, phase) }
        let words = ssh?.lastError ?? "closed"
        let error = error(
            .protocolFailure, phase, "libssh2 \(LibSSH2.version): \(words) (\(result))",
            "try again; if it stays, compare with: ssh -vv \(endpoint.user)@\(endpoint.host)")
        end(error)
        return error
    }
}

import Glibc
import Subprocess
import Synchronization

extension OpenSSHSession: Conversation {
    func run(_ wrapper: Wrapper, outputLimit: Int) async throws(SSHError) -> Output {
        var refusals = 0
        while true {
            try await takePlace()
            let outcome = await runOnce(wrapper, outputLimit)
            leavePlace()
            switch outcome {
            case .success(let output): return output
            case .failure(let error):
                guard error.code == .channelRefused, try await mayTryAgain(after: &refusals) else { throw error }
            }
        }
    }

    /// Ends it; runs that still wait end as `.unknown`.
    func close() async {
        failure = failure ?? error(.closed, .command, "the connection was closed on this side", "connect again")
        wakeQueue()
        await master.stop()
    }

    // MARK: Places

    private func takePlace() async throws(SSHError) {
        while true {
            if let failure { throw failure }
            guard !master.log.hasEnded else { throw lost(.channel) }
            guard running >= limit else { break }
            let waiter = Waiter()
            queue.append(waiter)
            guard await waiter.wait() != .cancelled else { throw cancelled(.channel) }
        }
        running += 1
    }

    private func leavePlace() {
        running -= 1
        wakeQueue()
    }

    /// All look again, in their order: the first ones find the places.
    private func wakeQueue() {
        let waiters = queue
        queue = []
        for waiter in waiters { waiter.wake(.changed) }
    }

    /// The node has fewer sessions than we would use: wait for one of ours to end. With none of ours left it may still
    /// be busy closing the last one.
    private func mayTryAgain(after refusals: inout Int) async throws(SSHError) -> Bool {
        guard running == 0 else {
            limit = min(limit, running)
            return true
        }
        refusals += 1
        guard refusals <= 5 else { return false }
        guard (try? await Task.sleep(for: .milliseconds(20 << refusals))) != nil else { throw cancelled(.channel) }
        return true
    }

    // MARK: One run

    private func runOnce(_ wrapper: Wrapper, _ outputLimit: Int) async -> Result<Output, SSHError> {
        runs += 1
        let log = master.folder.log(ofRun: runs)
        defer { unlink(log) }
        let exchange = ClientExchange(wrapper, outputLimit: outputLimit)
        let start = Instant.now
        // ssh does not tell when the channel is open, so its time is granted in one with the script's.
        let limit = Duration.seconds(wrapper.seconds + Wrapper.killDelay) + options.grace
        let deadline = start + options.channelTimeout + limit
        let end = await exchange.run(arguments.run(wrapper.line, log: log), until: deadline)
        do throws(SSHError) {
            let ending = try await ending(end, ClientLog(file: log), exchange)
            return .success(try exchange.output(ending, elapsed: .now - start, endpoint, options.privilege))
        } catch {
            return .failure(error)
        }
    }

    /// What is known of the run's end. Throws when it was cancelled, or when it is certain that it never began.
    private func ending(
        _ end: ClientExchange.End, _ log: ClientLog, _ exchange: ClientExchange
    ) async throws(SSHError) -> ScriptCapture.Ending {
        if exchange.hasEnded { return .trouble("ended") }
        if Task.isCancelled { throw cancelled(.command) }
        switch end {
        case .notStarted(let cause):
            throw error(.resources, .channel, "ssh cannot be started: \(cause)", "raise the limits of this machine")
        case .late: return .trouble("no end was reported within the time limit")
        case .exited(let status) where status != 255 && failure == nil: return .status(status)
        case .exited, .killed:
            return try await withoutStatus(log, exchange)
        }
    }

    /// ssh gives 255 for all troubles of its own, and as a command's status too.
    private func withoutStatus(
        _ log: ClientLog, _ exchange: ClientExchange
    ) async throws(SSHError) -> ScriptCapture.Ending {
        if !exchange.hasBegun {
            switch log.refusal {
            case .session:
                throw error(
                    .channelRefused, .channel, "the node refuses to open a session: \(log.words)",
                    "check MaxSessions in its sshd_config")
            case .noMaster: throw lost(.channel)
            case nil: break
            }
            if exchange.isRefusedCommand {
                throw error(
                    .commandRefused, .channel, "the node refuses to run commands for \(endpoint.user)",
                    "check ForceCommand, the user's shell and restrictions in authorized_keys")
            }
        }
        // The master ends at about the same time, and knows why.
        await master.log.waitForEnd(until: .now + .seconds(1))
        if let failure { return .trouble(failure.message) }
        if master.log.hasEnded { return .trouble(lost(.command).message) }
        return .trouble("ssh ended without an exit status of the script" + (log.words.isEmpty ? "" : ": \(log.words)"))
    }

    private func cancelled(_ phase: SSHError.Phase) -> SSHError {
        error(
            .cancelled, phase, "cancelled",
            phase == .command
                ? "a script that has started runs on until its time limit"
                : "nothing was started on the node")
    }

    /// The error for a master that has ended by itself.
    private func lost(_ phase: SSHError.Phase) -> SSHError {
        if let failure { return failure }
        let words = master.log.snapshot().log.words
        let isSilent = words.contains("not responding")
        return error(
            isSilent ? .peerSilent : .connectionLost, phase,
            (isSilent ? "nothing came from the node for too long, the connection is given up" : "the connection ended")
                + (words.isEmpty ? "" : "; ssh says: \(words)"),
            "check the node and the path to it, then try again")
    }
}

/// What an ssh that was to run something over the master says of its own troubles, apart from the node's words.
struct ClientLog {
    enum Refusal { case session, noMaster }

    private let lines: [Substring]

    init(_ text: String) { lines = text.split(whereSeparator: \.isNewline) }

    init(file: String) {
        let file = try? readFile(file, limit: 64 * 1024, what: "log")
        self.init(String(decoding: file?.bytes ?? [], as: UTF8.self))
    }

    /// Nil unless it is certain that the node was not told to run anything. Without a master ssh turns to the
    /// ProxyCommand, which refuses; it also does after a master was lost with the answer still to come, hence the
    /// first line.
    var refusal: Refusal? {
        guard let first = lines.first else { return nil }
        if first.hasPrefix("mux_client_request_session: session request failed") { return .session }
        let isDirect = first.hasPrefix("kex_exchange_identification: ") || first.hasPrefix("Control socket connect(")
        return isDirect ? .noMaster : nil
    }

    var words: String { lines.prefix(2).map { printable($0.utf8, limit: 240) }.joined(separator: "; ") }
}

import CSSH2

/// A channel whose run is over but which the peer has not closed yet.
struct ClosingChannel {
    let pointer: OpaquePointer
    let call: Session.Call
    /// libssh2_channel_close(3) succeeds on any packet, not just on the peer's close. The place is free on the node
    /// only after that one: a channel opened earlier would be refused. So each step waits for its own packet.
    private var step = 0

    init(_ pointer: OpaquePointer, call: Session.Call) {
        self.pointer = pointer
        self.call = call
    }

    /// Goes on as far as possible; EAGAIN until the channel is freed.
    mutating func advance() -> Int {
        let steps = [libssh2_channel_close, libssh2_channel_wait_eof, libssh2_channel_wait_closed]
        while step < steps.count {
            if Int(steps[step](pointer)) == LibSSH2.again { return LibSSH2.again }
            step += 1
        }
        return Int(libssh2_channel_free(pointer))
    }
}

/// One run's progress on its channel.
private struct Exchange {
    let input: [UInt8]
    var sent = 0
    var inputIsDone = false
    var stdout: StreamCapture
    var stderr: StreamCapture
    let writeCall: Session.Call
    let readCalls: [Session.Call]

    var hasEnded: Bool { stdout.hasEnded && stderr.hasEnded }
    var hasBegun: Bool { stdout.hasBegun || stderr.hasBegun }
}

extension Session {
    func run(_ wrapper: Wrapper, outputLimit: Int) async throws(SSHError) -> Output {
        if let failure { throw failure }
        if channels == closing.count { expectingSince = .now }
        let channel = try await openChannel()
        var isOurs = true
        defer { if isOurs { retire(channel) } }
        let start = Instant.now
        try await execute(wrapper.line, on: channel)
        var exchange = Exchange(
            input: wrapper.input, stdout: StreamCapture(nonce: wrapper.nonce, limit: outputLimit),
            stderr: StreamCapture(nonce: wrapper.nonce, limit: outputLimit), writeCall: makeCall(),
            readCalls: [makeCall(), makeCall()])
        let deadline = start + .seconds(wrapper.seconds + Wrapper.killDelay) + options.grace
        let trouble = try await pump(channel, &exchange, until: deadline)
        exchange.stdout.finish()
        exchange.stderr.finish()
        let elapsed = Instant.now - start
        let termination = try verdict(channel, exchange, wrapper, trouble, elapsed)
        isOurs = false
        retire(channel)
        return Output(
            termination: termination, stdout: exchange.stdout.captured, stderr: exchange.stderr.captured,
            duration: elapsed)
    }

    // MARK: Channels

    /// Waits for a free place, then opens a channel: one at a time, as libssh2 keeps one open in flight per session.
    private func openChannel() async throws(SSHError) -> OpaquePointer {
        while true {
            sweepClosing()
            if !isOpening, channels < channelLimit {
                if let channel = try await openOne() { return channel }
            } else {
                try await pause(.channel, until: .now + .seconds(86400))
            }
        }
    }

    /// Nil when the server has no room now but will have when a channel of ours ends.
    private func openOne() async throws(SSHError) -> OpaquePointer? {
        isOpening = true
        let others = channels
        channels += 1
        var opened: OpaquePointer?
        defer {
            isOpening = false
            if opened == nil { channels -= 1 }
            ssh?.descriptor.wakeAll()
        }
        let result = try await perform(.channel, until: .now + options.channelTimeout) { pointer in
            // 128 KiB of window: enough for one round trip's data, little enough for thousands of sessions.
            opened = libssh2_channel_open_ex(pointer, "session", 7, 128 * 1024, 32768, nil, 0)
            return opened == nil ? Int(libssh2_session_last_errno(pointer)) : 0
        }
        if opened != nil { return opened }
        guard result == Int(LIBSSH2_ERROR_CHANNEL_FAILURE), ssh?.end == nil else { throw broken(result, .channel) }
        guard others > 0 else {
            throw error(
                .channelRefused, .channel, "the node refuses to open a session: \(ssh?.lastError ?? "")",
                "check MaxSessions in its sshd_config")
        }
        channelLimit = min(channelLimit, others)
        return nil
    }

    private func execute(_ line: String, on channel: OpaquePointer) async throws(SSHError) {
        let bytes = Array(line.utf8CString)
        let result = try await perform(.channel, until: .now + options.channelTimeout) { _ in
            Int(libssh2_channel_process_startup(channel, "exec", 4, bytes, UInt32(bytes.count - 1)))
        }
        guard result == 0 else {
            guard result == Int(LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED), ssh?.end == nil else {
                throw broken(result, .channel)
            }
            throw error(
                .commandRefused, .channel, "the node refuses to run commands for \(endpoint.user)",
                "check ForceCommand, the user's shell and restrictions in authorized_keys")
        }
    }

    /// Gives up a channel without waiting: its place is free once the peer has closed it too.
    private func retire(_ channel: OpaquePointer) {
        guard ssh != nil else { return channels -= 1 }
        closing.append(ClosingChannel(channel, call: makeCall()))
        sweepClosing()
    }

    private func sweepClosing() {
        var open: [ClosingChannel] = []
        for var channel in closing {
            if attempt(channel.call, { _ in channel.advance() }) == LibSSH2.again { open.append(channel) }
        }
        let freed = closing.count - open.count
        closing = open
        channels -= freed
        if freed > 0 { ssh?.descriptor.wakeAll() }
    }

    // MARK: Data

    /// Moves data until the run has ended; returns why it ended without the end marks, if it did.
    private func pump(
        _ channel: OpaquePointer, _ exchange: inout Exchange, until deadline: Instant
    ) async throws(SSHError) -> SSHError? {
        while true {
            do throws(SSHError) {
                let progress = try moveOnce(channel, &exchange)
                if exchange.hasEnded { return nil }
                if try hasClosed(channel) { return nil }
                if progress {
                    try await breathe(.command, until: deadline)
                } else {
                    try await pause(.command, until: deadline)
                }
            } catch {
                for call in exchange.readCalls + [exchange.writeCall] { abandon(call, because: error) }
                guard error.code != .cancelled else { throw error }
                return error
            }
        }
    }

    private func moveOnce(_ channel: OpaquePointer, _ exchange: inout Exchange) throws(SSHError) -> Bool {
        let wrote = try write(channel, &exchange)
        let readOut = try read(channel, 0, exchange.readCalls[0], &exchange.stdout)
        let readErr = try read(channel, 1, exchange.readCalls[1], &exchange.stderr)
        return wrote || readOut || readErr
    }

    /// Sends a piece of the script, or its end.
    private func write(_ channel: OpaquePointer, _ exchange: inout Exchange) throws(SSHError) -> Bool {
        guard !exchange.inputIsDone else { return false }
        let (input, sent) = (exchange.input, exchange.sent)
        let result = attempt(exchange.writeCall, drains: true) { _ in
            guard sent < input.count else { return Int(libssh2_channel_send_eof(channel)) }
            return input[sent...].withUnsafeBytes { bytes in
                libssh2_channel_write_ex(channel, 0, bytes.baseAddress, bytes.count)
            }
        }
        switch result {
        case LibSSH2.again: return false
        case 0 where sent == input.count: exchange.inputIsDone = true
        case 0...: exchange.sent += result
        case Int(LIBSSH2_ERROR_CHANNEL_CLOSED), Int(LIBSSH2_ERROR_CHANNEL_EOF_SENT): exchange.inputIsDone = true
        default: throw broken(result, .command)
        }
        return result > 0 || exchange.inputIsDone
    }

    private func read(
        _ channel: OpaquePointer, _ stream: Int32, _ call: Call, _ capture: inout StreamCapture
    ) throws(SSHError) -> Bool {
        var progress = false
        // Bounded, so that one chatty channel leaves the loop to the others now and then.
        for _ in 0..<16 {
            let buffer = loop.buffer
            let result = attempt(call, drains: true) { _ in
                libssh2_channel_read_ex(channel, stream, buffer.baseAddress, buffer.count)
            }
            guard result != LibSSH2.again, result != 0 else { break }
            guard result > 0 else { throw broken(result, .command) }
            capture.append(UnsafeRawBufferPointer(rebasing: buffer[..<result]))
            progress = true
        }
        return progress
    }

    /// Whether the peer has closed the channel and nothing of it is left to read.
    private func hasClosed(_ channel: OpaquePointer) throws(SSHError) -> Bool {
        guard ssh != nil, libssh2_channel_eof(channel) == 1 else { return false }
        // Reads no more than what has come: the exit status or signal follows the end of the output.
        let result = attempt(makeCall()) { _ in Int(libssh2_channel_wait_closed(channel)) }
        guard result != LibSSH2.again else { return false }
        guard result == 0 else { throw broken(result, .command) }
        return true
    }

    // MARK: Verdict

    /// Throws only when it is certain that the script was not started.
    private func verdict(
        _ channel: OpaquePointer, _ exchange: Exchange, _ wrapper: Wrapper, _ trouble: SSHError?, _ elapsed: Duration
    ) throws(SSHError) -> Termination {
        if let status = exchange.stdout.status ?? exchange.stderr.status {
            if let error = notStarted(status) { throw error }
            let word = printable(status.utf8)
            // The other stream's end mark is missing: what is there of it must not pass for the whole.
            if let trouble {
                return .unknown("it ended (status \(word)), but its output did not come whole: \(trouble.message)")
            }
            return wrapper.termination(status: status, elapsed: elapsed)
                ?? .unknown("the node reported a nonsensical status: \(word)")
        }
        if let trouble { return .unknown(trouble.message) }
        let ending = ending(of: channel)
        guard exchange.hasBegun else { throw neverBegan(exchange, ending.text) }
        // The end mark is missing, so the wrapper itself was ended: the server's exit-signal says by what; its exit
        // status is not believed, libssh2 reports 0 when there was none.
        if let signal = ending.signal { return .signaled(signal) }
        return .unknown("the channel closed before the script's end was reported (\(ending.text))")
    }

    private func ending(of channel: OpaquePointer) -> (signal: String?, text: String) {
        guard let ssh else { return (nil, "connection closed") }
        var name: UnsafeMutablePointer<CChar>?
        var length = 0
        libssh2_channel_get_exit_signal(channel, &name, &length, nil, nil, nil, nil)
        if let name {
            defer { libssh2_free(ssh.pointer, name) }
            let signal = printable(UnsafeRawBufferPointer(start: name, count: length), limit: 16)
            return (signal, "signal \(signal)")
        }
        return (nil, "exit status \(libssh2_channel_get_exit_status(channel))")
    }

    private func notStarted(_ status: String) -> SSHError? {
        switch status {
        case "notimeout":
            error(
                .timeoutMissing, .command, "the node has no timeout(1), so the script was not started",
                "install coreutils or BusyBox's timeout: no command runs without a time limit")
        case "noshell":
            error(
                .shellMissing, .command, "the node does not have the script's shell, so the script was not started",
                "choose a shell that the node has, such as /bin/sh")
        default: nil
        }
    }

    private func neverBegan(_ exchange: Exchange, _ ending: String) -> SSHError {
        let noise = exchange.stderr.noise + exchange.stdout.noise
        let text = String(decoding: noise, as: UTF8.self)
        if options.privilege == .sudo, text.contains("a password is required") {
            return error(
                .sudoNeedsPassword, .command, "sudo asks for a password, so the script was not started",
                "allow \(endpoint.user) NOPASSWD in the node's sudoers, or log in as root")
        }
        let isSudo = options.privilege == .sudo
        return error(
            isSudo ? .sudoRefused : .commandRefused, .command,
            "the script was not started (\(ending)): \(printable(noise))",
            isSudo
                ? "check that sudo is installed and lets \(endpoint.user) run /bin/sh"
                : "check the user's login shell and ForceCommand")
    }
}

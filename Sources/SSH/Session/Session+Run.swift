import CSSH2

/// A channel whose run is over but which the peer has not closed yet.
struct ClosingChannel {
    let pointer: OpaquePointer
    let call: Session.Call
    /// Whether it takes one of the node's MaxSessions; a tunnel does not.
    let isSession: Bool
    /// libssh2_channel_close(3) succeeds on any packet, not just on the peer's close. The place is free on the node
    /// only after that one: a channel opened earlier would be refused. So each step waits for its own packet.
    private var step = 0

    init(_ pointer: OpaquePointer, call: Session.Call, isSession: Bool) {
        self.pointer = pointer
        self.call = call
        self.isSession = isSession
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
    var capture: ScriptCapture
    let writeCall: Session.Call
    let readCalls: [Session.Call]

    var calls: [Session.Call] { readCalls + [writeCall] }
}

extension Session: Conversation {
    func run(_ wrapper: Wrapper, outputLimit: Int) async throws(SSHError) -> Output {
        if let failure { throw failure }
        if channels == closing.count(where: \.isSession) { expectingSince = .now }
        let channel = try await openChannel()
        var isOurs = true
        defer { if isOurs { retire(channel) } }
        let start = Instant.now
        try await execute(wrapper.line, on: channel)
        var exchange = Exchange(
            input: wrapper.input, capture: ScriptCapture(wrapper, limit: outputLimit), writeCall: makeCall(),
            readCalls: [makeCall(), makeCall()])
        let deadline = start + .seconds(wrapper.seconds + Wrapper.killDelay) + options.grace
        let trouble = try await pump(channel, &exchange, until: deadline)
        let ending = trouble.map { ScriptCapture.Ending.trouble($0.message) } ?? ending(of: channel)
        let output = try exchange.capture.output(ending, elapsed: .now - start, endpoint, options.privilege)
        isOurs = false
        retire(channel)
        return output
    }

    // MARK: Channels

    /// Waits for a free place, then opens a channel: one at a time, as libssh2 keeps one open in flight per session.
    private func openChannel() async throws(SSHError) -> OpaquePointer {
        var refusals = 0
        while true {
            sweepClosing()
            if isOpening || channels >= channelLimit {
                try await pause(.channel, until: .now + .seconds(86400))
            } else if let channel = try await openOne() {
                hasRun = true
                return channel
            } else {
                refusals += 1
                try await waitForPlace(afterRefusal: refusals)
            }
        }
    }

    /// Nil when the server has no room now.
    private func openOne() async throws(SSHError) -> OpaquePointer? {
        let others = channels
        channels += 1
        var opened: OpaquePointer?
        defer { if opened == nil { channels -= 1 } }
        let result = try await open(&opened) { pointer in
            // 128 KiB of window: enough for one round trip's data, little enough for thousands of sessions.
            libssh2_channel_open_ex(pointer, "session", 7, 128 * 1024, 32768, nil, 0)
        }
        if opened != nil { return opened }
        guard result == Int(LIBSSH2_ERROR_CHANNEL_FAILURE), ssh?.end == nil else { throw broken(result, .channel) }
        if others > 0 { channelLimit = min(channelLimit, others) }
        return nil
    }

    /// A refusal passes when a channel of ours ends; sshd counts one for a moment longer than it is open to us.
    private func waitForPlace(afterRefusal number: Int) async throws(SSHError) {
        guard channels == 0 else { return }
        guard hasRun, number <= 6 else {
            throw error(
                .channelRefused, .channel, "the node refuses to open a session: \(ssh?.lastError ?? "")",
                "check MaxSessions in its sshd_config")
        }
        try? await Task.sleep(for: .milliseconds(10 << number))
        if Task.isCancelled { throw cancelledError(.channel) }
    }

    /// One open at a time; the caller has seen to it that none is in flight.
    func open(
        _ channel: inout OpaquePointer?, _ body: (OpaquePointer) -> OpaquePointer?
    ) async throws(SSHError) -> Int {
        isOpening = true
        var opened: OpaquePointer?
        defer {
            isOpening = false
            channel = opened
            ssh?.descriptor.wakeAll()
        }
        return try await perform(.channel, until: .now + options.channelTimeout) { pointer in
            opened = body(pointer)
            return opened == nil ? Int(libssh2_session_last_errno(pointer)) : 0
        }
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
    func retire(_ channel: OpaquePointer, isSession: Bool = true) {
        guard ssh != nil else { return channels -= isSession ? 1 : 0 }
        closing.append(ClosingChannel(channel, call: makeCall(), isSession: isSession))
        sweepClosing()
    }

    func sweepClosing() {
        var open: [ClosingChannel] = []
        for var channel in closing {
            if attempt(channel.call, { _ in channel.advance() }) == LibSSH2.again { open.append(channel) }
        }
        let freed = closing.count - open.count
        channels -= closing.count { $0.isSession } - open.count { $0.isSession }
        closing = open
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
                // Nobody else may send before the rest of a half-sent packet.
                if !isSending(exchange.calls) {
                    if exchange.capture.hasEnded { return nil }
                    if try hasClosed(channel) { return nil }
                }
                if progress {
                    try await breathe(.command, until: deadline)
                } else {
                    try await pause(.command, until: deadline)
                }
            } catch {
                for call in exchange.calls { abandon(call, because: error) }
                guard error.code != .cancelled else { throw error }
                return error
            }
        }
    }

    private func moveOnce(_ channel: OpaquePointer, _ exchange: inout Exchange) throws(SSHError) -> Bool {
        let wrote = try write(channel, &exchange)
        let readOut = try read(channel, 0, exchange.readCalls[0], &exchange.capture.stdout)
        let received = ssh?.bytesReceived
        let readErr = try read(channel, 1, exchange.readCalls[1], &exchange.capture.stderr)
        // Reading one stream takes in the other's packets as well. When they fill the window, or are the last, the socket
        // will never be ready again: they must be read before anybody waits.
        return wrote || readOut || readErr || ssh?.bytesReceived != received
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

    private func ending(of channel: OpaquePointer) -> ScriptCapture.Ending {
        guard let ssh else { return .trouble("connection closed") }
        var name: UnsafeMutablePointer<CChar>?
        var length = 0
        libssh2_channel_get_exit_signal(channel, &name, &length, nil, nil, nil, nil)
        if let name {
            defer { libssh2_free(ssh.pointer, name) }
            return .signal(printable(UnsafeRawBufferPointer(start: name, count: length), limit: 16))
        }
        // Not believed, only told: libssh2 reports 0 when there was none.
        return .status(Int(libssh2_channel_get_exit_status(channel)))
    }
}

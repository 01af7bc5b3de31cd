/// Both streams of one run of a script, and what they say about its end; the same for every transport.
struct ScriptCapture {
    /// What the transport itself knows of the end, besides the streams.
    enum Ending {
        /// The server said that a signal ended the command.
        case signal(String)
        /// The transport reports this exit status; it is told to people and never believed.
        case status(Int)
        /// Nobody knows: the connection ended, or time was up.
        case trouble(String)
    }

    private let wrapper: Wrapper
    var stdout: StreamCapture
    var stderr: StreamCapture

    init(_ wrapper: Wrapper, limit: Int) {
        self.wrapper = wrapper
        stdout = StreamCapture(nonce: wrapper.nonce, limit: limit)
        stderr = StreamCapture(nonce: wrapper.nonce, limit: limit)
    }

    /// Whether both streams carry their end mark: nothing more is to come.
    var hasEnded: Bool { stdout.hasEnded && stderr.hasEnded }

    /// The run's result. Throws only when it is certain that the script was not started.
    mutating func output(
        _ ending: Ending, elapsed: Duration, _ endpoint: Endpoint, _ privilege: Options.Privilege
    ) throws(SSHError) -> Output {
        stdout.finish()
        stderr.finish()
        let refusal = Refusal(endpoint: endpoint, privilege: privilege)
        return Output(
            termination: try termination(ending, elapsed, refusal), stdout: stdout.captured, stderr: stderr.captured,
            noise: printable(stdout.noise + stderr.noise, limit: 200), duration: elapsed)
    }

    private func termination(
        _ ending: Ending, _ elapsed: Duration, _ refusal: Refusal
    ) throws(SSHError) -> Termination {
        if let status = stdout.status ?? stderr.status {
            if let error = refusal.notStarted(status) { throw error }
            let word = printable(status.utf8)
            // The other stream's end mark is missing: what is there of it must not pass for the whole.
            if !hasEnded, case .trouble(let cause) = ending {
                return .unknown("it ended (status \(word)), but its output did not come whole: \(cause)")
            }
            return wrapper.termination(status: status, elapsed: elapsed)
                ?? .unknown("the node reported a nonsensical status: \(word)")
        }
        if case .trouble(let cause) = ending { return .unknown(cause) }
        guard stdout.hasBegun || stderr.hasBegun else {
            throw refusal.neverBegan(noise: stderr.noise + stdout.noise, ending.text)
        }
        // The end mark is missing, so the wrapper itself was ended: the server's exit-signal says by what.
        if case .signal(let signal) = ending { return .signaled(signal) }
        return .unknown("the channel closed before the script's end was reported (\(ending.text))")
    }
}

extension ScriptCapture.Ending {
    fileprivate var text: String {
        switch self {
        case .signal(let name): "signal \(name)"
        case .status(let code): "exit status \(code)"
        case .trouble(let cause): cause
        }
    }
}

/// Why a script was not started, in words that help.
private struct Refusal {
    let endpoint: Endpoint
    let privilege: Options.Privilege

    func notStarted(_ status: String) -> SSHError? {
        switch status {
        case "notimeout":
            error(
                .timeoutMissing, "the node has no timeout(1), so the script was not started",
                "install coreutils or BusyBox's timeout: no command runs without a time limit")
        case "noshell":
            error(
                .shellMissing, "the node does not have the script's shell, so the script was not started",
                "choose a shell that the node has, such as /bin/sh")
        default: nil
        }
    }

    func neverBegan(noise: [UInt8], _ ending: String) -> SSHError {
        let text = String(decoding: noise, as: UTF8.self)
        if privilege == .sudo, text.contains("a password is required") {
            return error(
                .sudoNeedsPassword, "sudo asks for a password, so the script was not started",
                "allow \(endpoint.user) NOPASSWD in the node's sudoers, or log in as root")
        }
        let isSudo = privilege == .sudo
        return error(
            isSudo ? .sudoRefused : .commandRefused, "the script was not started (\(ending)): \(printable(noise))",
            isSudo
                ? "check that sudo is installed and lets \(endpoint.user) run /bin/sh"
                : "check the user's login shell and ForceCommand")
    }

    private func error(_ code: SSHError.Code, _ message: String, _ remedy: String) -> SSHError {
        SSHError(code, .command, host: endpoint.description, message, remedy: remedy)
    }
}

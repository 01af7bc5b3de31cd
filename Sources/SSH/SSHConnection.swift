/// An authenticated connection to one node whose host key was verified.
///
/// Scripts may run side by side on it; more than `Options.maxChannels` wait their turn. Close it when done.
public struct SSHConnection: Sendable {
    /// The node and user.
    public let endpoint: Endpoint
    /// The host key that the node has proven and that is on record: bind plans to it.
    public let hostKey: PublicKey
    private let session: Session

    /// Connects, verifies the host key strictly, and authenticates.
    ///
    /// - Throws: an ``SSHError`` that names the phase; nothing was run on the node then.
    public static func connect(
        to endpoint: Endpoint, using credentials: Credentials, knownHosts: KnownHosts, options: Options = Options(),
        on loops: LoopGroup
    ) async throws(SSHError) -> SSHConnection {
        try endpoint.validate()
        let session = Session(endpoint, options, on: loops.next(), loops.resolver)
        do throws(SSHError) {
            let hostKey = try await session.establish(credentials, knownHosts)
            return SSHConnection(endpoint: endpoint, hostKey: hostKey, session: session)
        } catch {
            await session.close()
            throw error
        }
    }

    /// Runs a shell script on the node and waits for its end.
    ///
    /// The script is evaluated by `shell` with standard input from /dev/null, under a time limit on the node that
    /// holds even when this side is gone (TERM, and KILL five seconds later).
    /// - Parameters:
    ///   - script: any size; no NUL characters.
    ///   - shell: the shell and its options, without `-c`.
    ///   - timeLimit: rounded up to whole seconds, at least one.
    ///   - outputLimit: bytes kept of each stream; the rest is counted and hashed.
    /// - Returns: how it ended, as far as known, and what it wrote.
    /// - Throws: an ``SSHError`` only when the script was not started, or when the task was cancelled: then, in phase
    ///   `command`, the script runs on until its time limit.
    public func run(
        script: String, shell: [String] = ["/bin/sh"], timeLimit: Duration, outputLimit: Int = 1 << 20
    ) async throws(SSHError) -> Output {
        guard !script.utf8.contains(0), !shell.isEmpty, !shell.contains(where: { $0.utf8.contains { $0 < 0x20 } })
        else {
            throw SSHError(
                .invalidScript, .preparation, host: endpoint.description,
                "a NUL in the script, or a control character in the shell's name or options",
                remedy: "shells cannot take these: correct the script")
        }
        let wrapper = Wrapper(
            script: script, shell: shell, timeLimit: timeLimit, privilege: session.options.privilege)
        return try await session.run(wrapper, outputLimit: max(0, outputLimit))
    }

    /// Closes the connection. Scripts still running here end as `.unknown`; on the node they run on.
    public func close() async { await session.close() }
}

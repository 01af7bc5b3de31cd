import Subprocess
import Synchronization

/// What a process has said so far, bounded: its beginning, and the last of the rest.
final class LogKeeper: Sendable {
    private static let headLimit = 64 * 1024
    private static let tailLimit = 8 * 1024

    private struct State {
        var head: [UInt8] = []
        var tail: [UInt8] = []
        var hasEnded = false
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    func append(_ bytes: UnsafeRawBufferPointer) {
        change { state in
            let room = Self.headLimit - state.head.count
            state.head += bytes.prefix(room)
            state.tail += bytes.dropFirst(room)
            state.tail.removeFirst(max(0, state.tail.count - Self.tailLimit))
        }
    }

    /// Nothing more will be said: the process is gone.
    func end() { change { $0.hasEnded = true } }

    private func change(_ body: (inout State) -> Void) {
        let waiters = state.withLock { state in
            body(&state)
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.wake(.changed) }
    }

    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// A log of its text and whether it has ended, and a waiter that wakes with the next change.
    func snapshot() -> (log: OpenSSHLog, hasEnded: Bool, change: Waiter) {
        let waiter = Waiter()
        let (bytes, hasEnded) = state.withLock { state in
            if state.hasEnded { waiter.wake(.changed) } else { state.waiters.append(waiter) }
            return (state.head + state.tail, state.hasEnded)
        }
        return (OpenSSHLog(String(decoding: bytes, as: UTF8.self)), hasEnded, waiter)
    }

    /// Waits until it has ended, at most until `deadline`.
    func waitForEnd(until deadline: Instant) async {
        while true {
            let (_, hasEnded, change) = snapshot()
            if hasEnded { return }
            guard await change.wait(until: deadline) == .changed else { return }
        }
    }
}

extension Waiter {
    /// As `wait()`, with a deadline.
    func wait(until deadline: Instant) async -> Wake {
        let timer = Task {
            try? await Task.sleep(until: deadline, clock: .continuous)
            wake(.deadline)
        }
        defer { timer.cancel() }
        return await wait()
    }
}

/// The ssh that holds a session's one connection, with the log it writes.
///
/// It is not put into the background: a small shell starts it and ends it when its own standard input ends. So it is
/// gone, and its folder too, as soon as this process is, however that came about, and it lives as long as the session
/// and not for some idle time. Both have a session of their own (setsid(2)): no terminal to ask on, and no Ctrl-C.
final class Master: Sendable {
    static let watcher =
        #"ssh "$@" </dev/null & exec >&- 2>&-; read -r _; trap "" TERM; kill 0; wait; rm -rf -- "$0""#
    /// What is still there so long after it was told to end is killed.
    private static let patience = Duration.seconds(3)

    let folder: PrivateFolder
    let log = LogKeeper()
    private let stopping = Waiter()
    private let task: Task<Void, Never>

    init(_ arguments: [String], in folder: PrivateFolder) {
        self.folder = folder
        task = Task { [log, stopping] in
            await Self.hold(arguments, folder, log, until: stopping)
            log.end()
            folder.remove()
        }
    }

    deinit { stopping.wake(.changed) }

    /// Ends the connection, and waits until nothing of it is left.
    func stop() async {
        stopping.wake(.changed)
        await task.value
    }

    private static func hold(
        _ arguments: [String], _ folder: PrivateFolder, _ log: LogKeeper, until stopping: Waiter
    ) async {
        var platform = PlatformOptions()
        platform.createSession = true
        do {
            _ = try await Subprocess.run(
                .name("sh"), arguments: Arguments(["-c", watcher, folder.path] + arguments),
                environment: .inherit.updating(["SSH_ASKPASS_REQUIRE": "never"]), platformOptions: platform,
                input: .inputWriter, output: .discarded, error: .sequence
            ) { execution in
                await withTaskGroup { group in
                    group.addTask { await read(execution.standardError, into: log) }
                    // Runs that still end need the folder: it stays until nobody uses the session any more.
                    _ = await stopping.wait()
                    try? await execution.standardInputWriter.finish()
                    group.addTask {
                        guard (try? await Task.sleep(for: patience)) != nil else { return }
                        try? execution.send(signal: .kill, toProcessGroup: true)
                    }
                    await group.next()
                    group.cancelAll()
                }
            }
        } catch {
            log.append("ssh cannot be started: \(error)")
        }
    }

    private static func read(_ stream: SubprocessOutputSequence, into log: LogKeeper) async {
        do {
            for try await part in stream { part.withUnsafeBytes(log.append) }
        } catch {
            log.append("cannot read from ssh: \(error)")
        }
        log.end()
    }
}

extension LogKeeper {
    fileprivate func append(_ text: String) { Array("\n\(text)\n".utf8).withUnsafeBytes(append) }
}

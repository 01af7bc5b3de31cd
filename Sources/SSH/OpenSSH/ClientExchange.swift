import Subprocess
import Synchronization

/// One ssh over the master: the script goes in, both streams come out and are captured as they come.
final class ClientExchange: Sendable {
    enum End: Sendable {
        case exited(Int), killed, late
        /// The process could not be made.
        case notStarted(String)
    }

    /// How long ssh may take to end by itself after the script's end is known: it then has closed its channel, so that
    /// the next run finds the place free. A background process of the script would keep it for ever.
    private static let patience = Duration.milliseconds(250)

    private let input: [UInt8]
    private let capture: Mutex<ScriptCapture>
    private let isLate = Mutex(false)
    private let isStarted = Mutex(false)
    private let scriptEnd = Waiter()

    init(_ wrapper: Wrapper, outputLimit: Int) {
        input = wrapper.input
        capture = Mutex(ScriptCapture(wrapper, limit: outputLimit))
    }

    var hasEnded: Bool { capture.withLock { $0.hasEnded } }
    var hasBegun: Bool { capture.withLock { $0.stdout.hasBegun || $0.stderr.hasBegun } }

    /// The master says so in place of the command's errors (clientloop.c).
    var isRefusedCommand: Bool {
        let noise = capture.withLock { String(decoding: $0.stderr.noise, as: UTF8.self) }
        return noise.hasPrefix("exec request failed on channel ") && noise.split(whereSeparator: \.isNewline).count == 1
    }

    func output(
        _ ending: ScriptCapture.Ending, elapsed: Duration, _ endpoint: Endpoint, _ privilege: Options.Privilege
    ) throws(SSHError) -> Output {
        var capture = capture.withLock { $0 }
        return try capture.output(ending, elapsed: elapsed, endpoint, privilege)
    }

    /// Runs ssh to its end; it is killed at the deadline, when the task is cancelled, and some time after the script's
    /// end. Once it is gone its pipes are read to what they hold, even if someone else still has them open.
    func run(_ arguments: [String], until deadline: Instant) async -> End {
        BrokenPipe.isAnError
        var platform = PlatformOptions()
        platform.createSession = true
        do {
            let result = try await Subprocess.run(
                .name("ssh"), arguments: Arguments(arguments), platformOptions: platform, input: .inputWriter,
                output: .sequence, error: .sequence
            ) { execution in
                isStarted.withLock { $0 = true }
                await withTaskGroup { group in
                    group.addTask { await self.write(to: execution.standardInputWriter) }
                    group.addTask { await self.watch(until: deadline) { try? execution.send(signal: .kill) } }
                    async let errors: Void = read(execution.standardError, \.stderr)
                    await read(execution.standardOutput, \.stdout)
                    await errors
                    group.cancelAll()
                }
            }
            if isLate.withLock(\.self) { return .late }
            if case .exited(let status) = result.terminationStatus { return .exited(Int(status)) }
            return .killed
        } catch {
            return isStarted.withLock(\.self) ? .killed : .notStarted(printable("\(error)".utf8))
        }
    }

    private func write(to writer: StandardInputWriter) async {
        // A node that does not want the script ends without it: its words tell.
        _ = try? await writer.write(input)
        try? await writer.finish()
    }

    private func read(
        _ stream: SubprocessOutputSequence, _ path: sending WritableKeyPath<ScriptCapture, StreamCapture>
    ) async {
        do {
            for try await part in stream {
                let hasEnded = capture.withLock { capture in
                    part.withUnsafeBytes { capture[keyPath: path].append($0) }
                    return capture.hasEnded
                }
                if hasEnded { scriptEnd.wake(.changed) }
            }
        } catch {
            // What has come so far is kept; without the end mark nobody takes it for the whole.
        }
    }

    private func watch(until deadline: Instant, _ kill: @Sendable () -> Void) async {
        switch await scriptEnd.wait(until: deadline) {
        case .cancelled: return
        case .deadline: isLate.withLock { $0 = true }
        case .changed: guard (try? await Task.sleep(for: Self.patience)) != nil else { return }
        }
        kill()
    }
}

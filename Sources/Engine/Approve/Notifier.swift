import Core
import SSH
import Subprocess
import SystemPackage

/// A program of this machine that tells others: run as it is configured, by no shell, with the message as its standard
/// input. What it prints is not read.
struct Notifier: Sendable {
    /// The program's path and its arguments.
    let command: [String]
    /// How long it may take: somebody waits for a node to come back.
    let seconds: Int

    /// Nil where no program is configured.
    init?(command: [String], seconds: Int = 10) {
        guard !command.isEmpty else { return nil }
        self.command = command
        self.seconds = seconds
    }

    /// Runs it to its end; at the time limit it is killed, with what it has started.
    /// - Returns: why nobody may have been told; nil when it exited with 0.
    func failure(telling message: [UInt8]) async -> String? {
        do {
            let result = try await Subprocess.run(
                .path(FilePath("/usr/bin/timeout")), arguments: Arguments(["-k", "1", "\(seconds)"] + command),
                input: ProgramInput(message), output: .discarded, error: .discarded)
            return words(result.terminationStatus)
        } catch {
            return "it could not be run: \(Printable.escape("\(error)", limit: 300))"
        }
    }

    // The statuses of timeout(1).
    private func words(_ status: TerminationStatus) -> String? {
        switch status {
        case .exited(0): nil
        case .exited(124), .exited(137): "it did not end within \(seconds) s"
        case .exited(125), .exited(126), .exited(127): "it could not be run: is it there, and executable?"
        case .exited(let code): "it ended with status \(code)"
        case .signaled(let signal): "it was ended by signal \(signal)"
        }
    }
}

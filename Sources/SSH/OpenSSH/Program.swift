import Subprocess

/// A program of OpenSSH on this machine, run to its end; nothing of it is interpreted by a shell.
struct Program: Sendable {
    let name: String
    let arguments: [String]
    var input: [UInt8] = []
    /// Added to the environment; nil takes a variable out.
    var environment: [String: String?] = [:]

    struct Result: Sendable {
        /// Nil after a signal.
        let status: Int?
        let output: [UInt8]
        let errors: [UInt8]
    }

    /// Runs it; at the deadline, or when the task is cancelled, it is ended.
    /// - Parameter limit: bytes of output and of errors; more is an error.
    func run(within time: Duration, limit: Int) async throws(ProgramError) -> Result {
        let outcome = await withTaskGroup(of: Outcome.self) { group in
            group.addTask { await runToItsEnd(limit: limit) }
            group.addTask {
                try? await Task.sleep(for: time)
                return .failure(ProgramError(message: "\(name) did not end within \(time)", isLate: true))
            }
            let first = await group.next() ?? .failure(ProgramError(message: "nothing ran"))
            group.cancelAll()
            return first
        }
        return try outcome.get()
    }

    private typealias Outcome = Swift.Result<Result, ProgramError>

    private func runToItsEnd(limit: Int) async -> Outcome {
        do {
            let result = try await Subprocess.run(
                .name(name), arguments: Arguments(arguments), environment: inherited, input: ProgramInput(input),
                output: .bytes(limit: limit), error: .bytes(limit: limit))
            let status: Int? = if case .exited(let code) = result.terminationStatus { Int(code) } else { nil }
            return .success(Result(status: status, output: result.standardOutput, errors: result.standardError))
        } catch {
            return .failure(ProgramError(message: "\(name) could not be run: \(printable("\(error)".utf8))"))
        }
    }

    /// Runs it with standard input open and nothing in it, until the task is cancelled or this process ends.
    ///
    /// In a session of its own: a Ctrl-C meant for us must not end what a way back needs.
    func hold() async {
        var platform = PlatformOptions()
        platform.createSession = true
        _ = try? await Subprocess.run(
            .name(name), arguments: Arguments(arguments), environment: inherited, platformOptions: platform,
            input: .inputWriter, output: .discarded, error: .discarded
        ) { _ in
            while !Task.isCancelled { try await Task.sleep(for: .seconds(3600)) }
        }
    }

    private var inherited: Environment {
        Environment.inherit.updating(
            Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), $1) }))
    }
}

/// A program could not be run to its end.
struct ProgramError: Error {
    let message: String
    var isLate = false
}

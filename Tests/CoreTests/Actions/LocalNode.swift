import Core
import Foundation

/// Runs an action's commands on this machine, as the engine would on a node: each argv as it is, no shell in between.
struct LocalNode: Sendable {
    /// Put before each argv (`ip netns exec NAME`).
    var prefix: [String] = []
    /// Set for each command.
    var environment: [String: String] = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]

    /// Runs one command and collects what it answers.
    func run(_ command: Command) async throws -> CommandOutput {
        let folder = URL(fileURLWithPath: NSTemporaryDirectory()).appending(path: "belay-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = ["in", "out", "err"].map { folder.appending(path: $0) }
        try Data(command.input?.bytes ?? []).write(to: files[0])
        for file in files.dropFirst() { try Data().write(to: file) }
        let environment = environment.map { "\($0.key)=\($0.value)" }
        let argv = ["/usr/bin/env"] + prefix + command.argv
        let paths = files.map { $0.path() }
        let status = try await withCheckedThrowingContinuation { (done: CheckedContinuation<Int, any Error>) in
            // A thread of its own, as waiting must not hold one of the pool's; Foundation's Process crashed under load.
            Thread.detachNewThread { done.resume(with: Result { try spawn(argv, environment, paths) }) }
        }
        return CommandOutput(
            status: status, output: Payload(bytes: Array(try Data(contentsOf: files[1]))),
            errorTail: Payload(bytes: Array(try Data(contentsOf: files[2]))))
    }

    /// Observes with an action.
    func observe(_ action: any Action) async throws -> Observation {
        var outputs: [CommandOutput] = []
        for command in action.observe() { outputs.append(try await run(command)) }
        return try action.parse(outputs)
    }

    /// Runs writes in order; the first that fails ends it.
    func write(_ commands: [Command]) async throws {
        for command in commands {
            let result = try await run(command)
            guard command.accepts.contains(result.status) else {
                throw WriteFailure(
                    message: "\(command.argv.prefix(6)) \(command.input?.text ?? ""): exit \(result.status) "
                        + (result.errorTail.text ?? ""))
            }
        }
    }

    /// Runs a fixed shell text of a test.
    @discardableResult
    func shell(_ text: String, input: String = "") async throws -> String {
        let command = Command(["/bin/sh", "-c", text], input: Payload(input))
        let result = try await run(command)
        guard result.status == 0 else {
            throw WriteFailure(message: "\(text)\n\(result.errorTail.text ?? "")\n\(input)")
        }
        return result.output.text ?? ""
    }
}

/// Runs a program to its end with files as standard input, output and error; 128 + N when signal N ended it.
private func spawn(_ argv: [String], _ environment: [String], _ files: [String]) throws -> Int {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (descriptor, file) in files.enumerated() {
        posix_spawn_file_actions_addopen(&actions, Int32(descriptor), file, descriptor == 0 ? O_RDONLY : O_WRONLY, 0)
    }
    // The pool's threads have signals blocked, which a program would inherit: its shell never heard that a child ended.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let words = argv.map { strdup($0) } + [nil]
    let variables = environment.map { strdup($0) } + [nil]
    defer { (words + variables).forEach { free($0) } }
    var child = pid_t()
    let error = posix_spawn(&child, argv[0], &actions, &attributes, words, variables)
    guard error == 0 else { throw WriteFailure(message: "\(argv): \(String(cString: strerror(error)))") }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 { guard errno == EINTR else { throw WriteFailure(message: "waitpid") } }
    return Int(status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F))
}

/// A write of a test did not succeed.
struct WriteFailure: Error, CustomStringConvertible {
    var message: String
    var description: String { message }
}

/// Whether the tests that change a real system can run here; on CI they may not be left out.
enum RealSystem {
    static let isRoot = geteuid() == 0
    static let isCI = ProcessInfo.processInfo.environment["CI"] != nil

    static func has(_ programs: String...) -> Bool {
        programs.allSatisfy { program in
            ["/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"].contains {
                FileManager.default.isExecutableFile(atPath: $0 + program)
            }
        }
    }
}

extension Observation {
    /// Differences in what an action compares.
    func compared(with expected: Observation, by action: any Action) -> [Difference] {
        differences(from: expected) { field in
            if case .volatile = action.role(of: field) { false } else { true }
        }
    }
}

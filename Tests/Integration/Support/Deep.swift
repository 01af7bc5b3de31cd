import Foundation

/// What `./check-deep` asks for beyond `./test`: `BELAY_DEEP` names the check, `BELAY_DEEP_COUNT` how often.
enum Deep {
    static func asks(for check: String) -> Bool { Testbed.environment["BELAY_DEEP"] == check }

    /// How often something is repeated: once asked for as often as asked, else as often as `./test` has time for.
    static func count(_ check: String, standard: Int, otherwise: Int) -> Int {
        guard asks(for: check) else { return otherwise }
        return Testbed.environment["BELAY_DEEP_COUNT"].flatMap(Int.init) ?? standard
    }
}

extension Deep {
    /// So many seeds of random cases: always the same in `./test`, and from the one that was given or a new one in a check.
    static func seeds(_ check: String, standard: Int, otherwise: Int) -> [UInt64] {
        let first = asks(for: check) ? newSeed : 1
        return (0..<count(check, standard: standard, otherwise: otherwise)).map { first &+ UInt64($0) }
    }

    private static let newSeed =
        Testbed.environment["BELAY_DEEP_SEED"].flatMap(UInt64.init) ?? .random(in: 1...1_000_000_000)

    /// Whether a part of a check is to be run: all are, or those whose names have the word that was given, or one of those
    /// that were given with `|` between them.
    static func isWanted(_ name: String) -> Bool {
        let words = Testbed.environment["BELAY_DEEP_ONLY"]?.split(separator: "|") ?? []
        return words.isEmpty || words.contains { name.contains($0) }
    }
}

/// Measured times, in seconds.
struct Distribution: CustomStringConvertible {
    private let sorted: [Double]

    init(_ values: [Double]) { sorted = values.sorted() }

    var max: Double { sorted.last ?? 0 }

    /// The smallest value that so many hundredths of all do not exceed.
    func percentile(_ hundredths: Int) -> Double {
        guard !sorted.isEmpty else { return 0 }
        let rank = (sorted.count * hundredths + 99) / 100
        return sorted[Swift.max(rank, 1) - 1]
    }

    var description: String {
        func text(_ seconds: Double) -> String { String(format: "%.3f s", seconds) }
        return "\(sorted.count) times: min \(text(sorted.first ?? 0)), median \(text(percentile(50))), "
            + "p95 \(text(percentile(95))), max \(text(max))"
    }
}

/// An executor that runs until it is told otherwise.
struct Executor {
    private let pidFile: String
    private let running: Task<Shell.Result, any Error>

    /// - Parameter tracer: words before the program's own, such as strace's.
    static func start(_ project: borrowing Project, apply plan: String, under tracer: [String] = []) -> Executor {
        let (folder, pidFile) = (project.folder, "\(project.folder)/pid-\(UUID().uuidString)")
        let words = tracer + [Testbed.binary, "-C", folder, "--color", "never", "apply", plan]
        let running = Task {
            try await Shell.run(
                "/bin/sh", ["-c", "echo $$ >\"$0.new\"; mv \"$0.new\" \"$0\"; exec \"$@\"", pidFile] + words, in: folder
            )
        }
        return Executor(pidFile: pidFile, running: running)
    }

    /// Its process; what traces it where there is a tracer.
    func pid() async throws -> pid_t {
        _ = try await eventually { FileManager.default.fileExists(atPath: pidFile) }
        let text = try String(contentsOfFile: pidFile, encoding: .utf8)
        return pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }

    func send(_ signal: Int32) async throws {
        let pid = try await pid()
        // Never 0, which would be this test's own group.
        if pid > 1 { kill(pid, signal) }
    }

    func end() async throws -> Shell.Result { try await running.value }
}

import ArgumentParser
import Glibc
import Simulation

/// Shows in simulated worlds that the laws hold, and every law that is broken in one.
@main
struct BelaySim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "belay-sim",
        abstract:
            "Runs Belay's own run machine, driver, policies and journal in simulated worlds, and checks the laws.",
        subcommands: [Worlds.self, Points.self], defaultSubcommand: Worlds.self)

    /// Dictionaries are gone through in an order of their own in each process, unless this is said before it starts.
    static func beDeterministic() {
        guard getenv("SWIFT_DETERMINISTIC_HASHING") == nil else { return }
        setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
        var words = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &words)
        perror("belay-sim: cannot start again")
        Glibc.exit(70)
    }

    static func report(_ result: Simulation.Result) {
        print("faults: \(result.struck.joined(separator: " "))")
        for violation in result.violations { print("BROKEN \(violation)") }
        let ends = result.ends.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        print("world \(result.seed): \(result.runs) runs, \(result.entries) entries, nodes ended: \(ends)")
    }
}

/// Worlds that are made up from seeds, one after the other.
struct Worlds: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worlds", abstract: "Worlds that are made up from seeds (the default).")

    @Option(help: "The first world, or with no --count the only one.")
    var seed: UInt64 = 1

    @Option(help: "How many worlds: seeds that follow each other.")
    var count: Int?

    @Option(help: "Only these faults strike, as printed: kind@stream#n,…; '' for none.")
    var faults: String?

    @Option(help: "Plans in the world, in place of what the seed says.")
    var runs: Int?

    @Option(help: "Nodes in the world, in place of what the seed says.")
    var nodes: Int?

    @Option(help: "Hosts with logs in the world, in place of what the seed says.")
    var logs: Int?

    @Option(help: "The most steps of a plan, in place of what the seed says.")
    var steps: Int?

    @Flag(help: "Show a broken law's world as it is, without looking for a smaller one.")
    var whole = false

    func run() throws {
        BelaySim.beDeterministic()
        if let count { try many(count) } else { try one() }
    }

    private func setting(_ seed: UInt64) -> Setting {
        var setting = Setting(seed: seed)
        setting.runs = runs ?? setting.runs
        setting.nodes = nodes ?? setting.nodes
        setting.logs = logs ?? setting.logs
        setting.steps = steps ?? setting.steps
        setting.only = faults.map { Set($0.split(separator: ",").map(String.init)) }
        return setting
    }

    private func one() throws {
        let result = try Simulation(setting(seed), keepsHistory: true).run()
        for line in result.history { print(line) }
        BelaySim.report(result)
        if !result.violations.isEmpty { throw ExitCode(1) }
    }

    private func many(_ count: Int) throws {
        var tally = Tally()
        let start = clock_gettime_nsec()
        for number in 0..<UInt64(count) {
            let result = try Simulation(setting(seed &+ number)).run()
            tally.add(result)
            guard !result.violations.isEmpty else { continue }
            show(result)
            throw ExitCode(1)
        }
        let seconds = Double(clock_gettime_nsec() - start) / 1e9
        print(tally.json(seed: seed, worlds: count, seconds: seconds))
    }

    private func show(_ result: Simulation.Result) {
        let smallest = whole ? setting(result.seed) : Shrink.smallest(setting(result.seed))
        if let again = try? Simulation(smallest, keepsHistory: true).run() {
            for line in again.history { print(line) }
            BelaySim.report(again)
        }
        print("world \(result.seed): \(result.violations.joined(separator: "; "))")
        print("again, every time: belay-sim \(Self.words(smallest))")
    }

    private static func words(_ setting: Setting) -> String {
        let faults = setting.only.map { " --faults '\($0.sorted().joined(separator: ","))'" } ?? ""
        return "--seed \(setting.seed) --runs \(setting.runs) --nodes \(setting.nodes) --logs \(setting.logs)"
            + " --steps \(setting.steps)\(faults)"
    }
}

private func clock_gettime_nsec() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// What many worlds came to.
struct Tally {
    private var runs = 0
    private var entries = 0
    private var writes = 0
    private var ends: [String: Int] = [:]
    private var faults: [String: Int] = [:]

    mutating func add(_ result: Simulation.Result) {
        runs += result.runs
        entries += result.entries
        writes += result.writes
        ends.merge(result.ends, uniquingKeysWith: +)
        for name in result.struck { faults[String(name.prefix { $0 != "@" }), default: 0] += 1 }
    }

    /// One line, for scripts that keep it.
    func json(seed: UInt64, worlds: Int, seconds: Double) -> String {
        let milliseconds = Int(seconds * 1000)
        return "{\"seed\":\(seed),\"worlds\":\(worlds),\"runs\":\(runs),\"entries\":\(entries),\"writes\":\(writes),"
            + "\"milliseconds\":\(milliseconds),\"ends\":\(counts(ends)),\"faults\":\(counts(faults))}"
    }
}

/// A JSON object of counts.
func counts(_ counts: [String: Int]) -> String {
    "{" + counts.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
}

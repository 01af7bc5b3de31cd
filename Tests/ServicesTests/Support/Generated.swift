import Core
import Engine

/// SplitMix64: the same log for the same seed.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &self)]
    }
    mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &self) == 0 }
}

/// Logs and filters that have something to do with each other, with names that are hard to compare.
struct Generator {
    var random: Seeded
    // The Kelvin sign is a K, and é is é however it is spelled; the others are no names of each other.
    static let nodes = ["n1", "n2", "node-K", "node-\u{212A}", "caf\u{E9}", "cafe\u{301}", "n\u{0}1", "", "%", "'; --"]
    static let people = [
        "alice", "alice@laptop:7", "alicea", "ali", "J\u{F6}rg@h:1", "Jo\u{308}rg", "alice@", "alice@b\u{FC}ro:1",
    ]
    static let runs = ["2026-a", "2026-ab", "2026-b", "2026-\u{212A}", "2026-K", "e\u{301}-1", "2026-\u{E9}"]
    static let runbooks = ["restart-kubelet", "flush", "caf\u{E9}", "K", "\u{212A}"]
    static let words = [
        "The disk is full", "said \"no\"", "a AND b OR NOT c", "NEAR(x y)", "x* ^y {z}", "ΟΔΟΣ", "Straße", "İstanbul",
        "tab\there", "e\u{301}t\u{E9}", "日本語のテキスト", "zero\u{0}zero", "quote\"\u{301}accent", "\u{FFFE}\u{10FFFF}x",
        "a\\b",
    ]

    mutating func records(_ count: Int) throws -> [LogRecord] {
        try (0..<count).map { number in
            let run = random.chance(8) ? nil : random.pick(Self.runs)
            let node = random.chance(4) ? nil : random.pick(Self.nodes)
            return Sample.record(
                try event(run), at: number / 3, by: random.pick(Self.people), run: run, node: node)
        }
    }

    private mutating func event(_ run: String?) throws -> LogEvent {
        switch Int.random(in: 0..<8, using: &random) {
        case 0:
            let nodes = [random.pick(Self.nodes), random.pick(Self.nodes)]
            return try Sample.planned(
                Sample.plan(
                    run ?? "none", runbook: random.pick(Self.runbooks), nodes: nodes, title: random.pick(Self.words)))
        case 1: return .run(.unchanged(step: Int.random(in: 0..<3, using: &random)))
        case 2:
            let status = random.pick([0, 1, 137])
            return .run(
                .outcome(
                    .apply(step: Int.random(in: 0..<2, using: &random)),
                    .done(status: status, failedAt: 0, output: Payload(random.pick(Self.words)))))
        case 3: return .run(.finished(random.pick([.succeeded, .rolledBack, .needsPerson])))
        case 4: return .run(.verified(step: 0, failures: []))
        case 5: return .recoveredLog(LogRecovery(tornBytes: 7, rebuiltTiles: false, open: []))
        default: return .run(.nodeState(.rollingBack, reason: random.pick(Self.words)))
        }
    }

    mutating func filter(_ records: [LogRecord]) -> EntryFilter {
        var filter = EntryFilter()
        if random.chance(4) { filter.node = random.pick(Self.nodes) }
        if random.chance(5) { filter.user = random.pick(Self.people) }
        if random.chance(5) {
            filter.run = String(random.pick(Self.runs).prefix(Int.random(in: 0..<9, using: &random)))
        }
        if random.chance(5) { filter.runbook = random.pick(Self.runbooks) }
        if random.chance(5) { filter.action = random.pick(["service.restart", "file.replace", "file.replac"]) }
        if random.chance(5) {
            filter.outcome = random.pick(["0", "1", "Rolled Back", "rolled-back", "held", "\u{212A}"])
        }
        if random.chance(5) { filter.type = random.pick(["plan", "outcome", "node.state", "recovered", "no"]) }
        if random.chance(5) { filter.since = Sample.time.adding(seconds: Int.random(in: 0..<99, using: &random)) }
        if random.chance(5) { filter.until = Sample.time.adding(seconds: Int.random(in: 0..<99, using: &random)) }
        if random.chance(2) { filter.text = text(records) }
        return filter
    }

    /// A part of what is in the log, or nearly.
    private mutating func text(_ records: [LogRecord]) -> String {
        var text = random.pick(Self.words)
        if random.chance(3), let bytes = try? JSON.encode(random.pick(records)) {
            text = String(decoding: bytes, as: UTF8.self)
        }
        let scalars = Array(text.unicodeScalars)
        let start = Int.random(in: 0..<scalars.count, using: &random)
        let end = min(scalars.count, start + Int.random(in: 0..<12, using: &random))
        var part = String.UnicodeScalarView()
        part.append(contentsOf: scalars[start..<end])
        return random.chance(2) ? String(part).uppercased() : String(part)
    }
}

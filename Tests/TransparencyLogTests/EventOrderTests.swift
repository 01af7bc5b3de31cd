import Testing

@testable import TransparencyLog

@Suite("the order of a run's events")
struct EventOrderTests {
    /// Entries as they are written; an outcome can name one of those before it.
    struct Story {
        private(set) var entries: [[UInt8]] = []

        mutating func add(_ type: String, run: String = "r1", node: String? = "n1", of intent: Int? = nil) {
            let named = intent.map { #","intent":{"index":\#($0),"leaf":"\#(Merkle.leaf(entries[$0]))"}"# } ?? ""
            add(type, run, node, more: named)
        }

        mutating func add(_ type: String, _ run: String, _ node: String?, more: String) {
            let place = node.map { #","node":"\#($0)""# } ?? ""
            let event = #""event":{"run":"other","intent":{"index":0,"leaf":""},"type":"run.end"}"#
            let text = #"{"at":1,"by":"x","run":"\#(run)"\#(place),"type":"\#(type)"\#(more),\#(event)}"#
            entries.append(Array(text.utf8))
        }

        func report(since size: Int? = nil) throws -> VerificationReport {
            let log = try LogFixture(entries: entries, checkpoints: [entries.count])
            guard let size else { return try log.verify() }
            try log.tile(entries.count)
            try log.sign(size, as: "kept")
            let kept = KeptCheckpoint(source: "kept", bytes: try log.read("kept"))
            return try withExtendedLifetime(log) {
                try LogVerifier.verify(directory: log.directory, key: log.key.verifier, since: kept)
            }
        }

        func failures() throws -> [VerificationFailure] { try report().failures }
    }

    @Test("intents of several nodes and runs, each with its outcome, a run that is recovered and one that is resolved")
    func good() throws {
        var story = Story()
        story.add("plan", node: nil)
        story.add("intent", node: "n1")
        story.add("intent", node: "n2")
        story.add("intent", run: "r2", node: "n1")
        story.add("outcome", node: "n2", of: 2)
        story.add("outcome", node: "n1", of: 1)
        story.add("outcome", run: "r2", node: "n1", of: 3)
        story.add("intent", node: "n1")
        story.add("recovering", node: nil)
        story.add("intent", node: "n1")
        story.add("outcome", node: "n1", of: 9)
        story.add("outcome", node: "n1", of: 7)
        story.add("run.end", node: nil)
        story.add("run.end", run: "r2", node: nil)
        story.add("resolved", node: nil)
        story.add("intent", node: "n1")
        story.add("outcome", node: "n1", of: 15)
        #expect(try story.failures() == [])
    }

    @Test("an outcome that names no intent, and one without any before it")
    func unnamed() throws {
        var story = Story()
        story.add("intent")
        story.add("outcome")
        story.add("outcome", node: "n2")
        let failures = try story.failures()
        #expect(failures.map(\.kind) == [.outcomeWithoutIntent, .outcomeWithoutIntent])
        #expect(failures.map(\.entries) == [1..<2, 2..<3])
        #expect(
            failures.first?.what.contains("of run r1 on n1, names no intent; the one that is open is entry 0") == true)
        #expect(failures.last?.what.contains("none is open there") == true)
    }

    @Test(
        "an outcome of another node's intent, another run's, one that has its outcome, and one that is none",
        arguments: [
            ("n2", "r1", 0), ("n1", "r2", 0), ("n1", "r1", 2), ("n1", "r1", 4), ("n1", "r1", 5),
        ])
    func wrong(node: String, run: String, named: Int) throws {
        var story = Story()
        story.add("intent")
        story.add("intent")
        story.add("intent")
        story.add("outcome", of: 2)
        story.add("run.start", node: nil)
        story.add("intent", node: "n3")
        story.add("outcome", run: run, node: node, of: named)
        #expect(try story.failures().map(\.kind) == [.outcomeWithoutIntent])
    }

    @Test("whoever takes over asks for a lease first, and then what became of the earlier intents, in any order")
    func takenOver() throws {
        var story = Story()
        story.add("intent")
        story.add("intent")
        story.add("recovering", node: nil)
        story.add("intent")
        story.add("outcome", of: 3)
        story.add("outcome", of: 0)
        story.add("outcome", of: 1)
        #expect(try story.failures() == [])
    }

    @Test("the index alone is not enough: the leaf hash must be that of the intent, in 64 lowercase digits")
    func leaf() throws {
        var first = Story()
        first.add("intent")
        let hash = Merkle.leaf(first.entries[0]).hex
        let other = Merkle.leaf(Array("{}".utf8)).hex
        for (member, isGood) in [
            (#"{"index":0,"leaf":"\#(hash)"}"#, true), (#"{"leaf":"\#(hash)","\u0069ndex":0}"#, true),
            (#"{"index":0,"leaf":"\#(other)"}"#, false), (#"{"index":0}"#, false), (#"{"leaf":"\#(hash)"}"#, false),
            (#"{"index":1,"leaf":"\#(hash)"}"#, false), (#"{"index":"0","leaf":"\#(hash)"}"#, false),
            (#"{"index":0,"leaf":"\#(hash.uppercased())"}"#, false), (#"{"index":0,"leaf":"\#(hash)00"}"#, false),
            (#"[{"index":0,"leaf":"\#(hash)"}]"#, false), (#"{"x":{"index":0,"leaf":"\#(hash)"}}"#, false),
            ("null", false),
        ] {
            var story = first
            story.add("outcome", "r1", "n1", more: #","intent":\#(member)"#)
            #expect(try story.failures().map(\.kind) == (isGood ? [] : [.outcomeWithoutIntent]), "\(member)")
        }
    }

    @Test("names are compared after unescaping")
    func escaped() throws {
        var story = Story()
        story.add("intent", run: "r1", node: "n1")
        story.add(#"\u006futcome"#, run: #"\u00721"#, node: #"\u006e1"#, of: 0)
        story.add(#"\u006futcome"#, run: #"\u00721"#, node: #"\u006e1"#, of: 0)
        #expect(try story.failures().map(\.entries) == [2..<3])
    }

    @Test("in an adopted run an outcome may name none, but not a wrong one")
    func adopted() throws {
        var story = Story()
        story.add("adopted", node: "n1")
        story.add("outcome")
        story.add("intent")
        story.add("outcome", of: 2)
        story.add("outcome", of: 2)
        #expect(try story.failures().map(\.entries) == [4..<5])
    }

    @Test(
        "an intent after the end of its run, until somebody recovers or resolves it",
        arguments: ["recovering", "resolved"])
    func afterEnd(reopening: String) throws {
        var story = Story()
        story.add("run.end", node: nil)
        story.add("intent")
        story.add("outcome", of: 1)
        story.add("intent", run: "r2")
        story.add(reopening, node: nil)
        story.add("intent")
        story.add("run.end", node: nil)
        story.add("intent")
        let failures = try story.failures()
        #expect(
            failures.map(\.kind) == [.intentAfterEnd, .intentAfterEnd] && failures.map(\.entries) == [1..<2, 7..<8])
    }

    @Test("entries without a type, or of no run, are left alone unless they are outcomes")
    func others() throws {
        var story = Story()
        story.add("approval", "r1", nil, more: "")
        #expect(try LogFixture(entries: [Array(#"{"run":"r1","event":{"type":"outcome"}}"#.utf8)]).verify().isIntact)
        #expect(try LogFixture(entries: [Array(#"{"type":1,"run":"r1"}"#.utf8)]).verify().isIntact)
        #expect(try LogFixture(entries: [Array(#"{"type":"outcome"}"#.utf8)]).verify().failures.count == 1)
        #expect(try story.failures() == [])
    }

    @Test(
        "what came before the entries that are read is not held against a run, but a run that begins among them is whole"
    )
    func since() throws {
        var story = Story()
        for _ in 0..<300 { story.add("intent", run: "old") }
        story.add("outcome", run: "old", of: 3)
        story.add("outcome", run: "old")
        story.add("plan", node: nil)
        story.add("outcome")
        let report = try story.report(since: 300)
        #expect(report.since == 300 && report.failures.map(\.entries) == [303..<304])
        #expect(try story.report().failures.map(\.entries) == [301..<302, 303..<304])
    }
}

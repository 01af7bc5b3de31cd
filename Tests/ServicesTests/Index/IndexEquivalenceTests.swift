import Core
import Engine
import Testing

@testable import Services

@Suite("the index finds what reading the whole log finds", .timeLimit(.minutes(5)))
struct IndexEquivalenceTests {
    @Test(
        "in generated logs that grow between searches, for generated filters", arguments: 1...8 as ClosedRange<UInt64>)
    func generated(seed: UInt64) async throws {
        var generator = Generator(random: Seeded(state: seed))
        let log = try SampleLog()
        var written: [LogRecord] = []
        for round in 0..<3 {
            let records = try generator.records([40, 1, 300][round])
            let inBlobs = Set(records.indices.filter { _ in generator.random.chance(6) })
            try await log.write(records, inBlobs: inBlobs, checkpoint: generator.random.chance(2))
            written += records
            let all = try await log.records()
            for _ in 0..<20 {
                let last = generator.random.chance(3) ? Int.random(in: 1..<5, using: &generator.random) : nil
                try await log.expectSame(generator.filter(written), last: last, among: all)
            }
        }
        #expect(log.takeTold() == [])
    }

    @Test("when more entries fit than are read at a time, and a few of the last are asked for")
    func long() async throws {
        let log = try SampleLog()
        try await log.write((0..<3000).map { Sample.note("number \($0)", node: $0 % 3 == 0 ? "n1" : "n2") })
        try await log.expectSame(EntryFilter(node: "n1"))
        try await log.expectSame(EntryFilter(text: "number 1"), last: 300)
        #expect(try await log.search(EntryFilter(), last: 2).entries.map(\.index) == [2998, 2999])
    }

    @Test("a plan that comes after entries of its run says what they are about")
    func latePlan() async throws {
        let log = try SampleLog()
        let plan = try Sample.planned(Sample.plan("2026-a", runbook: "late", nodes: ["n1"]))
        try await log.write([Sample.record(.run(.unchanged(step: 1)), node: "n1")])
        #expect(try await log.indices(EntryFilter(action: "file.replace")) == [])
        try await log.write([Sample.record(plan)])
        #expect(try await log.indices(EntryFilter(runbook: "late")) == [0, 1])
        #expect(try await log.indices(EntryFilter(action: "file.replace")) == [0])
    }

    @Test(
        "words of the text are never syntax",
        arguments: ["\"", "\" OR \"x", "a OR", "NEAR(", "texts:", "*", "' OR 1=1 --", "%", "-x y"])
    func syntax(words: String) async throws {
        let log = try SampleLog()
        try await log.write([
            Sample.note("nothing"), Sample.record(.run(.nodeState(.rollingBack, reason: "x \(words) y"))),
        ])
        try await log.expectSame(EntryFilter(text: words))
        try await log.expectSame(EntryFilter(node: words, user: words, run: words, runbook: words, action: words))
    }

    @Test("names that are equal have equal keys, whatever their bytes")
    func keys() {
        let ascii = Set((0x20..<0x7F as Range<UInt8>).map { String(UnicodeScalar($0)) })
        let twins = (0x80...0x10FFFF as ClosedRange<UInt32>).compactMap(Unicode.Scalar.init).filter {
            ascii.contains(String($0))
        }
        #expect(twins.map(\.value).sorted() == [0x37E, 0x1FEF, 0x212A])
        for twin in twins { #expect(IndexKey.key("a\(twin)b") != IndexKey.other) }
        #expect(IndexKey.key("node-\u{212A}") == "node-K" && IndexKey.key("caf\u{E9}") == IndexKey.key("cafe\u{301}"))
        #expect(IndexKey.key("n\0") == IndexKey.other)
    }
}

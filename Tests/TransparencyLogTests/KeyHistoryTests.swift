import Testing

@testable import TransparencyLog

@Suite("verifying a log that has changed its key")
struct KeyHistoryTests {
    /// Three keys of one log, one after the other.
    private let keys: [SigningKey]

    init() throws {
        keys = try [7, 8, 9].map { try SigningKey(name: "audit.example/test", seed: Array(repeating: $0, count: 32)) }
    }

    private func rotation(_ old: SigningKey, _ new: SigningKey, type: String = "key.rotate") -> [UInt8] {
        let keys = #"{"new":"\#(new.verifier)","old":"\#(old.verifier)","reason":"why"}"#
        return Array(#"{"at":"t","by":"b","event":{"key.rotate":\#(keys)},"type":"\#(type)"}"#.utf8)
    }

    /// Forty entries; the key changes with entry 10 and again with entry 25. Both sign at 12 and at 30.
    private func log() throws -> LogFixture {
        let log = try LogFixture(40, special: [10: rotation(keys[0], keys[1]), 25: rotation(keys[1], keys[2])])
        try log.sign(5, by: [keys[0]])
        try log.sign(12, by: [keys[0], keys[1]])
        try log.sign(20, by: [keys[1]])
        try log.sign(30, by: [keys[1], keys[2]])
        try log.sign(40, by: [keys[2]])
        return log
    }

    private func kinds(_ log: LogFixture, _ key: SigningKey, kept: [KeptCheckpoint] = []) throws
        -> [VerificationFailure.Kind]
    { try log.verify(key.verifier, kept: kept).failures.map(\.kind) }

    @Test(
        "each of its keys verifies all of it: the later ones follow from the first, the earlier from the last",
        arguments: 0..<3)
    func followed(trusted: Int) throws {
        let report = try log().verify(keys[trusted].verifier)
        #expect(report.failures == [] && report.signedSize == 40)
        #expect(report.keys.map(\.key) == keys.map(\.verifier))
        #expect(report.keys.map(\.sizes) == [0...12, 12...30, 30...UInt64.max])
        #expect(report.summary.contains { $0.contains("was replaced at size 12") })
    }

    @Test("a key that the log never had verifies none of it")
    func stranger() throws {
        let stranger = try SigningKey(name: "audit.example/test", seed: Array(repeating: 1, count: 32))
        #expect(try kinds(log(), stranger) == Array(repeating: .badCheckpoint, count: 6))
    }

    @Test("signed by the old key alone after both have signed is a failure, whichever key is trusted", arguments: 0..<3)
    func retired(trusted: Int) throws {
        let log = try log()
        try log.sign(13, as: "checkpoints/00000000000000000013", by: [keys[0]])
        let failure = try #require(try log.verify(keys[trusted].verifier).failures.first)
        #expect(failure.kind == .retiredKey && failure.file == "checkpoints/00000000000000000013")
        try log.sign(31, as: "checkpoints/00000000000000000031", by: [keys[0], keys[1]])
        #expect(try kinds(log, keys[trusted]) == [.retiredKey, .retiredKey])
    }

    @Test("up to then the old key's signature is good, and the new key's alone is not")
    func before() throws {
        let log = try log()
        try log.sign(11, as: "checkpoints/00000000000000000011", by: [keys[0]])
        #expect(try kinds(log, keys[0]) == [])
        try log.sign(11, as: "checkpoints/00000000000000000011", by: [keys[1]])
        for key in keys { #expect(try kinds(log, key) == [.retiredKey]) }
    }

    @Test("an entry without a checkpoint that both signed changes nothing")
    func withoutBoth() throws {
        let log = try LogFixture(20, special: [10: rotation(keys[0], keys[1])])
        try log.sign(20, by: [keys[0]])
        #expect(try kinds(log, keys[0]) == [])
        try log.sign(15, as: "checkpoints/00000000000000000015", by: [keys[1]])
        #expect(try kinds(log, keys[0]) == [.badCheckpoint])
        // Both signed before the entry was there.
        try log.sign(10, as: "checkpoints/00000000000000000010", by: [keys[0], keys[1]])
        #expect(try kinds(log, keys[0]) == [.badCheckpoint])
    }

    @Test("a signature of both over other entries changes nothing")
    func otherEntries() throws {
        let log = try LogFixture(20, special: [10: rotation(keys[0], keys[1])])
        try log.sign(12, entries: log.entries.map { $0 + [0x20] }, by: [keys[0], keys[1]])
        try log.sign(20, by: [keys[1]])
        #expect(try log.verify(keys[0].verifier).keys.count == 1)
        #expect(try kinds(log, keys[0]).contains(.badCheckpoint))
    }

    @Test("what only looks like a change of keys is none", arguments: ["outcome", "key.rotated", ""])
    func lookalike(type: String) throws {
        let log = try LogFixture(20, special: [10: rotation(keys[0], keys[1], type: type)])
        try log.sign(12, by: [keys[0], keys[1]])
        try log.sign(20, by: [keys[1]])
        #expect(try log.verify(keys[0].verifier).keys.count == 1)
        func read(_ entry: [UInt8]) -> KeyRotationEntry? { entry.withUnsafeBytes { KeyRotationEntry($0, index: 1) } }
        #expect(read(Array(#"{"text":"type":"key.rotate"}"#.utf8)) == nil)
        let other = try SigningKey(name: "other.example", seed: Array(repeating: 3, count: 32))
        #expect(read(rotation(keys[0], other)) == nil)
        #expect(read(rotation(keys[0], keys[0])) == nil)
        #expect(read(rotation(keys[0], keys[1]))?.new == keys[1].verifier)
    }

    @Test("a second change from a key that was replaced is not followed: whoever stole it cannot name another")
    func stolen() throws {
        let thief = try SigningKey(name: "audit.example/test", seed: Array(repeating: 66, count: 32))
        let log = try LogFixture(30, special: [10: rotation(keys[0], keys[1]), 20: rotation(keys[0], thief)])
        try log.sign(12, by: [keys[0], keys[1]])
        try log.sign(22, by: [keys[0], thief])
        try log.sign(30, by: [thief])
        let report = try log.verify(keys[0].verifier)
        #expect(report.keys.map(\.key) == [keys[0].verifier, keys[1].verifier])
        #expect(Set(report.failures.map(\.kind)) == [.retiredKey, .badCheckpoint] && report.signedSize == 12)
    }

    @Test("a kept checkpoint of an earlier key shows a rewritten log as forked, to who trusts the last key")
    func forked() throws {
        let log = try log()
        try log.sign(8, entries: log.entries.map { $0 + [0x20] }, as: "kept", by: [keys[0]])
        let kept = KeptCheckpoint(source: "kept", bytes: try log.read("kept"))
        #expect(try kinds(log, keys[2], kept: [kept]) == [.forked])
    }

    @Test("a proof that it has only grown takes the keys of both checkpoints")
    func growth() throws {
        let log = try log()
        try log.tile(40)
        let old = try SignedNote(log.read("checkpoints/00000000000000000005"))
        let new = try SignedCheckpoint(log.read(LogLayout.checkpoint), verifiedBy: keys[2].verifier)
        let proof = try TileReader(directory: log.directory).proof(from: Checkpoint(text: old.text), to: new)
        let both = [keys[0].verifier, keys[2].verifier]
        #expect(try proof.verify(old: old, logs: both, policy: .noWitnesses).checkpoint.size == 40)
        #expect(throws: FormatError.self) { try proof.verify(old: old, logs: [both[1]], policy: .noWitnesses) }
    }
}

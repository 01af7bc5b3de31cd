import Testing

@testable import TransparencyLog

@Suite("verifying with witnesses")
struct WitnessedLogTests {
    private let keys: [SigningKey]

    init() throws {
        keys = try (1...3 as ClosedRange<UInt8>).map {
            try SigningKey(name: "w\($0)", type: .witness, seed: Array(repeating: $0, count: 32))
        }
    }

    private func policy(_ threshold: String) throws -> WitnessPolicy {
        let lines = keys.map { "witness \($0.verifier.name) \($0.verifier)\n" }.joined()
        return try WitnessPolicyTests.policy(lines + "group g \(threshold) w1 w2 w3\nquorum g\n")
    }

    /// The note of that size with cosignatures under it.
    private func cosigned(_ log: LogFixture, _ size: Int, by witnesses: [Int], entries: [[UInt8]]? = nil) throws
        -> [UInt8]
    {
        let root = Merkle.root(of: (entries ?? log.entries)[..<size].map { Merkle.leaf($0) })
        let checkpoint = try Checkpoint(origin: log.key.verifier.name, size: UInt64(size), root: root)
        let lines = try witnesses.map {
            try Cosignature(of: checkpoint, at: 1_760_000_000 + UInt64($0), by: keys[$0]).line(by: keys[$0].verifier)
        }
        let signed = try SignedCheckpoint(checkpoint, signedBy: log.key)
        return try signed.adding(lines, by: keys.map(\.verifier)).note.bytes
    }

    private func file(_ size: Int) -> String { "\(LogLayout.checkpoints)/\(LogLayout.name(of: UInt64(size)))" }

    private func verify(_ log: LogFixture, _ threshold: String, kept: [KeptCheckpoint] = []) throws
        -> VerificationReport
    {
        try LogVerifier.verify(
            directory: log.directory, key: log.key.verifier, kept: kept, policy: policy(threshold))
    }

    @Test("the largest checkpoint with the quorum counts, with all who cosigned it and when")
    func quorum() throws {
        let log = try LogFixture(30, checkpoints: [10, 20, 30])
        try log.write(cosigned(log, 10, by: [0, 1, 2]), file(10))
        try log.write(cosigned(log, 20, by: [0, 2]), file(20))
        try log.write(cosigned(log, 30, by: [1]), file(30))
        for (threshold, size) in [("all", 10), ("2", 20), ("any", 30)] as [(String, UInt64)] {
            let report = try verify(log, threshold)
            #expect(report.isIntact && report.witnessed?.size == size)
        }
        let found = try verify(log, "2").witnessed?.cosigners
        #expect(found == [0, 2].map { Cosigner(key: keys[$0].verifier, time: 1_760_000_000 + UInt64($0)) })
        #expect(try log.verify().witnessed == nil)
    }

    @Test("cosignatures in two files of one size count together")
    func together() throws {
        let log = try LogFixture(10, checkpoints: [10])
        try log.write(cosigned(log, 10, by: [0]), file(10))
        try log.write(cosigned(log, 10, by: [0, 1]), LogLayout.checkpoint)
        #expect(try verify(log, "2").witnessed?.cosigners.count == 2)
    }

    @Test("without the quorum the log does not verify, and who did cosign is said")
    func missing() throws {
        let log = try LogFixture(10, checkpoints: [10])
        try log.write(cosigned(log, 10, by: [1]), file(10))
        let report = try verify(log, "2")
        #expect(report.failures.map(\.kind) == [.notWitnessed] && report.witnessed == nil)
        #expect(report.failures[0].what.contains("2 of w1, w2, w3") && report.failures[0].what.contains("by w2"))
        let none = try WitnessPolicyTests.policy("quorum none\n")
        #expect(try LogVerifier.verify(directory: log.directory, policy: none).isIntact)
    }

    @Test("a cosignature that is not of this checkpoint rejects it")
    func wrongCosignature() throws {
        let log = try LogFixture(10, checkpoints: [9])
        let other = try SignedNote(cosigned(log, 9, by: [0])).signatures[1]
        let note = try SignedNote(cosigned(log, 10, by: [1])).appending([other]).bytes
        try log.write(note, file(10))
        let report = try verify(log, "any")
        #expect(report.failures.map(\.kind).contains(.badCheckpoint))
        #expect(report.failures.contains { $0.what.contains("the cosignature by w1 is not valid") })
    }

    @Test("a kept checkpoint that witnesses cosigned shows a rewritten log as forked")
    func forked() throws {
        let log = try LogFixture(30, checkpoints: [10, 30])
        let others = log.entries.map { $0 + [0x20] }
        let kept = KeptCheckpoint(source: "kept", bytes: try cosigned(log, 20, by: [0], entries: others))
        try log.write(cosigned(log, 30, by: [0, 1]), file(30))
        let report = try verify(log, "2", kept: [kept])
        let failure = try #require(report.failures.first)
        #expect(report.failures.count == 1 && failure.kind == .forked && failure.what.contains("cosigned by w1"))
    }

    @Test("a log made again under another key is forked from what witnesses saw, even with its own key")
    func anotherKey() throws {
        let log = try LogFixture(10, checkpoints: [10])
        let checkpoint = try Checkpoint(
            origin: log.key.verifier.name, size: 5, root: Merkle.root(of: decimalLeaves(5)))
        let old = try SigningKey(name: log.key.verifier.name, seed: Array(repeating: 9, count: 32))
        let line = try Cosignature(of: checkpoint, at: 7, by: keys[0]).line(by: keys[0].verifier)
        let note = try SignedCheckpoint(checkpoint, signedBy: old).adding([line], by: [keys[0].verifier]).note
        let kept = KeptCheckpoint(source: "kept", bytes: note.bytes)
        try log.write(cosigned(log, 10, by: [0]), file(10))
        let report = try verify(log, "any", kept: [kept])
        #expect(report.failures.map(\.kind) == [.badCheckpoint, .forked])
        #expect(try log.verify(kept: [kept]).failures.map(\.kind) == [.badCheckpoint])
    }
}

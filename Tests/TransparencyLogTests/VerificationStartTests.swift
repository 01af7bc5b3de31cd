import Foundation
import Testing

@testable import TransparencyLog

@Suite("a mirror, and a log that was verified before")
struct VerificationStartTests {
    /// 700 entries, published at 300, 512 and 700; `kept` is the checkpoint of 300, elsewhere.
    let log: LogFixture
    let kept: KeptCheckpoint

    init() throws {
        log = try LogFixture(700, checkpoints: [300, 512, 700], segments: [0, 200, 260, 600])
        try log.tile(300, 512, 700)
        let name = "\(LogLayout.checkpoints)/\(LogLayout.name(of: 300))"
        kept = KeptCheckpoint(source: "mine", bytes: try log.read(name))
    }

    private func verify(since: KeptCheckpoint? = nil) throws -> VerificationReport {
        try LogVerifier.verify(directory: log.directory, key: log.key.verifier, since: since)
    }

    // MARK: - A mirror

    private func makeMirror() throws {
        for folder in ["journal", "checkpoints", "keys"] { try log.remove(folder) }
    }

    @Test("a mirror is verified by its bundles, and the report says so")
    func mirror() throws {
        let root = try log.verify().root
        try makeMirror()
        let report = try verify()
        #expect(report.failures == [] && report.source == .tiles && report.root == root)
        #expect(report.entries == 700 && report.signedSize == 700 && report.unsignedEntries == 0 && report.tiles > 0)
        #expect(report.summary.contains { $0.contains("there is no journal") })
    }

    @Test("partial bundles that were never fetched are read from the full ones")
    func mirrorOfAnOlderSize() throws {
        try makeMirror()
        try log.write(kept.bytes, "checkpoint")
        try log.remove("tile/entries/001.p")
        let report = try verify()
        #expect(report.entries == 300 && report.signedSize == 300)
        // The rest of the tiles are of a longer log than this checkpoint's.
        #expect(Set(report.failures.map(\.kind)) == [.strayFile])
    }

    @Test("a byte changed in a mirror's bundle is found by the root and by the tile of hashes, which names the bundle")
    func mirrorTampered() throws {
        try makeMirror()
        var bytes = try log.read("tile/entries/001")
        bytes[20] ^= 1
        try log.write(bytes, "tile/entries/001")
        let failures = try verify().failures
        #expect(failures.map(\.kind) == [.tampered] + [VerificationFailure.Kind](repeating: .wrongTile, count: 4))
        #expect(
            failures.map(\.file) == [nil, "tile/entries/001.p/44", "tile/0/001.p/44", "tile/0/001", "tile/1/000.p/2"])
        #expect(failures.first?.meaning.contains("checksum") == false)
    }

    @Test(
        "a mirror's bundle that is missing, or cut off, ends it",
        arguments: [("tile/entries/001", 256), ("tile/entries/002.p/188", 512)])
    func mirrorMissing(file: String, entries: UInt64) throws {
        try makeMirror()
        let bytes = try log.read(file)
        try log.write(Array(bytes.dropLast()), file)
        var report = try verify()
        #expect(report.failures.map(\.kind) == [.wrongTile] && report.failures.first?.file == file)
        #expect(report.entries == entries && report.signedSize == 0)
        try log.remove(file)
        report = try verify()
        #expect(report.failures.map(\.kind) == [.missingTile] && report.entries == entries)
    }

    @Test("a folder whose journal is there and empty is no mirror, nor is one without a checkpoint or tiles")
    func noMirror() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: "\(log.directory)/journal") {
            try log.remove("journal/\(name)")
        }
        #expect(try verify().failures.first?.kind == .missingEntries)
        try makeMirror()
        try FileManager.default.moveItem(atPath: "\(log.directory)/tile", toPath: "\(log.directory)/elsewhere")
        #expect(throws: LogReadError.self) { try verify() }
        try FileManager.default.moveItem(atPath: "\(log.directory)/elsewhere", toPath: "\(log.directory)/tile")
        try log.remove("checkpoint")
        #expect(throws: LogReadError.self) { try verify() }
    }

    // MARK: - Since a kept checkpoint

    @Test("what a kept checkpoint covers is not read again, in a log and in a mirror", arguments: [false, true])
    func since(isMirror: Bool) throws {
        let whole = try verify()
        if isMirror {
            try makeMirror()
        } else {
            // The first entry of the kept checkpoint's unfinished bundle is in the next one.
            try log.remove(LogLayout.segment(startingAt: 0))
        }
        let report = try verify(since: kept)
        #expect(report.failures == [] && report.since == 300)
        #expect(report.entries == 700 && report.root == whole.root && report.checkpoints.map(\.source).contains("mine"))
        #expect(report.skippedCheckpoints == 0)
        #expect(report.summary.contains { $0.contains("the first 300 were not read") })
    }

    @Test("smaller checkpoints are not compared, and counted")
    func skipped() throws {
        let name = "\(LogLayout.checkpoints)/\(LogLayout.name(of: 512))"
        let later = KeptCheckpoint(source: "mine", bytes: try log.read(name))
        let report = try LogVerifier.verify(
            directory: log.directory, key: log.key.verifier, kept: [kept], since: later)
        #expect(report.isIntact && report.since == 512 && report.skippedCheckpoints == 2)
        #expect(report.checkpoints.map(\.size) == [512, 512, 700, 700])
    }

    @Test("what was changed after it is found")
    func changedAfter() throws {
        let start = log.entries[260..<400].reduce(0) { $0 + 16 + $1.count }
        try log.edit(segment: 260) { $0[start + 20] ^= 1 }
        let report = try verify(since: kept)
        #expect(report.since == 300 && report.failures.map(\.kind) == [.damagedRecord])
        #expect(report.failures.first?.entries == 400..<401)
    }

    @Test("where the tiles have another tree, or none, all is read, and the kept checkpoint is compared")
    func otherTree() throws {
        var other = log.entries
        other[3] = Array("{}".utf8)
        try log.sign(300, entries: other, as: "mine")
        let forged = KeptCheckpoint(source: "mine", bytes: try log.read("mine"))
        let report = try verify(since: forged)
        #expect(report.since == 0 && report.failures.map(\.kind) == [.forked] && report.entries == 700)
        try log.remove("tile")
        let whole = try verify(since: kept)
        #expect(whole.since == 0 && whole.isIntact && whole.checkpoints.map(\.source).contains("mine"))
    }

    @Test("one by another key, or of more entries than there are, covers nothing")
    func notUsable() throws {
        let stranger = try SigningKey(name: log.key.verifier.name, seed: Array(repeating: 8, count: 32))
        let checkpoint = try Checkpoint(origin: stranger.verifier.name, size: 300, root: Merkle.emptyRoot)
        let bytes = try SignedCheckpoint(checkpoint, signedBy: stranger).note.bytes
        let bad = try verify(since: KeptCheckpoint(source: "mine", bytes: bytes))
        #expect(bad.since == 0 && bad.failures.map(\.kind) == [.badCheckpoint])
        let longer = try LogFixture(900)
        try longer.sign(900, as: "checkpoint")
        let ahead = try verify(since: KeptCheckpoint(source: "mine", bytes: try longer.read("checkpoint")))
        #expect(ahead.since == 0 && ahead.failures.map(\.kind) == [.missingEntries])
    }
}

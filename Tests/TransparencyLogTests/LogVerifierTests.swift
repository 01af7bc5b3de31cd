import Foundation
import Testing

@testable import TransparencyLog

@Suite("verifying a directory")
struct LogVerifierTests {
    @Test("an intact log of several segments, with entries not yet signed")
    func intact() throws {
        let log = try LogFixture(30, checkpoints: [0, 10, 20], segments: [0, 7, 19])
        let report = try log.verify()
        #expect(report.failures == [])
        #expect(report.entries == 30)
        #expect(report.root == Merkle.root(of: log.entries.map { Merkle.leaf($0) }))
        #expect(report.signedSize == 20)
        #expect(report.unsignedEntries == 10)
        #expect(report.checkpoints.map(\.size) == [0, 10, 20, 20])
        #expect(report.findings == [] && report.tornTail == nil)
        #expect(report.summary.contains { $0.contains("10 entries after it are not yet signed") })
    }

    @Test("a byte flipped in a signed entry is named: entry, segment, offset")
    func flipped() throws {
        let log = try LogFixture(30, checkpoints: [10, 30], segments: [0, 7, 19])
        let inSegment = log.entries[7..<12].reduce(0) { $0 + 16 + $1.count }
        try log.edit(segment: 7) { $0[inSegment + 20] ^= 0x40 }
        let report = try log.verify()
        let failure = try #require(report.failures.first)
        #expect(report.failures.count == 1)
        #expect(failure.kind == .damagedRecord)
        #expect(failure.entries == 12..<13)
        #expect(failure.file == "journal/00000000000000000007.wal")
        #expect(failure.offset == UInt64(inSegment))
        #expect(report.entries == 12 && report.signedSize == 10)
    }

    @Test("damage before the end of an unsigned log is no torn tail", arguments: [0, 3, 4, 12, 16, 20])
    func flippedUnsigned(byte: Int) throws {
        let log = try LogFixture(30)
        try log.edit { $0[log.offset(of: 12) + byte] ^= 0x01 }
        let failure = try #require(try log.verify().failures.first)
        #expect(failure.kind == .damagedRecord)
        #expect(failure.entries == 12..<13)
    }

    @Test("an entry altered with its CRC recomputed narrows to the range between two checkpoints")
    func tampered() throws {
        let log = try LogFixture(40, checkpoints: [10, 20, 30, 40])
        try replace(23, in: log)
        let report = try log.verify()
        let failure = try #require(report.failures.first)
        #expect(report.failures.count == 1)
        #expect(failure.kind == .tampered)
        #expect(failure.entries == 20..<30)
        #expect(report.signedSize == 20)
        #expect(failure.meaning.contains("20...29"))
    }

    @Test("an unsigned entry altered with its CRC recomputed cannot be seen, and is reported as not yet signed")
    func tamperedUnsigned() throws {
        let log = try LogFixture(40, checkpoints: [10])
        try replace(23, in: log)
        let report = try log.verify()
        #expect(report.isIntact && report.unsignedEntries == 30)
    }

    @Test("two records exchanged", arguments: [false, true])
    func reordered(indicesRewritten: Bool) throws {
        let log = try LogFixture(12, checkpoints: [4, 12])
        var records = log.entries.enumerated().map { JournalEntry(index: UInt64($0), bytes: $1) }
        records.swapAt(5, 6)
        if indicesRewritten { records = records.enumerated().map { JournalEntry(index: UInt64($0), bytes: $1.bytes) } }
        try log.write(records.flatMap(JournalFormat.record) + [0, 0, 0, 0], LogLayout.segment(startingAt: 0))
        let failure = try #require(try log.verify().failures.first)
        #expect(failure.kind == .tampered)
        #expect(failure.entries == (indicesRewritten ? 4..<12 : 5..<6))
    }

    @Test("entries cut off below a signed size")
    func truncated() throws {
        let log = try LogFixture(20, checkpoints: [5, 20])
        try log.edit { bytes in for byte in log.offset(of: 15)..<bytes.count { bytes[byte] = 0 } }
        let report = try log.verify()
        #expect(report.failures.map(\.kind) == [.missingEntries])
        #expect(report.failures.first?.entries == 15..<20)
        #expect(report.entries == 15 && report.signedSize == 5)
    }

    @Test("a segment removed from the middle, from the start, and an emptied last one")
    func missingSegments() throws {
        for (segment, first) in [(UInt64(5), 5), (0, 0)] as [(UInt64, UInt64)] {
            let log = try LogFixture(20, checkpoints: [20], segments: [0, 5, 10])
            try FileManager.default.removeItem(
                atPath: "\(log.directory)/\(LogLayout.segment(startingAt: segment))")
            let report = try log.verify()
            #expect(report.failures.map(\.kind) == [.tampered])
            #expect(report.failures.first?.entries == first..<(first + 1))
        }
        let log = try LogFixture(20, checkpoints: [20], segments: [0, 5, 10])
        try log.write([], LogLayout.segment(startingAt: 10))
        #expect(try log.verify().failures.first?.entries == 10..<20)
    }

    @Test("a torn last record is not a failure while it is unsigned")
    func torn() throws {
        let log = try LogFixture(20, checkpoints: [10])
        let start = log.offset(of: 19)
        try log.edit { bytes in for byte in (start + 30)..<bytes.count { bytes[byte] = 0 } }
        let report = try log.verify()
        #expect(report.isIntact && report.entries == 19)
        #expect(
            report.tornTail
                == TornTail(
                    index: 19, file: "journal/00000000000000000000.wal", offset: UInt64(start), length: 30))
        try log.sign(20)
        #expect(try log.verify().failures.map(\.kind) == [.missingEntries])
    }

    @Test("sectors of one batch that reached the disk in another order are a torn tail")
    func tornOutOfOrder() throws {
        let log = try LogFixture(100, checkpoints: [10])
        let sector = log.offset(of: 50) / 512 * 512 + 512
        try log.edit { bytes in for byte in sector..<(sector + 512) { bytes[byte] = 0 } }
        let report = try log.verify()
        #expect(report.isIntact)
        #expect(report.entries >= 50 && report.entries < 100)
        #expect(report.tornTail?.index == report.entries)
        try log.sign(100)
        #expect(try log.verify().failures.map(\.kind) == [.missingEntries])
    }

    @Test("a hole further back than one batch is damage, not a torn tail")
    func hole() throws {
        let log = try LogFixture(30_000)
        let sector = log.offset(of: 50) / 512 * 512 + 512
        try log.edit { bytes in for byte in sector..<(sector + 512) { bytes[byte] = 0 } }
        #expect(try log.verify().failures.map(\.kind) == [.damagedRecord])
    }

    @Test("a checkpoint of the same key with another root is a fork")
    func forked() throws {
        let log = try LogFixture(20, checkpoints: [10, 20])
        var other = log.entries
        other[3] = Array("{}".utf8)
        try log.sign(10, entries: other, as: "checkpoints/\(LogLayout.name(of: 10))")
        let report = try log.verify()
        #expect(report.failures.map(\.kind) == [.forked])
        #expect(report.signedSize == 20)
    }

    @Test("a checkpoint kept elsewhere shows a log that was rewritten with its own key, and one set back")
    func kept() throws {
        let log = try LogFixture(20, checkpoints: [20])
        var other = log.entries
        other[3] = Array("{}".utf8)
        let elsewhere = try LogFixture(25)
        try elsewhere.sign(10, entries: other, as: "checkpoint")
        let old = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(elsewhere.directory)/checkpoint")))
        #expect(try log.verify(kept: [KeptCheckpoint(source: "mine", bytes: old)]).failures.map(\.kind) == [.forked])
        try elsewhere.sign(25)
        let newer = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(elsewhere.directory)/checkpoint")))
        let report = try log.verify(kept: [KeptCheckpoint(source: "mine", bytes: newer)])
        #expect(report.failures.map(\.kind) == [.missingEntries])
        #expect(report.failures.first?.entries == 20..<25)
    }

    @Test("a checkpoint altered, renamed, or signed by another key")
    func badCheckpoint() throws {
        let log = try LogFixture(20, checkpoints: [10, 20])
        let file = "\(log.directory)/checkpoint"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try log.write(text.replacingOccurrences(of: "\n20\n", with: "\n21\n"), "checkpoint")
        #expect(try log.verify().failures.map(\.kind) == [.badCheckpoint])
        try log.write(text, "checkpoints/\(LogLayout.name(of: 19))")
        #expect(try log.verify().failures.map(\.file) == ["checkpoints/00000000000000000019", "checkpoint"])
        let stranger = try SigningKey(name: log.key.verifier.name, seed: Array(repeating: 8, count: 32))
        let report = try log.verify(stranger.verifier)
        #expect(report.failures.count == 4 && report.signedSize == 0)
    }

    @Test("without a key the log's own is used, and the report says what that is worth")
    func keyFromLog() throws {
        let log = try LogFixture(3, checkpoints: [3])
        let report = try LogVerifier.verify(directory: log.directory)
        #expect(report.isIntact && report.key == .fromLog(log.key.verifier))
        #expect(report.summary.contains { $0.contains("taken from the log itself") })
        try FileManager.default.removeItem(atPath: "\(log.directory)/keys/log.vkey")
        #expect(try LogVerifier.verify(directory: log.directory).failures.map(\.kind) == [.noKey])
    }

    @Test("entries that are no I-JSON objects are a failure, which names the first")
    func unreadable() throws {
        let log = try LogFixture(3)
        let records = [#"{"a":1}"#, #"{"a":1,"a":2}"#, "x"].enumerated()
            .flatMap { JournalFormat.record(JournalEntry(index: UInt64($0), bytes: Array($1.utf8))) }
        try log.write(records, LogLayout.segment(startingAt: 0))
        let report = try log.verify()
        #expect(report.failures.map(\.kind) == [.unreadableEvent] && report.failures.first?.entries == 1..<2)
        #expect(report.failures.first?.what.contains("(duplicate key at byte 7), nor are 1 after it") == true)
        #expect(report.findings.map(\.index) == [1, 2] && report.findingCount == 2 && report.entries == 3)
    }

    @Test("a directory that is no log")
    func noLog() throws {
        let error = #expect(throws: LogReadError.self) { try LogVerifier.verify(directory: "/proc/self/fdinfo") }
        #expect(error?.description.contains("not an audit log") == true)
    }

    /// Another entry of the same length, its CRC recomputed.
    private func replace(_ index: Int, in log: LogFixture) throws {
        var entry = log.entries[index]
        // Another digit: it stays I-JSON.
        entry[6] ^= 0x01
        let record = JournalFormat.record(JournalEntry(index: UInt64(index), bytes: entry))
        let start = log.offset(of: index)
        try log.edit { $0.replaceSubrange(start..<(start + record.count), with: record) }
    }
}

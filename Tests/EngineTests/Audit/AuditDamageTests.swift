import Foundation
import Testing
import TransparencyLog

@testable import Engine

@Suite("audit log after damage", .timeLimit(.minutes(5)))
struct AuditDamageTests {
    let log: TemporaryLog
    let segment = LogLayout.segment(startingAt: 0)

    init() throws {
        log = try TemporaryLog()
    }

    /// A closed log of `count` entries, signed at `signed`; returns where the record after them would begin.
    private func make(_ count: Int, signed: Int? = nil) async throws -> Int {
        let writer = try await log.open()
        for number in 0..<count {
            _ = try await writer.append(entry(number))
            if number + 1 == signed { _ = try await writer.checkpoint() }
        }
        await writer.close()
        return (0..<count).reduce(0) { $0 + 16 + entry($1).count }
    }

    private func edit(_ body: (inout [UInt8]) -> Void) throws {
        var bytes = try log.read(segment)
        body(&bytes)
        try log.write(bytes, segment)
    }

    private func refusal() async throws -> AuditError? {
        let before = try log.read(segment)
        let error = await #expect(throws: AuditError.self) { try await log.open() }
        #expect(try log.read(segment) == before, "a refused log is left as it is")
        return error
    }

    @Test("a torn tail is cut off, reported, and the next entry takes its place")
    func torn() async throws {
        let end = try await make(5, signed: 3)
        let record = JournalFormat.record(JournalEntry(index: 5, bytes: entry(5)))
        try edit { $0.replaceSubrange(end..<(end + 20), with: record[..<20]) }
        #expect(try log.verify().tornTail?.index == 5)
        let writer = try await log.open()
        #expect(await writer.recovered?.offset == UInt64(end))
        #expect(try log.read(segment)[end...].allSatisfy { $0 == 0 })
        #expect(try await writer.append(entry(7)) == 5)
        _ = try await writer.checkpoint()
        #expect(try log.verify().isIntact)
    }

    @Test("another process's torn tail is cut off by a log that is open")
    func tornWhileOpen() async throws {
        let writer = try await log.open()
        _ = try await writer.append(entry(0))
        try edit { $0[(16 + entry(0).count) + 2] = 1 }
        #expect(try await writer.append(entry(1)) == 1)
        #expect(try log.verify().entries == 2)
    }

    @Test("damage in the middle refuses, signed or not", arguments: [nil, 5])
    func middle(signed: Int?) async throws {
        _ = try await make(5, signed: signed)
        try edit { $0[20] ^= 1 }
        let error = try await refusal()
        #expect(error?.code == .damaged)
        #expect(error?.description.contains("entry 0") == true)
    }

    @Test("a last record that was signed is never cut off")
    func signedTail() async throws {
        let end = try await make(5, signed: 5)
        try edit { $0[end - 3] ^= 1 }
        #expect(try await refusal()?.description.contains("entry 4 was signed") == true)
    }

    @Test("a log cut off below its signed size refuses")
    func truncated() async throws {
        let end = try await make(5, signed: 5)
        try edit { bytes in for byte in (end - 16 - entry(4).count)..<bytes.count { bytes[byte] = 0 } }
        let error = try await refusal()
        #expect(error?.code == .damaged)
        #expect(error?.description.contains("has 4 entries") == true)
    }

    @Test("a signed entry exchanged with a good CRC refuses")
    func exchanged() async throws {
        _ = try await make(5, signed: 4)
        try edit { bytes in
            var other = entry(0)
            other[1] = UInt8(ascii: "'")
            let record = JournalFormat.record(JournalEntry(index: 0, bytes: other))
            bytes.replaceSubrange(0..<record.count, with: record)
        }
        #expect(try await refusal()?.code == .damaged)
    }

    @Test("an open log does not sign a root other than the one signed for that size")
    func contradiction() async throws {
        let writer = try await log.open()
        _ = try await writer.append(entry(0))
        let key = try SigningKey(
            skey: String(decoding: try log.read("keys/log.skey").dropLast(), as: UTF8.self))
        let forged = try Checkpoint(origin: origin, size: 1, root: Merkle.emptyRoot)
        try Data(SignedCheckpoint(forged, signedBy: key).note.bytes)
            .write(to: URL(fileURLWithPath: "\(log.directory)/checkpoint"))
        #expect(await #expect(throws: AuditError.self) { try await writer.checkpoint() }?.code == .damaged)
        #expect(await #expect(throws: AuditError.self) { try await writer.append(entry(1)) }?.code == .poisoned)
    }

    @Test("an anchor outside the folder shows a log set back to an older copy, or started afresh")
    func anchor() async throws {
        let anchor = "\(log.root)/elsewhere/anchor"
        let writer = try await log.open(anchor: anchor)
        _ = try await writer.append(entry(0))
        _ = try await writer.checkpoint()
        let copy = "\(log.root)/copy"
        try FileManager.default.copyItem(atPath: log.directory, toPath: copy)
        _ = try await writer.append(entry(1))
        _ = try await writer.checkpoint()
        await writer.close()
        _ = try await log.open(anchor: anchor)
        try FileManager.default.removeItem(atPath: log.directory)
        try FileManager.default.moveItem(atPath: copy, toPath: log.directory)
        #expect(await #expect(throws: AuditError.self) { try await log.open(anchor: anchor) }?.code == .damaged)
        try FileManager.default.removeItem(atPath: log.directory)
        #expect(await #expect(throws: AuditError.self) { try await log.open(anchor: anchor) }?.code == .damaged)
    }

    @Test("a missing key or a checkpoint that does not verify refuses")
    func missingKey() async throws {
        _ = try await make(2, signed: 2)
        let checkpoint = try log.read("checkpoint")
        try log.write(Array("x".utf8), "checkpoint")
        #expect(try await refusal()?.code == .damaged)
        try log.write(checkpoint, "checkpoint")
        _ = try await log.open()
        try FileManager.default.removeItem(atPath: "\(log.directory)/keys/log.skey")
        #expect(try await refusal()?.description.contains("log.skey is missing") == true)
    }
}

import Foundation
import Testing
import TransparencyLog

@testable import Engine

@Suite("audit log", .timeLimit(.minutes(5)))
struct AuditLogTests {
    let log: TemporaryLog

    init() throws {
        log = try TemporaryLog()
    }

    @Test("entries get contiguous indices, survive reopening, and verify with the key alone")
    func roundTrip() async throws {
        let writer = try await log.open()
        #expect(try await writer.append(entry(0)) == 0)
        #expect(try await writer.append([entry(1), entry(2)]) == 1..<3)
        let signed = try await writer.checkpoint()
        #expect(signed.checkpoint.size == 3)
        #expect(signed.checkpoint.root == Merkle.root(of: (0..<3).map { Merkle.leaf(entry($0)) }))
        #expect(try await writer.append(entry(3)) == 3)
        let key = try await writer.verifierKey
        await writer.close()

        let again = try await log.open()
        #expect(try await again.append(entry(4)) == 4)
        #expect(try await again.entries(from: 1, limit: 2).map(\.bytes) == [entry(1), entry(2)])
        #expect(try await again.entries(from: 4, limit: 9) == [JournalEntry(index: 4, bytes: entry(4))])
        #expect(try await again.checkpoint().checkpoint.size == 5)
        #expect(await again.recovered == nil)
        let report = try log.verify(key: key)
        #expect(report.failures == [] && report.entries == 5 && report.signedSize == 5)
        #expect(try log.read("checkpoints/00000000000000000003") == signed.note.bytes)
    }

    @Test("the folder and the key are their owner's")
    func modes() async throws {
        _ = try await log.open()
        for (file, mode) in [("", 0o700), ("/journal", 0o700), ("/keys", 0o700), ("/keys/log.skey", 0o600)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: log.directory + file)
            #expect(attributes[.posixPermissions] as? Int == mode, "\(file)")
        }
        let segment = try FileManager.default.attributesOfItem(
            atPath: "\(log.directory)/\(LogLayout.segment(startingAt: 0))")
        #expect(segment[.size] as? Int == 4 << 20)
    }

    @Test(
        "attack: an entry that holds what looks like other entries, records or checkpoints is one entry, and stays what it is"
    )
    func lookalikes() async throws {
        let writer = try await log.open()
        _ = try await writer.append(entry(0))
        let signed = try await writer.checkpoint()
        let segment = try log.read(LogLayout.segment(startingAt: 0))
        let record = Array(segment.prefix(entry(0).count + 64))
        let forged = [
            entry(0) + [0x0A] + entry(0) + [0x0A], record, signed.note.bytes, [UInt8](repeating: 0, count: 4096),
            Array("{\"output\":\"\\n{\\\"index\\\":0}\"}".utf8),
        ]
        for bytes in forged { _ = try await writer.append(bytes) }
        _ = try await writer.checkpoint()
        await writer.close()
        let again = try await log.open()
        #expect(try await again.entries(from: 1, limit: 99).map(\.bytes) == forged)
        await again.close()
        let report = try log.verify()
        #expect(report.entries == UInt64(forged.count) + 1 && report.signedSize == report.entries)
        // They are what they are: entries that are no JSON are said to be none.
        #expect(Set(report.failures.map(\.kind)) == [.unreadableEvent], "\(report.failures)")
    }

    @Test("what cannot be an entry is refused and harms nothing")
    func invalidEntries() async throws {
        let writer = try await log.open()
        for bad in [[], [UInt8](repeating: 0x20, count: 65_536)] {
            let error = await #expect(throws: AuditError.self) { try await writer.append(bad) }
            #expect(error?.code == .invalid)
        }
        #expect(try await writer.append([UInt8](repeating: 0x20, count: 65_535)) == 0)
        #expect(try await writer.append([]) == 1..<1)
        #expect(try log.verify().entries == 1)
    }

    @Test("segments fill up and follow one another, also for another log object on the same folder")
    func rotation() async throws {
        let writer = try await log.open()
        let other = try await log.open()
        for round in 0..<5 {
            let batch = (0..<40).map { entry(round * 40 + $0, filler: 60_000) }
            #expect(try await (round % 2 == 0 ? writer : other).append(batch).lowerBound == UInt64(round * 40))
        }
        #expect(try LogLayout.segments(in: log.directory).count >= 3)
        #expect(try await writer.checkpoint().checkpoint.size == 200)
        #expect(try await other.checkpoint().checkpoint.size == 200)
        await writer.close()
        #expect(try await log.open().append(entry(200)) == 200)
        let report = try log.verify()
        #expect(report.isIntact && report.entries == 201)
    }

    @Test("concurrent appends share fdatasyncs")
    func groupCommit() async throws {
        let files = TestFiles()
        let writer = try await log.open(files: files)
        let before = files.count(.synchronizeData)
        let indices = try await withThrowingTaskGroup(of: UInt64.self) { group in
            for number in 0..<500 { group.addTask { try await writer.append(entry(number)) } }
            return try await group.reduce(into: Set<UInt64>()) { $0.insert($1) }
        }
        #expect(indices == Set(0..<500))
        let syncs = files.count(.synchronizeData) - before
        #expect(syncs >= 1 && syncs <= 100, "500 appends took \(syncs) fdatasyncs")
        #expect(try log.verify().entries == 500)
    }

    @Test("an append returns only after an fdatasync")
    func durable() async throws {
        let files = TestFiles()
        let writer = try await log.open(files: files)
        for number in 0..<5 {
            let before = files.count(.synchronizeData)
            _ = try await writer.append(entry(number))
            #expect(files.count(.synchronizeData) == before + 1)
        }
    }

    @Test("a signed size is not signed again, and an empty log can be signed")
    func sameCheckpoint() async throws {
        let writer = try await log.open()
        #expect(try await writer.checkpoint().checkpoint.root == Merkle.emptyRoot)
        _ = try await writer.append(entry(0))
        let first = try await writer.checkpoint()
        #expect(try await writer.checkpoint() == first)
        #expect(try log.verify().isIntact)
    }

    @Test("a key of another origin is refused")
    func otherOrigin() async throws {
        _ = try await log.open()
        let error = await #expect(throws: AuditError.self) {
            try await AuditLog.open(directory: log.directory, origin: "audit.example/other")
        }
        #expect(error?.code == .invalid)
    }

    @Test("a closed log takes nothing more")
    func closed() async throws {
        let writer = try await log.open()
        await writer.close()
        let error = await #expect(throws: AuditError.self) { try await writer.append(entry(0)) }
        #expect(error?.code == .closed)
    }
}

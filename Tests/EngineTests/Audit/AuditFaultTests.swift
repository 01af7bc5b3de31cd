import Foundation
import Glibc
import Testing
import TransparencyLog

@testable import Engine

@Suite("audit log on a failing disk", .timeLimit(.minutes(5)))
struct AuditFaultTests {
    let log: TemporaryLog

    init() throws {
        log = try TemporaryLog()
    }

    @Test(
        "the first failed write or sync of an append poisons the log: nothing is taken or signed any more",
        arguments: [(TestFiles.Call.write, EIO), (.write, ENOSPC), (.synchronizeData, EIO)])
    func poisoned(call: TestFiles.Call, number: Int32) async throws {
        let files = TestFiles()
        let writer = try await log.open(files: files)
        _ = try await writer.append(entry(0))
        files.fail(call, errno: number)
        let error = await #expect(throws: AuditError.self) { try await writer.append(entry(1)) }
        #expect(error?.code == (number == ENOSPC ? .noSpace : .system))
        files.heal()
        #expect(await #expect(throws: AuditError.self) { try await writer.append(entry(1)) }?.code == .poisoned)
        #expect(await #expect(throws: AuditError.self) { try await writer.checkpoint() }?.code == .poisoned)
        #expect(await #expect(throws: AuditError.self) { try await writer.ensureSpace() }?.code == .poisoned)
        #expect(try Files.list("\(log.directory)/checkpoints") == [])
        #expect(try log.verify().isIntact)
        #expect(try await log.open().append(entry(2)) >= 1)
        #expect(try log.verify().isIntact)
    }

    @Test("every write, sync, rename and open while a log is made fails it cleanly, and the next attempt succeeds")
    func opening() async throws {
        for call in [TestFiles.Call.open, .write, .synchronize, .synchronizeData, .rename] {
            let log = try TemporaryLog()
            var attempts = 0
            while true {
                let files = TestFiles()
                files.fail(call, after: attempts, errno: ENOSPC)
                do {
                    _ = try await log.open(files: files)
                    break
                } catch let error as AuditError {
                    #expect(error.code == .noSpace && error.description.contains("Free space"))
                }
                attempts += 1
                try #require(attempts < 100)
            }
            #expect(attempts > 0, "\(call)")
            #expect(try await log.open().append(entry(0)) == 0)
            #expect(try log.verify().isIntact)
        }
    }

    @Test("every call while a checkpoint is made fails it, and what is on disk still verifies")
    func signing() async throws {
        for call in [TestFiles.Call.open, .write, .synchronize, .rename] {
            for after in 0..<2 {
                let log = try TemporaryLog()
                let files = TestFiles()
                let writer = try await log.open(files: files)
                _ = try await writer.append(entry(0))
                files.fail(call, after: after, errno: EIO)
                await #expect(throws: AuditError.self) { try await writer.checkpoint() }
                #expect(try log.verify().isIntact)
                let again = try await log.open()
                #expect(try await again.append(entry(1)) == 1)
                #expect(try await again.checkpoint().checkpoint.size == 2)
                #expect(try log.verify().isIntact)
            }
        }
    }

    /// Opens, appends 300 entries in three batches with a checkpoint after each, as far as it goes.
    private func work(_ log: TemporaryLog, _ files: TestFiles) async -> Int {
        var acknowledged = 0
        guard let writer = try? await log.open(files: files) else { return 0 }
        for batch in 0..<3 {
            guard let range = try? await writer.append((0..<100).map { entry(batch * 100 + $0) }) else { break }
            acknowledged = Int(range.upperBound)
            guard (try? await writer.checkpoint()) != nil else { break }
        }
        await writer.close()
        return acknowledged
    }

    @Test(
        "ended at every single write, sync and rename, before it or after it: nothing acknowledged is lost, all verifies, and it goes on",
        arguments: [false, true])
    func everyPoint(isMade: Bool) async throws {
        var point = 0
        while true {
            let log = try TemporaryLog()
            let files = TestFiles()
            files.end(after: point, isMade: isMade)
            let acknowledged = await work(log, files)
            guard files.hasEnded else { break }
            let left = (try? log.verify())?.failures ?? []
            // A new log may end before it has its public key; then nothing is signed yet.
            #expect(left.filter { $0.kind != .noKey } == [], "point \(point)")
            let writer = try await log.open()
            let size = try await writer.size
            #expect(size >= acknowledged && size % 100 == 0, "point \(point): \(size) of \(acknowledged)")
            #expect(try await writer.append(entry(999)) == size)
            #expect(try await writer.checkpoint().checkpoint.size == size + 1)
            let report = try log.verify()
            #expect(report.failures == [] && report.entries == size + 1, "point \(point)")
            point += 1
        }
        #expect(point > 60)
    }

    @Test("a disk that is full for tiles stops publishing, while the run under way may record its end")
    func noRoomToPublish() async throws {
        let files = TestFiles()
        let writer = try await log.open(files: files)
        _ = try await writer.append(entry(0))
        files.fail(.write, path: "tile.new", errno: ENOSPC)
        #expect(await #expect(throws: AuditError.self) { try await writer.checkpoint() }?.code == .noSpace)
        files.heal()
        #expect(try await writer.append(entry(1)) == 1)
        #expect(await #expect(throws: AuditError.self) { try await writer.checkpoint() }?.code == .noSpace)
        #expect(try Files.list("\(log.directory)/checkpoints") == [])
        #expect(try await log.open().checkpoint().checkpoint.size == 2)
    }

    @Test("of a batch that failed midway, only what was synced before is acknowledged")
    func partialBatch() async throws {
        let files = TestFiles()
        let writer = try await log.open(files: files)
        files.fail(.synchronizeData, after: 1, errno: EIO)
        let acknowledged = await withTaskGroup(of: UInt64?.self) { group in
            for number in 0..<60 {
                group.addTask { try? await writer.append(entry(number, filler: 60_000)) }
            }
            return await group.reduce(into: Set<UInt64>()) { if let index = $1 { $0.insert(index) } }
        }
        let report = try log.verify()
        #expect(report.isIntact)
        #expect(acknowledged.count < 60 && acknowledged == Set(0..<UInt64(acknowledged.count)))
        #expect(report.entries >= acknowledged.count)
    }

    @Test("a disk with no room for another segment is known before a run, while this one still takes entries")
    func noSpare() async throws {
        let files = TestFiles()
        let writer = try await log.open(files: files)
        try await writer.ensureSpace()
        files.fail(.write, path: "segment.new", errno: ENOSPC)
        _ = try await writer.append((0..<80).map { entry($0, filler: 60_000) })
        #expect(try LogLayout.segments(in: log.directory).count == 2)
        #expect(await #expect(throws: AuditError.self) { try await writer.ensureSpace() }?.code == .noSpace)
        #expect(try await writer.append(entry(80)) == 80)
        files.heal()
        try await writer.ensureSpace()
    }

    @Test("a folder that is not writable says so")
    func notWritable() async throws {
        let error = await #expect(throws: AuditError.self) {
            try await AuditLog.open(directory: "/proc/belay", origin: origin)
        }
        #expect(error?.description.contains("/proc/belay") == true)
        let files = TestFiles()
        files.fail(.open, errno: EACCES)
        let denied = await #expect(throws: AuditError.self) { try await log.open(files: files) }
        #expect(denied?.code == .notWritable && denied?.description.contains("must be writable") == true)
    }
}

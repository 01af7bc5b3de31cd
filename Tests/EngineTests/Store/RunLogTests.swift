import Core
import Foundation
import Testing
import TransparencyLog

@testable import Engine

@Suite("the log in the words of runs", .timeLimit(.minutes(5)))
struct RunLogTests {
    let log: TemporaryLog

    init() throws {
        log = try TemporaryLog()
    }

    private func open() async throws -> RunLog {
        try await RunLog.open(directory: log.directory, origin: origin, clock: SystemClock(), by: "alice@here:1")
    }

    private func recoveries() async throws -> [LogRecovery] {
        try await RecordReader(directory: log.directory).records().compactMap { indexed in
            if case .recoveredLog(let recovery)? = indexed.record.event { recovery } else { nil }
        }
    }

    @Test("a torn end is recorded with the intents that have no outcome; an opening that mends nothing records nothing")
    func torn() async throws {
        let first = try await open()
        for event in [.started(holder: "t"), .intent(Intent(.armDeadMan))] as [Event] {
            try await first.append(.run(event), by: "t", run: "r", node: event == .started(holder: "t") ? nil : "a")
        }
        await first.log.close()
        await (try await open()).log.close()
        #expect(try await recoveries() == [])
        let segment = LogLayout.segment(startingAt: 0)
        var bytes = try log.read(segment)
        let end = try #require(bytes.lastIndex { $0 != 0 }) + 1
        bytes[end + 2] = 0xFF
        try log.write(bytes, segment)
        await (try await open()).log.close()
        let open = [OpenIntent(index: 1, run: "r", node: "a", write: .armDeadMan)]
        #expect(try await recoveries() == [LogRecovery(tornBytes: 3, rebuiltTiles: false, open: open)])
    }

    @Test("tiles that were made again are recorded")
    func tiles() async throws {
        let first = try await open()
        try await first.append(.run(.started(holder: "t")), by: "t", run: "r")
        _ = try await first.log.checkpoint()
        await first.log.close()
        try FileManager.default.removeItem(atPath: log.directory + "/tile")
        _ = try await open()
        #expect(try await recoveries() == [LogRecovery(tornBytes: 0, rebuiltTiles: true, open: [])])
    }

    @Test("a folder set back to an older copy is refused, since the last checkpoint is kept beside it")
    func setBack() async throws {
        let first = try await open()
        try await first.append(.run(.started(holder: "t")), by: "t", run: "r")
        _ = try await first.log.checkpoint()
        try FileManager.default.copyItem(atPath: log.directory, toPath: log.root + "/copy")
        try await first.append(.run(.wave(0)), by: "t", run: "r")
        _ = try await first.log.checkpoint()
        await first.log.close()
        try FileManager.default.removeItem(atPath: log.directory)
        try FileManager.default.moveItem(atPath: log.root + "/copy", toPath: log.directory)
        let error = await #expect(throws: AuditError.self) { try await open() }
        #expect(error?.code == .damaged && error?.description.contains("set back") == true)
    }
}

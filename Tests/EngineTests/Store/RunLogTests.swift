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
        let open = [OpenIntent(index: 2, run: "r", node: "a", write: .armDeadMan)]
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

    @Test("a log begins with what it is, whoever opens it first, and only once")
    func begins() async throws {
        async let one = open()
        async let other = open()
        let logs = try await [one, other]
        let key = try await logs[0].log.verifierKey.description
        await logs[0].log.close()
        await logs[1].log.close()
        await (try await open()).log.close()
        let records = try await RecordReader(directory: log.directory).records()
        #expect(records.map(\.record.type) == ["log.init"])
        #expect(records.first?.record.event == .began(LogBeginning(origin: origin, key: key)))
    }

    private func outcome(_ output: String) -> LogEvent {
        .run(.outcome(.apply(step: 0), .done(status: 1, failedAt: 0, output: Payload(output))))
    }

    @Test("what is hashed has no secret in it; the event is whole as long as its blob is there")
    func redacted() async throws {
        let first = try await open().hiding(["swordfish"])
        let event = LogEvent.run(.unreachable(.node, cause: "connecting to https://u:hunter2@host with swordfish"))
        try await first.append(event, by: "t", run: "r", node: "a")
        var entry = try #require(try await first.records().last)
        let text = String(decoding: entry.bytes, as: UTF8.self)
        #expect(text.contains("https://u:[redacted]@host with [redacted]"))
        #expect(!text.contains("hunter2") && !text.contains("swordfish"))
        #expect(entry.record.event == event)
        try await first.log.blobs.erase(BlobReference(try #require(entry.record.blob)))
        entry = try #require(try await first.records().last)
        #expect(entry.record.event == nil && entry.record.shown != nil)
        #expect(try log.verify().isIntact)
    }

    @Test("of a long output the first 4 KiB stand in the entry, the rest in a blob", arguments: [4096, 4097, 200_000])
    func long(_ length: Int) async throws {
        let first = try await open()
        let event = outcome(String(repeating: "x", count: length))
        try await first.append(event, by: "t", run: "r", node: "a")
        let entry = try #require(try await first.records().last)
        #expect(entry.record.event == event)
        #expect((entry.record.blob != nil) == (length > 4096))
        #expect(entry.bytes.count < 5000)
        #expect(length == 4096 || String(decoding: entry.bytes, as: UTF8.self).contains("[cut: \(length) bytes]"))
    }

    @Test("bytes that are no text are cut so that what is shown can still be read")
    func binary() async throws {
        let first = try await open()
        let output = Payload(bytes: [0, 255] + [UInt8](repeating: 7, count: 9000))
        let done = NodeAnswer.done(status: 1, failedAt: 0, output: output)
        try await first.append(.run(.outcome(.apply(step: 0), done)), by: "t", run: "r", node: "a")
        let entry = try #require(try await first.records().last)
        guard case .run(.outcome(_, .done(1, 0, let shown)))? = [entry].shown[0].record.event else {
            Issue.record("it cannot be shown: \(entry)")
            return
        }
        #expect(shown.text == nil && String(decoding: shown.bytes, as: UTF8.self).hasSuffix("… [cut: 9002 bytes]"))
        #expect(entry.bytes.count < 60_000)
    }

    @Test("the longest event fits into an entry beside the longest reason", arguments: [51_000, 52_000, 60_000])
    func longest(_ length: Int) async throws {
        let first = try await open()
        let event = LogEvent.run(.unreachable(.node, cause: String(repeating: "x", count: length)))
        try await first.append(event, by: "t", run: "r", node: "a") {
            $0.context = IntentContext(
                attempt: 1, hostKey: nil, planSha256: "d", requester: "alice",
                reason: String(repeating: "\u{1}", count: 1000))
        }
        #expect(try await first.records().last?.record.event == event)
    }

    @Test("an entry that is appended is named by its index and leaf hash")
    func named() async throws {
        let first = try await open()
        let name = try await first.append(.run(.wave(0)), by: "t", run: "r")
        let entry = try #require(try await first.records().last)
        #expect(name == EntryName(index: entry.index, leaf: Merkle.leaf(entry.bytes).hex) && name.index == 1)
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

import Core
import Foundation
import Testing

@testable import Engine

@Suite("incidents in the log", .timeLimit(.minutes(2)))
struct IncidentStoreTests {
    let log: TemporaryLog

    init() throws { log = try TemporaryLog() }

    private func open() async throws -> RunLog {
        try await RunLog.open(directory: log.directory, origin: origin, clock: SystemClock(), by: "alice@here:1")
    }

    private func write(_ events: [(LogEvent, run: String?)]) async throws {
        let log = try await open()
        for (event, run) in events { try await log.append(event, by: "alice@here:1", run: run) }
        await log.log.close()
    }

    private func read() async throws -> IncidentStore {
        IncidentStore(try await RecordReader(directory: log.directory).incidentRecords())
    }

    private func started(_ id: String, _ title: String = "t") throws -> (LogEvent, run: String?) {
        (.incidentStarted(try IncidentStart(id: id, title: title)), nil)
    }

    private func closed(_ id: String, _ summary: String = "s") throws -> (LogEvent, run: String?) {
        (.incidentClosed(try IncidentClosing(incident: id, summary: summary)), nil)
    }

    @Test("a log from before there were incidents reads as it did, and has none")
    func old() async throws {
        // Entries as an earlier version wrote them, byte for byte.
        let entries = [
            #"{"at":"2026-11-22T18:00:00.000Z","by":"t","event":{"run.start":{"holder":"t"}},"run":"r","type":"run.start"}"#,
            #"{"at":"2026-11-22T18:00:01.000Z","by":"t","event":{"wave":{"number":0}},"run":"r","type":"wave"}"#,
            #"{"at":"2026-11-22T18:00:02.000Z","by":"t","event":{"log.read":{"command":["\"type\":\"incident.x\""],"entries":1}},"type":"log.read"}"#,
        ]
        let audit = try await log.open()
        for entry in entries { _ = try await audit.append(Array(entry.utf8)) }
        await audit.close()
        #expect(
            try await RecordReader(directory: log.directory).records().map(\.record.type) == [
                "run.start", "wave", "log.read",
            ])
        #expect(try await read().incidents.isEmpty)
        #expect(try await RecordReader(directory: log.directory).incidentRecords().isEmpty)
    }

    @Test("what is read for incidents alone is what all of the log says of them")
    func alone() async throws {
        let note = try IncidentNote(incident: "INC-1", text: "\"type\":\"incident.started\"}")
        let secret = try IncidentNote(incident: "INC-1", text: "token=abcdef0123456789")
        try await write([
            try started("INC-1"), (.run(.started(holder: "t")), run: "r"), (.incidentNoted(note), run: nil),
            (.incidentTied(IncidentTie(incident: "INC-1")), run: "r"), (.incidentNoted(secret), run: nil),
            try started("INC-2"), try closed("INC-2"),
        ])
        let (part, whole) = (
            try await read(), IncidentStore(try await RecordReader(directory: log.directory).records().shown)
        )
        for store in [part, whole] {
            #expect(store.incidents.map(\.id) == ["INC-1", "INC-2"] && store.open.map(\.id) == ["INC-1"])
            #expect(store.incidents[0].notes.map(\.text) == [note.text, "token=[redacted]"])
            #expect(store.incidents[0].notes.map(\.entry.index) == [3, 5])
        }
        #expect(try await RecordReader(directory: log.directory).incidentRecords().count == 6)
    }

    @Test(
        "a second start of an id, a second end, and words about an incident that is none change nothing that was said")
    func strange() async throws {
        try await write([
            try closed("INC-1", "before it began"), try started("INC-1", "first"), try started("INC-1", "second"),
            try closed("INC-1", "over"), try closed("INC-1", "over again"), try closed("INC-9", "none"),
        ])
        let store = try await read()
        #expect(store.incidents.map(\.title) == ["first"] && store.incidents[0].closing?.text == "over")
    }

    @Test("an incident whose words are erased is still one, and still open")
    func erased() async throws {
        try await write([try started("INC-1", "password=hunter2 was posted")])
        let audit = try await open()
        let entry = try #require(try await audit.records().last)
        try await audit.log.blobs.erase(BlobReference(try #require(entry.record.blob)))
        await audit.log.close()
        let store = try await read()
        #expect(store.open.map(\.title) == ["password=[redacted] was posted"])
    }

    @Test("nothing is guessed: the one that is meant is named, or the only one that is open")
    func choice() async throws {
        try await write([try started("INC-1"), try closed("INC-1")])
        var store = try await read()
        #expect(try store.choice(nil) == .none)
        #expect(throws: WorkspaceError.self) { try store.meant(nil) }
        #expect(try store.meant("INC-1").isOpen == false)
        #expect(throws: WorkspaceError.self) { try store.choice("INC-1") }
        try await write([try started("INC-2")])
        store = try await read()
        #expect(try store.choice(nil) == .only("INC-2") && store.choice("INC-2") == .named("INC-2"))
        #expect(try store.meant(nil).id == "INC-2")
        try await write([try started("INC-3")])
        store = try await read()
        #expect(try store.choice(nil) == .several(["INC-2", "INC-3"]) && store.choice("INC-3") == .named("INC-3"))
        let several = #expect(throws: WorkspaceError.self) { try store.meant(nil) }
        #expect(several?.remedy.contains("INC-2 (t), INC-3 (t)") == true)
        let unknown = #expect(throws: WorkspaceError.self) { try store.choice("inc-3") }
        #expect(unknown?.message.contains("'inc-3'") == true && unknown?.remedy.contains("Open: INC-2 (t)") == true)
    }

    @Test("a tie to a run that has no plan is no run")
    func ties() async throws {
        try await write([(.incidentTied(IncidentTie(incident: "INC-1")), run: "r")])
        let record = try #require(try await RecordReader(directory: log.directory).records().last)
        #expect(record.record.run == "r" && record.record.readable == .incidentTied(IncidentTie(incident: "INC-1")))
        // A run of which there is only a tie has no plan, and is said to be unreadable.
        let store = RunStore([record])
        #expect(store.runs.isEmpty && store.unreadable.map(\.id) == ["r"] && store.runs(of: "INC-1").isEmpty)
    }
}

import Core
import Engine
import Foundation
import Testing
import TransparencyLog

@testable import Commands

struct AuditEraseTests {
    private let folder: Folder
    private let run = "20261122-180000-ab12"
    private let secret = String(repeating: "alice lives at 12 Elm Street. ", count: 3000)

    init() async throws {
        folder = try Folder()
        try folder.makeProject()
    }

    private var directory: String { folder.path + "/log" }

    /// A run whose second last entry is in a blob; `end` is what stands last.
    private func log(end: Event) async throws {
        let log = try await RunLog.open(
            directory: directory, origin: "test.example/log", clock: SystemClock(), by: "test@here:1")
        let plan = try JSON.encodePretty(Sample.plan([Sample.node([Sample.restart()])]))
        let record = PlannedRecord(plan: Payload(bytes: plan), planSha256: Digest.sha256(plan), signature: "none")
        try await log.append(.planned(record), by: "alice", run: run)
        try await log.append(.run(.started(holder: "alice@here:1")), by: "alice@here:1", run: run)
        let long = Event.nodeState(.needsPerson, reason: secret)
        try await log.append(.run(long), by: "alice@here:1", run: run, node: "worker-1")
        try await log.append(.run(end), by: "alice@here:1", run: run)
        _ = try await log.log.checkpoint()
        await log.log.close()
    }

    private func audit(_ arguments: String...) async -> (exit: Exit, output: String, complaints: String) {
        let recorder = Recorder()
        let exit = await Commands.run(["-C", folder.path, "audit"] + arguments) { _ in recorder.terminal }
        return (exit, recorder.output, recorder.complaints)
    }

    private func blob() async throws -> String {
        let records = try await RecordReader(directory: directory).records()
        return try #require(records.first { $0.index == 3 }?.record.blob?.commitment)
    }

    /// Whether the text is anywhere in the log's folder.
    private func isKept() throws -> Bool {
        let files = try #require(FileManager.default.enumerator(atPath: directory))
        return files.compactMap { FileManager.default.contents(atPath: "\(directory)/\($0)") }
            .contains { $0.range(of: Data("12 Elm Street".utf8)) != nil }
    }

    @Test("what an ended run's blob held is gone, the log says who and why, and verifies as before")
    func erased() async throws {
        try await log(end: .finished(.needsPerson))
        #expect(try isKept())
        let blob = try await blob()
        let erased = await audit("erase", String(blob.prefix(12)), "--reason", "asked for by its subject")
        #expect(erased.exit == .done && erased.output.contains("entry 3 (blob \(blob))"), "\(erased)")
        #expect(try !isKept())
        #expect(await audit("verify").exit == .done)
        let shown = await audit("log", "--type", "blob.erased")
        #expect(shown.output.contains("the content of entry 3 was erased: asked for by its subject"))
        #expect(await audit("log").output.contains("node.state (its content was erased or is not on this disk)"))
    }

    @Test("while the run has not ended its blobs stay: its way back may need them")
    func open() async throws {
        try await log(end: .wave(0))
        let refused = await audit("erase", try await blob(), "--reason", "x")
        #expect(refused.exit == .usage && refused.complaints.contains("run \(run) has not ended"))
        #expect(try isKept())
        #expect(await audit("log", "--type", "blob.erased").output == "")
    }

    @Test("what names no blob, or gives no reason, erases nothing")
    func unknown() async throws {
        try await log(end: .finished(.needsPerson))
        let blob = try await blob()
        for (arguments, words) in [
            (["erase", "0123456789abcdef", "--reason", "x"], "no entry has a blob"), (["erase", blob], "--reason"),
            (["erase", blob, "--reason", " "], "--reason is empty"), (["erase", "abc", "--reason", "x"], "is no blob"),
            (["erase", "../../../../etc/passwd", "--reason", "x"], "is no blob"),
        ] {
            let recorder = Recorder()
            let exit = await Commands.run(["-C", folder.path, "audit"] + arguments) { _ in recorder.terminal }
            #expect(exit == .usage && recorder.complaints.contains(words), "\(arguments): \(recorder.complaints)")
        }
        #expect(try isKept())
    }
}

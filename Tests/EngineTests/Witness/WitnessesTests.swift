import Foundation
import Glibc
import Testing
import TransparencyLog
import WitnessStandIn

@testable import Engine

@Suite("witnesses of a log", .timeLimit(.minutes(3)))
struct WitnessesTests {
    let log: TemporaryLog
    let writer: AuditLog
    let service: FakeWitnesses

    init() async throws {
        log = try TemporaryLog()
        writer = try await log.open()
        service = try FakeWitnesses(3, log: try await writer.verifierKey)
        _ = try await writer.append((0..<5).map { entry($0) })
    }

    private func witnesses(
        _ threshold: String, of log: AuditLog? = nil, limit: Duration = .zero
    ) async throws -> Witnesses {
        try await Witnesses(service.policy(threshold), of: log ?? writer, through: service, limit: limit)
    }

    private func names(in file: String) throws -> [String] {
        try SignedNote(log.read(file)).signatures.map(\.name)
    }

    private func file(_ size: UInt64) -> String { "\(LogLayout.checkpoints)/\(LogLayout.name(of: size))" }

    private func failures(_ round: WitnessRound) -> [String] {
        round.replies.compactMap { if case .failed(let reason) = $0.outcome { reason } else { nil } }
    }

    @Test("all cosign; both files hold the log's signature and theirs, and the log verifies with the quorum")
    func cosigned() async throws {
        let round = try await witnesses("all").ask()
        #expect(round.hasQuorum && failures(round) == [])
        for file in [file(5), LogLayout.checkpoint] { #expect(try names(in: file) == [origin, "w0", "w1", "w2"]) }
        let report = try LogVerifier.verify(directory: log.directory, policy: service.policy("all"))
        #expect(report.isIntact && report.witnessed?.size == 5)
        _ = try await witnesses("all").ask()
        #expect(await service.oldSizes == [[0], [0], [0]], "who has cosigned is not asked again")
    }

    @Test("a log with cosigned checkpoints is opened, grows and is cosigned from where its witnesses are")
    func grows() async throws {
        _ = try await witnesses("all").ask()
        await writer.close()
        let later = try await log.open()
        _ = try await later.append((5..<300).map { entry($0) })
        let round = try await witnesses("all", of: later).ask()
        #expect(round.hasQuorum && round.checkpoint.checkpoint.size == 300)
        #expect(await service.oldSizes == [[0, 5], [0, 5], [0, 5]])
        #expect(try names(in: file(5)).count == 4 && names(in: LogLayout.checkpoint).count == 4)
        #expect(try log.verify().isIntact)
    }

    @Test("what is known of the witnesses is only a hint: without it they say where they are")
    func forgotten() async throws {
        _ = try await witnesses("all").ask()
        try FileManager.default.removeItem(atPath: log.directory + ".witnesses")
        _ = try await writer.append(entry(5))
        #expect(try await witnesses("all").ask().hasQuorum)
        #expect(await service.oldSizes[0] == [0, 0, 5])
    }

    @Test("a later round with fewer answers takes nothing away, and one with others adds")
    func adds() async throws {
        await service.set(2, .answers(.refused("503, it is not able to now")))
        let first = try await witnesses("2").ask()
        #expect(first.hasQuorum && failures(first) == ["503, it is not able to now"])
        #expect(try await !witnesses("all").ask().hasQuorum)
        await service.set(2, .honest)
        #expect(try await witnesses("all").ask().hasQuorum)
        #expect(try names(in: LogLayout.checkpoint) == [origin, "w0", "w1", "w2"])
    }

    @Test("cosignatures of a size that the log has outgrown go to that size's file alone")
    func outgrown() async throws {
        let old = try await writer.checkpoint()
        let key = service.keys[0]
        let line = try Cosignature(of: old.checkpoint, at: 9, by: key).line(by: key.verifier)
        _ = try await writer.append(entry(5))
        let new = try await writer.checkpoint()
        let store = try CosignatureStore(directory: log.directory, key: try await writer.verifierKey)
        _ = try await store.add([line], to: old, by: [key.verifier])
        #expect(try names(in: file(5)) == [origin, "w0"])
        #expect(try log.read(LogLayout.checkpoint) == new.note.bytes)
    }

    @Test("a file that a crash left with fewer signatures gets those of the other")
    func crashed() async throws {
        let bare = try await writer.checkpoint().note.bytes
        _ = try await witnesses("all").ask()
        try Data(bare).write(to: URL(fileURLWithPath: "\(log.directory)/\(LogLayout.checkpoint)"))
        let round = try await witnesses("all").ask()
        #expect(round.hasQuorum && round.checkpoint.note.signatures.count == 4)
        try Data(bare).write(to: URL(fileURLWithPath: "\(log.directory)/\(file(5))"))
        try Data(round.checkpoint.note.bytes).write(
            to: URL(fileURLWithPath: "\(log.directory)/\(LogLayout.checkpoint)"))
        #expect(try await witnesses("all").ask().hasQuorum)
        #expect(await service.oldSizes == [[0], [0], [0]], "nothing was lost, so nobody is asked again")
    }

    @Test("a write that fails leaves whole files, each with the log's own signature", arguments: 0..<4)
    func failing(after: Int) async throws {
        let signed = try await writer.checkpoint()
        let files = TestFiles()
        let key = service.keys[0]
        let line = try Cosignature(of: signed.checkpoint, at: 9, by: key).line(by: key.verifier)
        let store = try CosignatureStore(
            directory: log.directory, key: try await writer.verifierKey, files: files)
        files.end(after: after, isMade: false)
        await #expect(throws: AuditError.self) { try await store.add([line], to: signed, by: [key.verifier]) }
        for file in [file(5), LogLayout.checkpoint] { #expect(try names(in: file).first == origin) }
        #expect(try log.verify().isIntact)
        #expect(try await witnesses("all").ask().hasQuorum)
    }

    @Test("a wrong cosignature, one by another key, and none at all are failures that leave no trace")
    func wrong() async throws {
        await service.set(0, .wrongSignature)
        await service.set(1, .otherKey)
        await service.set(2, .answers(.conflict(size: 3)))
        let round = try await witnesses("any").ask()
        #expect(!round.hasQuorum && round.checkpoint.note.signatures.count == 1)
        #expect(
            failures(round) == [
                "the cosignature by w0 is not valid for this checkpoint", "no cosignature by a known witness",
                "it names another size each time it is asked",
            ])
        #expect(try names(in: LogLayout.checkpoint) == [origin])
    }

    @Test("a log that was set back to an older copy is shown by who has seen more")
    func setBack() async throws {
        _ = try await writer.checkpoint()
        await writer.close()
        let copy = log.root + "/copy"
        try FileManager.default.copyItem(atPath: log.directory, toPath: copy)
        let later = try await log.open()
        _ = try await later.append(entry(5))
        _ = try await witnesses("all", of: later).ask()
        await later.close()
        try FileManager.default.removeItem(atPath: log.directory)
        try FileManager.default.moveItem(atPath: copy, toPath: log.directory)
        let again = try await log.open()
        let round = try await witnesses("any", of: again).ask()
        #expect(!round.hasQuorum && failures(round).allSatisfy { $0.contains("6 entries") && $0.contains("set back") })
        // Made as long again, it has another root.
        _ = try await again.append(entry(77))
        #expect(failures(try await witnesses("any", of: again).ask()).allSatisfy { $0.hasPrefix("422") })
    }

    @Test("who waits for the quorum does not wait for the others")
    func hurried() async throws {
        // It is silent for longer than the suite's time.
        await service.set(1, .silent)
        try await witnesses("2").awaitQuorum()
    }

    @Test("who waits in vain is told who did not cosign and why; a policy that asks nobody is no strictness")
    func noQuorum() async throws {
        await service.set(1, .answers(.refused("403, no")))
        let error = await #expect(throws: WitnessFailure.self) { try await witnesses("all").awaitQuorum() }
        #expect(error?.message.contains("3 of w0, w1, w2") == true && error?.message.hasSuffix("w1: 403, no") == true)
        let nobody = try await Witnesses(.noWitnesses, of: writer, through: service)
        await #expect(throws: WitnessFailure.self) { try await nobody.awaitQuorum() }
    }

    @Test("who comes back in time is waited for")
    func patience() async throws {
        await service.set(0, .answers(.refused("503")))
        let waiting = Task { try await witnesses("all", limit: .seconds(30)).awaitQuorum() }
        try await Task.sleep(for: .milliseconds(200))
        await service.set(0, .honest)
        try await waiting.value
    }
}

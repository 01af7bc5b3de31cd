import Engine
import Foundation
import Testing
import TransparencyLog
import WitnessStandIn

@testable import Commands

@Suite("audit rotate", .timeLimit(.minutes(2)))
struct AuditRotateTests {
    private let folder: Folder

    init() throws {
        folder = try Folder()
        try folder.makeProject()
    }

    private func configure(_ more: String) throws {
        _ = try folder.write(
            "apiVersion: belay/v1\nkind: Configuration\nlog: {directory: log, origin: test.example/log, \(more)}\n",
            to: "belay.yaml")
    }

    private func audit(_ arguments: String...) async -> (exit: Exit, output: String, complaints: String) {
        let recorder = Recorder()
        let exit = await Commands.run(["-C", folder.path, "audit"] + arguments) { _ in recorder.terminal }
        return (exit, recorder.output, recorder.complaints)
    }

    private func key() throws -> VerifierKey { try #require(try VerifierKey.ofLog(in: folder.path + "/log")) }

    @Test("the key is changed, both keys verify the log, and the entry says why")
    func rotated() async throws {
        _ = await audit("init")
        let old = try key()
        try configure("key: \(old)")
        let rotated = await audit("rotate", "--reason", "yearly")
        let new = try key()
        #expect(rotated.exit == .done && old != new, "\(rotated)")
        #expect(rotated.output.contains("The checkpoint of 2 entries is signed by both"))
        #expect(rotated.output.contains("  key       \(new)\n  replaced  \(old)\n"))
        #expect(rotated.output.contains("In belay.yaml put it in place of the old one:\n  log:\n    key: \(new)\n"))
        for key in [old, new] {
            let verified = await audit("verify", "--key", "\(key)")
            #expect(
                verified.exit == .done && verified.output.contains("until size 2 its key was \(old)"), "\(verified)")
        }
        #expect(await audit("verify", "-o", "json").output.contains("\"untilSize\" : 2"))
        let shown = await audit("log", "--type", "key.rotate")
        #expect(shown.output.contains("the log goes on with the key \(new) in place of \(old): yearly"), "\(shown)")
    }

    @Test("witnesses that were told the prepared key cosign across the change, others when they are told")
    func witnesses() async throws {
        try configure("witnesses: witnesses")
        _ = await audit("init")
        let prepared = await audit("rotate", "--prepare")
        let old = try key()
        let text = try #require(
            prepared.output.split(separator: "\n").first { $0.hasPrefix("  next") }?.split(separator: " ").last)
        let next = try VerifierKey(String(text))
        #expect(prepared.exit == .done && next != old && prepared.output.contains("  now   \(old)\n"))
        let servers = [try WitnessServer(name: "w1", logs: [old, next]), try WitnessServer(name: "w2", logs: [old])]
        for server in servers { _ = await audit("witness", "add", server.key.name, "\(server.key)", server.url) }
        #expect(await audit("witness", "sync").exit == .done)
        #expect(await audit("rotate", "--reason", "yearly").exit == .done)
        #expect(try key() == next)
        #expect(await audit("witness", "sync").exit == .done, "both keys signed this one")
        let log = try await AuditLog.open(directory: folder.path + "/log", origin: "test.example/log")
        _ = try await log.append(Array("{}".utf8))
        await log.close()
        let synced = await audit("witness", "sync")
        #expect(synced.exit == .couldNotStart && synced.output.contains("✗ w2 403, it trusts no key that signed"))
        #expect(synced.output.contains("✓ w1 cosigned"))
        #expect(await audit("verify", "--key", "\(old)", "--witness", folder.path + "/witnesses").exit == .done)
    }

    @Test(
        "without a reason, with both, or without a log nothing is made",
        arguments: [
            (["rotate"], "Give --reason"), (["rotate", "--reason", " "], "--reason is empty"),
            (["rotate", "--reason", "x", "--prepare"], "Give --reason"),
            (["rotate", "--prepare"], "there is no log in"),
        ])
    func refused(arguments: [String], words: String) async throws {
        let recorder = Recorder()
        let exit = await Commands.run(["-C", folder.path, "audit"] + arguments) { _ in recorder.terminal }
        #expect(exit == .usage && recorder.complaints.contains(words), "\(recorder.complaints)")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/log"))
    }
}

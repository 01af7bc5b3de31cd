import Foundation
import Glibc
import SSH
import Testing
import TransparencyLog

@testable import Core
@testable import Engine

@Suite("a log's key that ssh-agent keeps", .timeLimit(.minutes(5)))
struct SigningAgentTests {
    let log: TemporaryLog
    let agent: TestAgent

    init() throws {
        log = try TemporaryLog()
        agent = try TestAgent(in: log.root)
    }

    private var signing: SigningAgent { SigningAgent(socket: agent.socket) }

    private func keys(_ agent: SigningAgent) -> LogKeys {
        LogKeys(directory: log.directory, origin: origin, files: SystemFiles(), agent: agent)
    }

    private func open(_ agent: SigningAgent, files: any LogFiles = SystemFiles()) async throws -> AuditLog {
        try await AuditLog.open(
            directory: log.directory, origin: origin, pace: .onDemand, files: files, agent: agent)
    }

    private func project() async throws -> Workspace {
        for (file, text) in [
            ("belay.yaml", "apiVersion: belay/v1\nkind: Configuration\nlog: {directory: log, origin: \(origin)}\n"),
            (
                "inventory.yaml",
                "apiVersion: belay/v1\nkind: Inventory\ncluster: {name: c, environment: e}\n"
                    + "nodes: [{name: node-1, address: 127.0.0.1}]\n"
            ),
        ] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(log.root)/\(file)"))
        }
        return try await Workspace.open(from: log.root)
    }

    private func has(_ file: String) -> Bool { access("\(log.directory)/\(file)", F_OK) == 0 }

    private func code(_ body: () async throws -> Void) async -> AuditError.Code? {
        await #expect(throws: AuditError.self) { try await body() }?.code
    }

    @Test(
        "a log is made with the agent's key, by its file or its fingerprint: no secret is in the folder, and it verifies",
        arguments: [true, false])
    func made(byFile: Bool) async throws {
        let file = try agent.add("log")
        let held = try #require(try signing.keys().first)
        let name = byFile ? file : held.fingerprint
        let made = try await project().makeLog(keptAs: name, agent: signing)
        #expect(made.isNew && made.isKeptByAgent && !has("keys/log.skey"))
        #expect(String(decoding: try log.read("keys/agent"), as: UTF8.self) == "ssh-ed25519 \(held.base64)\n")
        #expect(try VerifierKey.ofLog(in: log.directory) == made.key)
        let writer = try await open(signing)
        _ = try await writer.append((0..<300).map { entry($0) })
        #expect(try await writer.checkpoint().note.verified(by: [made.key]) == [made.key])
        await writer.close()
        let report = try log.verify(key: made.key)
        #expect(report.failures == [] && report.signedSize == 301)
        let again = try await project().makeLog(keptAs: name, agent: signing)
        #expect(!again.isNew && again.key == made.key)
    }

    @Test("without the agent, or without the key in it, the log does not open and nothing is written")
    func absent() async throws {
        _ = try await project().makeLog(keptAs: agent.add("log"), agent: signing)
        let before = try FileManager.default.subpathsOfDirectory(atPath: log.directory)
        #expect(await code { _ = try await open(SigningAgent(socket: nil)) } == .cannotSign)
        #expect(await code { _ = try await open(SigningAgent(socket: log.root + "/nobody")) } == .cannotSign)
        #expect(
            await code { _ = try await open(SigningAgent(socket: String(repeating: "x", count: 200))) } == .cannotSign)
        try agent.removeAll()
        let error = await #expect(throws: AuditError.self) { try await open(signing) }
        #expect(error?.code == .cannotSign && error?.description.contains("`ssh-add -l` must list the key") == true)
        #expect(try FileManager.default.subpathsOfDirectory(atPath: log.directory) == before)
        #expect(try log.verify().isIntact)
    }

    @Test("the way back is open without the agent: what happens is recorded, nothing is signed, and later all of it is")
    func wayBack() async throws {
        let key = try await project().makeLog(keptAs: agent.add("log"), agent: signing).key
        var absent = SigningAgent(socket: nil)
        absent.mayBeAbsent = true
        let writer = try await open(absent)
        #expect(try await writer.append(entry(0)) == 1)
        #expect(await code { _ = try await writer.checkpoint() } == .cannotSign)
        #expect(try await writer.append(entry(1)) == 2)
        await writer.close()
        #expect(try await open(signing).checkpoint().checkpoint.size == 3)
        #expect(try log.verify(key: key).failures == [])
    }

    @Test("an agent that goes amid a run stops what is signed and not what is recorded; later all of it is signed")
    func lost() async throws {
        let key = try await project().makeLog(keptAs: agent.add("log"), agent: signing).key
        let socket = log.root + "/passing"
        try FileManager.default.createSymbolicLink(atPath: socket, withDestinationPath: agent.socket)
        let writer = try await open(SigningAgent(socket: socket))
        _ = try await writer.append(entry(0))
        unlink(socket)
        #expect(await code { _ = try await writer.checkpoint() } == .cannotSign)
        #expect(try await writer.append(entry(1)) == 2)
        #expect(await code { _ = try await writer.checkpoint() } == .cannotSign)
        await writer.close()
        #expect(try await open(signing).checkpoint().checkpoint.size == 3)
        #expect(try log.verify(key: key).failures == [])
    }

    @Test(
        "an agent that is silent, refuses, or answers nonsense or a wrong signature is an error in time, and signs nothing"
    )
    func bad() async throws {
        let file = try agent.add("log")
        let key = try await project().makeLog(keptAs: file, agent: signing).key
        let held = try #require(try signing.keys().first)
        let list: [UInt8] = [12] + [0, 0, 0, 1] + Wire.string(held.blob) + Wire.string([])
        let wrong = Wire.string(Array("ssh-ed25519".utf8)) + Wire.string([UInt8](repeating: 1, count: 64))
        let before = try log.read("checkpoint")
        let answers: [[UInt8]?] = [nil, [5], [], [14, 255, 255, 255, 255], [14] + Wire.string(wrong)]
        for (number, answer) in answers.enumerated() {
            let other = try FalseAgent("\(log.root)/false\(number)") { request in request == [11] ? list : answer }
            let writer = try await open(SigningAgent(socket: other.socket, limit: .milliseconds(300)))
            _ = try await writer.append(entry(number))
            let start = ContinuousClock.now
            #expect(await code { _ = try await writer.checkpoint() } == .cannotSign, "\(number)")
            #expect(ContinuousClock.now - start < .seconds(20))
            await writer.close()
        }
        #expect(try log.read("checkpoint") == before)
        #expect(try await open(signing).checkpoint().note.verified(by: [key]) == [key])
    }

    @Test(
        "a key of another type, one the agent does not have, no key at all, and another log's are refused; nothing is made"
    )
    func refused() async throws {
        let workspace = try await project()
        let (rsa, held) = (try agent.add("rsa", type: "rsa"), try agent.add("log"))
        #expect(await code { _ = try await workspace.makeLog(keptAs: rsa, agent: signing) } == .invalid)
        let fingerprint = "SHA256:" + String(repeating: "A", count: 43)
        #expect(await code { _ = try await workspace.makeLog(keptAs: fingerprint, agent: signing) } == .cannotSign)
        let text = log.root + "/text"
        try Data("ssh-ed25519 AAAA\n".utf8).write(to: URL(fileURLWithPath: text))
        for file in [text, log.root + "/none"] {
            #expect(await code { _ = try await workspace.makeLog(keptAs: file, agent: signing) } == .invalid)
        }
        #expect(!FileManager.default.fileExists(atPath: log.directory))
        let key = try await workspace.makeLog(agent: signing).key
        #expect(await code { _ = try await workspace.makeLog(keptAs: held, agent: signing) } == .invalid)
        #expect(try await workspace.makeLog(agent: signing).key == key && has("keys/log.skey") && !has("keys/agent"))
    }

    @Sendable private static func rotation(_ old: VerifierKey, _ new: VerifierKey) throws -> [UInt8] {
        let rotation = KeyRotation(old: "\(old)", new: "\(new)", reason: "test")
        return try JSON.encode(
            LogRecord(at: SystemClock().now(), by: "test", run: nil, node: nil, event: .keyRotated(rotation)))
    }

    @Test("the key changes from the folder to the agent and within it; back to the folder it does not")
    func rotated() async throws {
        let (first, second) = (try agent.add("first"), try agent.add("second"))
        let writer = try await open(signing)
        let old = try await writer.verifierKey
        _ = try await writer.rotateKey(keptAs: first, entry: Self.rotation)
        let kept = try await writer.verifierKey
        #expect(kept != old && has("keys/agent") && !has("keys/log.skey") && !has("keys/next.agent"))
        #expect(await code { _ = try await writer.rotateKey(entry: Self.rotation) } == .invalid)
        _ = try await writer.rotateKey(keptAs: second, entry: Self.rotation)
        let last = try await writer.verifierKey
        _ = try await writer.append(entry(9))
        _ = try await writer.checkpoint()
        for key in [old, kept, last] { #expect(try log.verify(key: key).failures == []) }
        #expect(try log.verify(key: old).keys.map(\.key) == [old, kept, last])
    }

    @Test(
        "ended at every write, sync and rename of the change to the agent: the one key or the other, never a secret one beside it",
        arguments: [false, true])
    func everyPoint(isMade: Bool) async throws {
        let file = try agent.add("log")
        var (point, finished) = (0, 0)
        while true {
            let test = try TemporaryLog()
            func open(_ files: any LogFiles = SystemFiles()) async throws -> AuditLog {
                try await AuditLog.open(
                    directory: test.directory, origin: origin, pace: .onDemand, files: files, agent: signing)
            }
            let files = TestFiles()
            let writer = try await open(files)
            _ = try await writer.append(entry(0))
            _ = try await writer.checkpoint()
            let old = try await writer.verifierKey
            files.end(after: point, isMade: isMade)
            _ = try? await writer.rotateKey(keptAs: file, entry: Self.rotation)
            await writer.close()
            guard files.hasEnded else { break }
            let again = try await open()
            let now = try await again.verifierKey
            _ = try await again.append(entry(1))
            #expect(try await again.checkpoint().note.verified(by: [old, now]) == [now], "point \(point)")
            for key in [old, now] { #expect(try test.verify(key: key).failures == [], "point \(point)") }
            #expect((access(test.directory + "/keys/log.skey", F_OK) == 0) == (now == old), "point \(point)")
            if now != old { finished += 1 }
            point += 1
        }
        #expect(point > 30 && (1..<point).contains(finished))
    }
}

import Engine
import Foundation
import Testing
import TransparencyLog
import WitnessStandIn

@testable import Commands

/// The log and its witnesses from the command line; the witnesses answer over TCP.
@Suite("audit init, witness and verify --witness", .timeLimit(.minutes(2)))
struct AuditWitnessTests {
    private let folder: Folder

    init() throws {
        folder = try Folder()
        try folder.makeProject()
        try configure("witnesses: witnesses")
    }

    private func configure(_ more: String) throws {
        _ = try folder.write(
            "apiVersion: belay/v1\nkind: Configuration\nlog: {directory: log, origin: test.example/log, \(more)}\n",
            to: "belay.yaml")
    }

    private func belay(_ arguments: String...) async -> (exit: Exit, output: String, complaints: String) {
        let recorder = Recorder()
        let exit = await Commands.run(["-C", folder.path] + arguments) { _ in recorder.terminal }
        return (exit, recorder.output, recorder.complaints)
    }

    private func key() throws -> VerifierKey {
        let text = try String(contentsOfFile: "\(folder.path)/log/keys/log.vkey", encoding: .utf8)
        return try VerifierKey(text.trimmingCharacters(in: .newlines))
    }

    @Test("init makes the log and says what to keep; again it changes nothing and says the same")
    func initialize() async throws {
        let made = await belay("audit", "init")
        #expect(made.exit == .done && made.output.hasPrefix("Made the log test.example/log.\n"))
        let key = try key()
        #expect(made.output.contains("    key: \(key)\n") && made.output.contains("\(folder.path)/log"))
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/log/keys/log.skey")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let again = await belay("audit", "init")
        #expect(again.exit == .done && again.output.contains("was made before; nothing was changed"))
        #expect(again.output.contains("    key: \(key)\n"))
        #expect(try self.key() == key)
        try configure("key: \(key)")
        #expect(await belay("audit", "init").output.contains("names this key already"))
    }

    @Test("init makes no log beside the one whose key the project names")
    func initializeElsewhere() async throws {
        _ = await belay("audit", "init")
        try configure("key: \(try key())")
        try FileManager.default.removeItem(atPath: "\(folder.path)/log")
        let refused = await belay("audit", "init")
        #expect(refused.exit == .usage && refused.complaints.contains("A new log would have another key"))
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/log"))
    }

    @Test("witnesses are added, asked, and looked for when the log is verified")
    func witnesses() async throws {
        _ = await belay("audit", "init")
        let log = try key()
        let servers = try ["w1", "w2", "w3"].map { try WitnessServer(name: $0, logs: [log]) }
        for server in servers {
            let added = await belay("audit", "witness", "add", server.key.name, "\(server.key)", server.url)
            #expect(added.exit == .done && added.output.contains("\(folder.path)/witnesses"))
        }
        let policy = "\(folder.path)/witnesses"
        servers[0].set(.wrongSignature)
        servers[1].set(.fixed(.init(status: 500)))
        let refused = await belay("audit", "witness", "sync")
        #expect(refused.exit == .couldNotStart)
        #expect(refused.output.contains("✗ w1 the cosignature by w1 is not valid"))
        #expect(refused.output.contains("✗ w2 500, ") && refused.output.contains("✓ w3 cosigned, 20"))
        #expect(refused.output.hasSuffix("NO QUORUM (2 of w1, w2, w3 must)\n"))
        #expect(await belay("audit", "verify", "--witness", policy).exit == .logNotIntact)
        servers[0].set(.honest)
        let synced = await belay("audit", "witness", "sync")
        #expect(synced.exit == .done && synced.output.hasSuffix("WITNESSED (2 of w1, w2, w3)\n"))
        let verified = await belay("audit", "verify", "--witness", policy)
        #expect(verified.exit == .done && verified.output.contains("    w1 cosigned, 20"))
        #expect(verified.output.contains("have the quorum of witnesses\n"))
        let json = await belay("audit", "verify", "--witness", policy, "-o", "json")
        #expect(json.output.contains("\"witnessed\"") && json.output.contains("\(servers[2].key)".prefix(3)))
    }

    @Test("what cannot be used is refused with what to do, and nothing is written")
    func refusals() async throws {
        _ = await belay("audit", "init")
        let server = try WitnessServer(name: "w1", logs: [try key()])
        for (arguments, words) in [
            (["w1", "\(server.key)", "http://w.example"], "http is accepted for this machine alone"),
            (["w 1", "\(server.key)", server.url], "one printable word"),
            (["w1", "nonsense", server.url], "a verifier key has three parts"),
        ] {
            let recorder = Recorder()
            let exit = await Commands.run(["-C", folder.path, "audit", "witness", "add"] + arguments) { _ in
                recorder.terminal
            }
            #expect(exit == .usage && recorder.complaints.contains(words), "\(recorder.complaints)")
        }
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/witnesses"))
        #expect(await belay("audit", "witness", "sync").complaints.contains("witnesses does not exist"))
        _ = try folder.write("quorum nobody\n", to: "witnesses")
        let broken = await belay("audit", "witness", "sync")
        #expect(broken.exit == .usage && broken.complaints.contains("witnesses: line 1 of the witness policy"))
        try configure("")
        #expect(await belay("audit", "witness", "sync").complaints.contains("the project names no witnesses"))
    }
}

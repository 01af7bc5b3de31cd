import Core
import Foundation
import Testing

@testable import Engine

@Suite("telling others of broken glass", .timeLimit(.minutes(1)))
struct NotifierTests {
    private static func notifier(_ command: [String], seconds: Int = 20) throws -> Notifier {
        try #require(Notifier(command: command, seconds: seconds))
    }

    @Test("where no program is configured there is nobody to run")
    func none() {
        #expect(Notifier(command: []) == nil)
    }

    @Test("the program gets its fixed arguments and the message, and no shell reads either")
    func message() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "belay-notify-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "$(id) * told").path
        let message = Array("{\"reason\":\"$(touch x); `id`\"}\n".utf8)
        #expect(try await Self.notifier(["/usr/bin/tee", file]).failure(telling: message) == nil)
        #expect(Array(try Data(contentsOf: URL(fileURLWithPath: file))) == message)
    }

    @Test(
        "a program that fails, is not there, or does not come to an end is a failure that is said",
        arguments: [
            (["/bin/false"], "it ended with status 1"), (["/nowhere/page"], "could not be run"),
            (["/bin/sleep", "60"], "did not end within 1 s"), (["/usr/bin/yes"], "did not end within 1 s"),
        ])
    func fails(command: [String], says: String) async throws {
        let failure = try await Self.notifier(command, seconds: 1).failure(telling: Array("{}\n".utf8))
        #expect(failure?.contains(says) == true, "\(failure ?? "none")")
    }

    @Test("one that reads nothing of the message, or prints without end of it, has told others all the same")
    func unread() async throws {
        let long = [UInt8](repeating: 0x20, count: 1 << 18)
        #expect(try await Self.notifier(["/bin/true"]).failure(telling: long) == nil)
        #expect(try await Self.notifier(["/bin/cat"]).failure(telling: long) == nil)
    }

    @Test("the message has what the log has, without what the plan declares to be secret")
    func secrets() throws {
        let text = """
            {"principal": {"name": "alice", "groups": [], "kind": "human"}, "keyFingerprint": "SHA256:a",
            "reason": "the password hunter2-hunter2 does not work", "incident": "INC-1",
            "expires": "2026-11-22T19:00:00.000Z", "lifted": ["p"], "obligations": ["page:lead"],
            "reviewBy": "2026-11-23T18:00:00.000Z", "statement": "{}", "signature": "s"}
            """
        let record = try JSON.decode(BreakGlassRecord.self, from: Array(text.utf8))
        let plan = Plan(
            id: "r-1", createdAt: record.expires, expiresAt: record.expires, requester: "alice",
            runbook: RunbookReference(name: "demo", title: "d", author: "d", digest: "d"), parameters: [:],
            cluster: ClusterReference(name: "c", environment: "production"), log: LogReference(origin: "o", key: "k"),
            policySet: "p", onFailure: .rollback, nodes: [])
        let json = try BreakGlassMessage(record, plan, "d").json(hiding: ["hunter2-hunter2"])
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
        #expect(object["event"] as? String == "breakglass.used" && object["run"] as? String == "r-1")
        #expect(object["obligations"] as? [String] == ["page:lead"] && object["lifted"] as? [String] == ["p"])
        let reason = try #require(object["reason"] as? String)
        #expect(!reason.contains("hunter2") && reason.hasPrefix("the password"))
    }
}

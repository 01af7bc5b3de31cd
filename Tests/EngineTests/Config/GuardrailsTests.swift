import Core
import Foundation
import Testing

@testable import Engine

@Suite struct GuardrailsTests {
    let log: TemporaryLog

    init() throws {
        log = try TemporaryLog()
        for (file, text) in [
            (
                "inventory.yaml",
                "apiVersion: belay/v1\nkind: Inventory\ncluster: {name: c, environment: e}\n"
                    + "nodes: [{name: node-1, address: 127.0.0.1}]\n"
            ),
            ("allowed_signers", ""),
            (
                "policies/grant.yaml",
                "apiVersion: belay/v1\nkind: Grant\nmetadata: {name: all}\nspec: {who: {groups: [sre]}, runbooks: [\"*\"]}\n"
            ),
        ] { try write(text, file) }
    }

    private func write(_ text: String, _ file: String) throws {
        let url = URL(fileURLWithPath: "\(log.root)/\(file)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    private func digest(calendar: String) async throws -> String {
        try write(
            "apiVersion: belay/v1\nkind: Configuration\nlog: {directory: log, origin: \(origin)}\n\(calendar)\n",
            "belay.yaml")
        return try await Workspace.open(from: log.root).guardrails().policies.digest
    }

    @Test("under another calendar the policy set is another: a plan that was made before a freeze was added is stale")
    func calendarIsBound() async throws {
        let freeze = "calendar: {freezes: [{name: f, start: 2026-01-01T00:00, end: 2026-02-01T00:00}]}"
        let none = try await digest(calendar: "")
        let frozen = try await digest(calendar: freeze)
        #expect(none != frozen)
        #expect(try await digest(calendar: freeze.replacing("2026-02", with: "2026-03")) != frozen)
        #expect(try await digest(calendar: freeze) == frozen)
        // An empty calendar says nothing.
        #expect(try await digest(calendar: "calendar: {}") == none)
    }
}

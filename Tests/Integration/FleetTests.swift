import Foundation
import Testing

/// One run over several real nodes.
@Suite("Fleets on real nodes", .enabled(if: Testbed.isUp), .timeLimit(.minutes(40)))
struct FleetTests {
    /// Writes a file on every node; a check fails where the node has a file of its own.
    private func runbook(_ onFailure: String, _ strategy: String) -> String {
        """
        apiVersion: belay/v1
        kind: Runbook
        metadata: {name: fleet, title: A file on many nodes, layer: node, author: test}
        spec:
          targets: {max: 10}
          steps:
          - name: file
            action: file.replace
            with: {path: /etc/belay-fleet.conf, content: "ours\\n"}
            verify: [{expression: "facts.services['belay-poison'].loaded == false", within: 1s}]
          verify: [{expression: "facts.uptime > duration('1s')", within: 5s}]
          onFailure: \(onFailure)
          strategy: \(strategy)

        """
    }

    private func contents(_ nodes: [String]) async throws -> [String] {
        var texts: [String] = []
        for node in nodes {
            texts.append(try await Testbed.exec(node, "cat /etc/belay-fleet.conf 2>/dev/null || echo none"))
        }
        return texts.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
    }

    private func poison(_ node: String) async throws {
        let unit = "/run/systemd/system/belay-poison.service"
        try await Testbed.exec(node, "printf '[Service]\\nExecStart=/bin/true\\n' >\(unit); systemctl daemon-reload")
    }

    private func clean(_ nodes: [String]) async throws {
        for node in nodes {
            try await Testbed.exec(
                node,
                "rm -f /etc/belay-fleet.conf /run/systemd/system/belay-poison.service; systemctl daemon-reload")
        }
    }

    private func apply(
        _ project: borrowing Project, _ nodes: [String], _ onFailure: String, _ strategy: String
    ) async throws -> Shell.Result {
        try project.write("runbooks/fleet.yaml", runbook(onFailure, strategy))
        let others = nodes.dropFirst().flatMap { ["--node", $0] }
        let file = "\(project.folder)/fleet.plan"
        let planned = try await Shell.run(
            Testbed.binary,
            ["-C", project.folder, "--color", "never", "plan", "fleet", "--node", nodes[0], "--out", file] + others,
            in: project.folder)
        try #require(planned.status == 0, "\(planned.output)\(planned.error)")
        try #require(try await project.belay("approve", file, "--comment", "go", "--key", "keys/bob").status == 0)
        return try await project.belay("apply", file)
    }

    @Test("a canary, then the others at once: all in place, every record gone")
    func waves() async throws {
        try await NodePool.shared.with(count: 3) { nodes in
            let project = try await Project()
            let applied = try await apply(project, nodes, "rollback", "{canary: 1, maxUnavailable: 2, pause: 1s}")
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            #expect(try await contents(nodes) == ["ours", "ours", "ours"])
            let begun = try await project.entries().filter { $0["type"] as? String == "wave" }.count
            #expect(begun == 2)
            for node in nodes {
                #expect(try await NodeTruth.read(node).record.trimmingCharacters(in: .whitespaces) == "")
            }
            try await project.expectVerifies()
            try await clean(nodes)
        }
    }

    @Test("the node that fails is rolled back and the run ends partial, node by node")
    func partial() async throws {
        try await NodePool.shared.with(count: 3) { nodes in
            let project = try await Project()
            try await poison(nodes[1])
            let applied = try await apply(project, nodes, "rollback", "{canary: 1, maxUnavailable: 1}")
            #expect(applied.status == 8, "\(applied.output)\(applied.error)")
            #expect(try await contents(nodes) == ["ours", "none", "none"])
            for word in ["succeeded", "rolled back", "skipped"] {
                #expect(applied.output.contains(word), "\(word) is not in\n\(applied.output)")
            }
            try await clean(nodes)
        }
    }

    @Test("within the budget the run goes on")
    func budget() async throws {
        try await NodePool.shared.with(count: 3) { nodes in
            let project = try await Project()
            try await poison(nodes[1])
            let applied = try await apply(
                project, nodes, "rollback", "{canary: 1, maxUnavailable: 1, failureBudget: 1}")
            #expect(applied.status == 8, "\(applied.output)\(applied.error)")
            #expect(try await contents(nodes) == ["ours", "none", "ours"])
            try await clean(nodes)
        }
    }

    @Test("rollback-all takes back the nodes that went well too")
    func rollbackAll() async throws {
        try await NodePool.shared.with(count: 3) { nodes in
            let project = try await Project()
            try await poison(nodes[2])
            let applied = try await apply(project, nodes, "rollback-all", "{canary: 1, maxUnavailable: 1}")
            #expect(applied.status == 6, "\(applied.output)\(applied.error)")
            #expect(try await contents(nodes) == ["none", "none", "none"])
            for node in nodes {
                #expect(try await NodeTruth.read(node).record.trimmingCharacters(in: .whitespaces) == "")
            }
            try await project.expectVerifies()
            try await clean(nodes)
        }
    }
}

import Foundation
import Testing

/// Law 7: an executor killed right after each journal event, then `belay recover`.
///
/// The kill comes from outside: strace delivers SIGKILL on the N-th fdatasync, which is when the N-th batch has been
/// written; one run after another, until one ends before it is killed.
@Suite("kill -9 after each journal event", .enabled(if: Testbed.isUp), .timeLimit(.minutes(40)))
struct KillTests {
    @Test("restart-kubelet ends in before or after and says which", arguments: [0, 1, 2])
    func restartKubelet(share: Int) async throws {
        try await matrix(share) { project, node in
            try await project.approvedPlan("restart-kubelet", node)
        } prepare: { _ in
        }
    }

    @Test("flush-iptables ends in before or after and says which", arguments: [0, 1, 2])
    func flush(share: Int) async throws {
        try await matrix(share) { project, node in
            try await project.approvedPlan("flush-iptables", node)
        } prepare: { node in
            try await Testbed.exec(node, Firewall.dropWithSSH)
        }
    }

    // Every third kill point is one test's, so that three nodes work at the same time.
    private func matrix(
        _ share: Int, plan: (borrowing Project, String) async throws -> String, prepare: (String) async throws -> Void
    ) async throws {
        var kills = 0
        for count in stride(from: share + 1, through: 60, by: 3) {
            let wasKilled = try await NodePool.shared.with { node in
                try await prepare(node)
                return try await kill(atSync: count, on: node, plan)
            }
            if wasKilled { kills += 1 } else { break }
        }
        #expect(kills >= 4, "only \(kills) kill points were met: the run is shorter than it can be")
    }

    private func kill(
        atSync count: Int, on node: String, _ plan: (borrowing Project, String) async throws -> String
    ) async throws -> Bool {
        let project = try await Project()
        let before = try await NodeTruth.read(node)
        let file = try await plan(project, node)
        let killed = try await Shell.run(
            "/usr/bin/strace",
            [
                "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e",
                "inject=fdatasync:signal=SIGKILL:when=\(count)",
                Testbed.binary, "-C", project.folder, "apply", file,
            ], in: project.folder)
        if killed.status == 0 { return false }
        try #require(killed.status == 137, "kill \(count): \(killed.output)\(killed.error)")
        let recovered = try await project.belay("recover")
        let after = try await NodeTruth.read(node)
        try await expect(recovered, before, after, count, project)
        return true
    }

    private func expect(
        _ recovered: Shell.Result, _ before: NodeTruth, _ after: NodeTruth, _ count: Int, _ project: borrowing Project
    ) async throws {
        let text = "kill \(count): \(recovered.output)\(recovered.error)"
        #expect(after.healthz == "200", "\(text)")
        #expect(after.record.trimmingCharacters(in: .whitespaces) == "", "kill \(count): \(after.record)")
        let said = recovered.output.lowercased()
        let states = try await project.entries().filter { $0["type"] as? String == "node.state" }
        let last = states.last.map { "\($0)" } ?? ""
        if last.contains("succeeded") {
            #expect(said.contains("after") || said.contains("nothing"), "\(text)")
        } else {
            #expect(after.rules == before.rules, "\(text)")
            #expect(said.contains("before") || said.contains("nothing"), "\(text)")
        }
        #expect(
            try await project.belay("recover").output.lowercased().contains("nothing"),
            "\(text): recover had not ended it")
        try await project.expectVerifies()
    }
}

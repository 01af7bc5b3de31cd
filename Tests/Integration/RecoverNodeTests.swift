import Foundation
import Testing

/// Law 7 without the first laptop: another machine's project, whose log has never heard of the run.
@Suite("Recovering a node from another machine", .enabled(if: Testbed.isUp), .timeLimit(.minutes(40)))
struct RecoverNodeTests {
    /// Kills `belay apply` at its N-th durable entry; false when it ended before that.
    private func kill(_ project: borrowing Project, _ plan: String, at count: Int) async throws -> Bool {
        let killed = try await Shell.run(
            "/usr/bin/strace",
            [
                "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e",
                "inject=fdatasync:signal=SIGKILL:when=\(count)", Testbed.binary, "-C", project.folder, "apply", plan,
            ], in: project.folder)
        try #require(killed.status == 137 || killed.status == 0, "\(killed.output)\(killed.error)")
        return killed.status == 137
    }

    private func cordoned(_ node: String) async throws -> String {
        try await Cluster.kubectl("get", "node", node, "-o", "jsonpath={.spec.unschedulable}")
    }

    // Of the target and of the execution host.
    private func left(_ node: String) async throws -> String {
        let here = "ls -d /var/lib/belay/[0-9]* /var/lib/belay/lease 2>/dev/null; true"
        let there = "ls -d /var/lib/belay/for/\(node)/[0-9]* /var/lib/belay/for/\(node)/lease 2>/dev/null; true"
        let host = try Testbed.value("BELAY_TESTBED_CONTROL_PLANE")
        return try await Testbed.exec(node, here) + Testbed.exec(host, there)
    }

    // Among them: the step has been sent, all is verified, the first lease goes back.
    @Test(
        "killed anywhere, with cluster steps: the other machine ends it on the node and in the cluster, and the first one follows",
        .enabled(if: Cluster.isUp), arguments: [13, 19, 25, 31])
    func everywhere(count: Int) async throws {
        try await NodePool.shared.with { node in
            let first = try await Project(kubeconfig: Cluster.kubeconfig)
            let other = try await Project(kubeconfig: Cluster.kubeconfig)
            let plan = try await first.approvedPlan("restart-kubelet", node)
            try #require(try await kill(first, plan, at: count), "the run has ended before")
            let recovered = try await other.belay("recover", "--node", node)
            let text = "kill \(count): \(recovered.output)\(recovered.error)"
            #expect(recovered.status == 0, "\(text)")
            #expect(try await NodeTruth.read(node).healthz == "200", "\(text)")
            #expect(try await cordoned(node) == "", "\(text)")
            #expect(try await left(node) == "", "\(text)")
            try await other.expectVerifies()
            // What the node does next is no business of the first laptop any more.
            try await Testbed.exec(node, "systemctl stop kubelet")
            let late = try await first.belay("recover")
            #expect(late.status == 0, "kill \(count): \(late.output)\(late.error)")
            #expect(try await Testbed.exec(node, "systemctl is-active kubelet || true") == "inactive\n", "\(text)")
            #expect(try await left(node) == "")
            try await first.expectVerifies()
            try await Testbed.exec(node, "systemctl start kubelet")
        }
    }

    // The entries at which the flush is done and its dead-man armed are near these; which they are the node says.
    @Test("a node whose dead-man waits to be told is brought back from elsewhere, before it fires or by it")
    func armed() async throws {
        try await NodePool.shared.with { node in
            let other = try await Project()
            var wasArmed = false
            for count in [14, 15, 13, 16, 12] where !wasArmed {
                let first = try await Project()
                try await Testbed.exec(node, Firewall.dropWithSSH)
                let before = try await NodeTruth.read(node).rules
                let plan = try await first.approvedPlan("flush-iptables", node)
                try #require(try await kill(first, plan, at: count), "the run has ended before")
                let state = "cd /var/lib/belay/[0-9]*/ && ls deadman.token steps/*/started 2>/dev/null | wc -l; true"
                wasArmed = try await Testbed.exec(node, state) == "2\n"
                let recovered = try await other.belay("recover", "--node", node)
                let text = "kill \(count): \(recovered.output)\(recovered.error)"
                #expect(recovered.status == 0 && recovered.output.contains("BEFORE"), "\(text)")
                #expect(try await NodeTruth.read(node).rules == before, "\(text)")
                #expect(try await NodeTruth.read(node).record.trimmingCharacters(in: .whitespaces) == "", "\(text)")
            }
            #expect(wasArmed, "the dead-man was never met armed over a step that was done")
            try await other.expectVerifies()
        }
    }

    @Test(
        "a node with nothing on it says so; one that does not answer is a clear failure and leaves nothing in the log")
    func nothing() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let nothing = try await project.belay("recover", "--node", node)
            #expect(nothing.status == 0 && nothing.output == "There is nothing to recover on \(node).\n")
            try await Testbed.call("cut", node)
            let cut = try await project.belay("recover", "--node", node)
            try await Testbed.call("mend", node)
            #expect(cut.status == 10, "\(cut.output)\(cut.error)")
            #expect(try await project.entries().map { $0["type"] as? String } == ["log.init"])
        }
    }

    @Test("a record in which the node names the operator's machine, and an undo of its own, harms nobody but that node")
    func hostile() async throws {
        try await NodePool.shared.with { node in
            let first = try await Project()
            let plan = try await first.approvedPlan("restart-kubelet", node)
            #expect(try await kill(first, plan, at: 15))
            // What a node that is somebody else's by now could write; without a result its undo is what follows.
            try await Testbed.exec(
                node,
                """
                cd /var/lib/belay/[0-9]*/ && ls steps/*/started && rm -f steps/*/result && sed -i \
                  -e 's/"hostKey":"[^"]*"/"hostKey":"local"/g' -e 's/"action":"service.restart"/"action":"command"/' \
                  -e 's/"values":{"service":[^}]*}/"values":{"apply":["true"],"undo":["touch","\\/tmp\\/belay-owned"]}/' plan.json
                """)
            let other = try await Project()
            let recovered = try await other.belay("recover", "--node", node)
            #expect(!FileManager.default.fileExists(atPath: "/tmp/belay-owned"))
            let there = try await Testbed.exec(node, "ls /tmp/belay-owned 2>/dev/null; rm -f /tmp/belay-owned")
            #expect(there == "/tmp/belay-owned\n", "its undo was not met: \(recovered.output)\(recovered.error)")
            #expect(recovered.status == 7, "\(recovered.output)\(recovered.error)")
        }
    }
}

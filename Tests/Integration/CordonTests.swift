import Foundation
import Testing

/// Runs with steps in the cluster: the target's, and those on the execution host, each under its own lease.
@Suite("Cordons in runs on real nodes", .enabled(if: Cluster.isUp), .serialized, .timeLimit(.minutes(40)))
struct CordonTests {
    private func isCordoned(_ node: String) async throws -> Bool {
        try await Cluster.kubectl("get", "node", node, "-o", "jsonpath={.spec.unschedulable}") == "true"
    }

    private func expectNoRecord(_ node: String) async throws {
        let host = try Testbed.value("BELAY_TESTBED_CONTROL_PLANE")
        let left = try await Testbed.exec(
            host, "ls -d /var/lib/belay/for/\(node)/lease /var/lib/belay/for/\(node)/[0-9]* 2>/dev/null || true")
        #expect(left == "", "left on the execution host")
        #expect(try await NodeTruth.read(node).record.trimmingCharacters(in: .whitespaces) == "")
    }

    @Test("A node that nobody can log in to is cordoned, and its rollback plan lifts the cordon")
    func cordon() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project(kubeconfig: Cluster.kubeconfig)
            try await Testbed.call("cut", node)
            let applied = try await project.belay("apply", try await project.approvedPlan("cordon-node", node))
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            #expect(try await isCordoned(node))
            let run = try #require(try await project.entries().last { $0["run"] != nil }?["run"] as? String)
            let back = "\(project.folder)/back.plan"
            let planned = try await project.belay("rollback", run, "--out", back)
            try #require(planned.status == 0, "\(planned.output)\(planned.error)")
            try #require(try await project.belay("approve", back, "--comment", "back", "--key", "keys/bob").status == 0)
            let rolledBack = try await project.belay("apply", back)
            #expect(rolledBack.status == 0, "\(rolledBack.output)\(rolledBack.error)")
            #expect(try await !isCordoned(node))
            try await Testbed.call("mend", node)
            try await expectNoRecord(node)
            try await project.expectVerifies()
        }
    }

    @Test(
        "A restart cordons first and uncordons at the end; a person's cordon is left alone", arguments: [false, true])
    func restart(byPerson: Bool) async throws {
        try await NodePool.shared.with { node in
            let project = try await Project(kubeconfig: Cluster.kubeconfig)
            if byPerson { try await Cluster.kubectl("cordon", node) }
            let before = try await NodeTruth.read(node)
            let applied = try await project.belay("apply", try await project.approvedPlan("restart-kubelet", node))
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            #expect(try await NodeTruth.read(node).kubeletPID != before.kubeletPID)
            #expect(try await isCordoned(node) == byPerson)
            try await expectNoRecord(node)
            if byPerson { try await Cluster.kubectl("uncordon", node) }
        }
    }

    @Test(
        "With the API gone since the plan was made, policies over the cluster deny; without them the cordon is left out, and the rescue goes on"
    )
    func apiDown() async throws {
        try await NodePool.shared.with { node in
            // A kubeconfig of its own, so that the API goes away for this test alone.
            try await Cluster.withKubeconfig { _ in
            } _: { kubeconfig in
                let strict = try await Project(kubeconfig: kubeconfig)
                let project = try await Project(kubeconfig: kubeconfig)
                try project.leaveOut(policies: ["facts-are-fresh", "pool-max-unavailable", "pool-cordon-percent"])
                let before = try await NodeTruth.read(node)
                let refused = try await strict.approvedPlan("restart-kubelet", node)
                let plan = try await project.approvedPlan("restart-kubelet", node)
                let host = try Testbed.value("BELAY_TESTBED_CONTROL_PLANE")
                try await Testbed.exec(host, "sed -i 's/:6443/:1/' \(kubeconfig)")
                let denied = try await strict.belay("apply", refused)
                #expect(denied.status == 3, "\(denied.output)\(denied.error)")
                #expect((denied.output + denied.error).contains("the API does not answer"), "\(denied.output)")
                #expect(try await NodeTruth.read(node).kubeletPID == before.kubeletPID)
                let applied = try await project.belay("apply", plan)
                #expect(applied.status == 0, "\(applied.output)\(applied.error)")
                #expect(applied.output.contains("left out"), "\(applied.output)")
                #expect(try await NodeTruth.read(node).kubeletPID != before.kubeletPID)
                #expect(try await !isCordoned(node))
                try await expectNoRecord(node)
            }
        }
    }
}

import Foundation
import Testing

/// Policies that read what the API says of the cluster, and who is occupied: with a pool of the lent node and one that is in
/// Kubernetes alone, where nobody can log in.
@Suite("Policies over the cluster, on real nodes", .enabled(if: Cluster.isUp), .timeLimit(.minutes(40)))
struct ClusterPolicyTests {
    private static func policy(_ expression: String, message: String = "'no'") -> String {
        """
        apiVersion: belay/v1
        kind: Policy
        metadata: {name: pool-has-room}
        spec:
          enforcement: hard
          validations:
          - expression: "\(expression)"
            messageExpression: "\(message)"
            remedy: "Wait."

        """
    }

    private func project(_ node: String, _ other: String, kubeconfig: String? = Cluster.kubeconfig) async throws
        -> Project
    {
        // All nodes of the testbed: another test may be at work on any, and one that is not in the inventory is of a pool that is
        // not known.
        let lines = try Project.testbedNodes().map { line in
            line.hasPrefix("- {name: \(node),") ? line.replacing("pool: workers", with: "pool: own") : line
        }
        let project = try await Project(
            inventoryNodes: lines + ["- {name: \(other), address: 10.77.0.250, roles: [worker], pool: own}"],
            kubeconfig: kubeconfig)
        try project.write("runbooks/span.yaml", InflightTests.runbook)
        return project
    }

    private func plan(_ project: borrowing Project, _ node: String) async throws -> Shell.Result {
        try await project.belay("plan", "span", "--node", node, "--out", "\(project.folder)/\(UUID().uuidString).plan")
    }

    private func expectReplay(_ project: borrowing Project) async throws {
        let run = try #require(try await project.entries().last { $0["run"] != nil }?["run"] as? String)
        let replayed = try await project.belay("policy", "replay", run)
        #expect(replayed.status == 0, "\(replayed.output)\(replayed.error)")
    }

    @Test(
        "A cordon elsewhere in the pool denies a plan and a run that was allowed before, and is forgotten when it is lifted"
    )
    func cordoned() async throws {
        try await Cluster.withNode { other in
            try await NodePool.shared.with { node in
                let project = try await project(node, other)
                try await InflightTests.install(on: [node])
                let pool = "cluster.pools[node.pool]"
                try project.write(
                    "policies/pool-has-room.yaml",
                    Self.policy(
                        """
                        \(pool).total == 2 && \(pool).unschedulable.size() == 0 \
                        && \(pool).notReady == ['\(other)'] && now - cluster.observedAt < duration('2m')
                        """, message: "'cordoned: ' + \(pool).unschedulable.join(', ')"))
                let approved = try await project.approvedPlan("span", node)
                try await Cluster.kubectl("cordon", other)
                let denied = [try await plan(project, node), try await project.belay("apply", approved)]
                for result in denied {
                    #expect(result.status == 3, "\(result.output)\(result.error)")
                    #expect((result.output + result.error).contains("cordoned: \(other)"), "\(result.output)")
                }
                try await expectReplay(project)
                #expect(try await InflightTests.spans([node]).isEmpty)
                try await Cluster.kubectl("uncordon", other)
                let applied = try await project.belay("apply", approved)
                #expect(applied.status == 0, "\(applied.output)\(applied.error)")
                #expect(try await InflightTests.spans([node]).count == 1)
                try await expectReplay(project)
                try await project.expectVerifies()
            }
        }
    }

    @Test("An API that does not answer denies who asks it, with the cause; where there is none a policy may say so")
    func unanswered() async throws {
        try await NodePool.shared.with { node in
            try await Cluster.withKubeconfig { _ in
            } _: { kubeconfig in
                let host = try Testbed.value("BELAY_TESTBED_CONTROL_PLANE")
                try await Testbed.exec(host, "sed -i 's/:6443/:1/' \(kubeconfig)")
                let rule = Self.policy("!cluster.api || cluster.pools[node.pool].notReady.size() == 0")
                let asks = try await project(node, "elsewhere", kubeconfig: kubeconfig)
                try asks.write("policies/pool-has-room.yaml", rule)
                let denied = try await plan(asks, node)
                #expect(denied.status == 3 && denied.output.contains("the API does not answer"), "\(denied.output)")
                let hasNone = try await project(node, "elsewhere", kubeconfig: nil)
                try hasNone.write("policies/pool-has-room.yaml", rule)
                let allowed = try await plan(hasNone, node)
                #expect(allowed.status == 0, "\(allowed.output)\(allowed.error)")
            }
        }
    }

    @Test("A dead node counts as occupied, which a limit may allow for, where `inflight` is not known at all")
    func occupied() async throws {
        try await NodePool.shared.with { node in
            let project = try await project(node, "dead")
            let busy = "occupied.filter(o, o.pool == node.pool && o.node != node.name)"
            let rules = [
                ("inflight.filter(r, r.pool == node.pool).size() < 2", 3, "leases could not be read on dead"),
                ("\(busy).size() < 2", 0, ""), ("\(busy).size() < 1", 3, "busy: dead"),
                ("\(busy).all(o, !o.certain)", 0, ""),
            ]
            for (expression, status, says) in rules {
                try project.write(
                    "policies/pool-has-room.yaml",
                    Self.policy(expression, message: "'busy: ' + \(busy).map(o, o.node).join(', ')"))
                let planned = try await plan(project, node)
                #expect(planned.status == status, "\(expression): \(planned.output)\(planned.error)")
                #expect(planned.output.contains(says) || says.isEmpty, "\(expression): \(planned.output)")
                try await expectReplay(project)
            }
        }
    }
}

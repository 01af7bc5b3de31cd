import Testing

extension PlaybookTests {
    /// `flush-iptables-full` where a real kube-proxy, a static pod of a real kubelet, writes the rules.
    @Suite(
        "the full flush on a real cluster's node",
        .enabled(if: Playbook.isWhole, "NOT RUN: ./check-deep playbook runs it"))
    struct FullFlushTests {
        private static let node = "kube-2"

        private func answers() async throws -> Bool {
            try await Testbed.exec(
                Self.node, "timeout 3 bash -c ': <>/dev/tcp/10.96.0.1/443' 2>/dev/null && echo yes || echo no")
                == "yes\n"
        }

        @Test("damaged rules of kube-proxy are written anew, and the Service of the API answers again")
        func damaged() async throws {
            let cluster = try await Playbook.Cluster()
            try await cluster.untilHealthy()
            let before = try await Testbed.exec(Self.node, "iptables-save -t nat | grep -c '^-A KUBE-'")
            try await Testbed.exec(Self.node, "iptables -t nat -I KUBE-SERVICES -j RETURN")
            try #require(try await !answers())
            let project = try await Project(inventory: Testbed.value("BELAY_TESTBED_KUBERNETES"))
            let plan = try await project.approvedPlan("flush-iptables-full", Self.node)
            let start = ContinuousClock().now
            let applied = try await project.applied(plan)
            try #require(try await answers())
            let healthy = (ContinuousClock().now - start) / .seconds(1)
            // The kubelet writes its own within a minute.
            let isWhole = try await eventually(within: .seconds(120)) {
                try await Testbed.exec(Self.node, "iptables-save -t nat | grep -c '^-A KUBE-'") == before
            }
            try #require(isWhole)
            try await cluster.untilHealthy()
            try await project.expectVerifies()
            try Results.append(
                ActedLine(
                    suite: "FullFlushTests", wrong: "rules of kube-proxy are damaged", on: Self.node,
                    runbook: "flush-iptables-full", applySeconds: applied, healthySeconds: healthy))
        }
    }
}

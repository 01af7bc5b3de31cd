import Testing

extension PlaybookTests {
    /// `prune-images` where the kubelet has containerd through the CRI. The client is the testbed's stand-in for crictl; it asks
    /// the real containerd, which pulls from a real registry.
    @Suite("Images of a real cluster's node", .enabled(if: Playbook.isWhole, "NOT RUN: ./check-deep playbook runs it"))
    struct CrictlTests {
        private static let node = "kube-2"

        private func images() async throws -> [String] {
            try await Testbed.exec(Self.node, "crictl images | awk 'NR > 1 { print $1, $2, $3 }' | sort")
                .split(separator: "\n").map(String.init)
        }

        @Test("what no container uses is gone, the rest stays, and rolling back brings every reference back")
        func prune() async throws {
            let cluster = try await Playbook.Cluster()
            try await cluster.untilHealthy()
            try await Testbed.exec(Self.node, "crictl pull \(ImagesTests.registry)/unused-b:2 >/dev/null")
            let before = try await images()
            let project = try await Project(inventory: Testbed.value("BELAY_TESTBED_KUBERNETES"))
            let plan = try await project.approvedPlan("prune-images", Self.node, "--param", "runtime=crictl")
            let applied = try await project.applied(plan)
            let pruned = try await images().joined(separator: "\n")
            try #require(!pruned.contains("unused"), "\(pruned)")
            for kept in ["/pause ", "/kube-proxy ", "localhost/imported-only "] {
                try #require(pruned.contains(kept), "\(pruned)")
            }
            let undone = try await project.rollBack()
            try #require(try await images() == before)
            try await cluster.untilHealthy()
            try await project.expectVerifies()
            try Results.append(
                ActedLine(
                    suite: "CrictlTests", wrong: "images that nothing uses take room", on: Self.node,
                    runbook: "prune-images", by: "crictl", applySeconds: applied, undoneSeconds: undone))
        }
    }
}

import Foundation
import Testing

extension PlaybookTests {
    /// A node whose runtime is Docker. The cluster has none, so it stands beside it: real Docker and a kubelet that is a stand-in.
    @Suite(
        "Docker as a node's runtime",
        .enabled(
            if: Playbook.isWhole && Variants.areUp("docker"), "NOT RUN: ./check-deep playbook runs it"))
    struct DockerTests {
        private static let node = "docker"

        @Test("Docker that is stopped is named by triage, and runs again by the line that it offers")
        func stopped() async throws {
            try await Variants.shared.with(Self.node) { project in
                try await Testbed.exec(
                    Self.node,
                    """
                    sed -i 's#unix:///run/containerd/containerd.sock#unix:///run/cri-dockerd.sock#' /var/lib/kubelet/config.yaml
                    systemctl stop docker.socket docker.service
                    """)
                let told = try await Playbook.Report.ask(project, Self.node)
                let index = try #require(told.findings.firstIndex { $0.rule == "runtime-stopped" }, "\(told.text)")
                let (finding, plans) = (told.findings[index], told.plans[index])
                let place = try #require(finding.places.first { $0.subject == "node \(Self.node)" }, "\(told.text)")
                try #require(plans.map(\.command) == ["belay plan restart-docker --node \(Self.node)"])
                try Results.append(
                    ToldLine(
                        suite: "DockerTests", wrong: "docker-stopped", on: Self.node, rule: finding.rule,
                        title: finding.title, evidence: place.evidence, plans: plans.map(\.command),
                        seconds: told.seconds))

                let plan = try await project.approvedPlan("restart-docker", Self.node)
                let start = ContinuousClock().now
                let applied = try await project.applied(plan)
                let isWell = try await eventually(within: .seconds(120)) {
                    try await Playbook.Report.ask(project, Self.node).findings.allSatisfy { $0.rule != finding.rule }
                }
                try #require(isWell)
                let healthy = (ContinuousClock().now - start) / .seconds(1)
                try await Testbed.exec(Self.node, "docker ps >/dev/null")
                try await project.expectVerifies()
                try Results.append(
                    ActedLine(
                        suite: "DockerTests", wrong: "docker-stopped", on: Self.node, runbook: "restart-docker",
                        applySeconds: applied, healthySeconds: healthy))
            }
        }
    }
}

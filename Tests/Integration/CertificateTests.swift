import Foundation
import Testing

extension PlaybookTests {
    /// `renew-certificates` on the control plane that kubeadm made, by its own kubeadm.
    @Suite("certificates of a real cluster", .enabled(if: Playbook.isWhole, "NOT RUN: ./check-deep playbook runs it"))
    struct CertificateTests {
        /// What there is of certificates and keys, past Belay.
        private func truth() async throws -> [String] {
            try await Testbed.exec(
                Playbook.controlPlane,
                """
                cd /etc/kubernetes
                find pki *.conf -type f | sort | xargs sha256sum
                find pki *.conf | sort | xargs stat -c '%n %a %u:%g'
                """
            ).split(separator: "\n").map(String.init)
        }

        @Test("where a platform's agent is, there is no plan")
        func refused() async throws {
            let project = try await Playbook.changes()
            let planned = try await project.belay(
                "plan", "renew-certificates", "--node", Playbook.controlPlane, "--out", "\(project.folder)/p.plan")
            #expect(planned.status != 0)
            #expect(
                (planned.output + planned.error).contains("management platform"), "\(planned.output)\(planned.error)")
        }

        @Test("every certificate is new, the cluster is well, and rolling back brings each file back")
        func renewed() async throws {
            let project = try await Playbook.changes()
            try await Playbook.withoutAgent(on: Playbook.controlPlane) {
                let before = try await truth()
                let plan = try await project.approvedPlan("renew-certificates", Playbook.controlPlane)
                let applied = try await project.applied(plan)
                let after = try await truth()
                for name in [
                    "pki/apiserver.crt", "pki/apiserver.key", "pki/etcd/server.crt", "admin.conf", "scheduler.conf",
                ] {
                    try #require(line(name, in: after) != line(name, in: before), "\(name) is the old one")
                }
                for name in ["pki/ca.crt", "pki/ca.key", "pki/sa.key", "kubelet.conf"] {
                    try #require(line(name, in: after) == line(name, in: before), "\(name) is another one")
                }
                // What the API server serves is what is on the disk.
                let served = try await Testbed.exec(
                    Playbook.controlPlane,
                    """
                    openssl s_client -connect 127.0.0.1:6443 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256
                    openssl x509 -in /etc/kubernetes/pki/apiserver.crt -noout -fingerprint -sha256
                    """
                ).split(separator: "\n")
                try #require(served.count == 2 && served.first == served.last)
                let undone = try await project.rollBack()
                try #require(try await truth() == before)
                try Results.append(
                    ActedLine(
                        suite: "CertificateTests", wrong: "nothing", on: Playbook.controlPlane,
                        runbook: "renew-certificates", applySeconds: applied, undoneSeconds: undone))
            }
            try await Playbook.Cluster().untilHealthy()
            try await project.expectVerifies()
        }

        private func line(_ name: String, in truth: [String]) -> String? { truth.first { $0.hasSuffix("  \(name)") } }
    }
}

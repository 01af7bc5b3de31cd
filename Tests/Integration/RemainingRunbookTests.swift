import Foundation
import Testing

extension PlaybookTests {
    /// Runbooks that no round and no other suite of the cluster asks for: applied to it, looked at past Belay, and rolled back.
    ///
    /// The cluster has neither CoreDNS nor a CNI that is a DaemonSet: what stands in for them says so in its name.
    @Suite(
        "The other runbooks on a real cluster", .enabled(if: Playbook.isWhole, "NOT RUN: ./check-deep playbook runs it")
    )
    struct RemainingRunbookTests {
        private static let node = "kube-2"

        @discardableResult
        private func kubectl(_ words: String) async throws -> String {
            try await Testbed.exec(
                Playbook.controlPlane, "kubectl --kubeconfig /etc/kubernetes/admin.conf -n playbook \(words)")
        }

        /// Plans and applies a runbook, wants `made` of it, rolls it back and wants `back`; leaves a line of it.
        private func show(
            _ runbook: String, wrong: String, on node: String, _ parameters: [String], made: () async throws -> Bool,
            back: () async throws -> Bool
        ) async throws {
            let project = try await Project(inventory: Testbed.value("BELAY_TESTBED_KUBERNETES"))
            let words = parameters.flatMap { ["--param", $0] }
            let plan = try await Project.approvedPlan(in: project.folder, runbook, node, words)
            let applied = try await project.applied(plan)
            try #require(try await made(), "\(runbook) did not do it")
            let undone = try await project.rollBack()
            try #require(try await back(), "\(runbook) was not taken back")
            try await project.expectVerifies()
            try Results.append(
                ActedLine(
                    suite: "RemainingRunbookTests", wrong: wrong, on: node, runbook: runbook, applySeconds: applied,
                    undoneSeconds: undone))
        }

        private func isCordoned() async throws -> Bool {
            try await kubectl("get node \(Self.node) -o 'jsonpath={.spec.unschedulable}'") == "true"
        }

        @Test(
            "a node is cordoned, and rolling back lifts that; uncordon-node lifts it too, and rolling back cordons again"
        )
        func cordons() async throws {
            try await show(
                "cordon-node", wrong: "a node is to get no new pods", on: Self.node, [], made: isCordoned,
                back: { try await !isCordoned() })
            try await kubectl("cordon \(Self.node)")
            let result: Result<Void, any Error>
            do {
                try await show(
                    "uncordon-node", wrong: "somebody left a node cordoned", on: Self.node, ["owner=anyone"],
                    made: { try await !isCordoned() }, back: isCordoned)
                result = .success(())
            } catch { result = .failure(error) }
            try await kubectl("uncordon \(Self.node)")
            try result.get()
        }

        private func workload(_ kind: String, _ name: String, _ more: String) -> String {
            """
            apiVersion: apps/v1
            kind: \(kind)
            metadata: {name: \(name), namespace: playbook}
            spec:
              selector: {matchLabels: {app: \(name)}}
              template:
                metadata: {labels: {app: \(name)}, annotations: {it/release: "1"}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - {name: main, image: "10.77.0.1:5000/web:1", command: [/bin/busybox, sleep, "100000"]\(more)}
            """
        }

        private func withObjects(_ text: String, _ names: String, _ body: () async throws -> Void) async throws {
            let result: Result<Void, any Error>
            do {
                try await kubectl("apply -f - <<'EOF'\n\(text)\nEOF")
                result = .success(try await body())
            } catch { result = .failure(error) }
            try await kubectl("delete --ignore-not-found --wait \(names)")
            try result.get()
        }

        @Test("the DaemonSet of a network plugin goes back to the release before, and forth again")
        func rollback() async throws {
            let name = "cni-stand-in"
            func release() async throws -> String {
                try await kubectl(
                    "get daemonset \(name) -o 'jsonpath={.spec.template.metadata.annotations.it/release}'")
            }
            try await withObjects(workload("DaemonSet", name, ""), "daemonset/\(name)") {
                try await kubectl("rollout status daemonset/\(name) --timeout=60s")
                let patch = #"{"spec":{"template":{"metadata":{"annotations":{"it/release":"2"}}}}}"#
                try await kubectl("patch daemonset \(name) -p '\(patch)'")
                try await kubectl("rollout status daemonset/\(name) --timeout=120s")
                try await show(
                    "rollback-cni", wrong: "a network plugin (a stand-in) was upgraded", on: Playbook.controlPlane,
                    ["namespace=playbook", "name=\(name)"], made: { try await release() == "1" },
                    back: { try await release() == "2" })
            }
        }

        @Test("the configuration of CoreDNS is what was asked for, and what it was before")
        func dns() async throws {
            let name = "coredns-stand-in"
            func corefile() async throws -> String {
                try await kubectl("get configmap \(name) -o 'jsonpath={.data.Corefile}'")
            }
            let map = """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: \(name), namespace: playbook}
                data: {Corefile: "broken {"}
                ---

                """
            try await withObjects(map + workload("Deployment", name, ""), "configmap/\(name) deployment/\(name)") {
                try await kubectl("rollout status deployment/\(name) --timeout=60s")
                try await show(
                    "restore-coredns-config", wrong: "the configuration of CoreDNS (a stand-in) is broken",
                    on: Playbook.controlPlane,
                    ["namespace=playbook", "configmap=\(name)", "deployment=\(name)", "content=.:53 { whoami }"],
                    made: { try await corefile().contains("whoami") }, back: { try await corefile() == "broken {" })
            }
        }

        @Test("an old log is on another filesystem, and back where it was")
        func logs() async throws {
            let archive = "/var/lib/it-archive"
            func on(_ script: String) async throws -> String { try await Testbed.exec(Self.node, script) }
            _ = try await on(
                "install -d -m 0700 \(archive); echo old >/var/log/it.log.1; touch -d '30 days ago' /var/log/it.log.1")
            try await show(
                "rotate-logs", wrong: "rotated logs take room", on: Self.node, ["archive=\(archive)"],
                made: { try await on("ls /var/log/it.log.1 2>&1 || true").contains("No such file") },
                back: { try await on("cat /var/log/it.log.1") == "old\n" })
            _ = try await on("rm -rf \(archive) /var/log/it.log.1")
        }
    }
}

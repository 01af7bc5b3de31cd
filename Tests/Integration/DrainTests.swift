import Foundation
import Testing

extension PlaybookTests {
    /// `drain-node` on a worker of the real cluster, whose pods real controllers make again. Within the suite of the faults, as
    /// both have the cluster to themselves.
    @Suite("Drains of a real cluster's node", .enabled(if: Playbook.isWhole, "NOT RUN: ./check-deep playbook runs it"))
    struct DrainTests {
        private static let node = "kube-3"
        private static let other = "kube-2"

        /// A person at the keyboard of the control plane.
        @discardableResult
        private func kubectl(_ words: String) async throws -> String {
            try await Testbed.exec("kube-1", "kubectl --kubeconfig /etc/kubernetes/admin.conf -n playbook \(words)")
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }

        private func apply(_ object: String) async throws { try await kubectl("apply -f - <<'EOF'\n\(object)\nEOF") }

        /// The names and uids of a node's pods of a label.
        private func pods(_ app: String, on node: String) async throws -> [String] {
            let words = try await kubectl(
                "get pods -l app=\(app) --field-selector spec.nodeName=\(node) "
                    + "-o 'jsonpath={range .items[*]}{.metadata.name}/{.metadata.uid} {end}'")
            return words.split(separator: " ").map(String.init)
        }

        private func isCordoned() async throws -> Bool {
            try await kubectl("get node \(Self.node) -o 'jsonpath={.spec.unschedulable}'") == "true"
        }

        /// A project over the cluster's own inventory.
        private func project() async throws -> Project {
            let project = try await Project(inventoryNodes: [])
            let inventory = try String(contentsOfFile: Testbed.value("BELAY_TESTBED_KUBERNETES"), encoding: .utf8)
            try project.write("inventory.yaml", inventory)
            return project
        }

        /// Runs a test on the healthy cluster, and gives it back healthy.
        private func withCluster(_ body: () async throws -> Void) async throws {
            let cluster = try await Playbook.Cluster()
            try await cluster.untilHealthy()
            let result: Result<Void, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            try await kubectl("delete deployment,pdb,pod -l drain=test --grace-period=1 --ignore-not-found")
            try await kubectl("uncordon \(Self.node)")
            try await cluster.untilHealthy()
            try result.get()
        }

        /// A Deployment whose pods are on the node as long as it takes them.
        /// - Parameter only: they run there or nowhere, and one of them alone.
        private func deploy(_ name: String, replicas: Int, only: Bool = false) async throws {
            let image = try await kubectl(
                "-n default get deployment web -o 'jsonpath={.spec.template.spec.containers[0].image}'")
            let term = "matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [\(Self.node)]}]"
            let affinity =
                only
                ? """
                nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{\(term)}]}}
                        podAntiAffinity:
                          requiredDuringSchedulingIgnoredDuringExecution:
                          - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: \(name)}}}
                """
                : "nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, preference: {\(term)}}]}"
            try await apply(
                """
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: \(name), labels: {drain: test}}
                spec:
                  replicas: \(replicas)
                  selector: {matchLabels: {app: \(name)}}
                  template:
                    metadata: {labels: {app: \(name)}}
                    spec:
                      terminationGracePeriodSeconds: 3
                      affinity:
                        \(affinity)
                      containers:
                      - {name: c, image: "\(image)", command: [/bin/busybox, sleep, "3600"]}
                """)
            #expect(try await eventually { try await running(name, on: Self.node) == 1 }, "\(name) did not start")
        }

        /// How many of its pods are ready there.
        private func running(_ app: String, on node: String) async throws -> Int {
            let words = try await kubectl(
                "get pods -l app=\(app) --field-selector spec.nodeName=\(node),status.phase=Running "
                    + "-o 'jsonpath={range .items[*]}{.status.containerStatuses[0].ready} {end}'")
            return words.split(separator: " ").filter { $0 == "true" }.count
        }

        private func budget(_ name: String, _ spec: String) async throws {
            try await apply(
                """
                apiVersion: policy/v1beta1
                kind: PodDisruptionBudget
                metadata: {name: \(name), labels: {drain: test}}
                spec: {\(spec), selector: {matchLabels: {app: \(name)}}}
                """)
            #expect(
                try await eventually {
                    try await kubectl("get pdb \(name) -o 'jsonpath={.status.observedGeneration}'") == "1"
                }, "the budget was not counted")
        }

        private func expectNoRecord() async throws {
            for node in ["kube-1", Self.node] {
                let left = try await Testbed.exec(
                    node,
                    "ls -d /var/lib/belay/lease /var/lib/belay/[0-9]* /var/lib/belay/for/*/lease 2>/dev/null || true")
                #expect(left == "", "left on \(node)")
            }
        }

        @Test(
            "A Deployment's pod comes up on the other worker, and the node stays cordoned as the run's until it is undone"
        )
        func evicts() async throws {
            try await withCluster {
                try await deploy("drained", replicas: 1)
                let before = try await pods("drained", on: Self.node)
                let daemons = try await kubectl(
                    "-n kube-system get pods --field-selector spec.nodeName=\(Self.node) -l k8s-app=kube-proxy -o name")
                let project = try await project()
                let plan = try await project.approvedPlan("drain-node", Self.node, "--param", "seconds=120")
                let start = ContinuousClock().now
                let applied = try await project.applied(plan)
                try #require(try await isCordoned())
                try #require(before.count == 1)
                try #require(try await pods("drained", on: Self.node).isEmpty)
                try #require(try await eventually { try await running("drained", on: Self.other) == 1 })
                let moved = (ContinuousClock().now - start) / .seconds(1)
                let left = try await kubectl(
                    "-n kube-system get pods --field-selector spec.nodeName=\(Self.node) -l k8s-app=kube-proxy -o name")
                #expect(left == daemons && !left.isEmpty, "a DaemonSet's pod was evicted")
                try await expectNoRecord()

                let undone = try await project.rollBack()
                try #require(try await !isCordoned())
                try await project.expectVerifies()
                try Results.append(
                    ActedLine(
                        suite: "DrainTests", wrong: "a node's pods are wanted elsewhere", on: Self.node,
                        runbook: "drain-node", applySeconds: applied, healthySeconds: moved, undoneSeconds: undone))
            }
        }

        @Test(
            "A budget that forbids it is waited for until the time is over; then no cordon is left, and the pod is still there"
        )
        func held() async throws {
            try await withCluster {
                // The second replica finds no place, so that the first may not go: with a second worker for it, it could.
                try await deploy("held", replicas: 2, only: true)
                try await budget("held", "maxUnavailable: 1")
                let before = try await pods("held", on: Self.node)
                #expect(before.count == 1)
                let strict = try await project()
                let denied = try await strict.belay("plan", "drain-node", "--node", Self.node)
                #expect(denied.status == 3, "\(denied.output)\(denied.error)")
                #expect((denied.output + denied.error).contains("disruption budgets hold pods"), "\(denied.output)")

                let project = try await project()
                try project.leaveOut(policies: ["drain-respects-pods"])
                let plan = try await project.approvedPlan("drain-node", Self.node, "--param", "seconds=15")
                let applied = try await project.belay("apply", plan)
                #expect(applied.status == 6, "\(applied.output)\(applied.error)")
                #expect((applied.output + applied.error).contains("disruption budget"), "\(applied.output)")
                #expect(try await !isCordoned(), "a failed drain left its cordon")
                #expect(try await pods("held", on: Self.node) == before)
                try await expectNoRecord()
                try await project.expectVerifies()
            }
        }

        @Test("A person's cordon is left by a drain that fails, too")
        func personsCordon() async throws {
            try await withCluster {
                try await deploy("held", replicas: 2, only: true)
                try await budget("held", "maxUnavailable: 1")
                try await kubectl("cordon \(Self.node)")
                let project = try await project()
                try project.leaveOut(policies: ["drain-respects-pods"])
                let plan = try await project.approvedPlan("drain-node", Self.node, "--param", "seconds=10")
                let applied = try await project.belay("apply", plan)
                #expect(applied.status == 6, "\(applied.output)\(applied.error)")
                #expect(try await isCordoned(), "a person's cordon was lifted")
                try await expectNoRecord()
            }
        }

        @Test("A bare pod, and a budget that never allows anything, are refused before anything has changed")
        func refused() async throws {
            try await withCluster {
                let image = try await kubectl(
                    "-n default get deployment web -o 'jsonpath={.spec.template.spec.containers[0].image}'")
                try await apply(
                    """
                    apiVersion: v1
                    kind: Pod
                    metadata: {name: bare, labels: {drain: test, app: bare}}
                    spec:
                      nodeName: \(Self.node)
                      terminationGracePeriodSeconds: 1
                      containers: [{name: c, image: "\(image)", command: [/bin/busybox, sleep, "3600"]}]
                    """)
                #expect(try await eventually { try await running("bare", on: Self.node) == 1 })
                let before = try await pods("bare", on: Self.node)
                let project = try await project()
                let planned = try await project.belay("plan", "drain-node", "--node", Self.node)
                #expect(planned.status != 0 && planned.status != 3, "\(planned.output)\(planned.error)")
                #expect(
                    (planned.output + planned.error).contains("playbook/bare has no controller"), "\(planned.error)")
                #expect(try await !isCordoned())
                #expect(try await pods("bare", on: Self.node) == before && before.count == 1)

                try await kubectl("delete pod bare")
                try await deploy("never", replicas: 1)
                try await budget("never", "minAvailable: 1")
                let never = try await project.belay("plan", "drain-node", "--node", Self.node)
                #expect(never.status != 0 && never.status != 3, "\(never.output)\(never.error)")
                #expect((never.output + never.error).contains("budget playbook/never never allows"), "\(never.error)")
                #expect(try await !isCordoned())
            }
        }
    }
}

import Foundation
import Testing

extension PlaybookTests {
    /// The control plane's own pods on the real cluster: restarted in place, their manifests changed and put back.
    ///
    /// One after the other, since every other test of that cluster needs its API.
    @Suite(
        "Static pods of a real control plane", .enabled(if: Playbook.isWhole, "NOT RUN: ./check-deep playbook runs it"))
    struct StaticPodTests {
        static let node = "kube-1"
        private static let manifests = "/etc/kubernetes/manifests"

        @Test(
            "a component is restarted in place: another process, healthy, and not a file of its folder touched",
            arguments: [
                ("restart-scheduler", "kube-scheduler"), ("restart-controller-manager", "kube-controller-manager"),
                ("restart-apiserver", "kube-apiserver"), ("restart-etcd", "etcd"),
            ])
        func restart(runbook: String, component: String) async throws {
            let project = try await Self.project()
            let (files, process) = (try await files(), try await process(component))
            let plan = try await project.approvedPlan(runbook, Self.node)
            let start = ContinuousClock().now
            let applied = try await project.applied(plan)
            print("\(runbook) on a real control plane: \(applied) s with its checks")
            try #require(try await self.files() == files)
            try #require(try await self.process(component) != process)
            try await expectHealthy()
            let healthy = (ContinuousClock().now - start) / .seconds(1)
            try await project.expectVerifies()
            try Results.append(
                ActedLine(
                    suite: "StaticPodTests", wrong: "nothing", on: Self.node, runbook: runbook, applySeconds: applied,
                    healthySeconds: healthy))
        }

        @Test("a flag that the scheduler does not take fails the step, and the manifest that ran is back and runs")
        func wrongFlag() async throws {
            let project = try await Self.project()
            let files = try await files()
            try project.write(
                "runbooks/wrong-flag.yaml", Self.edit("wrong-flag", "set: --kube-api-qps=many, limit: 60"))
            let applied = try await project.belay("apply", try await project.approvedPlan("wrong-flag", Self.node))
            #expect(applied.status != 0, "\(applied.output)")
            #expect((applied.output + applied.error).contains("not well after 60 seconds"), "\(applied.output)")
            #expect(try await self.files() == files)
            try await expectHealthy()
        }

        @Test("a flag is set, the component runs with it, and the rollback plan takes it out again")
        func setFlag() async throws {
            let project = try await Self.project()
            let files = try await files()
            try project.write("runbooks/set-flag.yaml", Self.edit("set-flag", "set: --kube-api-qps=51"))
            let applied = try await project.belay("apply", try await project.approvedPlan("set-flag", Self.node))
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            #expect(try await process("kube-scheduler").contains("--kube-api-qps=51"))
            let run = try #require(try await project.entries().last { $0["run"] != nil }?["run"] as? String)
            let back = "\(project.folder)/back.plan"
            let planned = try await project.belay("rollback", run, "--out", back)
            try #require(planned.status == 0, "\(planned.output)\(planned.error)")
            try #require(try await project.belay("approve", back, "--comment", "back", "--key", "keys/bob").status == 0)
            let rolledBack = try await project.belay("apply", back)
            #expect(rolledBack.status == 0, "\(rolledBack.output)\(rolledBack.error)")
            #expect(try await self.files() == files)
            try await expectHealthy()
            #expect(try await !process("kube-scheduler").contains("--kube-api-qps=51"))
        }

        @Test(
            "what the playbook breaks of a manifest is mended by restore-manifest",
            arguments: [
                ("scheduler-flag", "kube-scheduler"), ("controller-manager-flag", "kube-controller-manager"),
                ("apiserver-manifest", "kube-apiserver"), ("scheduler-stopped", "kube-scheduler"),
                ("etcd-stopped", "etcd"),
            ])
        func mend(fault: String, component: String) async throws {
            let project = try await Self.project()
            let files = try await files()
            let backup = "/root/\(component).yaml"
            try await Testbed.exec(Self.node, "cp -a \(Self.manifests)/\(component).yaml \(backup)")
            let result: Result<Void, any Error>
            do {
                try await Testbed.call("fault", Self.node, fault)
                let plan = try await project.approvedPlan(
                    "restore-manifest", Self.node, "--param", "component=\(component)", "--param", "from=\(backup)")
                let start = ContinuousClock().now
                let applied = try await project.belay("apply", plan)
                #expect(applied.status == 0, "\(applied.output)\(applied.error)")
                print("\(fault) mended by restore-manifest in \((ContinuousClock().now - start) / .seconds(1)) s")
                #expect(try await self.files() == files)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            try await Testbed.call("lift", Self.node, fault)
            try await Testbed.exec(Self.node, "rm -f \(backup)")
            try result.get()
            try await expectHealthy()
        }

        @Test("what would not come back is not ended, and the plan says why")
        func refused() async throws {
            let project = try await Self.project()
            try await Testbed.exec(Self.node, "mv \(Self.manifests)/kube-scheduler.yaml /root/")
            let planned = try await project.belay(
                "plan", "restart-scheduler", "--node", Self.node, "--out", "\(project.folder)/x")
            try await Testbed.exec(Self.node, "mv /root/kube-scheduler.yaml \(Self.manifests)/")
            #expect(planned.status != 0)
            #expect(
                (planned.output + planned.error).contains("would not start it again"),
                "\(planned.output)\(planned.error)")
            try await expectHealthy()
        }

        private static func project() async throws -> Project {
            let inventory = try String(contentsOfFile: Testbed.value("BELAY_TESTBED_KUBERNETES"), encoding: .utf8)
            let nodes = inventory.split(separator: "\n").map(String.init).filter { $0.hasPrefix("- {name: kube-") }
            // No API of policies: it is the API that is restarted, and here there is but one.
            return try await Project(inventoryNodes: nodes)
        }

        private static func edit(_ name: String, _ arguments: String) -> String {
            """
            apiVersion: belay/v1
            kind: Runbook
            metadata: {name: \(name), title: Change a flag, layer: control-plane, author: test}
            spec:
              targets: {roles: [control-plane], max: 1}
              steps:
              - name: edit
                action: manifest.edit
                with: {component: kube-scheduler, \(arguments)}
                timeout: 5m
                verify: [{expression: "facts.kubelet.healthz == 200", within: 30s}]

            """
        }

        /// The folder as it is: names, digests, owners, modes; and what lies beside it.
        private func files() async throws -> String {
            try await Testbed.exec(
                Self.node,
                "cd \(Self.manifests) && ls -A . .. && sha256sum -- * && stat -c '%n %a %u:%g' -- *")
        }

        /// PID and words of a component's process.
        private func process(_ component: String) async throws -> String {
            try await Testbed.exec(Self.node, "pgrep -a -x \(component.prefix(15)) || true")
        }

        /// Every component says of itself that it is well: of one that ended again and again while another was away the kubelet
        /// puts the next start off by five minutes at most.
        private func expectHealthy() async throws {
            let said = try await Testbed.exec(
                Self.node,
                """
                ask() { curl -sk -m 3 -o /dev/null -w '%{http_code}' "$1"; }
                for i in $(seq 180); do
                  all="$(ask https://127.0.0.1:6443/livez) $(ask https://127.0.0.1:6443/readyz)"
                  all="$all $(ask https://127.0.0.1:10259/healthz) $(ask https://127.0.0.1:10257/healthz)"
                  all="$all $(ask http://127.0.0.1:2381/health)"
                  [ "$all" != '200 200 200 200 200' ] || break
                  sleep 2
                done
                echo "$all"
                """)
            try #require(said == "200 200 200 200 200\n")
        }
    }

}

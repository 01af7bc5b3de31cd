import Foundation
import Testing

extension PlaybookTests {
    /// The runbooks for etcd on the control plane that kubeadm made: a static pod, TLS, `etcdctl` in its image.
    @Suite("etcd of a real cluster", .enabled(if: Playbook.isWhole, "NOT RUN: ./check-deep playbook runs it"))
    struct EtcdTests {
        private static let folder = "/var/lib/belay/snapshots"

        /// As a person asks it, through the runtime.
        private func etcdctl(_ words: String) async throws -> String {
            try await Testbed.exec(
                Playbook.controlPlane,
                """
                crictl exec "$(crictl ps -q --state running --name '^etcd$' | head -n 1)" etcdctl \\
                  --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt \\
                  --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key \(words)
                """)
        }

        @Test("a snapshot is whole, only root reads it, and rolling back removes it")
        func snapshot() async throws {
            let project = try await Playbook.changes()
            let name = "it-" + UUID().uuidString.prefix(8).lowercased()
            let plan = try await project.approvedPlan("snapshot-etcd", Playbook.controlPlane, "--param", "name=\(name)")
            let applied = try await project.applied(plan)
            let file = "\(Self.folder)/\(name).db"
            let found = try await Testbed.exec(
                Playbook.controlPlane,
                "stat -c '%a %u:%g' \(file); sha256sum <\(file) | cut -c 1-64; sed -n 's/^sha256=//p' \(file).about")
            let lines = found.split(separator: "\n")
            try #require(lines.count == 3, "\(found)")
            try #require(lines[0] == "600 0:0" && lines[1] == lines[2])
            let undone = try await project.rollBack()
            try #require(try await Testbed.exec(Playbook.controlPlane, "ls -A \(Self.folder)").contains(name) == false)
            try await project.expectVerifies()
            try Results.append(
                ActedLine(
                    suite: "EtcdTests", wrong: "nothing", on: Playbook.controlPlane, runbook: "snapshot-etcd",
                    applySeconds: applied, undoneSeconds: undone))
        }

        @Test("etcd that has used up its quota takes writes again, and lost nothing but old revisions")
        func defrag() async throws {
            let project = try await Playbook.changes()
            try await Testbed.call("fault", Playbook.controlPlane, "etcd-out-of-space")
            do {
                let before = try await etcdctl("get /registry/namespaces --prefix --keys-only")
                #expect(try await etcdctl("alarm list").contains("NOSPACE"))
                let name = "it-" + UUID().uuidString.prefix(8).lowercased()
                let plan = try await project.approvedPlan(
                    "defrag-etcd", Playbook.controlPlane, "--param", "name=\(name)")
                let applied = try await project.belay("apply", plan)
                #expect(applied.status == 0, "\(applied.output)\(applied.error)")
                #expect(try await etcdctl("alarm list").isEmpty)
                #expect(try await etcdctl("put /testbed/again x") == "OK\n")
                #expect(try await etcdctl("get /registry/namespaces --prefix --keys-only") == before)
                _ = try await etcdctl("del /testbed/again")
                try await Testbed.exec(Playbook.controlPlane, "rm \(Self.folder)/\(name).db*")
            } catch {
                try? await Testbed.call("lift", Playbook.controlPlane, "etcd-out-of-space")
                throw error
            }
            try await Testbed.call("lift", Playbook.controlPlane, "etcd-out-of-space")
            try await Playbook.Cluster().untilHealthy()
            try await project.expectVerifies()
        }

        private func kubectl(_ words: String) async throws -> String {
            try await Testbed.exec(
                Playbook.controlPlane, "kubectl --kubeconfig=/etc/kubernetes/admin.conf --namespace=default \(words)")
        }

        /// Names of the ConfigMaps that these tests make.
        private func configMaps() async throws -> [String] {
            try await kubectl("get configmaps -o name").split(separator: "\n").map(String.init)
                .filter { $0.hasPrefix("configmap/it-") }
        }

        private func manifests() async throws -> String {
            try await Testbed.exec(
                Playbook.controlPlane,
                "cd /etc/kubernetes && ls -A manifests && sha256sum manifests/* && stat -c '%n %a %u:%g' manifests/* && ls -A"
            )
        }

        @Test("what was deleted since a snapshot is there again after a restore, and gone again after the rollback")
        func restore() async throws {
            let project = try await Playbook.changes()
            let name = "it-" + UUID().uuidString.prefix(8).lowercased()
            let snapshot = "\(Self.folder)/\(name).db"
            let result: Result<Void, any Error>
            do {
                _ = try await kubectl("create configmap \(name) --from-literal=a=b")
                let kept = try await project.belay(
                    "apply",
                    try await project.approvedPlan("snapshot-etcd", Playbook.controlPlane, "--param", "name=\(name)"))
                try #require(kept.status == 0, "\(kept.output)\(kept.error)")
                _ = try await kubectl("delete configmap \(name)")
                let files = try await manifests()
                let plan = try await project.approvedPlan(
                    "restore-etcd", Playbook.controlPlane, "--param", "name=\(name)-before", "--param",
                    "snapshot=\(snapshot)")
                let applied = try await project.applied(plan)
                try #require(try await configMaps().contains("configmap/\(name)"))
                try #require(try await manifests() == files)
                #expect(try await Testbed.exec(Playbook.controlPlane, "ls -A /var/lib/etcd").contains("belay-old-"))
                // What is written since goes out of use on the way back.
                _ = try await kubectl("create configmap \(name)-since --from-literal=a=b")
                let undone = try await project.rollBack()
                try #require(try await configMaps().filter { $0.contains(name) } == [])
                try #require(try await manifests() == files)
                #expect(try await !Testbed.exec(Playbook.controlPlane, "ls -A /var/lib/etcd").contains("belay-old-"))
                try Results.append(
                    ActedLine(
                        suite: "EtcdTests", wrong: "what was deleted is wanted again", on: Playbook.controlPlane,
                        runbook: "restore-etcd", applySeconds: applied, undoneSeconds: undone))
                result = .success(())
            } catch {
                result = .failure(error)
            }
            _ = try? await Testbed.exec(
                Playbook.controlPlane, "rm -rf \(Self.folder)/\(name)* /var/lib/etcd/belay-undone-*")
            _ = try? await kubectl("delete configmap --ignore-not-found \(name) \(name)-since")
            try result.get()
            try await Playbook.Cluster().untilHealthy()
            try await project.expectVerifies()
        }

        @Test("etcd's data is moved and the API answers; the rollback brings it back with what was written since")
        func move() async throws {
            let project = try await Playbook.changes()
            let name = "it-" + UUID().uuidString.prefix(8).lowercased()
            let to = "/srv/\(name)/etcd"
            let files = try await manifests()
            let result: Result<Void, any Error>
            do {
                try await Testbed.exec(Playbook.controlPlane, "install -d -m 0700 \(to)")
                let plan = try await project.approvedPlan(
                    "move-etcd-data", Playbook.controlPlane, "--param", "name=\(name)", "--param", "to=\(to)")
                let applied = try await project.applied(plan)
                let manifest = try await Testbed.exec(
                    Playbook.controlPlane, "cat /etc/kubernetes/manifests/etcd.yaml; ls -A \(to)")
                try #require(manifest.contains("path: \(to)\n      type: Directory\n") && manifest.contains("member\n"))
                _ = try await kubectl("create configmap \(name) --from-literal=a=b")
                let undone = try await project.rollBack()
                try #require(try await configMaps().contains("configmap/\(name)"))
                try #require(try await manifests() == files)
                #expect(try await Testbed.exec(Playbook.controlPlane, "ls -A \(to)").isEmpty)
                try Results.append(
                    ActedLine(
                        suite: "EtcdTests", wrong: "etcd's data is wanted on another disk", on: Playbook.controlPlane,
                        runbook: "move-etcd-data", applySeconds: applied, undoneSeconds: undone))
                result = .success(())
            } catch {
                result = .failure(error)
            }
            _ = try? await kubectl("delete configmap --ignore-not-found \(name)")
            // Where it failed etcd may still be there.
            if try await manifests() == files {
                try await Testbed.exec(Playbook.controlPlane, "rm -rf /srv/\(name) \(Self.folder)/\(name)*")
            }
            try result.get()
            try await Playbook.Cluster().untilHealthy()
            try await project.expectVerifies()
        }
    }
}

/// The project of the other tests, which is another one than the playbook's.
typealias ChangingProject = Project

extension Project {
    /// The id of the run that the log has last.
    func lastRun() async throws -> String {
        try #require(try await entries().last { $0["run"] != nil }?["run"] as? String)
    }

    /// Applies a plan, and gives how long that took, in seconds.
    func applied(_ plan: String) async throws -> Double {
        let start = ContinuousClock().now
        let applied = try await belay("apply", plan)
        try #require(applied.status == 0, "\(applied.output)\(applied.error)")
        return (ContinuousClock().now - start) / .seconds(1)
    }

    /// Takes a run back, the last one unless named, by a plan of its own, and gives how long applying that took, in seconds.
    @discardableResult
    func rollBack(_ named: String? = nil) async throws -> Double {
        let run = if let named { named } else { try await lastRun() }
        let back = "\(folder)/back-\(UUID().uuidString.prefix(6)).plan"
        let planned = try await belay("rollback", run, "--out", back)
        try #require(planned.status == 0, "\(planned.output)\(planned.error)")
        let approved = try await belay("approve", back, "--comment", "back", "--key", "keys/bob")
        try #require(approved.status == 0, "\(approved.output)\(approved.error)")
        return try await applied(back)
    }
}

extension Playbook {
    static let controlPlane = "kube-1"

    /// A project that may change the control plane.
    static func changes() async throws -> ChangingProject {
        let file = try Testbed.value("BELAY_TESTBED_KUBERNETES")
        let nodes = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("- {name: \(controlPlane),") }
        try #require(nodes.count == 1)
        return try await ChangingProject(inventoryNodes: nodes)
    }
}

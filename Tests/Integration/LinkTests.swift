import Foundation
import Testing

/// Lost links, reboots and runbooks as they ship.
@Suite("Links, reboots and shipped runbooks on real nodes", .enabled(if: Testbed.isUp), .timeLimit(.minutes(40)))
struct LinkTests {
    @Test("A cable cut while a step runs: the result is looked up on the node, the step is not run twice")
    func cutCable() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try project.write("runbooks/slow.yaml", Self.slow)
            let plan = try await project.approvedPlan("slow", node)
            async let applied = project.belay("apply", plan)
            try await Testbed.exec(node, "for i in $(seq 200); do [ -e /srv/began ] && exit 0; sleep 0.1; done; exit 1")
            try await Testbed.call("cut", node)
            try await Task.sleep(for: .seconds(6))
            try await Testbed.call("mend", node)
            let result = try await applied
            #expect(result.status == 0, "\(result.output)\(result.error)")
            #expect(try await Testbed.exec(node, "cat /srv/began; ls /srv") == "x\nbegan\n")
            try await Testbed.exec(node, "rm -f /srv/began")
        }
    }

    @Test("Over a cable with 300 ms more a round trip a run goes through all the same")
    func slowCable() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try await Testbed.call("delay", node, "300")
            let applied = try await project.belay(
                "apply", try await project.approvedPlan("snapshot-iptables", node, "--param", "name=slow"))
            try await Testbed.call("delay", node, "off")
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            #expect(try await Testbed.exec(node, "ls /var/lib/belay/snapshots") == "slow.v4\nslow.v6\n")
        }
    }

    // A fixed program of the test's own; `command` refuses shells.
    static let slow = """
        apiVersion: belay/v1
        kind: Runbook
        metadata: {name: slow, title: Slow, layer: node, author: test}
        spec:
          targets: {max: 1}
          steps:
          - name: slow
            action: command
            with:
              observe: [ls, /srv]
              apply: [[awk, 'BEGIN { print "x" >> "/srv/began"; close("/srv/began"); system("sleep 4") }']]
              undo: [rm, -f, /srv/began]
            timeout: 30s
            verify: [{expression: "facts.uptime > duration('1s')", within: 5s}]

        """

    @Test("A node that reboots while its dead-man is armed is brought back to before by recover")
    func rebootWhileArmed() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let before = try await NodeTruth.read(node)
            try await Testbed.exec(node, Firewall.dropWithSSH)
            let plan = try await project.approvedPlan("flush-iptables", node, "--param", "policy=keep")
            async let applied = project.belay("apply", plan)
            #expect(try await Firewall.sawCutOff(node))
            try await Testbed.call("reboot", node)
            let result = try await applied
            if result.status == 7 { _ = try await project.belay("recover") }
            let after = try await NodeTruth.read(node)
            // What iptables held did not survive the reboot either way; undo brings back what the run found.
            #expect(after.record.trimmingCharacters(in: .whitespaces) == "", "\(result.output)\(result.error)")
            #expect(after.rules.contains("-P INPUT DROP") || after.rules == before.rules, "\(after.rules)")
            try await project.expectVerifies()
        }
    }

    @Test("Pruned images are gone, the ones in use stay, and rolling back pulls them by digest")
    func pruneImages() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let list = "ctr -n k8s.io images ls | awk 'NR > 1 { print $1, $3 }' | sort"
            let before = try await Testbed.exec(node, list)
            let applied = try await project.belay("apply", try await project.approvedPlan("prune-images", node))
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            let pruned = try await Testbed.exec(node, list)
            #expect(pruned != before)
            for kept in ["pause", "app:1", "imported-only"] { #expect(pruned.contains(kept), "\(pruned)") }
            #expect(!pruned.contains("unused"))
            let run = try #require(try await project.entries().last { $0["run"] != nil }?["run"] as? String)
            let back = "\(project.folder)/back.plan"
            let planned = try await project.belay("rollback", run, "--out", back)
            try #require(planned.status == 0, "\(planned.output)\(planned.error)")
            try #require(try await project.belay("approve", back, "--comment", "back", "--key", "keys/bob").status == 0)
            let rolledBack = try await project.belay("apply", back)
            #expect(rolledBack.status == 0, "\(rolledBack.output)\(rolledBack.error)")
            #expect(try await Testbed.exec(node, list) == before)
        }
    }

    @Test("A snapshot is taken, rules are changed by hand, and restore brings the snapshot back")
    func snapshotAndRestore() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try await Testbed.exec(node, Firewall.dropWithSSH)
            let before = try await NodeTruth.read(node).rules
            let taken = try await project.belay(
                "apply", try await project.approvedPlan("snapshot-iptables", node, "--param", "name=before"))
            #expect(taken.status == 0, "\(taken.output)\(taken.error)")
            try await Testbed.exec(node, "iptables -I INPUT -p tcp --dport 1234 -j DROP; iptables -t nat -F")
            let restored = try await project.belay(
                "apply",
                try await project.approvedPlan(
                    "restore-iptables", node, "--param", "snapshot=before", "--param", "added=remove"))
            #expect(restored.status == 0, "\(restored.output)\(restored.error)")
            #expect(try await NodeTruth.read(node).rules == before)
        }
    }

    /// Those that a plain worker has something for: the others need a control plane, a workload or a service that it lacks.
    private static let forAnyWorker: Set = [
        "restart-kubelet", "restart-containerd", "restore-kubelet-config", "prune-images", "snapshot-iptables",
        "flush-iptables", "snapshot-routes", "cordon-node", "uncordon-node", "drain-node",
    ]

    @Test("Every shipped runbook is planned for a healthy node or says why not, and planning changes nothing")
    func everyRunbookPlans() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project(kubeconfig: Cluster.kubeconfig)
            let content = try await Testbed.exec(node, "cat /var/lib/kubelet/config.yaml")
            let parameters = [
                "snapshot-iptables": ["name=x"], "snapshot-routes": ["name=x"],
                "restore-kubelet-config": ["content=\(content)# reviewed\n"],
            ]
            let before = try await NodeTruth.read(node)
            let names = try FileManager.default.contentsOfDirectory(atPath: Testbed.root + "/runbooks")
                .filter { $0.hasSuffix(".yaml") && !$0.hasSuffix(".test.yaml") }.map { String($0.dropLast(5)) }
            #expect(Self.forAnyWorker.isSubset(of: names))
            for name in names {
                let more = (parameters[name] ?? []).flatMap { ["--param", $0] }
                let planned = try await Shell.run(
                    Testbed.binary,
                    ["-C", project.folder, "plan", name, "--node", node, "--out", "\(project.folder)/\(name).plan"]
                        + more)
                let isPlanned = planned.status == 0
                #expect(
                    isPlanned || !Self.forAnyWorker.contains(name), "\(name): \(planned.output)\(planned.error)")
                #expect(isPlanned || [2, 3, 10].contains(planned.status), "\(name): \(planned.output)\(planned.error)")
                #expect(isPlanned || !(planned.output + planned.error).isEmpty, "\(name)")
            }
            #expect(try await NodeTruth.read(node) == before)
        }
    }
}

import Foundation
import Testing

/// The demo's acts, with exact assertions on the nodes' real state.
@Suite("The main job on real nodes", .enabled(if: Testbed.isUp), .timeLimit(.minutes(40)))
struct ActTests {
    @Test("A plan of restart-kubelet shows diff, commands and undo, and changes nothing")
    func planIsADryRun() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let before = try await NodeTruth.read(node)
            let planned = try await project.belay(
                "plan", "restart-kubelet", "--node", node, "--out", "\(project.folder)/p.plan")
            #expect(planned.status == 0, "\(planned.output)\(planned.error)")
            for text in [
                "- \(before.kubeletPID)", "systemctl restart kubelet.service", "systemctl start kubelet.service",
            ] {
                #expect(planned.output.contains(text), "\(text) is not in\n\(planned.output)")
            }
            #expect(try await NodeTruth.read(node) == before)
            #expect(try await Testbed.exec(node, "ls -A /var/lib/belay 2>/dev/null || true") == "")
        }
    }

    @Test("A policy denies, with its reason and remedy, and nothing can be applied")
    func denial() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try project.write(
                "runbooks/reckless.yaml",
                """
                apiVersion: belay/v1
                kind: Runbook
                metadata: {name: reckless, title: No way back, layer: node, author: test}
                spec:
                  targets: {max: 1}
                  steps:
                  - name: gone
                    action: command
                    with: {observe: [ls, /etc/motd], apply: [rm, /etc/motd]}
                    verify: [{expression: "facts.uptime > duration('1s')", within: 5s}]

                """)
            let planned = try await project.belay(
                "plan", "reckless", "--node", node, "--out", "\(project.folder)/p.plan")
            #expect(planned.status == 3, "\(planned.output)\(planned.error)")
            let text = planned.output + planned.error
            #expect(text.contains("irreversible-denied"))
            #expect(text.contains("policies/irreversible-denied.yaml:"))
            #expect(!FileManager.default.fileExists(atPath: "\(project.folder)/p.plan"))
            #expect(try await Testbed.exec(node, "ls -A /var/lib/belay 2>/dev/null || true") == "")
            let types = try await project.entries().compactMap { $0["type"] as? String }
            #expect(types == ["log.init", "plan", "decision.input", "decision"])
        }
    }

    @Test("An approved plan is applied once: a new kubelet process, healthy, the record gone, the log verified")
    func applied() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let before = try await NodeTruth.read(node)
            let plan = try await project.approvedPlan("restart-kubelet", node)
            let applied = try await project.belay("apply", plan)
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            let after = try await NodeTruth.read(node)
            #expect(after.kubeletPID != before.kubeletPID)
            #expect(after.healthz == "200")
            #expect(after.record.trimmingCharacters(in: .whitespaces) == "")
            let again = try await project.belay("apply", plan)
            #expect(again.status != 0)
            #expect((again.output + again.error).contains("spent"))
            try await project.expectVerifies()
        }
    }

    @Test("The node's own journal has which entry of the log each write's intent is")
    func toldToTheNode() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let applied = try await project.belay("apply", try await project.approvedPlan("restart-kubelet", node))
            try #require(applied.status == 0, "\(applied.output)\(applied.error)")
            let told = try await Testbed.exec(node, "journalctl --no-pager -o cat -t belay")
            var intents = 0
            for entry in try await project.entries() {
                guard let intent = entry["intent"] as? [String: Any] else { continue }
                let (run, index) = (try #require(entry["run"] as? String), try #require(intent["index"] as? Int))
                let line = "run=\(run) entry=\(index) leaf=\(try #require(intent["leaf"] as? String))\n"
                #expect(told.contains(line), "\(line) is not in\n\(told)")
                intents += 1
            }
            #expect(intents >= 3)
        }
    }

    @Test("Without an approval, or with the requester's own, nothing is applied")
    func approvalMissing() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let file = "\(project.folder)/p.plan"
            let before = try await NodeTruth.read(node)
            try #require(try await project.belay("plan", "restart-kubelet", "--node", node, "--out", file).status == 0)
            #expect(try await project.belay("apply", file).status == 4)
            try #require(try await project.belay("approve", file, "--comment", "me", "--key", "keys/alice").status == 0)
            let own = try await project.belay("apply", file)
            #expect(own.status == 4, "\(own.output)\(own.error)")
            #expect(try await NodeTruth.read(node) == before)
        }
    }

    @Test("A denial stays a denial when its file is taken away")
    func denialStays() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let plan = try await project.approvedPlan("restart-kubelet", node)
            let before = try await NodeTruth.read(node)
            let denied = try await project.belay("approve", plan, "--deny", "--comment", "not now", "--key", "keys/bob")
            try #require(denied.status == 0, "\(denied.output)\(denied.error)")
            for name in try FileManager.default.contentsOfDirectory(atPath: plan + ".approvals")
            where name.hasSuffix(".json") {
                let file = plan + ".approvals/" + name
                if try String(contentsOfFile: file, encoding: .utf8).contains("deny") {
                    try FileManager.default.removeItem(atPath: file)
                }
            }
            let applied = try await project.belay("apply", plan)
            #expect(applied.status == 3, "\(applied.output)\(applied.error)")
            #expect(try await NodeTruth.read(node) == before)
        }
    }

    @Test("A broken kubelet configuration is seen to be broken and rolled back, file and kubelet")
    func brokenConfiguration() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let path = "/var/lib/kubelet/config.yaml"
            let state = "stat -c '%a %u:%g %s' \(path); cat \(path)"
            let before = try await Testbed.exec(node, state)
            let files = try await Testbed.exec(node, "ls -A /var/lib/kubelet")
            let good = try await Testbed.exec(node, "cat \(path)")
            try project.write("broken.yaml", good + "bogusField: [\n")
            let plan = try await project.approvedPlan(
                "restore-kubelet-config", node, "--param-file", "content=\(project.folder)/broken.yaml")
            let applied = try await project.belay("apply", plan)
            #expect(applied.status == 6, "\(applied.output)\(applied.error)")
            #expect(applied.output.contains("healthz"))
            #expect(try await Testbed.exec(node, state) == before)
            #expect(try await NodeTruth.read(node).healthz == "200")
            #expect(try await Testbed.exec(node, "ls -A /var/lib/kubelet") == files)
            try await project.expectVerifies()
        }
    }

    @Test("A flush that keeps a DROP policy cuts the node off, and the node puts its rules back by itself")
    func flushCutsOff() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try await Testbed.exec(node, Firewall.dropWithSSH)
            let before = try await NodeTruth.read(node).rules
            let plan = try await project.approvedPlan("flush-iptables", node, "--param", "policy=keep")
            async let cut = Firewall.sawCutOff(node)
            let applied = try await project.belay("apply", plan)
            #expect(applied.status == 6, "\(applied.output)\(applied.error)")
            #expect(try await cut, "the node was never seen without its rules")
            #expect(try await NodeTruth.read(node).rules == before)
            let reverted = try await project.entries().contains { "\($0)".contains("reverted") }
            #expect(reverted, "the log does not say that the node won the token")
            try await project.expectVerifies()
        }
    }

    @Test("A flush that accepts leaves the node open and reachable, and its rollback plan brings every rule back")
    func flushAndRollBack() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try await Testbed.exec(node, Firewall.dropWithSSH)
            let before = try await NodeTruth.read(node).rules
            let applied = try await project.belay("apply", try await project.approvedPlan("flush-iptables", node))
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            let flushed = try await NodeTruth.read(node).rules
            #expect(flushed.contains("-P INPUT ACCEPT") && !flushed.contains("-A INPUT"))
            let run = try #require(try await project.entries().last { $0["run"] != nil }?["run"] as? String)
            let back = "\(project.folder)/back.plan"
            let planned = try await project.belay("rollback", run, "--out", back)
            try #require(planned.status == 0, "\(planned.output)\(planned.error)")
            try #require(try await project.belay("approve", back, "--comment", "back", "--key", "keys/bob").status == 0)
            let rolledBack = try await project.belay("apply", back)
            #expect(rolledBack.status == 0, "\(rolledBack.output)\(rolledBack.error)")
            #expect(try await NodeTruth.read(node).rules == before)
        }
    }

    @Test("A flipped byte in a copy of the log is found at its entry")
    func flippedByte() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let applied = try await project.belay(
                "apply", try await project.approvedPlan("snapshot-iptables", node, "--param", "name=x"))
            try #require(applied.status == 0, "\(applied.output)\(applied.error)")
            try await project.expectVerifies()
            let copy = project.folder + "/copy"
            try FileManager.default.copyItem(atPath: project.log, toPath: copy)
            let segment = copy + "/journal/" + String(repeating: "0", count: 20) + ".wal"
            var bytes = try Data(contentsOf: URL(fileURLWithPath: segment))
            let mark = try #require(bytes.range(of: Data("\"type\":\"intent\"".utf8)))
            bytes[mark.lowerBound + 9] ^= 1
            try bytes.write(to: URL(fileURLWithPath: segment))
            let entries = try await project.entries()
            let index = try #require(entries.firstIndex { $0["type"] as? String == "intent" })
            let verified = try await project.belay("audit", "verify", copy)
            #expect(verified.status == 9, "\(verified.output)\(verified.error)")
            #expect(
                (verified.output + verified.error).contains("entry \(index)"), "\(verified.output)\(verified.error)")
        }
    }
}

/// Firewall states that tests begin from.
enum Firewall {
    static let dropWithSSH = """
        iptables -N OURS && iptables -A OURS -s 10.0.0.0/8 -m comment --comment "a \\"quoted\\" word" -j ACCEPT &&
        iptables -A INPUT -i lo -j ACCEPT && iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT &&
        iptables -A INPUT -p tcp --dport 22 -j ACCEPT && iptables -A INPUT -j OURS && iptables -P INPUT DROP &&
        iptables -t nat -A POSTROUTING -s 10.9.0.0/16 -j MASQUERADE && ip6tables -A INPUT -p udp --dport 9 -j DROP
        """

    /// Watches from inside the node until its rules are gone while the DROP policy stays.
    static func sawCutOff(_ node: String) async throws -> Bool {
        let seen = try await Testbed.exec(
            node,
            """
            for i in $(seq 300); do
              s=$(iptables -S INPUT)
              [ "$s" = "-P INPUT DROP" ] && { echo seen; exit 0; }
              sleep 0.1
            done; echo never
            """)
        return seen == "seen\n"
    }
}

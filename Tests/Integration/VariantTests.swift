import Core
import Foundation
import Testing

/// The main job on nodes that are not like the others: an older or newer sshd, another firewall, no systemd, no root login.
@Suite("Nodes that differ", .enabled(if: Variants.areUp("trixie", "plain", "legacy", "sudo")), .timeLimit(.minutes(40)))
struct VariantTests {
    @Test(
        "A kubelet is restarted: over OpenSSH 10, and as a user with sudo, csh and noisy start-up files",
        arguments: ["trixie", "sudo"])
    func restartKubelet(node: String) async throws {
        try await Variants.shared.with(node) { project in
            try await expectIsWhatItSays(node)
            let before = try await NodeTruth.read(node)
            let plan = try await project.approvedPlan("restart-kubelet", node)
            let applied = try await project.belay("apply", plan)
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            let after = try await NodeTruth.read(node)
            #expect(after.kubeletPID != before.kubeletPID)
            #expect(after.healthz == "200")
            #expect(after.record.trimmingCharacters(in: .whitespaces) == "")
            let again = try await project.belay("apply", plan)
            #expect(again.status != 0 && (again.output + again.error).contains("spent"))
            try await project.expectVerifies()
        }
    }

    @Test("A broken kubelet configuration is rolled back, file and kubelet", arguments: ["trixie", "sudo"])
    func brokenConfiguration(node: String) async throws {
        try await Variants.shared.with(node) { project in
            let path = "/var/lib/kubelet/config.yaml"
            let state = "stat -c '%a %u:%g %s' \(path); cat \(path)"
            let before = try await Testbed.exec(node, state)
            try project.write("broken.yaml", try await Testbed.exec(node, "cat \(path)") + "bogusField: [\n")
            let plan = try await project.approvedPlan(
                "restore-kubelet-config", node, "--param-file", "content=\(project.folder)/broken.yaml")
            let applied = try await project.belay("apply", plan)
            #expect(applied.status == 6, "\(applied.output)\(applied.error)")
            #expect(try await Testbed.exec(node, state) == before)
            #expect(try await NodeTruth.read(node).healthz == "200")
            try await project.expectVerifies()
        }
    }

    @Test(
        "A flush cuts the node off, and the node puts its rules back by itself", arguments: ["legacy", "plain", "sudo"])
    func flushCutsOff(node: String) async throws {
        try await Variants.shared.with(node) { project in
            try await expectIsWhatItSays(node)
            try await Testbed.exec(node, Firewall.dropWithSSH)
            let before = try await Self.rules(node)
            let plan = try await project.approvedPlan("flush-iptables", node, "--param", "policy=keep")
            async let cut = Firewall.sawCutOff(node)
            let applied = try await project.belay("apply", plan)
            #expect(applied.status == 6, "\(applied.output)\(applied.error)")
            #expect(try await cut, "the node was never seen without its rules")
            #expect(try await Self.rules(node) == before)
            #expect(try await project.entries().contains { "\($0)".contains("reverted") })
            #expect(try await Self.record(node) == "")
            try await project.expectVerifies()
        }
    }

    @Test("A flush is taken back by its rollback plan, rule by rule", arguments: ["legacy", "plain"])
    func flushAndRollBack(node: String) async throws {
        try await Variants.shared.with(node) { project in
            try await Testbed.exec(node, Firewall.dropWithSSH)
            let before = try await Self.rules(node)
            let applied = try await project.belay("apply", try await project.approvedPlan("flush-iptables", node))
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            let flushed = try await Self.rules(node)
            #expect(flushed.contains("-P INPUT ACCEPT") && !flushed.contains("-A INPUT"))
            let run = try #require(try await project.entries().last { $0["run"] != nil }?["run"] as? String)
            let back = "\(project.folder)/back.plan"
            let planned = try await project.belay("rollback", run, "--out", back)
            try #require(planned.status == 0, "\(planned.output)\(planned.error)")
            try #require(try await project.belay("approve", back, "--comment", "back", "--key", "keys/bob").status == 0)
            let rolledBack = try await project.belay("apply", back)
            #expect(rolledBack.status == 0, "\(rolledBack.output)\(rolledBack.error)")
            #expect(try await Self.rules(node) == before)
        }
    }

    @Test(
        "A plan says that IPv6 counters will be lost where the node's ip6tables loses them",
        arguments: ["trixie", "legacy", "sudo"])
    func lostCounters(node: String) async throws {
        let rule = "*raw\\n:PREROUTING ACCEPT [0:0]\\n[11:1100] -A PREROUTING -j ACCEPT\\nCOMMIT\\n"
        let printed = try await Testbed.exec(
            node, "printf '\(rule)' | unshare -n sh -c 'ip6tables-restore -c && ip6tables-save -c'")
        let version = try await Testbed.exec(node, "iptables --version").trimmingCharacters(in: .whitespacesAndNewlines)
        let before = Observation([
            "version": .text(version), "nft": .text("visible"), "ipv6.save": .content(Payload(printed)),
        ])
        let notes = try IptablesFlush(arguments: Arguments()).predict(before).notes
        #expect(printed.contains("-A PREROUTING -j ACCEPT"), "\(printed)")
        #expect(notes.contains { $0.contains("counts packets from 0") } == !printed.contains("[11:1100]"), "\(printed)")
    }

    @Test("A snapshot taken with iptables-legacy is restored with it")
    func snapshotOfLegacy() async throws {
        try await Variants.shared.with("legacy") { project in
            try await Testbed.exec("legacy", Firewall.dropWithSSH)
            let before = try await Self.rules("legacy")
            let kept = try await project.approvedPlan("snapshot-iptables", "legacy", "--param", "name=good")
            let snapshot = try await project.belay("apply", kept)
            try #require(snapshot.status == 0, "\(snapshot.output)\(snapshot.error)")
            try await Testbed.exec("legacy", "iptables -I INPUT -p tcp --dport 10250 -j DROP; ip6tables -F")
            let restore = try await project.approvedPlan(
                "restore-iptables", "legacy", "--param", "snapshot=good", "--param", "added=remove")
            let restored = try await project.belay("apply", restore)
            #expect(restored.status == 0, "\(restored.output)\(restored.error)")
            #expect(try await Self.rules("legacy") == before)
        }
    }

    @Test("Without systemd a restart is refused with the reason, and nothing is left on the node")
    func restartWithoutSystemd() async throws {
        try await Variants.shared.with("plain") { project in
            let planned = try await project.belay(
                "plan", "restart-kubelet", "--node", "plain", "--out", "\(project.folder)/p.plan")
            #expect(planned.status != 0)
            #expect((planned.output + planned.error).contains("systemctl"), "\(planned.output)\(planned.error)")
            #expect(!FileManager.default.fileExists(atPath: "\(project.folder)/p.plan"))
            #expect(try await Testbed.exec("plain", "ls -A /var/lib/belay 2>/dev/null || true") == "")
        }
    }

    @Test("Without systemd a file is replaced, and put back when the check fails", arguments: [true, false])
    func fileWithoutSystemd(passes: Bool) async throws {
        try await Variants.shared.with("plain") { project in
            try project.write(
                "runbooks/motd.yaml",
                """
                apiVersion: belay/v1
                kind: Runbook
                metadata: {name: motd, title: Replace the message of the day, layer: node, author: test}
                spec:
                  targets: {max: 1}
                  steps:
                  - name: replace
                    action: file.replace
                    with: {path: /etc/motd, content: "all is well\\n"}
                    verify: [{expression: "facts.uptime \(passes ? ">" : "<") duration('1s')", within: 3s}]
                  onFailure: rollback

                """)
            let state = "stat -c '%a %u:%g' /etc/motd; cat /etc/motd"
            try await Testbed.exec("plain", "echo as before >/etc/motd; chmod 640 /etc/motd")
            let before = try await Testbed.exec("plain", state)
            let applied = try await project.belay("apply", try await project.approvedPlan("motd", "plain"))
            #expect(applied.status == (passes ? 0 : 6), "\(applied.output)\(applied.error)")
            let after = try await Testbed.exec("plain", state)
            #expect(passes ? after.hasSuffix("\nall is well\n") : after == before, "\(after)")
            #expect(try await Self.record("plain") == "")
            try await project.expectVerifies()
        }
    }

    // A variant that is not what it is called would test nothing.
    private func expectIsWhatItSays(_ node: String) async throws {
        let (question, expected): (String, String) =
            switch node {
            case "trixie": ("/usr/sbin/sshd -V 2>&1", "OpenSSH_10")
            case "legacy": ("iptables --version; ip6tables --version", "(legacy)\nip6tables v1.8.9 (legacy)")
            case "plain": ("cat /proc/1/comm; command -v systemctl || echo none", "init\nnone")
            case "sudo": ("getent passwd ops; sshd -T | grep -i permitrootlogin", ":/bin/tcsh\npermitrootlogin no")
            default: ("true", "no test knows this node")
            }
        let answer = try await Testbed.exec(node, question)
        #expect(answer.contains(expected), "\(node): \(answer)")
    }

    private static func rules(_ node: String) async throws -> String {
        try await Testbed.exec(
            node, "for i in iptables ip6tables; do for t in filter nat mangle raw; do $i -t $t -S; done; done")
    }

    private static func record(_ node: String) async throws -> String {
        try await Testbed.exec(node, "ls -d /var/lib/belay/[0-9]* /var/lib/belay/lease 2>/dev/null || true")
    }
}

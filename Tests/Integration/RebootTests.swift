import Foundation
import Testing

/// Law 3 for effects that outlive a reboot: power is lost while the dead-man is armed, and the boot puts back what would
/// have kept everybody out.
@Suite("Reboots under an armed dead-man on real nodes", .enabled(if: Testbed.isUp), .timeLimit(.minutes(40)))
struct RebootTests {
    static let file = "/etc/ssh/sshd_config.d/port.conf"

    // Its check never holds, so that the run waits under its dead-man until we are done.
    static let port = """
        apiVersion: belay/v1
        kind: Runbook
        metadata: {name: port, title: Another port for sshd, layer: node, author: test}
        spec:
          targets: {max: 1}
          steps:
          - name: port
            action: file.replace
            with: {path: \(file), content: "Port 2222\\n"}
            verify: [{expression: "facts.uptime < duration('1s')", within: 40s}]

        """

    func waitForFile(_ node: String) async throws {
        try await Testbed.exec(node, "for i in $(seq 600); do [ -e \(Self.file) ] && exit 0; sleep 0.1; done; exit 1")
    }

    // sshd answers at its old port again: `reboot` waits for that. Nothing is left that a later boot would run.
    func expectReverted(_ node: String) async throws {
        let left =
            "ls -d \(Self.file) /etc/systemd/system/belay-* /etc/systemd/system/*.wants/belay-* 2>/dev/null; true"
        #expect(try await Testbed.exec(node, left) == "")
        let journal = try await Testbed.exec(node, "journalctl -b -o cat -u 'belay-*-deadman-boot.service'")
        #expect(journal.contains("Finished"), "\(journal)")
    }

    @Test(
        "A reboot under a new port for sshd: the boot takes it back before sshd starts, and the run ends as rolled back"
    )
    func rebooted() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try project.write("runbooks/port.yaml", Self.port)
            let plan = try await project.approvedPlan("port", node)
            async let applied = project.belay("apply", plan)
            try await waitForFile(node)
            try await Testbed.call("reboot", node)
            try await expectReverted(node)
            let result = try await applied
            #expect(result.status == 6, "\(result.output)\(result.error)")
            let entries = try await project.entries().map { "\($0)" }
            #expect(entries.contains { $0.contains("reverted") && $0.contains("rebooted") })
            #expect(try await NodeTruth.read(node).record.trimmingCharacters(in: .whitespaces) == "")
            try await project.expectVerifies()
        }
    }

    @Test("The same with the executor killed first: the node saves itself, and recover only writes it down")
    func killedAndRebooted() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try project.write("runbooks/port.yaml", Self.port)
            let plan = try await project.approvedPlan("port", node)
            let pid = project.folder + "/pid"
            async let applied = Shell.run(
                "/bin/sh",
                ["-c", "echo $$ >'\(pid)'; exec \"$@\"", "sh", Testbed.binary, "-C", project.folder, "apply", plan],
                in: project.folder)
            try await waitForFile(node)
            let number = try String(contentsOfFile: pid, encoding: .utf8).trimmingCharacters(
                in: .whitespacesAndNewlines)
            kill(try #require(pid_t(number)), SIGKILL)
            #expect(try await applied.status == 137)
            try await Testbed.call("reboot", node)
            try await expectReverted(node)
            let recovered = try await project.belay("recover")
            #expect(recovered.output.contains("BEFORE"), "\(recovered.output)\(recovered.error)")
            #expect(try await NodeTruth.read(node).record.trimmingCharacters(in: .whitespaces) == "")
            try await project.expectVerifies()
        }
    }

    @Test("Told in time that all is well, no boot takes it back")
    func confirmed() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let wellKnown = Self.port.replacingOccurrences(of: "facts.uptime <", with: "facts.uptime >")
                .replacingOccurrences(of: "Port 2222", with: "Port 22")
            try project.write("runbooks/port.yaml", wellKnown)
            let planned = try await project.belay("plan", "port", "--node", node, "--out", "\(project.folder)/p.plan")
            #expect(planned.output.contains("and when it boots"), "\(planned.output)\(planned.error)")
            let applied = try await project.belay("apply", try await project.approvedPlan("port", node))
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            try await Testbed.call("reboot", node)
            #expect(try await Testbed.exec(node, "cat \(Self.file); rm \(Self.file)") == "Port 22\n")
        }
    }
}

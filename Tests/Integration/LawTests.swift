import Foundation
import Testing

/// One test a law, on a real node, named after it. `./check-deep laws` breaks each law in a copy of the source and shows that
/// its test here fails.
@Suite("The eight laws on real nodes", .enabled(if: Testbed.isUp), .timeLimit(.minutes(40)))
struct LawTests {
    /// The log's disk fails under the intent of the step: the step is not sent. Every later sync would succeed, so only the
    /// order of things keeps it from being sent.
    @Test("Law 1, journal first: an intent that cannot be made durable is never sent")
    func law1() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            var before = try await NodeTruth.read(node)
            let plan = try await project.approvedPlan("restart-kubelet", node)
            for count in 1...20 {
                let copy = project.folder + "/log-\(count)"
                try FileManager.default.copyItem(atPath: project.log, toPath: copy)
                let failed = try await Shell.run(
                    "/usr/bin/strace",
                    [
                        "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e",
                        "inject=fdatasync:error=EIO:when=\(count)", Testbed.binary, "-C", project.folder, "apply", plan,
                    ], in: project.folder)
                #expect(failed.status != 0, "\(count): \(failed.output)\(failed.error)")
                let intents = try await project.entries().map { "\($0)" }
                let step = intents.firstIndex { $0.contains("intent") && $0.contains("apply") }
                if let step, step + 1 < intents.count { break }
                // Not there, or written and not known to be on the disk.
                let pid = try await NodeTruth.read(node).kubeletPID
                #expect(pid == before.kubeletPID, "sent without a durable intent, at sync \(count)")
                try await Testbed.call("reset", node)
                before = try await NodeTruth.read(node)
                try FileManager.default.removeItem(atPath: project.log)
                try FileManager.default.moveItem(atPath: copy, toPath: project.log)
                #expect(count < 20, "the step was never reached")
            }
        }
    }

    @Test("Law 2, reversible: what a step did is undone to the state it found, in every declared field")
    func law2() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let state = """
                stat -c '%a %u:%g %s' /var/lib/kubelet/config.yaml; cat /var/lib/kubelet/config.yaml
                systemctl show -p ActiveState,SubState,UnitFileState kubelet
                """
            let before = try await Testbed.exec(node, state)
            try project.write("broken.yaml", "bogusField: [\n")
            let plan = try await project.approvedPlan(
                "restore-kubelet-config", node, "--param-file", "content=\(project.folder)/broken.yaml")
            let applied = try await project.belay("apply", plan)
            #expect(applied.status == 6, "\(applied.output)\(applied.error)")
            #expect(try await Testbed.exec(node, state) == before)
        }
    }

    @Test("Law 3, the node saves itself: cut off by a flush, with its executor gone, it reverts alone")
    func law3() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try await Testbed.exec(node, Firewall.dropWithSSH)
            let before = try await NodeTruth.read(node).rules
            let plan = try await project.approvedPlan("flush-iptables", node, "--param", "policy=keep")
            async let cut = Firewall.sawCutOff(node)
            // Killed while it waits for the node that it has cut off.
            let killed = try await Shell.run(
                "/usr/bin/timeout", ["-s", "KILL", "12", Testbed.binary, "-C", project.folder, "apply", plan],
                in: project.folder)
            #expect(killed.status != 0)
            #expect(try await cut, "the node was never seen without its rules")
            let back = try await eventually { try await NodeTruth.read(node).rules == before }
            #expect(back, "the node did not put its rules back by itself")
        }
    }

    @Test("Law 4, what was approved is what runs: a node that is not as planned is left alone")
    func law4() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try project.write("new.yaml", try await Testbed.exec(node, "cat /var/lib/kubelet/config.yaml") + "\n")
            let plan = try await project.approvedPlan(
                "restore-kubelet-config", node, "--param-file", "content=\(project.folder)/new.yaml")
            try await Testbed.exec(node, "echo '# somebody else' >>/var/lib/kubelet/config.yaml")
            let before = try await Testbed.exec(node, "cat /var/lib/kubelet/config.yaml")
            let applied = try await project.belay("apply", plan)
            #expect(applied.status == 5, "\(applied.output)\(applied.error)")
            #expect(try await Testbed.exec(node, "cat /var/lib/kubelet/config.yaml") == before)
        }
    }

    @Test("Law 5, fail closed: a precondition that cannot be told keeps the run from starting")
    func law5() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try project.write(
                "runbooks/unknown.yaml",
                """
                apiVersion: belay/v1
                kind: Runbook
                metadata: {name: unknown, title: Needs what nobody knows, layer: node, author: test}
                spec:
                  targets: {max: 1}
                  preconditions:
                  - {expression: "facts.disks['/no/such/mount'].usedPercent < 100.0", message: the disk is not full}
                  steps:
                  - {name: restart, action: service.restart, with: {service: kubelet}}

                """)
            let before = try await NodeTruth.read(node)
            let planned = try await project.belay("plan", "unknown", "--node", node)
            #expect(planned.status != 0, "\(planned.output)")
            #expect((planned.output + planned.error).contains("cannot be told"), "\(planned.output)\(planned.error)")
            #expect(try await NodeTruth.read(node) == before)
        }
    }

    @Test("Law 6, undo only what is ours: what somebody changed since is shown and not overwritten")
    func law6() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try project.write(
                "runbooks/two.yaml",
                """
                apiVersion: belay/v1
                kind: Runbook
                metadata: {name: two, title: A file and a check that fails, layer: node, author: test}
                spec:
                  targets: {max: 1}
                  steps:
                  - name: file
                    action: file.replace
                    with: {path: /etc/belay-law6.conf, content: "ours\\n"}
                    verify: [{expression: "facts.uptime > duration('1s')", within: 5s}]
                  - name: never
                    action: service.restart
                    with: {service: kubelet}
                    verify: [{expression: "facts.uptime < duration('1s')", within: 20s}]

                """)
            let plan = try await project.approvedPlan("two", node)
            async let somebody = Testbed.exec(
                node,
                """
                for i in $(seq 300); do
                  [ "$(cat /etc/belay-law6.conf 2>/dev/null)" = ours ] && break; sleep 0.1
                done
                sleep 8; echo theirs >/etc/belay-law6.conf
                """)
            let applied = try await project.belay("apply", plan)
            _ = try await somebody
            #expect(applied.status == 7, "\(applied.output)\(applied.error)")
            #expect(try await Testbed.exec(node, "cat /etc/belay-law6.conf") == "theirs\n")
            try await Testbed.exec(node, "rm /etc/belay-law6.conf")
        }
    }

    @Test("Law 7, every crash has an end: killed with a step under way, recover brings the node back and says so")
    func law7() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try await Testbed.exec(node, "systemctl stop kubelet")
            let plan = try await project.approvedPlan("restart-kubelet", node)
            // The step has been started on the node, and its result is in nobody's log.
            let killed = try await Shell.run(
                "/bin/sh",
                [
                    "-c",
                    """
                    "$0" -C "$1" apply "$2" >/dev/null 2>&1 & p=$!
                    for i in $(seq 600); do
                      "$3" exec "$4" -- systemctl is-active --quiet kubelet && break
                      kill -0 $p 2>/dev/null || break
                      sleep 0.1
                    done
                    kill -KILL $p; wait $p
                    """, Testbed.binary, project.folder, plan, Testbed.command, node,
                ])
            #expect(killed.status == 137, "\(killed.output)\(killed.error)")
            let recovered = try await project.belay("recover")
            #expect(recovered.output.contains("BEFORE"), "\(recovered.output)\(recovered.error)")
            let active = try await Testbed.exec(node, "systemctl is-active kubelet || true")
            #expect(active == "inactive\n", "the kubelet was stopped before")
            #expect(try await NodeTruth.read(node).record.trimmingCharacters(in: .whitespaces) == "")
            try await project.expectVerifies()
        }
    }

    @Test("Law 8, guesses are called guesses: a plan says what it cannot know, and looking changes nothing")
    func law8() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try project.write(
                "runbooks/guess.yaml",
                """
                apiVersion: belay/v1
                kind: Runbook
                metadata: {name: guess, title: A command nobody can predict, layer: node, author: test}
                spec:
                  targets: {max: 1}
                  steps:
                  - name: touch
                    action: command
                    with:
                      observe: [ls, /etc/belay-law8]
                      apply: [touch, /etc/belay-law8]
                      undo: [rm, -f, /etc/belay-law8]

                """)
            let planned = try await project.belay("plan", "guess", "--node", node, "--out", "\(project.folder)/p.plan")
            #expect(planned.output.contains("not all predictable"), "\(planned.output)\(planned.error)")
            #expect(!planned.output.contains("No change"), "\(planned.output)")
            #expect(!planned.output.contains("predicted exactly"), "\(planned.output)")
            #expect(try await Testbed.exec(node, "ls /etc/belay-law8 2>&1 || true").contains("No such file"))
        }
    }
}

/// Waits until `condition` holds, for a minute at most.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<120 {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(500))
    }
    return try await condition()
}

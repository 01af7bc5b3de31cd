import Foundation
import Testing

/// At least one test a law, on a real node, named after it. `./check-deep laws` breaks the laws in a copy of the source, one
/// guard at a time, and shows that the law's test here fails; the expectations' comments are what it looks for
/// (`Says:` in `Tests/Deep/laws`).
@Suite("The eight laws on real nodes", .enabled(if: Testbed.isUp), .timeLimit(.minutes(40)))
struct LawTests {
    /// The log's disk fails at one sync after the other, and the last one is the intent's of the step: it is not sent. Every
    /// later sync would succeed, so only the order of things keeps it from being sent.
    @Test("Law 1, journal first: an intent that cannot be made durable is never sent")
    func law1() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            var before = try await NodeTruth.read(node)
            let plan = try await project.approvedPlan("restart-kubelet", node)
            var stoodBetween = false
            for count in 1...20 {
                // With the checkpoint kept beside it: a log set back below that one is refused before any step.
                let copy = project.folder + "/log-\(count)"
                for end in ["", ".checkpoint"] {
                    try FileManager.default.copyItem(atPath: project.log + end, toPath: copy + end)
                }
                let failed = try await Shell.run(
                    "/usr/bin/strace",
                    [
                        "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e",
                        "inject=fdatasync:error=EIO:when=\(count)", Testbed.binary, "-C", project.folder, "apply", plan,
                    ], in: project.folder)
                let entries = try await project.entries().map { "\($0)" }
                let step = entries.firstIndex { $0.contains("intent") && $0.contains("apply") }
                if let step {
                    let undo = entries[step].contains(#""undo": [["argv": ["systemctl", "start""#)
                    #expect(undo, "the step's intent does not carry its undo: \(entries[step])")
                    if step + 1 < entries.count { break }
                    stoodBetween = true
                }
                // Not there, or written and not known to be on the disk.
                let pid = try await NodeTruth.read(node).kubeletPID
                try #require(pid == before.kubeletPID, "the step was sent without a durable intent, at sync \(count)")
                #expect(failed.status != 0, "sync \(count) failed, and all was well: \(failed.output)")
                try await Testbed.call("reset", node)
                before = try await NodeTruth.read(node)
                for end in ["", ".checkpoint"] {
                    try FileManager.default.removeItem(atPath: project.log + end)
                    try FileManager.default.moveItem(atPath: copy + end, toPath: project.log + end)
                }
                #expect(count < 20, "the step was never reached")
            }
            #expect(stoodBetween, "no sync stood between the step's intent and what follows it")
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
            #expect(try await Testbed.exec(node, state) == before, "what the step did was not undone")
            #expect(applied.status == 6, "\(applied.output)\(applied.error)")

            // The runbook's own undo does nothing: that is seen, and not called a rollback.
            try project.write(
                "runbooks/half.yaml",
                """
                apiVersion: belay/v1
                kind: Runbook
                metadata: {name: half, title: An undo that undoes nothing, layer: node, author: test}
                spec:
                  targets: {max: 1}
                  steps:
                  - name: copy
                    action: command
                    with:
                      observe: [ls, /etc/belay-law2]
                      apply: [cp, /etc/hostname, /etc/belay-law2]
                      undo: ["true"]
                    verify: [{expression: "facts.uptime < duration('1s')", within: 1s}]

                """)
            let half = try await project.belay("apply", try await project.approvedPlan("half", node))
            #expect(half.status == 7, "an undo that undid nothing was believed: \(half.output)\(half.error)")
        }
    }

    @Test("Law 3, the node saves itself: cut off by a flush, with its executor gone, it reverts alone")
    func law3() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try await Testbed.exec(node, Firewall.dropWithSSH)
            let before = try await NodeTruth.read(node).rules
            let plan = try await project.approvedPlan("flush-iptables", node, "--param", "policy=keep")
            // Killed while it waits for the node that it has cut off.
            let killing = """
                "$0" -C "$1" apply "$2" & pid=$!
                until [ -e "$1/cut" ] || ! kill -0 $pid; do sleep 0.1; done
                kill -KILL $pid; wait $pid
                """
            let (binary, folder) = (Testbed.binary, project.folder)
            async let killed = Shell.run("/bin/sh", ["-c", killing, binary, folder, plan], in: folder)
            let cut = try await Firewall.sawCutOff(node)
            try project.write("cut", "")
            #expect(cut, "the node was never seen without its rules")
            #expect(try await killed.status == 137)
            let back = try await eventually { try await NodeTruth.read(node).rules == before }
            #expect(back, "the node did not put its rules back by itself")
        }
    }

    /// Who is connected stays connected, and nobody else gets in: only a new connection can tell.
    @Test("Law 3, the node saves itself: what only the old connection survives is not verified")
    func law3NewConnection() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            func write(_ name: String, delay: String) throws {
                let rule = "INPUT, -p, tcp, --dport, '22', --syn, -j, DROP"
                try project.write(
                    "runbooks/\(name).yaml",
                    """
                    apiVersion: belay/v1
                    kind: Runbook
                    metadata: {name: \(name), title: Nobody new, layer: infrastructure, author: test}
                    spec:
                      targets: {max: 1}
                      steps:
                      - name: close
                        action: command
                        timeout: 5s
                        with:
                          observe: [iptables, -S, INPUT]
                          apply: [iptables, -I, \(rule)]
                          undo: [iptables, -D, \(rule)]
                        verify: [{expression: "facts.uptime > duration('1s')", within: 5s}]
                      deadMan: {delay: \(delay)}

                    """)
            }
            try write("hasty", delay: "20s")
            let hasty = try await project.belay("plan", "hasty", "--node", node)
            #expect(hasty.status != 0, "a dead-man that fires too early was planned: \(hasty.output)\(hasty.error)")

            try write("close", delay: "30s")
            let before = try await NodeTruth.read(node).rules
            let applied = try await project.belay("apply", try await project.approvedPlan("close", node))
            let after = try await NodeTruth.read(node).rules
            #expect(after == before, "a path that only the old connection had left was called verified")
            #expect(applied.status == 6, "\(applied.output)\(applied.error)")
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
            let after = try await Testbed.exec(node, "cat /var/lib/kubelet/config.yaml")
            #expect(after == before, "a node that is not as planned was written to")
            #expect(applied.status == 5, "\(applied.output)\(applied.error)")
        }
    }

    @Test("Law 4, what was approved is what runs: by an approval of this plan, and once, whatever the log says")
    func law4Once() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let path = "/etc/belay-law4"
            try project.write("runbooks/file.yaml", Self.file(path, verify: "facts.uptime > duration('1s')"))
            let there = "[ -e \(path) ] && echo there || echo none"
            let approved = try await project.approvedPlan("file", node)

            let other = "\(project.folder)/other.plan"
            try #require(try await project.belay("plan", "file", "--node", node, "--out", other).status == 0)
            try FileManager.default.copyItem(atPath: approved + ".approvals", toPath: other + ".approvals")
            let borrowed = try await project.belay("apply", other)
            let afterBorrowed = try await Testbed.exec(node, there)
            #expect(afterBorrowed == "none\n", "another plan's approval was taken for this one's")
            #expect(borrowed.status == 4, "\(borrowed.output)\(borrowed.error)")

            // A log set back to before the run shows here, by the checkpoint that is kept beside it. As on another laptop, whose
            // log has not heard of the run, it is one without that.
            let copy = project.folder + "/log-before"
            try FileManager.default.copyItem(atPath: project.log, toPath: copy)
            let first = try await project.belay("apply", approved)
            try #require(first.status == 0, "\(first.output)\(first.error)")
            try await Testbed.exec(node, "rm \(path)")
            try FileManager.default.removeItem(atPath: project.log)
            try FileManager.default.moveItem(atPath: copy, toPath: project.log)
            let setBack = try await project.belay("apply", approved)
            #expect(setBack.status == 9, "\(setBack.output)\(setBack.error)")
            try FileManager.default.removeItem(atPath: project.log + ".checkpoint")
            let second = try await project.belay("apply", approved)
            #expect(try await Testbed.exec(node, there) == "none\n", "a plan was run twice")
            #expect(second.status == 5, "\(second.output)\(second.error)")
        }
    }

    /// A runbook, named `file`, that puts a file in place and checks one thing.
    private static func file(_ path: String, verify: String) -> String {
        """
        apiVersion: belay/v1
        kind: Runbook
        metadata: {name: file, title: Put a file in place, layer: node, author: test}
        spec:
          targets: {max: 1}
          steps:
          - name: file
            action: file.replace
            with: {path: \(path), content: "ours\\n"}
            verify: [{expression: "\(verify)", within: 5s}]

        """
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
                  - name: restart
                    action: service.restart
                    with: {service: kubelet}
                    verify: [{expression: "facts.uptime > duration('1s')", within: 5s}]

                """)
            let before = try await NodeTruth.read(node)
            let planned = try await project.belay("plan", "unknown", "--node", node)
            #expect(planned.status != 0, "a precondition that cannot be told was taken for one that holds")
            #expect((planned.output + planned.error).contains("cannot be told"), "\(planned.output)\(planned.error)")
            #expect(try await NodeTruth.read(node) == before)
        }
    }

    @Test("Law 5, fail closed, but never trap: a check that cannot be told has failed, and the way back is open")
    func law5Check() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let path = "/etc/belay-law5"
            try project.write(
                "runbooks/file.yaml", Self.file(path, verify: "facts.disks['/no/such/mount'].usedPercent < 100.0"))
            let applied = try await project.belay("apply", try await project.approvedPlan("file", node))
            let after = try await Testbed.exec(node, "[ -e \(path) ] && echo there || echo none")
            #expect(after == "none\n", "a check that cannot be told was taken for one that holds")
            #expect(applied.status == 6, "\(applied.output)\(applied.error)")

            try project.write(
                "policies/unknown.yaml",
                """
                apiVersion: belay/v1
                kind: Policy
                metadata: {name: unknown}
                spec:
                  enforcement: hard
                  validations:
                  - expression: "node.disks['/no/such/mount'].usedPercent < 100.0"
                    message: the disk is full
                    remedy: free it

                """)
            let planned = try await project.belay("plan", "file", "--node", node)
            #expect(
                planned.status == 3, "a policy that cannot be decided allowed it: \(planned.output)\(planned.error)")
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
            let after = try await Testbed.exec(node, "cat /etc/belay-law6.conf 2>&1 || true")
            #expect(after == "theirs\n", "what somebody had changed was overwritten")
            #expect(applied.status == 7, "\(applied.output)\(applied.error)")
        }
    }

    @Test("Law 7, every crash has an end: killed with a step under way, recover brings the node back and says so")
    func law7() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let path = "/etc/belay-law7"
            try project.write(
                "runbooks/slow.yaml",
                """
                apiVersion: belay/v1
                kind: Runbook
                metadata: {name: slow, title: A step that takes its time, layer: node, author: test}
                spec:
                  targets: {max: 1}
                  steps:
                  - name: slow
                    action: command
                    with:
                      observe: [ls, \(path)]
                      apply: [[touch, \(path)], [sleep, "20"]]
                      undo: [rm, -f, \(path)]
                    verify: [{expression: "facts.uptime > duration('1s')", within: 5s}]

                """)
            let plan = try await project.approvedPlan("slow", node)
            // The step has begun on the node, and its result is in nobody's log.
            let killed = try await Shell.run(
                "/bin/sh",
                [
                    "-c",
                    """
                    "$0" -C "$1" apply "$2" >/dev/null 2>&1 & p=$!
                    for i in $(seq 600); do
                      "$3" exec "$4" -- test -e "$5" && break
                      kill -0 $p 2>/dev/null || break
                      sleep 0.1
                    done
                    kill -KILL $p; wait $p
                    """, Testbed.binary, project.folder, plan, Testbed.command, node, path,
                ])
            #expect(killed.status == 137, "\(killed.output)\(killed.error)")
            let last = try await project.entries().last?["type"] as? String
            try #require(last == "intent", "the step was over before its executor was killed")
            let recovered = try await project.belay("recover")
            let after = try await Testbed.exec(node, "[ -e \(path) ] && echo there || echo none")
            #expect(after == "none\n", "recover left the node neither before nor after: \(recovered.output)")
            #expect(recovered.output.contains("BEFORE"), "\(recovered.output)\(recovered.error)")
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
            let there = try await Testbed.exec(node, "[ -e /etc/belay-law8 ] && echo there || echo none")
            #expect(there == "none\n", "a dry run wrote to the node")
            #expect(
                planned.output.contains("not all predictable") && !planned.output.contains("predicted exactly"),
                "a change nobody can predict was called predictable: \(planned.output)\(planned.error)")
            #expect(!planned.output.contains("No change"), "\(planned.output)")

            // A step that is left out because nobody could be asked is not a step that has nothing to do.
            try project.write(
                "runbooks/left-out.yaml",
                """
                apiVersion: belay/v1
                kind: Runbook
                metadata: {name: left-out, title: Not to be told, layer: node, author: test}
                spec:
                  targets: {max: 1}
                  steps:
                  - name: restart
                    action: service.restart
                    with: {service: kubelet}
                    when: "facts.disks['/no/such/mount'].usedPercent < 100.0"
                    optional: true
                    verify: [{expression: "facts.uptime > duration('1s')", within: 5s}]

                """)
            let leftOut = try await project.belay("plan", "left-out", "--node", node)
            #expect(leftOut.output.contains("left out"), "\(leftOut.output)\(leftOut.error)")
            #expect(
                !leftOut.output.contains("No change"),
                "a plan that cannot know says that nothing changes: \(leftOut.output)")
        }
    }
}

/// Waits until `condition` holds, for a minute at most.
func eventually(within limit: Duration = .seconds(60), _ condition: () async throws -> Bool) async throws -> Bool {
    // By the clock: on a busy machine looking takes longer than waiting.
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(500))
    }
    return try await condition()
}

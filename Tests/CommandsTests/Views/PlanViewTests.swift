import Core
import Foundation
import Testing

@testable import Commands

struct PlanViewTests {
    @Test("an allowed plan shows what changes, what is run, how it is undone, why it may, and what to type next")
    func allowed() throws {
        let plan = Sample.plan(
            [Sample.node([Sample.restart(notes: ["the API sees the node as not ready for a while"])])],
            parameters: ["service": .string("kubelet")])
        let preview = try Sample.decision(
            allowed: false, findings: Sample.finding(outcome: "deny", waits: true), phase: "execute")
        let view = Sample.view(plan, decision: try Sample.decision(allowed: true), preview: preview)
        #expect(
            view.text(.plain) == """
                Plan 20261122-180000-ab12 restart-kubelet: Restart the kubelet
                  for alice, cluster prod (production), good until \(plan.expiresAt.toSeconds)
                  with service=kubelet
                  sha256 abababababababababababababababababababababababababababababababab

                Node worker-1 10.0.0.1:22, worker
                  host key SHA256:abc, machine 0123abcd
                  1. restart: service.restart, reversible, predicted exactly, but for what changes by itself
                    ! the API sees the node as not ready for a while
                    activeState
                      - failed
                      + active
                    mainPid (changes by itself: a new process has a new PID)
                      - 0
                      + a new process
                    runs as root, for at most 90 s
                      $ systemctl restart kubelet.service
                    undone by
                      $ systemctl start kubelet.service
                    then facts.kubelet.healthz == 200 within 30 s
                  when a step or check fails: this node is undone, and no further node is begun

                ALLOWED for alice by the grant default-grant-sre; 2 policies spoke to it
                Applying it still needs approval:
                  waits for approval by drain-first (hard) policies/drain.yaml:12
                    worker-1, step 'restart': the node has 3 pods
                    → Drain it first

                Next, by someone else: belay approve restart.plan --comment 'why'
                then: belay apply restart.plan

                """)
    }

    @Test("a denied plan names policy, file and line, values and remedy, and says that nothing was saved")
    func denied() throws {
        let denial = try Sample.decision(allowed: false, findings: Sample.finding(outcome: "deny", waits: false))
        let text = Sample.view(Sample.plan([Sample.node([Sample.restart()])]), decision: denial).text(.plain)
        #expect(
            text.hasSuffix(
                """
                DENIED
                  denied by drain-first (hard) policies/drain.yaml:12
                    worker-1, step 'restart': the node has 3 pods
                    facts.pods = 3
                    → Drain it first

                The plan was not saved, and nothing was changed.

                """))
    }

    @Test(
        "of what was looked at stand the parts, not the messages, maps and lists around them",
        arguments: [
            (["Action{type: 'x'}", "{'a': 1}", "[1, 2]", "'a{b'", "false"], ["'a{b'", "false"]),
            (["Action{type: 'x'}"], ["Action{type: 'x'}"]),
        ] as [([String], [String])])
    func traces(values: [String], shown: [String]) throws {
        var finding = try Sample.decision(
            allowed: false, findings: Sample.finding(outcome: "deny", waits: false)
        ).denials[0]
        finding.trace = try values.map {
            try JSON.decode(Finding.Trace.self, from: JSON.encode(["expression": "x", "value": $0]))
        }
        let lines = FindingView.views(of: [finding]).flatMap { $0.lines(.plain) }
        #expect(lines.filter { $0.hasPrefix("  x = ") } == shown.map { "  x = " + $0 })
    }

    @Test("what an approval is missing for is looked into only with --verbose")
    func waitingTrace() throws {
        let waiting = try Sample.decision(allowed: false, findings: Sample.finding(outcome: "deny", waits: true))
        func text(_ verbose: Bool) -> String { DecisionView(waiting, verbose: verbose).lines(.plain).text }
        #expect(!text(false).contains("facts.pods = 3"))
        #expect(text(true).contains("facts.pods = 3"))
    }

    @Test("a plan that could be applied at once says so")
    func ready() throws {
        let decision = try Sample.decision(allowed: true)
        let text = Sample.view(Sample.plan([Sample.node([Sample.restart()])]), decision: decision, preview: decision)
            .text(.plain)
        #expect(text.contains("Applying it needs nothing more.\n\nNext: belay apply restart.plan\n"))
    }

    @Test("no change is said only when no step of any node has anything to run")
    func noChange() {
        let idle = Sample.restart(before: [:], after: [:], qualities: [:], apply: [])
        let both = Sample.view(Sample.plan([Sample.node([idle]), Sample.node([Sample.restart()], name: "worker-2")]))
        #expect(!both.changesNothing && !both.text(.plain).contains("No change"))
        let none = Sample.view(Sample.plan([Sample.node([idle]), Sample.node([idle], name: "worker-2")]))
        #expect(none.text(.plain).contains("No change: no step has anything to do on any node."))
        // Equal states with something to run are not "no change": it may be a restart.
        let equal = Sample.restart(
            before: ["activeState": .text("active")], after: ["activeState": .text("active")], qualities: [:])
        #expect(!Sample.view(Sample.plan([Sample.node([equal])])).text(.plain).contains("No change"))
    }

    @Test("a guess is called a guess, with its reason, also where the value shown is the old one")
    func qualities() {
        let step = Sample.restart(
            before: ["activeState": .text("failed"), "subState": .text("dead")],
            after: ["activeState": .text("active"), "subState": .text("dead")],
            qualities: ["activeState": .bounded("active or failed"), "subState": .unpredictable("it may crash again")])
        let text = Sample.view(Sample.plan([Sample.node([step])])).text(.plain)
        #expect(text.contains("reversible, not all predictable"))
        #expect(text.contains("activeState bounded: active or failed\n      - failed\n      + active\n"))
        #expect(text.contains("subState unpredictable: it may crash again\n"))
    }

    @Test("values that differ without a line to show for it are told apart by their form")
    func formOnly() {
        func lines(_ before: FieldValue?, _ after: FieldValue?) -> [String] {
            FieldView(name: "content", before: before, after: after, quality: .exact, volatile: nil, isSecret: false)
                .lines(.plain, verbose: false)
        }
        #expect(lines(.absent, .lines([])) == ["content", "  - (absent)", "  + (0 lines)"])
        let newline = lines(.content(Payload("a")), .content(Payload("a\n")))
        #expect(
            newline.count == 3 && newline[1].hasPrefix("  - (content of 1 byte,")
                && newline[2].hasPrefix("  + (content of 2 bytes,"))
    }

    @Test("an irreversible step and a dead-man stand out")
    func dangers() {
        var step = Sample.restart()
        step.reversibility = .irreversible
        step.cutsPath = true
        step.undo = []
        let text = Sample.view(Sample.plan([Sample.node([step], deadManSeconds: 45)])).text(.plain)
        #expect(text.contains("IRREVERSIBLE, predicted exactly, but for what changes by itself, can cut the path to"))
        #expect(text.contains("nothing undoes it"))
        #expect(text.contains("dead-man: the node undoes the path-cutting steps by itself after 45 s"))
    }

    static let hostile = "x\u{1B}[2J\u{1B}]0;owned\u{07}\u{202E}evil\r\u{9B}31m"

    @Test(
        "what comes from a node or a file never reaches the terminal as control characters", arguments: [false, true])
    func hostileText(verbose: Bool) throws {
        var step = Sample.restart(
            before: ["state\(Self.hostile)": .text(Self.hostile)],
            after: ["state\(Self.hostile)": .lines([Self.hostile])],
            qualities: ["state\(Self.hostile)": .bounded(Self.hostile)], notes: [Self.hostile],
            apply: [Command(["tee", Self.hostile], input: Payload("a\n\(Self.hostile)"))])
        step.name = Self.hostile
        step.verify = [CheckPlan(expression: Self.hostile, withinSeconds: 1)]
        var node = Sample.node([step], name: Self.hostile)
        node.identity = NodeIdentity(address: Self.hostile, hostKey: Self.hostile, machineID: Self.hostile)
        node.roles = [Self.hostile]
        let plan = Sample.plan([node], parameters: [Self.hostile: .string(Self.hostile)], title: Self.hostile)
        let text = Sample.view(plan, decision: try Sample.decision(allowed: true), verbose: verbose).text(.plain)
        let controls = text.unicodeScalars.filter {
            $0 != "\n" && [.control, .format].contains($0.properties.generalCategory)
        }
        #expect(controls.isEmpty)
        #expect(text.contains("\\u{1b}[2J"))
    }

    static let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n"

    @Test(
        "kubeconfigs and private keys are masked in diffs, inputs and parameters, whoever asks",
        arguments: [
            (path: "/root/.kube/config", old: "token: hunter1", new: "token: hunter2"),
            (path: "/etc/kubernetes/admin.conf", old: "token: hunter1", new: "token: hunter2"),
            (path: "/etc/ssh/host", old: Self.key + "hunter1", new: Self.key + "hunter2"),
            (path: "/tmp/a.yaml", old: "client-key-data: hunter1", new: "client-key-data: hunter2"),
            (path: "/tmp/a.yaml", old: "client-key-data: hunter1", new: "hunter2 without a mark"),
        ])
    func masking(path: String, old: String, new: String) throws {
        let step = Sample.replace(path, from: old, to: new)
        let plan = Sample.plan([Sample.node([step])], parameters: ["key": .string(Self.key + "hunter1")])
        let text = Sample.view(plan, verbose: true).text(.plain)
        #expect(!text.contains("hunter1"))
        #expect(text.contains("- masked: \(Payload(old).summary)"))
        #expect(text.contains("+ masked: \(Payload(new).summary)"))
        #expect(try !Sample.view(plan).json().contains("hunter1"))
    }

    @Test("an ordinary file is not masked, and its input is summed up unless --verbose is given")
    func ordinaryFile() {
        let step = Sample.replace("/etc/kubelet.yaml", from: "a: 1\nb: 2\n", to: "a: 1\nb: 3\n")
        let plan = Sample.plan([Sample.node([step])])
        let brief = Sample.view(plan).text(.plain)
        #expect(brief.contains("content\n      @@ -1,2 +1,2 @@\n        a: 1\n      - b: 2\n      + b: 3\n"))
        #expect(
            brief.contains(
                "$ tee /etc/kubelet.yaml\n        < input: 10 bytes, sha256 \(Digest.sha256("a: 1\nb: 3\n".utf8).prefix(12))…\n"
            ))
        #expect(!brief.contains("| b: 3"))
        #expect(Sample.view(plan, verbose: true).text(.plain).contains("        | a: 1\n        | b: 3\n"))
    }

    @Test("commands are shown as shell words, with the statuses that count as success")
    func commands() {
        let command = Command(["grep", "it's", "a b"], accepts: [1, 0])
        let lines = CommandView([command], secrets: Secrets(Sample.restart()), verbose: false).lines(.plain)
        #expect(lines == ["$ grep 'it'\\''s' 'a b'", "  # success is status 0, 1"])
    }

    @Test("long shell texts are folded to their digest, and shown in full with --verbose")
    func folding() {
        let text = (1...20).map { "echo \($0)" }.joined(separator: "\n")
        let command = Command(["/bin/sh", "-c", text, "belay", "a b"])
        let secrets = Secrets(Sample.restart())
        let folded = CommandView([command], secrets: secrets, verbose: false).lines(.plain)
        #expect(folded == ["$ /bin/sh -c '…20 lines, sha256 \(Digest.sha256(text.utf8).prefix(12))…' belay 'a b'"])
        #expect(CommandView([command], secrets: secrets, verbose: true).lines(.plain).count == 20)
    }

    @Test("the JSON has plan, digest, file and decisions, and reads back")
    func json() throws {
        let plan = Sample.plan([Sample.node([Sample.restart()])])
        let text = try Sample.view(plan, decision: try Sample.decision(allowed: true)).json()
        struct Shown: Decodable {
            let plan: Plan
            let planSha256: String
            let file: String
            let decision: Decision
        }
        let shown = try JSON.decode(Shown.self, from: Array(text.utf8))
        #expect(shown.plan == plan && shown.planSha256 == Sample.sha256 && shown.decision.allowed)
    }

    @Test("colour changes no letter")
    func colour() throws {
        let view = Sample.view(
            Sample.plan([Sample.node([Sample.restart(notes: ["careful"])], deadManSeconds: 9)]),
            decision: try Sample.decision(allowed: true))
        let colored = view.text(Style(isColored: true))
        #expect(colored.contains("\u{1B}[31m- failed\u{1B}[0m"))
        #expect(colored.replacing(try Regex("\u{1B}\\[[0-9]*m"), with: "") == view.text(.plain))
    }
}

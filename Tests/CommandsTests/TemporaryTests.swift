import Core
import Foundation
import Testing

@testable import Commands
@testable import Engine

/// What is temporary, in a real log with real keys. The node of these projects does not answer, so what ran there is told as
/// an executor would have logged it.
@Suite("temporary changes", .timeLimit(.minutes(5)))
struct TemporaryTests {
    private static let id = "20261122-180000-ab12"
    private static let back = "20261122-190000-bc23"

    /// A project with a run of alice's on worker-1.
    /// - Parameters:
    ///   - seconds: for how long, nil for good.
    ///   - ends: how its node and the run end; nil while it has not.
    private static func project(
        seconds: Int? = 7200, ends: (NodeState, RunEnd)? = (.succeeded, .succeeded), obligations: [String] = [],
        onNode: OnNode? = nil
    ) async throws -> SignedProject {
        let project = try await SignedProject()
        try await project.plan(id) { plan in
            (plan.id, plan.temporarySeconds, plan.onNode) = (id, seconds, onNode)
            // Where nodes are asked nobody answers.
            if onNode != nil { plan.nodes[0].identity = Sample.node([]).identity }
        }
        var decision = try Sample.decision(allowed: true, phase: "execute")
        decision.obligations = obligations
        try await project.append(.decided(decision), run: id)
        try await run(id, in: project, isArmed: onNode == .returns, ends: ends)
        return project
    }

    /// What a node is told to have said when it was asked.
    private static func answer(
        _ standing: NodeReturnStanding, _ purpose: NodeReturnRecord.Purpose = .look, in project: SignedProject
    ) async throws {
        _ = try await project.open { log in
            try await log.append(
                .nodeReturn(NodeReturnRecord(purpose: purpose, standing: standing)), by: "alice@laptop:8", run: id,
                node: "worker-1")
        }
    }

    private static func run(
        _ id: String, in project: SignedProject, ran: Bool = true, isArmed: Bool = false, ends: (NodeState, RunEnd)?
    ) async throws {
        let step = Sample.restart()
        var events: [(Event, String?)] = [
            (.started(holder: "alice@laptop:7"), nil), (.wave(0), nil),
            (.observed(step: 0, moment: .before, step.before), "worker-1"),
        ]
        let applied: [(Event, String?)] = [
            (.intent(Intent(.apply(step: 0), commands: step.apply, undo: step.undo)), "worker-1"),
            (.outcome(.apply(step: 0), .done(status: 0, failedAt: 0, output: Payload(""))), "worker-1"),
            (.observed(step: 0, moment: .after, step.prediction.after), "worker-1"),
        ]
        if ran { events += applied }
        if isArmed {
            events += [
                (.intent(Intent(.armReturn)), "worker-1"),
                (.outcome(.armReturn, .ownReturn(.armed(secondsLeft: 300, waitingFor: nil))), "worker-1"),
            ]
        }
        if let ends { events += [(.nodeState(ends.0, reason: ""), "worker-1"), (.finished(ends.1), nil)] }
        try await project.open { log in
            var intent: EntryName?
            for (event, node) in events {
                let name = try await log.append(.run(event), by: "alice@laptop:7", run: id, node: node) { record in
                    if case .outcome = event { record.intent = intent }
                }
                if case .intent = event { intent = name }
            }
        }
    }

    /// A plan of the way back; its file is where `belay return` looks for it.
    private static func planBack(in project: SignedProject, id: String = back, of run: String = id) async throws
        -> String
    {
        try await project.plan(id) { ($0.id, $0.rollsBack) = (id, run) }
    }

    private static func status(_ project: SignedProject, after seconds: Int) async throws -> StatusView {
        let summaries = try await Workspace.open(from: project.path).summaries()
        return StatusView(summaries, now: SystemClock().now().adding(seconds: seconds))
    }

    @Test("status, list and show say what is in place, since when, by whom, and until when")
    func shown() async throws {
        let project = try await Self.project()
        let status = await project.belay("status")
        #expect(status.exit == .done, "\(status)")
        #expect(status.output.contains("TEMPORARY on worker-1 for "), "\(status)")
        #expect(status.output.contains(", by alice: due back 20"), "\(status)")
        #expect(status.output.contains("belay return \(Self.id)"), "\(status)")
        #expect(status.output.contains("belay keep \(Self.id) --reason 'why'"), "\(status)")
        #expect(await project.belay("runs", "list").output.contains("(temporary, due back 20"))
        let shown = await project.belay("runs", "show", Self.id).output
        #expect(shown.contains("until 2h after it has ended") && shown.contains("worker-1: in place, due back 20"))
        let json = await project.belay("status", "-o", "json").output
        #expect(json.contains("\"temporary\"") && json.contains("\"due\"") && json.contains("\"worker-1\""), "\(json)")
        #expect(await project.belay("audit", "show", Self.id).output.contains("temporary  for 2h after it has ended"))
    }

    @Test("when it is due, status says so, and somebody has to do something")
    func overdue() async throws {
        let project = try await Self.project(seconds: 300)
        let before = try await Self.status(project, after: 200)
        #expect(before.exit == .done && !before.text(.plain).contains("OVERDUE"))
        let after = try await Self.status(project, after: 301)
        #expect(after.exit == .needsPerson && after.text(.plain).contains("OVERDUE since 20"))
    }

    /// For how long, and how it ends.
    struct Other: Sendable {
        var seconds: Int? = 300
        var ends: (NodeState, RunEnd)?
        var says = "left nothing in place"
    }

    static let notTemporary = [
        Other(seconds: nil, ends: (.succeeded, .succeeded), says: "is not temporary"),
        Other(ends: nil, says: "has not ended"), Other(ends: (.rolledBack, .rolledBack)),
        Other(ends: (.stale, .stale)), Other(ends: (.needsPerson, .needsPerson)),
    ]

    @Test("what is for good, under way, or was brought back is not temporary", arguments: notTemporary.indices)
    func others(index: Int) async throws {
        let other = Self.notTemporary[index]
        let project = try await Self.project(seconds: other.seconds, ends: other.ends)
        #expect(try await !Self.status(project, after: 10_000).text(.plain).contains("TEMPORARY"))
        let kept = await project.belay("keep", Self.id, "--reason", "it stays")
        #expect(kept.exit == .usage && kept.complaints.contains(other.says), "\(kept)")
        let returned = await project.belay("return", Self.id)
        #expect(returned.exit == .usage && returned.complaints.contains("nothing temporary in place"), "\(returned)")
    }

    @Test("a run that rolled it back has given it back, unless that was rolled back in turn")
    func givenBack() async throws {
        let project = try await Self.project(seconds: 300)
        _ = try await Self.planBack(in: project)
        #expect(try await Self.status(project, after: 301).exit == .needsPerson)
        try await Self.run(Self.back, in: project, ends: (.succeeded, .succeeded))
        #expect(try await Self.status(project, after: 301).exit == .done)
        #expect(await project.belay("runs", "list").output.contains("(temporary, given back)"))
        #expect(
            await project.belay("runs", "show", Self.id).output.contains("worker-1: given back by run \(Self.back)"))
        let kept = await project.belay("keep", Self.id, "--reason", "it stays")
        #expect(kept.exit == .usage && kept.complaints.contains("given back already, by run \(Self.back)"), "\(kept)")

        let again = "20261122-200000-cd34"
        _ = try await Self.planBack(in: project, id: again, of: Self.back)
        try await Self.run(again, in: project, ends: (.succeeded, .succeeded))
        #expect(try await Self.status(project, after: 301).exit == .needsPerson)
    }

    @Test("who made it keeps it by a signature, once, and it is due no more")
    func kept() async throws {
        let project = try await Self.project(seconds: 300)
        let robot = await project.belay("keep", Self.id, "--reason", "beep", "--key", "\(project.path)/keys/robot")
        #expect(robot.exit == .denied && robot.complaints.contains("is a program"), "\(robot)")
        let blank = await project.belay("keep", Self.id, "--reason", "  ")
        #expect(blank.exit == .usage && blank.complaints.contains("say why it stays"), "\(blank)")
        #expect(try await Self.status(project, after: 301).exit == .needsPerson)

        let kept = await project.belay("keep", Self.id, "--reason", "the old rules were wrong")
        #expect(kept.exit == .done && kept.output.contains("KEPT run \(Self.id) by alice: the old rules"), "\(kept)")
        #expect(try await Self.status(project, after: 301).exit == .done)
        #expect(await project.belay("runs", "list").output.contains("(temporary, kept by alice)"))
        #expect(await project.belay("runs", "show", Self.id).output.contains("kept by alice at 20"))
        #expect(
            await project.belay("audit", "show", Self.id).output.contains("KEPT by alice: the old rules were wrong"))
        let again = await project.belay("keep", Self.id, "--reason", "once more")
        #expect(again.exit == .usage && again.complaints.contains("kept already, by alice"), "\(again)")
        let returned = await project.belay("return", Self.id)
        #expect(returned.exit == .usage && returned.complaints.contains("nothing temporary in place"), "\(returned)")
        let verified = await project.belay("audit", "verify", project.log)
        #expect(verified.exit == .done, "\(verified)")
    }

    @Test("an outsider verifies the statement with ssh-keygen alone")
    func outsider() async throws {
        let project = try await Self.project()
        _ = await project.belay("keep", Self.id, "--reason", "it stays")
        let signed = try await RecordReader(directory: project.log).records().compactMap {
            if case .kept(let signed)? = $0.record.event { signed } else { nil }
        }
        try project.write(String(decoding: try #require(signed.first).statement.bytes, as: UTF8.self), to: "statement")
        try project.write(signed[0].signature, to: "statement.sig")
        let verified = try await SignedProject.sh(
            "cd '\(project.path)'; ssh-keygen -Y verify -f allowed_signers -I alice -n belay-keep@v1 -s statement.sig < statement"
        )
        #expect(verified.contains("Good \"belay-keep@v1\""))
    }

    @Test("where the policies want another person's word, who made it cannot keep it")
    func another() async throws {
        let project = try await Self.project(obligations: ["keep:another"])
        let own = await project.belay("keep", Self.id, "--reason", "it stays")
        #expect(own.exit == .denied && own.complaints.contains("want another person's word"), "\(own)")
        let other = await project.belay(
            "keep", Self.id, "--reason", "looked at it", "--key", "\(project.path)/keys/bob")
        #expect(other.exit == .done && other.output.contains("KEPT"), "\(other)")
    }

    @Test(
        "attack: an entry that keeps it without a signature of that run for that purpose keeps nothing, and is shown as such"
    )
    func forged() async throws {
        let project = try await Self.project(seconds: 300)
        let digest = try SignedProject.digest(of: "\(project.path)/\(Self.id).plan")
        func keeping(_ run: String, by: String = "alice") throws -> [UInt8] {
            try Keeping(
                run: run, planSha256: digest, by: by, reason: "all is well", at: SystemClock().now(),
                nonce: SystemNonces().next(), logOrigin: "test.example/log"
            ).encoded()
        }
        let (own, other) = (try keeping(Self.id), try keeping("20261122-180000-ffff"))
        let forged = [
            ([UInt8]("{}".utf8), "none"), (own, "none"),
            (own, try await project.sign(own, by: "alice", SignatureNamespace.approval)),
            (other, try await project.sign(other, by: "alice", SignatureNamespace.keeping)),
            (try keeping(Self.id, by: "bob"), try await project.sign(own, by: "alice", SignatureNamespace.keeping)),
        ]
        for (statement, signature) in forged {
            let signed = SignedKeeping(statement: Payload(bytes: statement), signature: signature)
            try await project.append(.kept(signed), run: Self.id)
        }
        #expect(try await Self.status(project, after: 301).exit == .needsPerson)
        let shown = await project.belay("runs", "show", Self.id).output
        #expect(shown.components(separatedBy: "keeps nothing:").count - 1 == 2 * forged.count, "\(shown)")
        #expect(await project.belay("audit", "show", Self.id).output.contains("keeps nothing"))
    }

    @Test("with nothing due there is nothing to give back, and a run or --due is to be named")
    func nothingDue() async throws {
        let project = try await Self.project()
        let due = await project.belay("return", "--due")
        #expect(due.exit == .done && due.output.contains("Nothing temporary is due."), "\(due)")
        #expect(await project.belay("return").exit == .usage)
        #expect(await project.belay("return", Self.id, "--due").exit == .usage)
    }

    @Test("a node that does not answer keeps what is there, and nothing was planned")
    func unreachable() async throws {
        let project = try await Self.project()
        let entries = try await RecordReader(directory: project.log).records().count
        let returned = await project.belay("return", Self.id)
        #expect(returned.exit == .couldNotStart, "\(returned)")
        #expect(try await RecordReader(directory: project.log).records().count == entries)
    }

    @Test("a way back that waits for approvals is taken up again: approved it runs, denied it does not")
    func waits() async throws {
        let project = try await Self.project()
        let plan = try await Self.planBack(in: project)
        for _ in 0..<2 {
            let waiting = await project.belay("return", Self.id, "--plans", project.path)
            #expect(waiting.exit == .approvalMissing && waiting.output.contains("WAITS run \(Self.id)"), "\(waiting)")
            #expect(waiting.output.contains("belay approve \(plan)"), "\(waiting)")
        }
        let denial = try await project.leave(project.statement(plan, .deny), beside: plan)
        let denied = await project.belay("return", Self.id, "--plans", project.path)
        #expect(denied.exit == .denied && denied.output.contains("somebody denied its way back"), "\(denied)")
        try FileManager.default.removeItem(atPath: denial)

        try await project.leave(project.statement(plan), beside: plan)
        let approved = await project.belay("return", Self.id, "--plans", project.path)
        let begun = try await RecordReader(directory: project.log).records().contains {
            if case .run(.started)? = $0.record.event { $0.record.run == Self.back } else { false }
        }
        #expect(begun, "\(approved)")
    }

    @Test("while a run that gives it back has not ended, or needs a person, no other is planned")
    func stuck() async throws {
        for ends in [nil, (NodeState.needsPerson, RunEnd.needsPerson)] {
            let project = try await Self.project()
            _ = try await Self.planBack(in: project)
            try await Self.run(Self.back, in: project, ends: ends)
            let returned = await project.belay("return", Self.id)
            #expect(
                returned.exit == .needsPerson && returned.output.contains("belay runs show \(Self.back)"), "\(returned)"
            )
        }
    }

    @Test("what was tried, failed and was undone is not tried by a timer again, and what never began is")
    func failed() async throws {
        for (ran, exit) in [(true, Exit.needsPerson), (false, .couldNotStart)] {
            let project = try await Self.project()
            _ = try await Self.planBack(in: project)
            try await Self.run(Self.back, in: project, ran: ran, ends: (.rolledBack, .rolledBack))
            let workspace = try await Workspace.open(from: project.path)
            let view = try await workspace.withBelay { belay in
                do {
                    let returned = try await belay.giveBack(
                        run: Self.id, key: nil, folder: nil, again: false, watch: { _, _ in })
                    return ReturnView(run: Self.id, returned: returned, inventory: workspace.inventory).exit
                } catch {
                    return Failure(error).exit
                }
            }
            #expect(view == exit)
            #expect(await project.belay("return", Self.id).exit == .couldNotStart)
        }
    }

    @Test("what the node also gives back by itself is said, and what it gave back is told and done with")
    func returnedAlone() async throws {
        let project = try await Self.project(seconds: 300, onNode: .returns)
        let status = await project.belay("status")
        #expect(status.exit == .done && status.output.contains(", also by the node itself"), "\(status)")
        #expect(status.output.contains("worker-1: it is armed"), "\(status)")
        #expect(await project.belay("audit", "show", Self.id).output.contains("also by the nodes themselves"))
        try await Self.answer(.returned(output: Payload("")), in: project)
        #expect(try await Self.status(project, after: 301).exit == .done)
        #expect(await project.belay("runs", "list").output.contains("(temporary, given back)"))
        let shown = await project.belay("runs", "show", Self.id).output
        #expect(shown.contains("worker-1, by the node itself: the node has given it back"), "\(shown)")
        let read = await project.belay("audit", "show", Self.id).output
        #expect(read.contains("worker-1: given back by the node itself") && !read.contains("worker-1: step"), "\(read)")
        let kept = await project.belay("keep", Self.id, "--reason", "it stays")
        #expect(kept.exit == .usage && kept.complaints.contains("given back already, by the nodes"), "\(kept)")
        let returned = await project.belay("return", Self.id)
        #expect(returned.exit == .usage && returned.complaints.contains("nothing temporary in place"), "\(returned)")
    }

    @Test(
        "a node that stopped, since somebody changed it or an undo failed, waits for a person, and no timer tries again"
    )
    func stopped() async throws {
        let answers: [(NodeReturnStanding, String)] = [
            (
                .conflict(step: "restart", output: Payload("a was changed\n")),
                "stopped before step 'restart', which somebody had changed"
            ),
            (.failed(step: "restart", status: 3, output: Payload("")), "undoing step 'restart' ended with status 3"),
        ]
        for (standing, says) in answers {
            let project = try await Self.project(onNode: .returns)
            try await Self.answer(standing, in: project)
            let status = await project.belay("status")
            #expect(status.exit == .needsPerson && status.output.contains(says), "\(status)")
            let workspace = try await Workspace.open(from: project.path)
            let view = try await workspace.withBelay { belay in
                let returned = try await belay.giveBack(
                    run: Self.id, key: nil, folder: nil, again: false, watch: { _, _ in })
                return ReturnView(run: Self.id, returned: returned, inventory: workspace.inventory)
            }
            #expect(view.exit == .needsPerson)
            let text = view.text(.plain)
            #expect(standing.output?.bytes.isEmpty == true || text.contains("    a was changed\n"), "\(text)")
            #expect(text.contains(says) && text.contains("belay rollback \(Self.id)"), "\(text)")
            // A person's word plans it, which asks the node for what is there.
            #expect(await project.belay("return", Self.id).exit == .couldNotStart)
        }
    }

    @Test("kept while a node cannot be reached: the word stands, and it is said loudly until the node was asked")
    func keptUnreached() async throws {
        let project = try await Self.project(onNode: .returns)
        let kept = await project.belay("keep", Self.id, "--reason", "the old rules were wrong")
        #expect(kept.exit == .needsPerson && kept.output.contains("KEPT run \(Self.id) by alice"), "\(kept)")
        #expect(kept.output.contains("NOT TAKEN from worker-1"), "\(kept)")
        #expect(kept.output.contains("still gives it back by itself at 20"), "\(kept)")
        let status = await project.belay("status")
        #expect(status.exit == .needsPerson && status.output.contains("KEPT, BUT worker-1"), "\(status)")
        let again = await project.belay("keep", Self.id, "--reason", "once more")
        #expect(again.exit == .needsPerson && again.output.contains("KEPT ALREADY"), "\(again)")
        let statements = try await RecordReader(directory: project.log).records().count {
            if case .kept? = $0.record.event { true } else { false }
        }
        #expect(statements == 1)
        try await Self.answer(.taken, .take, in: project)
        #expect(await project.belay("status").exit == .done)
        let done = await project.belay("keep", Self.id, "--reason", "once more")
        #expect(done.exit == .usage && done.complaints.contains("kept already, by alice"), "\(done)")
    }

    @Test("a node that cannot be asked before a way back is planned keeps what is there, and nothing is in the log")
    func unreachedOnNode() async throws {
        let project = try await Self.project(onNode: .returns)
        let entries = try await RecordReader(directory: project.log).records().count
        #expect(await project.belay("return", Self.id).exit == .couldNotStart)
        #expect(try await RecordReader(directory: project.log).records().count == entries)
    }

    @Test("several that come out alike say so; where they differ somebody has to look")
    func exits() {
        #expect(ReturnVerb.exit(of: []) == .done && ReturnVerb.exit(of: [.done, .done]) == .done)
        #expect(ReturnVerb.exit(of: [.done, .approvalMissing, .approvalMissing]) == .approvalMissing)
        #expect(ReturnVerb.exit(of: [.approvalMissing, .denied]) == .needsPerson)
        #expect(ReturnVerb.exit(of: [.needsPerson, .done]) == .needsPerson)
    }

    @Test(
        "a plan's option is bounded like a runbook's, before any node is asked",
        arguments: [("4m", "must be 5m to 7d, not 4m"), ("8d", "must be 5m to 7d, not 8d"), ("soon", "is no time")])
    func option(text: String, says: String) async throws {
        let project = try await SignedProject()
        let planned = await project.belay("plan", "restart-kubelet", "--node", "worker-1", "--temporary", text)
        #expect(planned.exit == .usage && planned.complaints.contains(says), "\(planned)")
    }

    @Test("what a plan shows and what a conflict says")
    func words() throws {
        var plan = Sample.plan([Sample.node([Sample.restart()])])
        #expect(!Sample.view(plan).text(.plain).contains("temporary"))
        plan.temporarySeconds = 5400
        #expect(Sample.view(plan).text(.plain).contains("stays in place until 1h30m after it has ended"))
        #expect(try Sample.view(plan).json().contains("\"temporarySeconds\" : 5400"))
        #expect(!Sample.view(plan).text(.plain).contains("by each node itself"))
        plan.onNode = .returns
        #expect(Sample.view(plan).text(.plain).contains("and by each node itself"))
        #expect(try Sample.view(plan).json().contains("\"onNode\" : \"returns\""))
        let alone = ReturnView(
            run: Self.id, returned: .alone(NodeReturnReport(["worker-1": .returned(output: Payload(""))])),
            inventory: try #require(Sample.inventory))
        #expect(alone.exit == .done && alone.text(.plain).contains("worker-1: the node has given it back"))
        let conflict = ReturnConflict(
            run: Self.id, changes: ["worker-1: somebody changed content of step 'replace' since"])
        let view = ReturnView(run: Self.id, returned: .conflict(conflict), inventory: try #require(Sample.inventory))
        #expect(view.exit == .needsPerson)
        #expect(
            view.text(.plain) == """
                NEEDS A PERSON run \(Self.id) stays in place: giving it back would overwrite what others did
                  worker-1: somebody changed content of step 'replace' since
                  → look at it and put it back: belay rollback \(Self.id), or have it for good: belay keep \(Self.id) --reason 'why'

                """)
    }
}

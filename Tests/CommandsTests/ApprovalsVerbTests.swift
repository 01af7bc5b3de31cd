import Core
import Foundation
import Testing

@testable import Commands
@testable import Engine

/// `belay approve` and `belay approvals`, without any node.
@Suite(.timeLimit(.minutes(3)))
struct ApprovalsVerbTests {
    private struct Listed: Decodable {
        var plan: String
        var standing: PlanApprovals.Standing
        var approvals: ApprovalTally
    }

    private let project: SignedProject

    init() async throws { project = try await SignedProject() }

    private func key(_ person: String) -> String { "\(project.path)/keys/\(person)" }

    private func approve(_ plan: String, _ more: String...) async -> (exit: Exit, output: String, complaints: String) {
        let recorder = Recorder()
        let words = ["-C", project.path, "approve", plan, "--comment", "looked at it", "--key", key("bob")] + more
        let exit = await Commands.run(words) { _ in recorder.terminal }
        return (exit, recorder.output, recorder.complaints)
    }

    private func statements(beside plan: String) throws -> [ApprovalStatement] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: plan + ".approvals")) ?? []
        return try names.filter { $0.hasSuffix(".json") }.map {
            try ApprovalStatement(bytes: InputFile.read("\(plan).approvals/\($0)"))
        }
    }

    @Test("the list has each plan of the log and where it stands")
    func list() async throws {
        var ids: [String: PlanApprovals.Standing] = [:]
        func add(_ name: String, _ standing: PlanApprovals.Standing, expires: Int = 3600) async throws -> String {
            let file = try await project.plan(name, expires: expires, made: -60)
            ids[try InputFile.plan(file).plan.id] = standing
            return file
        }
        _ = try await add("waits", .waiting)
        #expect(await approve(try await add("yes", .approved)).exit == .done)
        #expect(await approve(try await add("no", .denied), "--deny").exit == .done)
        _ = try await add("old", .expired, expires: -1)
        let spent = try await add("spent", .spent)
        try await project.append(.run(.started(holder: "alice@here:1")), run: try InputFile.plan(spent).plan.id)
        let text = await project.belay("approvals", "list")
        #expect(
            text.exit == .done && text.output.contains("bob NO") && text.output.contains("bob yes until"), "\(text)")
        let listed = try JSON.decode(
            [Listed].self, from: Array(await project.belay("approvals", "list", "-o", "json").output.utf8))
        #expect(Dictionary(uniqueKeysWithValues: listed.map { ($0.plan, $0.standing) }) == ids)
        let open = await project.belay("approvals", "list", "--open")
        #expect(open.output.split(separator: "\n").count == 3, "\(open)")
        try project.write("# nobody\n" + project.line(of: "alice"), to: "allowed_signers")
        let after = await project.belay("approvals", "list", "-o", "json")
        let standings = try JSON.decode([Listed].self, from: Array(after.output.utf8)).map(\.standing)
        #expect(!standings.contains(.approved) && standings.contains(.stale), "\(after)")
    }

    @Test("a plan is shown with what counts, and why the rest does not; nothing is recorded by looking")
    func show() async throws {
        let plan = try await project.plan()
        try await project.leave(project.statement(plan, from: -7200, until: -1), beside: plan)
        let edited = try await project.leave(project.statement(plan), beside: plan) {
            $0.replacing("looked", with: "glanced")
        }
        let id = try InputFile.plan(plan).plan.id
        let refused = await project.belay("approvals", "show", plan)
        #expect(refused.exit == .done && refused.output.contains("Plan \(id) refused"), "\(refused)")
        #expect(refused.output.contains("Not accepted: \(edited): ") && refused.output.contains("does not fit"))
        try FileManager.default.removeItem(atPath: edited)
        let waiting = await project.belay("approvals", "show", plan)
        #expect(waiting.output.contains("Plan \(id) waiting"), "\(waiting)")
        #expect(waiting.output.contains("not counted of bob: it expired at"))
        #expect(waiting.output.contains("0 of 1 approvals by group sre"))
        let carol = try project.statement(plan, by: "carol")
        try await project.leave(carol, beside: plan, signedBy: "carol")
        let approved = await project.belay("approvals", "show", plan)
        #expect(approved.output.contains("Plan \(id) approved") && approved.output.contains("counts: carol until"))
        // The log has none of them yet, and is asked by the id.
        #expect(
            await project.belay("approvals", "show", String(id.prefix(20))).output.contains("Nobody has said anything"))
    }

    @Test("an approver's machine, which has no such log, shows a plan by its file and signature")
    func elsewhere() async throws {
        let plan = try await project.plan()
        let other = try await project.elsewhere()
        try other.copy(plan, to: "restart.plan")
        let unsigned = await other.belay("approvals", "show", "\(other.path)/restart.plan")
        #expect(
            unsigned.exit == .usage && unsigned.complaints.contains("restart.plan.sig cannot be read"), "\(unsigned)")
        try other.copy(plan + ".sig", to: "restart.plan.sig")
        let denied = await other.belay(
            "approve", "\(other.path)/restart.plan", "--deny", "--comment", "no", "--key", key("bob"))
        #expect(denied.exit == .done && denied.output.contains("This log does not have the plan"), "\(denied)")
        let shown = await other.belay("approvals", "show", "\(other.path)/restart.plan", "-o", "json")
        #expect(try JSON.decode(Listed.self, from: Array(shown.output.utf8)).standing == .denied)
        // It travels as a file.
        try FileManager.default.copyItem(atPath: "\(other.path)/restart.plan.approvals", toPath: plan + ".approvals")
        #expect(await project.belay("apply", plan).exit == .denied)
    }

    @Test("an approval for a window holds in it and at no other time")
    func window() async throws {
        let plan = try await project.plan(expires: 20 * 3600)
        let before = SystemClock().now()
        let approved = await approve(plan, "--not-before", "10h", "--expires", "2h")
        #expect(approved.exit == .done, "\(approved)")
        let statement = try #require(try statements(beside: plan).first)
        #expect(abs(statement.notBefore.milliseconds - before.adding(seconds: 36_000).milliseconds) < 60_000)
        #expect(statement.expires == statement.notBefore.adding(seconds: 7200))
        let early = await project.belay("apply", plan)
        #expect(
            early.exit == .approvalMissing && early.complaints.contains("not counted of bob: it is not valid before"))
        let file = "\(plan).approvals/\(statement.nonce.prefix(12)).json"
        for (seconds, exit) in [(-1, Exit.denied), (0, .done), (7199, .done), (7200, .denied)] {
            let at = statement.notBefore.adding(seconds: seconds).description
            #expect(await project.belay("approvals", "verify", file, "--plan", plan, "--at", at).exit == exit)
        }
    }

    @Test("instants may be written out; an approval never outlives its plan")
    func instants() async throws {
        let plan = try await project.plan(expires: 7200)
        let now = SystemClock().now()
        let until = now.adding(seconds: 3600).description
        #expect(await approve(plan, "--expires", until).exit == .done)
        #expect(try statements(beside: plan).map(\.expires.description) == [until])
        let long = await approve(plan, "--expires", "1d")
        #expect(long.exit == .done)
        #expect(try statements(beside: plan).map(\.expires).max() == InputFile.plan(plan).plan.expiresAt)
    }

    @Test(
        "what cannot hold is not signed",
        arguments: [
            (["--not-before", "9h"], Exit.usage, "before the approval begins"),
            (["--not-before", "2h", "--expires", "2020-01-01T00:00:00Z"], .usage, "before it begins"),
            (["--not-before", "2020-01-01T00:00:00Z"], .usage, "is over"),
            (["--expires", "2020-01-01T00:00:00Z"], .usage, "before it begins"),
            (["--expires", "soon"], .usage, "is no time"), (["--expires", "999999d"], .usage, "at most 366d"),
            (["--deny", "--not-before", "1h"], .usage, "a denial has no --not-before"),
        ])
    func impossible(more: [String], exit: Exit, says: String) async throws {
        let plan = try await project.plan()
        let recorder = Recorder()
        let words = ["-C", project.path, "approve", plan, "--comment", "x", "--key", key("bob")] + more
        #expect(await Commands.run(words) { _ in recorder.terminal } == exit, "\(recorder.complaints)")
        #expect(recorder.complaints.contains(says), "\(recorder.complaints)")
        #expect(try statements(beside: plan).isEmpty)
    }

    @Test("a plan that is spent or expired takes no further word")
    func over() async throws {
        let old = try await project.plan("old", expires: -1, made: -60)
        #expect(await approve(old).exit == .stale)
        let spent = try await project.plan("spent")
        try await project.append(.run(.started(holder: "alice@here:1")), run: try InputFile.plan(spent).plan.id)
        #expect(await approve(spent, "--deny").exit == .stale)
        #expect(try statements(beside: old).isEmpty && statements(beside: spent).isEmpty)
    }

    @Test("a standing change begins without an approval; beyond the grant's limit it waits for one")
    func standing() async throws {
        try project.write(
            """
            apiVersion: belay/v1
            kind: Grant
            metadata: {name: standing-restart}
            spec:
              who: {groups: [sre]}
              runbooks: [restart-kubelet]
              targets: {roles: [worker], maxNodes: 1}
              standing: true
            """, to: "policies/standing-restart.yaml")
        let two = try await project.plan("two") { $0.nodes.append(Sample.node([Sample.restart()], name: "worker-2")) }
        #expect(await project.belay("approvals", "show", two).output.contains("0 of 1 approvals"))
        let one = try await project.plan("one")
        #expect(await project.belay("approvals", "show", one).output.contains(" approved, until "))
        let applied = await project.belay("apply", one)
        #expect(try await project.hasBegun, "\(applied)")
    }

    @Test("verify needs no log and no project, and takes nothing for an approval but one that holds")
    func verify() async throws {
        let plan = try await project.plan()
        let other = try await project.plan("other")
        let good = try await project.leave(project.statement(plan), beside: plan)
        let no = try await project.leave(project.statement(plan, .deny), beside: plan)
        let late = try await project.leave(project.statement(plan, from: -20, until: -10), beside: plan)
        let own = try await project.leave(project.statement(plan, by: "alice"), beside: plan, signedBy: "alice")
        let edited = try await project.leave(project.statement(plan), beside: plan) {
            $0.replacing("diff", with: "cat")
        }
        func verify(_ words: String...) async -> (exit: Exit, output: String) {
            let recorder = Recorder()
            let all = ["approvals", "verify", "--signers", "\(project.path)/allowed_signers"] + words
            return (await Commands.run(all) { _ in recorder.terminal }, recorder.output)
        }
        let holds = await verify(good, "--plan", plan)
        #expect(holds.exit == .done && holds.output.hasPrefix("HOLDS \(good)\n  bob approves from "), "\(holds)")
        for (file, about, says) in [
            (no, plan, "it is a denial"), (late, plan, "it expired at"), (own, plan, "the approver is the requester"),
            (edited, plan, "does not fit what it is beside"), (good, other, "it is of another plan"),
        ] {
            let refused = await verify(file, "--plan", about)
            #expect(refused.exit == .denied && refused.output.contains("DOES NOT HOLD \(file)\n  "), "\(refused)")
            #expect(refused.output.contains(says), "\(refused)")
        }
        let both = await verify(good, no, "-o", "json")
        struct Check: Decodable { var file: String, holds: Bool, reason: String? }
        let checks = try JSON.decode([Check].self, from: Array(both.output.utf8))
        #expect(both.exit == .denied && checks.map(\.holds) == [true, false] && checks.map(\.file) == [good, no])
    }
}

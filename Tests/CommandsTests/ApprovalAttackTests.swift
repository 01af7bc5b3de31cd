import Core
import Foundation
import Testing

@testable import Commands
@testable import Engine

/// Ways to have a plan run that nobody has approved: each is refused, for its own reason, before anything has begun.
@Suite("attacks on approvals", .timeLimit(.minutes(5)))
struct ApprovalAttackTests {
    /// One way: what the attacker does, to which plan's file, and what must come of applying it.
    struct Attack: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let exit: Exit
        let says: String
        /// - Returns: where it is applied, and the plan.
        let mount: @Sendable (SignedProject) async throws -> (SignedProject, plan: String)

        init(
            _ name: String, _ exit: Exit, _ says: String,
            _ mount: @escaping @Sendable (SignedProject, String) async throws -> Void
        ) {
            self.init(name, exit, says) { project in
                let plan = try await project.plan()
                try await mount(project, plan)
                return (project, plan)
            }
        }

        init(
            _ name: String, _ exit: Exit, _ says: String,
            at mount: @escaping @Sendable (SignedProject) async throws -> (SignedProject, plan: String)
        ) {
            (testDescription, self.exit, self.says, self.mount) = (name, exit, says, mount)
        }
    }

    @Test("control: with one good approval the same plan gets its permit, and the run begins")
    func control() async throws {
        let project = try await SignedProject()
        let plan = try await project.plan()
        try await project.leave(project.statement(plan), beside: plan)
        let applied = await project.belay("apply", plan)
        #expect(try await project.hasBegun, "\(applied)")
    }

    @Test("an attack is refused for the right reason, and nothing has begun", arguments: attacks)
    func refused(attack: Attack) async throws {
        let project = try await SignedProject()
        let (place, plan) = try await attack.mount(project)
        let had = try await place.hasBegun
        let applied = await place.belay("apply", plan)
        #expect(applied.exit == attack.exit && applied.complaints.contains(attack.says), "\(applied)")
        #expect(try await place.hasBegun == had)
    }

    static let attacks = statements + people + plans

    private static let statements: [Attack] = [
        Attack("an approval of another plan", .approvalMissing, "it is of another plan") { project, plan in
            let other = try await project.plan("other")
            try await project.leave(project.statement(other), beside: plan)
        },
        Attack("a denial presented as an approval", .denied, "does not fit what it is beside") { project, plan in
            try await project.leave(project.statement(plan, .deny), beside: plan) {
                $0.replacing("\"deny\"", with: "\"approve\"")
            }
        },
        Attack("an approval whose expiry was moved", .denied, "does not fit what it is beside") { project, plan in
            let statement = try project.statement(plan, from: -7200, until: -3600)
            try await project.leave(statement, beside: plan) {
                $0.replacing(statement.expires.description, with: SystemClock().now().adding(seconds: 60).description)
            }
        },
        Attack("an approval whose comment was edited", .denied, "does not fit what it is beside") { project, plan in
            try await project.leave(project.statement(plan), beside: plan) { $0.replacing("looked at", with: "loves") }
        },
        Attack("an approval signed for another purpose", .denied, "the signature is for 'belay-plan@v1'") {
            try await $0.leave($0.statement($1), beside: $1, SignatureNamespace.plan)
        },
        Attack(
            "an approval that expired: a missed window never fires", .approvalMissing, "not counted of bob: it expired"
        ) { try await $0.leave($0.statement($1, from: -7200, until: -1), beside: $1) },
        Attack(
            "an approval for a window that is still to come", .approvalMissing,
            "not counted of bob: it is not valid before"
        ) { try await $0.leave($0.statement($1, from: 600, until: 1200), beside: $1) },
        Attack("an approval for another log", .approvalMissing, "it is for the log evil.example/log") { project, plan in
            var statement = try project.statement(plan)
            statement.logOrigin = "evil.example/log"
            try await project.leave(statement, beside: plan)
        },
        Attack("an approval that was taken back, its denial hidden", .denied, "bob denied this plan") { project, plan in
            try await project.leave(project.statement(plan), beside: plan)
            let key = "\(project.path)/keys/bob"
            let denied = await project.belay("approve", plan, "--deny", "--comment", "on second thought", "--key", key)
            #expect(denied.exit == .done, "\(denied)")
            for name in try FileManager.default.contentsOfDirectory(atPath: plan + ".approvals") {
                let file = "\(plan).approvals/\(name)"
                guard try String(contentsOfFile: file, encoding: .utf8).contains("deny") else { continue }
                try FileManager.default.removeItem(atPath: file)
            }
        },
    ]

    private static let people: [Attack] = [
        Attack("the requester's own approval", .approvalMissing, "the plan was signed with the same key") {
            try await $0.leave($0.statement($1, by: "alice"), beside: $1, signedBy: "alice")
        },
        Attack("the requester's approval in another's name", .denied, "the statement names bob, the key is of alice") {
            try await $0.leave($0.statement($1), beside: $1, signedBy: "alice")
        },
        Attack("the requester's key under a second name of its line", .approvalMissing, "signed with the same key") {
            project in
            let lines = try [project.line(of: "alice", names: "alice,eve"), project.line(of: "bob")]
            try project.write(lines.joined(), to: "allowed_signers")
            let plan = try await project.plan()
            try await project.leave(project.statement(plan, by: "alice"), beside: plan, signedBy: "alice")
            return (project, plan)
        },
        Attack("the requester's key under another name on a line of its own", .usage, "this key is already on line 1") {
            let lines = try [$0.line(of: "alice"), $0.line(of: "alice", names: "eve"), $0.line(of: "bob")]
            try $0.write(lines.joined(), to: "allowed_signers")
            try await $0.leave($0.statement($1, by: "eve"), beside: $1, signedBy: "alice")
        },
        Attack("a program's approval", .approvalMissing, "a program cannot approve") {
            try await $0.leave($0.statement($1, by: "robot"), beside: $1, signedBy: "robot")
        },
        Attack("an approval by a key that was removed since", .denied, "is not in the allowed-signers file") {
            try await $0.leave($0.statement($1), beside: $1)
            try $0.write($0.line(of: "alice"), to: "allowed_signers")
        },
        Attack("an approval by a key that is not valid any more", .denied, "was valid until") { project in
            let old = try project.line(of: "bob", options: "valid-before=\"20200101Z\" ")
            try project.write(project.line(of: "alice") + old, to: "allowed_signers")
            let plan = try await project.plan()
            try await project.leave(project.statement(plan), beside: plan)
            return (project, plan)
        },
        Attack("the approval of who wrote the runbook", .approvalMissing, "0 of 1 approvals") { project in
            let plan = try await project.plan { $0.runbook.author = "bob" }
            try await project.leave(project.statement(plan), beside: plan)
            return (project, plan)
        },
    ]

    private static let plans: [Attack] = [
        Attack("an approved plan, edited by one byte", .usage, "this log has no plan with the digest") {
            try await $0.leave($0.statement($1), beside: $1)
            let text = try String(contentsOfFile: $1, encoding: .utf8)
            let edited = text.replacing("\"timeoutSeconds\" : 90", with: "\"timeoutSeconds\" : 91")
            try #require(edited != text)
            try Data(edited.utf8).write(to: URL(fileURLWithPath: $1))
        },
        Attack("plan and approval copied to a second laptop", .usage, "this log has no plan with the digest") {
            project in
            let (other, plan) = try await copied(from: project)
            _ = try await other.open { try await $0.reference }
            return (other, plan)
        },
        Attack("the same, with the plan written into the fresh log", .usage, "the plan may be spent in the log") {
            project in
            let (other, plan) = try await copied(from: project)
            try await other.append(.planned(planned(plan)), run: "20261122-180000-ffff")
            return (other, plan)
        },
        Attack("a plan that nobody signed, written into the log", .usage, "this is not an SSH signature") { project in
            try await unsigned(project) { _ in "none" }
        },
        Attack("a plan in alice's name that bob signed", .denied, "the plan is of alice, the signature of bob") {
            project in
            try await unsigned(project) { try await project.sign($0, by: "bob", SignatureNamespace.plan) }
        },
        Attack("a plan that was run", .stale, "a plan is spent once") {
            try await $0.leave($0.statement($1), beside: $1)
            let plan = try InputFile.plan($1).plan
            try await $0.append(.run(.started(holder: "alice@here:1")), run: plan.id)
        },
        Attack("a plan whose time is over", .stale, "the plan expired at") { project in
            let plan = try await project.plan(expires: -1, made: -3600)
            try await project.leave(project.statement(plan), beside: plan)
            return (project, plan)
        },
        Attack("a policy that was edited after planning", .stale, "the policies are not those the plan was made under")
        {
            try await $0.leave($0.statement($1), beside: $1)
            let file = "\($0.path)/policies/production-two-approvals.yaml"
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try $0.write(text.replacing("production]", with: "staging]"), to: "policies/production-two-approvals.yaml")
        },
    ]

    private static func planned(_ file: String, signature: String? = nil) throws -> PlannedRecord {
        PlannedRecord(
            plan: Payload(bytes: try InputFile.read(file)), planSha256: try SignedProject.digest(of: file),
            signature: try signature ?? String(contentsOfFile: file + ".sig", encoding: .utf8))
    }

    private static func copied(from project: SignedProject) async throws -> (SignedProject, plan: String) {
        let plan = try await project.plan()
        try await project.leave(project.statement(plan), beside: plan)
        let other = try await project.elsewhere()
        for name in ["restart.plan", "restart.plan.sig", "restart.plan.approvals"] {
            try other.copy("\(project.path)/\(name)", to: name)
        }
        return (other, "\(other.path)/restart.plan")
    }

    /// A plan that stands in the log with a signature that is not alice's; approved by carol.
    private static func unsigned(
        _ project: SignedProject, _ signature: ([UInt8]) async throws -> String
    ) async throws -> (SignedProject, plan: String) {
        let made = try await project.plan()
        var plan = try InputFile.plan(made).plan
        plan.id = "20261122-180000-ffff"
        let bytes = try JSON.encodePretty(plan)
        let file = "\(project.path)/forged.plan"
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        try await project.append(.planned(planned(file, signature: try await signature(bytes))), run: plan.id)
        try await project.leave(project.statement(file, by: "carol"), beside: file, signedBy: "carol")
        return (project, file)
    }
}

import Testing

@testable import Core

/// What broken glass lifts: soft findings, and of hard ones the unknown with a second person; never a no.
@Suite("what break-glass lifts")
struct LiftTests {
    private static let soft = PolicySamples.policy("false", name: "freeze", enforcement: "soft")
    private static let no = PolicySamples.policy("false", name: "never")
    private static let unknown = PolicySamples.policy("node.labels.size() == 0", name: "labels")

    private static func input(expires: Int = 3600, phase: PolicyPhase = .execute, turn: String? = nil) throws
        -> PolicyInput
    {
        var input = PolicySamples.input(phase: phase, turn: turn)
        input.breakGlass = try BreakGlassSamples.glass(expires: expires)
        return input
    }

    /// Somebody approved the plan of `PolicySamples`.
    private static func approved(
        by who: String = "bob", key: String? = nil, aliases: [String] = [], expires: Int = 3600
    ) throws -> ApprovalTally {
        let statement = ApprovalSamples.statement(of: PolicySamples.digest, by: who, expires: expires)
        let signer = try ApprovalSamples.signer(who, key: key, aliases: aliases)
        return ApprovalTally(
            [try ApprovalSamples.approval(statement, by: signer)], planSha256: PolicySamples.digest,
            logOrigin: ApprovalSamples.origin, requester: try BreakGlassSamples.signer(), now: ApprovalSamples.now)
    }

    private static func judge(_ policies: [String], _ input: PolicyInput, grant: Bool = true) throws -> Decision {
        try PolicySamples.load(policies + (grant ? [PolicySamples.grant] : [])).judge(input)
    }

    @Test("a soft no is lifted, and still shown with who lifted it")
    func soft() throws {
        let decision = try Self.judge([Self.soft], Self.input())
        #expect(decision.allowed && decision.denials.isEmpty)
        #expect(decision.findings.map(\.liftedBy) == ["alice"] && decision.findings.map(\.outcome) == [.deny])
        #expect(decision.lifted == ["freeze"] && decision.breakGlass?.incident == "INC-4711")
    }

    @Test("without it the same is denied, and says what would lift it")
    func without() throws {
        let decision = try Self.judge([Self.soft], PolicySamples.input(phase: .execute))
        #expect(!decision.allowed && decision.isLiftable)
        #expect(decision.denials.map(\.lift) == [.breakGlass] && decision.deniedRemedy.contains("--break-glass"))
    }

    @Test("a soft error is lifted, whatever error it is")
    func softError() throws {
        for expression in ["node.labels.size() == 0", "1 / (plan.targets.size() - 1) == 1"] {
            let policy = PolicySamples.policy(expression, enforcement: "soft")
            let decision = try Self.judge([policy], Self.input())
            #expect(decision.allowed && decision.findings.map(\.outcome) == [.error], "\(expression)")
        }
    }

    @Test("a hard no is not lifted, with a second person either")
    func hard() throws {
        var input = try Self.input()
        input.approvals = try Self.approved()
        let decision = try Self.judge([Self.no, Self.soft], input)
        #expect(!decision.allowed && decision.denials.map(\.policy) == ["never"] && !decision.isLiftable)
    }

    @Test("a hard unknown waits for a second person, and is lifted with one")
    func second() throws {
        var input = try Self.input()
        let alone = try Self.judge([Self.unknown], input)
        #expect(!alone.allowed && alone.waitsForApproval && alone.denials[0].remedy.contains("second person"))
        input.approvals = try Self.approved()
        let together = try Self.judge([Self.unknown], input)
        #expect(together.allowed && together.lifted == ["labels"])
    }

    @Test("without break-glass a second person lifts nothing")
    func secondAlone() throws {
        var input = PolicySamples.input(phase: .execute)
        input.approvals = try Self.approved()
        #expect(try !Self.judge([Self.unknown], input).allowed)
        #expect(try !Self.judge([Self.soft], input).allowed)
    }

    @Test(
        "the same person is no second one, by another name or another key",
        arguments: [("eve", "alice", []), ("eve", "bob", ["alice"]), ("alice", "bob", [])]
            as [(String, String, [String])])
    func samePerson(name: String, key: String, aliases: [String]) throws {
        var input = try Self.input()
        input.approvals = try Self.approved(by: name, key: key, aliases: aliases)
        #expect(try !Self.judge([Self.unknown], input).allowed)
    }

    @Test("a second person whose approval has expired at a node's turn is none")
    func secondExpired() throws {
        var input = try Self.input(turn: "n1")
        input.approvals = try Self.approved(expires: 60)
        input.now = PolicySamples.now.adding(seconds: 60)
        #expect(try !Self.judge([Self.unknown], input).allowed)
    }

    @Test("a hard error that a request can bring about itself is no unknown, and is not lifted")
    func ownErrors() throws {
        var input = try Self.input()
        input.approvals = try Self.approved()
        for expression in ["action.args['no'] == 'such'", "1 / (plan.targets.size() - 1) == 1"] {
            let decision = try Self.judge([PolicySamples.policy(expression)], input)
            #expect(!decision.allowed && decision.denials.map(\.outcome) == [.error], "\(expression)")
        }
    }

    @Test("what could not be decided for its cost is not lifted of a hard policy")
    func cost() throws {
        var input = try Self.input()
        input.approvals = try Self.approved()
        let list = "[" + (0..<80).map(String.init).joined(separator: ", ") + "]"
        let policy = PolicySamples.policy("\(list).all(a, \(list).all(b, \(list).all(c, a + b + c >= 0)))")
        let decision = try Self.judge([policy], input)
        #expect(!decision.allowed && decision.denials.map(\.lift) == [nil])
    }

    @Test("a missing grant and a person's denial are not lifted")
    func engine() throws {
        var input = try Self.input()
        #expect(try Self.judge([Self.soft], input, grant: false).denials.map(\.policy) == ["grants"])
        let no = ApprovalSamples.statement(of: PolicySamples.digest, by: "bob", .deny)
        input.approvals = ApprovalTally(
            [try ApprovalSamples.approval(no, by: ApprovalSamples.signer("bob"))], planSha256: PolicySamples.digest,
            logOrigin: ApprovalSamples.origin, requester: try BreakGlassSamples.signer(), now: ApprovalSamples.now)
        #expect(try Self.judge([Self.soft], input).denials.map(\.policy) == ["approvals"])
    }

    @Test("a policy that reads it is not lifted by it, though it is soft")
    func reader() throws {
        let policy = PolicySamples.policy("!request.breakGlass.active", enforcement: "soft")
        #expect(try Self.judge([policy], PolicySamples.input(phase: .execute)).allowed)
        let decision = try Self.judge([policy], Self.input())
        #expect(!decision.allowed && decision.denials.map(\.lift) == [nil])
    }

    @Test("while a plan is made nothing is lifted")
    func planning() throws {
        let decision = try Self.judge([Self.soft], Self.input(phase: .plan))
        #expect(!decision.allowed && decision.breakGlass == nil)
    }

    @Test("once its time is over it lifts nothing at a node's turn, and the finding says so")
    func expired() throws {
        var input = try Self.input(expires: 60, turn: "n1")
        input.now = PolicySamples.now.adding(seconds: 59)
        #expect(try Self.judge([Self.soft], input).allowed)
        input.now = PolicySamples.now.adding(seconds: 60)
        let decision = try Self.judge([Self.soft], input)
        #expect(!decision.allowed && decision.denials[0].remedy.contains("Break-glass ended at"))
    }

    @Test("policies see who broke it why, for what and until when; once its time is over they see that it is not")
    func document() throws {
        let rule = PolicySamples.policy(
            "request.breakGlass.active && request.breakGlass.incident == 'INC-4711' && request.breakGlass.reason.size() > 0 && request.breakGlass.expiresAt > now"
        )
        var input = try Self.input()
        #expect(try Self.judge([rule], input).allowed)
        input.now = PolicySamples.now.adding(seconds: 3600)
        let over = try Self.judge([PolicySamples.policy("!request.breakGlass.active")], input)
        #expect(over.allowed)
    }

    @Test("the record of what was asked brings back the same decision")
    func replay() throws {
        var input = try Self.input()
        input.approvals = try Self.approved()
        let set = try PolicySamples.load([Self.soft, Self.unknown, PolicySamples.grant])
        let record = try DecisionInputRecord(DecisionInput(input, policySet: set.digest))
        let read = try #require(try JSON.decode(DecisionInputRecord.self, from: JSON.encode(record)).input)
        #expect(set.judge(PolicyInput(read, plan: input.plan)) == set.judge(input) && set.judge(input).allowed)
    }
}

import Testing

@testable import Core

/// What break-glass takes whatever the policies say: each statement is refused for one thing that is not as it must be.
@Suite("break-glass that does not count")
struct BreakGlassTests {
    private typealias Samples = BreakGlassSamples
    private static let digest = String(repeating: "a", count: 64)

    /// Why a statement does not count, nil when it does.
    private static func refusal(
        _ statement: BreakGlassStatement = Samples.statement(of: digest), by signer: Signer? = nil,
        requester: Signer? = nil, rules: BreakGlassRules = .shipped
    ) throws -> String? {
        let signer = try signer ?? Samples.signer()
        let verified = try Samples.verified(statement, by: signer)
        do throws(PermitRefusal) {
            _ = try BreakGlass(
                verified, planSha256: digest, logOrigin: ApprovalSamples.origin, requester: requester ?? signer,
                rules: rules, at: ApprovalSamples.now)
            return nil
        } catch {
            #expect(error.code == .breakGlassRefused && !error.remedy.isEmpty)
            return error.message
        }
    }

    @Test("control: who asked, of the group, with a reason, an incident and an end breaks it, by key and name")
    func control() throws {
        let signer = try Samples.signer()
        let glass = try Samples.glass()
        #expect(try Self.refusal() == nil)
        #expect(glass.principal == signer.principal && glass.keyFingerprint == signer.key.fingerprint)
        #expect(glass.holds(at: ApprovalSamples.now) && !glass.holds(at: glass.expires))
    }

    @Test(
        "a statement with one thing amiss does not count",
        arguments: [
            (Samples.statement(of: String(repeating: "b", count: 64)), "of another plan"),
            (Samples.statement(of: digest, origin: "evil.example/log"), "for the log evil.example/log"),
            (Samples.statement(of: digest, reason: "nineteen characters"), "has 19 characters"),
            (Samples.statement(of: digest, reason: "a        b          c        d"), "has 7 characters"),
            (Samples.statement(of: digest, reason: String(repeating: "x", count: 1001)), "longer than 1000"),
            (Samples.statement(of: digest, incident: " \n"), "names no incident"),
            (Samples.statement(of: digest, incident: String(repeating: "I", count: 101)), "longer than 100"),
            (Samples.statement(of: digest, expires: 0), "it expired"),
            (Samples.statement(of: digest, expires: 86_401), "more than 24 h"),
        ])
    func amiss(statement: BreakGlassStatement, says: String) throws {
        #expect(try Self.refusal(statement)?.contains(says) == true)
    }

    @Test("a day, and twenty characters, are just within it")
    func bounds() throws {
        #expect(
            try Self.refusal(Samples.statement(of: Self.digest, reason: "twenty characters it", expires: 86_400)) == nil
        )
    }

    @Test("who is not of the group does not break it, and a name the organisation gives the group counts instead")
    func group() throws {
        let outsider = try Samples.signer(groups: ["sre"])
        #expect(try Self.refusal(by: outsider)?.contains("not in the group 'break-glass'") == true)
        var rules = BreakGlassRules()
        rules.group = "leads"
        #expect(try Self.refusal(rules: rules)?.contains("not in the group 'leads'") == true)
        #expect(try Self.refusal(by: Samples.signer(groups: ["leads"]), rules: rules) == nil)
    }

    @Test("a program of the group does not break it")
    func program() throws {
        var robot = try Samples.signer(groups: ["automation", "break-glass"])
        robot.principal.kind = .automation
        #expect(try Self.refusal(by: robot)?.contains("is a program") == true)
    }

    @Test("another key than the plan's does not break it, though it is of the same person")
    func otherKey() throws {
        let second = try Samples.signer(key: "bob")
        #expect(try Self.refusal(by: second, requester: Samples.signer())?.contains("another key") == true)
    }

    @Test("a signature for another purpose, over other bytes or in another's name is none")
    func signature() throws {
        let statement = Samples.statement(of: Self.digest)
        let signer = try Samples.signer()
        #expect(throws: SignatureRefusal.self) {
            try Samples.verified(statement, by: signer, namespace: SignatureNamespace.approval)
        }
        #expect(throws: SignatureRefusal.self) {
            let other = try Samples.statement(of: Self.digest, incident: "INC-1").encoded()
            _ = try VerifiedBreakGlass(
                statement: statement.encoded(), signature: .sample(signer, over: other, SignatureNamespace.breakGlass))
        }
        #expect(throws: SignatureRefusal.self) {
            try Samples.verified(Samples.statement(of: Self.digest, by: "bob"), by: signer)
        }
    }

    @Test("an approval is no break-glass, and break-glass no approval: neither has the fields of the other")
    func confusion() throws {
        let approval = try ApprovalSamples.statement(of: Self.digest, by: "alice").encoded()
        #expect(throws: SignatureRefusal.self) { try BreakGlassStatement(bytes: approval) }
        let glass = try Samples.statement(of: Self.digest).encoded()
        #expect(throws: SignatureRefusal.self) { try ApprovalStatement(bytes: glass) }
        #expect(try BreakGlassStatement(bytes: glass) == Samples.statement(of: Self.digest))
    }

    @Test("the group and the reviewers are params of the policy, and without it the names that ship")
    func rules() throws {
        #expect(try PolicySamples.load([PolicySamples.grant]).breakGlassRules == .shipped)
        let policy = PolicySamples.policy(
            "true", name: BreakGlassRules.policy, more: "params: {group: leads, reviewers: board}")
        let rules = try PolicySamples.load([policy]).breakGlassRules
        #expect(rules.group == "leads" && rules.reviewers == "board")
    }
}

/// Who may say that they have looked at it.
@Suite("reviews of broken glass")
struct ReviewTests {
    private static func misfit(_ reviewer: Signer, rules: BreakGlassRules = .shipped) throws -> String? {
        let decision = try PolicySamples.judge(PolicySamples.policy("true"), PolicySamples.input(phase: .execute))
        let record = BreakGlassRecord(
            try BreakGlassSamples.glass(), decision: decision, lifted: [], statement: Payload("{}"), signature: "s")
        return Review.misfit(reviewer, of: record, signedBy: try BreakGlassSamples.signer(), rules: rules)
    }

    @Test("somebody else of the reviewers may, and nobody of another group")
    func reviewers() throws {
        #expect(try Self.misfit(ApprovalSamples.signer("bob")) == nil)
        #expect(try Self.misfit(ApprovalSamples.signer("bob", groups: ["dev"]))?.contains("'sre'") == true)
    }

    @Test("who broke it may not, by no key and no name of theirs")
    func same() throws {
        #expect(try Self.misfit(ApprovalSamples.signer("alice", key: "bob")) == "alice broke the glass")
        #expect(try Self.misfit(ApprovalSamples.signer("eve", key: "alice")) == "eve broke the glass")
        #expect(try Self.misfit(ApprovalSamples.signer("eve", key: "bob", aliases: ["alice"])) == "eve broke the glass")
    }

    @Test("a program may not")
    func program() throws {
        var robot = try ApprovalSamples.signer("robot", key: "bob")
        robot.principal.kind = .automation
        #expect(try Self.misfit(robot) == "robot is a program")
    }

    @Test("it is due by the earliest obligation, and within a day where none says")
    func due() throws {
        func due(_ obligations: String) throws -> Int64 {
            let policy = PolicySamples.policy("true", more: "obligations: \(obligations)")
            let decision = try PolicySamples.judge(policy, PolicySamples.input(phase: .execute))
            return (decision.reviewBy.milliseconds - decision.at.milliseconds) / 1000
        }
        #expect(try due("[\"review:within=4h\", \"page:lead\", \"review:within=8h\"]") == 4 * 3600)
        #expect(try due("[\"page:lead\"]") == 24 * 3600)
    }
}

import Testing

@testable import Core

/// A permit is refused for each thing that is not as it must be, one at a time, each with its own code.
@Suite struct PermitTests {
    private typealias Samples = ApprovalSamples

    /// A request in order: alice asks, bob approves, the shipped rule of four eyes holds.
    private struct Scene {
        var set: PolicySet
        var plan: Plan
        var requester: Signer
        var approvals: [ApprovalStatement]
        var glass: BreakGlassStatement?
        var planning: Decision?
        var log: LogReference
        var now = Samples.now
        var spent = false

        init() throws {
            let rule = PolicySamples.policy(
                "approvals.exists(u, params.group in approvals[u].groups)",
                more: "match: {phases: [execute]}\nparams: {group: sre}")
            set = try PolicySamples.load([
                PolicySamples.grant, rule, PolicySamples.policy("action.rollback", name: "undo"),
            ])
            plan = PolicySamples.plan(policySet: set.digest)
            requester = try Samples.signer("alice")
            log = plan.log
            approvals = []
            approvals = [Samples.statement(of: Digest.sha256(try bytes), by: "bob")]
        }

        var bytes: [UInt8] { get throws { try JSON.encodePretty(plan) } }

        var verified: [VerifiedApproval] {
            get throws { try approvals.map { try Samples.approval($0, by: Samples.signer($0.approver)) } }
        }

        /// The request with the decision that the policies really make.
        func request() throws -> PermitRequest {
            let digest = Digest.sha256(try bytes)
            let tally = try ApprovalTally(
                verified, planSha256: digest, logOrigin: plan.log.origin, requester: requester, now: now)
            var input = PolicySamples.input(plan, phase: .execute, requester: requester.principal, approvals: tally)
            input.planSha256 = digest
            input.now = now
            let broken = try glass.map { try BreakGlassSamples.verified($0, by: requester) }
            input.breakGlass = try broken.map {
                try BreakGlass(
                    $0, planSha256: digest, logOrigin: plan.log.origin, requester: requester, rules: .shipped, at: now)
            }
            return PermitRequest(
                planBytes: try bytes, planning: planning, decision: set.judge(input), approvals: try verified,
                breakGlass: broken,
                requester: .sample(requester, over: try bytes, SignatureNamespace.plan), policySet: set.digest,
                log: log,
                now: now, spent: spent)
        }
    }

    private func code(_ request: PermitRequest) -> PermitRefusal.Code? {
        do throws(PermitRefusal) {
            _ = try permit(request)
            return nil
        } catch {
            #expect(!error.message.isEmpty && !error.remedy.isEmpty)
            return error.code
        }
    }

    private func sceneCode(_ change: (inout Scene) throws -> Void) throws -> PermitRefusal.Code? {
        var scene = try Scene()
        try change(&scene)
        return code(try scene.request())
    }

    private func requestCode(_ change: (inout PermitRequest) throws -> Void) throws -> PermitRefusal.Code? {
        var request = try Scene().request()
        try change(&request)
        return code(request)
    }

    @Test("a plan that is granted, approved, signed and unspent gets its permit, which carries what is to be logged")
    func permitted() throws {
        let scene = try Scene()
        // `~Copyable`: a second use of the consumed permit does not compile.
        let issued = try permit(scene.request())
        #expect(issued.plan == scene.plan)
        #expect(issued.planSha256 == Digest.sha256(try scene.bytes))
        #expect(issued.requester.name == "alice")
        #expect(issued.decision.approvals.counted.map(\.principal.name) == ["bob"])
    }

    @Test("bytes that are no plan, or of another version, are refused")
    func unreadable() throws {
        #expect(try requestCode({ $0.planBytes = Array("{}".utf8) }) == .unreadablePlan)
        #expect(try sceneCode { $0.plan.apiVersion = "belay/v2" } == .unreadablePlan)
        #expect(try sceneCode { $0.plan.kind = "Runbook" } == .unreadablePlan)
    }

    @Test("a changed byte of the plan, or a signature for another purpose, is not the requester's plan")
    func requesterUnknown() throws {
        #expect(try requestCode({ $0.planBytes.append(10) }) == .requesterUnknown)
        let signer = try Samples.signer("alice")
        #expect(
            try requestCode({ $0.requester = .sample(signer, over: $0.planBytes, SignatureNamespace.approval) })
                == .requesterUnknown)
    }

    @Test("a plan in one name signed by another is refused")
    func requesterDiffers() throws {
        #expect(try sceneCode { $0.requester = try Samples.signer("carol") } == .requesterDiffers)
    }

    @Test("a plan at the end of its time is refused")
    func expired() throws {
        #expect(try sceneCode { $0.now = $0.plan.expiresAt } == .expired)
    }

    @Test("a plan of another log, by origin or by key, is refused")
    func wrongLog() throws {
        #expect(try sceneCode { $0.log.origin = "other.com/log" } == .wrongLog)
        #expect(try sceneCode { $0.log.key = "other+key" } == .wrongLog)
    }

    @Test("policies that changed since the plan was made refuse it")
    func policyChanged() throws {
        #expect(try sceneCode { $0.set = try PolicySamples.load([PolicySamples.grant]) } == .policyChanged)
        #expect(try requestCode({ $0.policySet = "other" }) == .policyChanged)
        #expect(try requestCode({ $0.decision.policySet = "other" }) == .policyChanged)
    }

    @Test("a plan is spent once")
    func spent() throws {
        #expect(try sceneCode { $0.spent = true } == .spent)
    }

    @Test("a decision of another phase, plan, requester, time or set of approvals proves nothing")
    func decisionNotThis() throws {
        #expect(try requestCode({ $0.decision.phase = .plan }) == .decisionNotThis)
        #expect(try requestCode({ $0.decision.planSha256 = PolicySamples.digest }) == .decisionNotThis)
        #expect(try requestCode({ $0.decision.requester.groups = ["root"] }) == .decisionNotThis)
        #expect(try requestCode({ $0.decision.at = Samples.now.adding(seconds: -301) }) == .decisionNotThis)
        #expect(try requestCode({ $0.decision.at = Samples.now.adding(seconds: 1) }) == .decisionNotThis)
        #expect(try requestCode({ $0.approvals = [] }) == .decisionNotThis)
        let expiring = Samples.statement(of: Digest.sha256(try Scene().bytes), by: "bob", expires: 10)
        var request = try {
            var scene = try Scene()
            scene.approvals = [expiring]
            return try scene.request()
        }()
        #expect(code(request) == nil)
        request.now = request.now.adding(seconds: 10)
        #expect(code(request) == .decisionNotThis)
    }

    @Test("a denial by policy is refused with its findings, also when somebody wrote 'allowed' on it")
    func denied() throws {
        let noUndo = PolicySamples.node("n1", [PolicySamples.step(undo: false)])
        func spoil(_ scene: inout Scene) throws {
            scene.plan.nodes = [noUndo]
            scene.approvals = [Samples.statement(of: Digest.sha256(try scene.bytes), by: "bob")]
        }
        #expect(try sceneCode(spoil) == .denied)
        var scene = try Scene()
        try spoil(&scene)
        var request = try scene.request()
        #expect(throws: PermitRefusal.self) { _ = try permit(request) }
        request.decision.allowed = true
        #expect(code(request) == .denied)
    }

    @Test("when nothing but approvals is missing the refusal says so; with another denial beside it, it does not")
    func approvalMissing() throws {
        #expect(try sceneCode { $0.approvals = [] } == .approvalMissing)
        #expect(
            try sceneCode {
                $0.approvals = []
                $0.plan.nodes = [PolicySamples.node("n1", [PolicySamples.step(undo: false)])]
            } == .denied)
    }

    @Test("one person's denial refuses the plan whoever else approved")
    func deniedByApprover() throws {
        let refused = try sceneCode {
            $0.approvals.append(Samples.statement(of: Digest.sha256(try $0.bytes), by: "carol", .deny))
        }
        #expect(refused == .deniedByApprover)
    }
}

extension PermitTests {
    /// The rule of four eyes is soft, nobody has approved, and alice, who may, breaks the glass.
    private static func broken(_ change: (inout Scene) throws -> Void = { _ in }) throws -> PermitRequest {
        var scene = try Scene()
        let rule = PolicySamples.policy(
            "approvals.size() > 0", enforcement: "soft", more: "match: {phases: [execute]}")
        scene.set = try PolicySamples.load([PolicySamples.grant, rule])
        scene.plan = PolicySamples.plan(policySet: scene.set.digest)
        scene.requester = try BreakGlassSamples.signer()
        scene.approvals = []
        scene.glass = BreakGlassSamples.statement(of: Digest.sha256(try scene.bytes))
        try change(&scene)
        return try scene.request()
    }

    @Test("with broken glass a plan that a soft policy denies gets its permit, which says what was lifted")
    func breakGlass() throws {
        #expect(code(try Self.broken { $0.glass = nil }) == .approvalMissing)
        let issued = try permit(Self.broken())
        #expect(issued.lifted == ["rule"] && issued.decision.breakGlass?.principal.name == "alice")
    }

    @Test("a decision that was lifted by glass which is not shown, or not the same, proves nothing")
    func breakGlassNotShown() throws {
        var request = try Self.broken()
        request.breakGlass = nil
        #expect(code(request) == .decisionNotThis)
        request = try Self.broken()
        let other = BreakGlassSamples.statement(of: Digest.sha256(request.planBytes), incident: "INC-1")
        request.breakGlass = try BreakGlassSamples.verified(other, by: BreakGlassSamples.signer())
        #expect(code(request) == .decisionNotThis)
    }

    @Test("glass for another plan or by another person is refused though the decision has it")
    func breakGlassOfAnother() throws {
        var request = try Self.broken()
        let other = BreakGlassSamples.statement(of: PolicySamples.digest)
        request.breakGlass = try BreakGlassSamples.verified(other, by: BreakGlassSamples.signer())
        #expect(code(request) == .breakGlassRefused)
        request = try Self.broken()
        let bobs = BreakGlassSamples.statement(of: Digest.sha256(request.planBytes), by: "bob")
        request.breakGlass = try BreakGlassSamples.verified(bobs, by: BreakGlassSamples.signer("bob"))
        #expect(code(request) == .breakGlassRefused)
        request = try Self.broken()
        request.rules.group = "leads"
        #expect(code(request) == .breakGlassRefused)
    }

    @Test("a hard no that somebody has marked as lifted is seen not to be")
    func forgedLift() throws {
        var request = try Self.broken()
        request.decision.findings.append(
            Finding(
                policy: "no", enforcement: .hard, place: "", node: nil, step: nil, outcome: .deny, message: "m",
                remedy: "r", liftedBy: "alice"))
        #expect(code(request) == .decisionNotThis)
        request.decision.findings[request.decision.findings.count - 1].lift = .breakGlassAndSecondPerson
        #expect(code(request) == .decisionNotThis)
    }

    @Test("what was denied when the plan was made is denied as it is applied, but for what the glass lifts")
    func planning() throws {
        let soft = PolicySamples.policy("false", name: "early", enforcement: "soft", more: "match: {phases: [plan]}")
        let denied = try PolicySamples.judge(soft, PolicySamples.input())
        #expect(try sceneCode { $0.planning = denied } == .denied)
        #expect(try permit(Self.broken { $0.planning = denied }).lifted == ["early", "rule"])
        let hard = try PolicySamples.judge(PolicySamples.policy("false"), PolicySamples.input())
        #expect(code(try Self.broken { $0.planning = hard }) == .denied)
    }
}

/// The permission to run one plan once.
///
/// Only ``permit(_:)`` makes one, and it cannot be copied: whoever runs takes it as `consuming Permit`, so using it a
/// second time does not compile. Across processes single use is the spent record in the log and on the nodes.
public struct Permit: ~Copyable, Sendable {
    /// What may run.
    public let plan: Plan
    /// SHA-256 of its bytes, hex.
    public let planSha256: String
    /// Who asked.
    public let requester: Principal
    /// Why it may: the decision with its approvals, to be logged.
    public let decision: Decision
    /// The policies that break-glass lifted, now or of what was denied when the plan was made.
    public let lifted: [String]

    fileprivate init(plan: Plan, planSha256: String, requester: Principal, decision: Decision, lifted: [String]) {
        self.plan = plan
        self.planSha256 = planSha256
        self.requester = requester
        self.decision = decision
        self.lifted = lifted
    }
}

/// What must be shown to get a permit.
public struct PermitRequest: Sendable {
    /// The plan file's bytes, exactly.
    public var planBytes: [UInt8]
    /// The policies' decision in phase `execute`, made just now.
    public var decision: Decision
    /// All approvals that were found, as verified.
    public var approvals: [VerifiedApproval]
    /// What the policies said when the plan was made; they may ask something in that phase alone.
    public var planning: Decision?
    /// The glass, when the requester broke it.
    public var breakGlass: VerifiedBreakGlass?
    /// Whose group that takes.
    public var rules: BreakGlassRules
    /// The requester's signature over the plan's bytes.
    public var requester: VerifiedSignature
    /// Digest of the effective policy set as it is loaded now.
    public var policySet: String
    /// The log the run would be recorded in.
    public var log: LogReference
    /// The present, on the executor's clock.
    public var now: Timestamp
    /// Whether the log or a node has a record of this plan having been run.
    public var spent: Bool

    /// Collects the parts.
    public init(
        planBytes: [UInt8], planning: Decision? = nil, decision: Decision, approvals: [VerifiedApproval],
        breakGlass: VerifiedBreakGlass? = nil,
        rules: BreakGlassRules = .shipped, requester: VerifiedSignature, policySet: String, log: LogReference,
        now: Timestamp,
        spent: Bool
    ) {
        self.planBytes = planBytes
        self.planning = planning
        self.decision = decision
        self.approvals = approvals
        self.breakGlass = breakGlass
        self.rules = rules
        self.requester = requester
        self.policySet = policySet
        self.log = log
        self.now = now
        self.spent = spent
    }
}

/// How old a decision may be, in seconds: facts age, and a decision found in a drawer proves nothing.
private let decisionLifetime = 300

/// Turns a decision into a permission, or says what is missing.
///
/// Everything is checked here once more from what was verified, and nothing is believed because someone earlier must
/// have looked: plan bytes, requester, time, log, policies, approvals, decision.
public func permit(_ request: PermitRequest) throws(PermitRefusal) -> Permit {
    let plan = try request.readPlan()
    let digest = Digest.sha256(request.planBytes)
    try request.checkRequester(of: plan, digest)
    try request.checkValidity(of: plan)
    try request.checkDecision(about: plan, digest)
    try request.checkBreakGlass(of: plan, digest)
    try request.checkPlanning()
    try request.checkOutcome()
    let lifted = request.decision.lifted + (request.planning?.denials.map(\.policy) ?? [])
    return Permit(
        plan: plan, planSha256: digest, requester: request.requester.signer.principal, decision: request.decision,
        lifted: Set(lifted).sorted())
}

extension PermitRequest {
    fileprivate func readPlan() throws(PermitRefusal) -> Plan {
        guard let plan = try? Plan(bytes: planBytes), plan.apiVersion == Plan.apiVersion,
            plan.kind == "Plan"
        else {
            throw PermitRefusal(
                code: .unreadablePlan, message: "the file is not a plan that this version reads",
                remedy: "Make a new plan")
        }
        return plan
    }

    fileprivate func checkRequester(of plan: Plan, _ digest: String) throws(PermitRefusal) {
        guard requester.namespace == SignatureNamespace.plan, requester.messageSha256 == digest else {
            throw PermitRefusal(
                code: .requesterUnknown, message: "the requester's signature is not over this plan",
                remedy: "Sign the plan's file as it is with '-n \(SignatureNamespace.plan)', or make a new plan")
        }
        let name = requester.signer.principal.name
        guard name == plan.requester else {
            throw PermitRefusal(
                code: .requesterDiffers,
                message: "the plan is of \(Printable.escape(plan.requester, limit: 100)), the signature of \(name)",
                remedy: "Make a plan of your own: whoever asks signs")
        }
    }

    fileprivate func checkValidity(of plan: Plan) throws(PermitRefusal) {
        guard now < plan.expiresAt else { throw PermitRefusal.expired(plan) }
        guard log == plan.log else {
            let other = Printable.escape(plan.log.origin, limit: 100)
            throw PermitRefusal(
                code: .wrongLog,
                message: "the plan may be spent in the log \(other) with its key, not in \(log.origin)",
                remedy: "Run it where that log is, or make a plan for this one")
        }
        guard policySet == plan.policySet, decision.policySet == plan.policySet else {
            throw PermitRefusal(
                code: .policyChanged, message: "the policies are not those the plan was made under",
                remedy: "Make a new plan, so that it is judged and approved under the policies of now")
        }
        guard !spent else {
            throw PermitRefusal.spent
        }
    }

    fileprivate func checkDecision(about plan: Plan, _ digest: String) throws(PermitRefusal) {
        let tally = ApprovalTally(
            approvals, planSha256: digest, logOrigin: plan.log.origin, requester: requester.signer, now: now)
        let isCurrent = decision.at <= now && now <= decision.at.adding(seconds: decisionLifetime)
        guard decision.phase == .execute, decision.planSha256 == digest, isCurrent, decision.approvals == tally,
            decision.requester == requester.signer.principal
        else {
            throw PermitRefusal(
                code: .decisionNotThis,
                message:
                    "the decision is not about this plan, requester and set of approvals, in phase execute, just now",
                remedy: "Let the policies judge again")
        }
    }

    // What was lifted follows once more from the statement and the approvals that are shown here.
    fileprivate func checkBreakGlass(of plan: Plan, _ digest: String) throws(PermitRefusal) {
        var glass: BreakGlass?
        if let breakGlass {
            glass = try BreakGlass(
                breakGlass, planSha256: digest, logOrigin: plan.log.origin, requester: requester.signer, rules: rules,
                at: now)
        }
        let isLawful = decision.findings.allSatisfy { $0.liftedBy == nil || decision.lifts($0) }
        guard decision.breakGlass == glass, isLawful else {
            throw PermitRefusal(
                code: .decisionNotThis, message: "the decision is not about this break-glass",
                remedy: "Let the policies judge again")
        }
    }

    // A plan that was denied as it was made is run only when break-glass lifts that, too.
    fileprivate func checkPlanning() throws(PermitRefusal) {
        guard let planning else { return }
        let denials = planning.denials.filter { !decision.lifts($0) }
        guard !denials.isEmpty else { return }
        throw PermitRefusal(
            code: .denied, message: "the policies denied this plan when it was made (\(denials.count) findings)",
            remedy: decision.breakGlass == nil
                ? planning.deniedRemedy : "What is not known takes a second person's approval besides, a no stays one",
            findings: denials)
    }

    fileprivate func checkOutcome() throws(PermitRefusal) {
        if let denial = decision.approvals.denials.first {
            throw PermitRefusal(
                code: .deniedByApprover, message: "\(denial.approver) denied this plan",
                remedy: "Settle it with \(denial.approver), then make a new plan", findings: decision.denials)
        }
        // `allowed` is said by the decision and seen in its findings; both must agree.
        guard !decision.allowed || !decision.denials.isEmpty else { return }
        if decision.waitsForApproval {
            throw PermitRefusal(
                code: .approvalMissing, message: "approvals are missing: \(decision.denials[0].message)",
                remedy: decision.denials[0].remedy, findings: decision.denials, ignored: decision.approvals.ignored)
        }
        throw PermitRefusal(
            code: .denied, message: "the policies deny this plan (\(decision.denials.count) findings)",
            remedy: decision.deniedRemedy, findings: decision.denials)
    }
}

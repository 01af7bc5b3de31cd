public import Core

/// A plan and what was said of it, as its approvers see it now. Nothing is recorded, and no node is asked.
public struct PlanApprovals: Sendable {
    /// Where it stands.
    public enum Standing: String, Codable, Sendable {
        /// A policy asks for approvals that are not there.
        case waiting
        /// No policy asks for more of them; the rest is judged when it is applied.
        case approved
        /// Somebody said no.
        case denied
        /// It was applied: a plan is spent once.
        case spent
        /// Its time is over.
        case expired
        /// The policies denied it when it was made, or a signature is not accepted: that of who asks, or one of a statement,
        /// which keeps the plan from being applied until the statement is gone.
        case refused
        /// The policies, the allowed signers or the calendar are not those it was made under.
        case stale
    }

    /// The plan.
    public var plan: Plan
    /// SHA-256 of its bytes, hex.
    public var planSha256: String
    /// Where it stands.
    public var standing: Standing
    /// Why who asks is not accepted; nil when they are.
    public var refusal: SignatureRefusal?
    /// What was found, with what came of looking at each signature; empty for a plan that is spent, expired or refused.
    public var statements: [(found: FoundStatement, outcome: Result<VerifiedApproval, SignatureRefusal>)] = []
    /// What counts, and why the rest does not. Of a plan that is spent, as it was counted then.
    public var tally = ApprovalTally.none
    /// What the policies still ask of approvers.
    public var missing: [Finding] = []
}

/// Reads the approvals of plans.
public struct ApprovalReader: Sendable {
    private let guardrails: Guardrails
    private let calendar: ChangeCalendar
    private let now: Timestamp

    /// A reader under the guardrails of a project.
    /// - Throws: ``WorkspaceError`` and ``Diagnostics`` as ``Workspace/guardrails()``.
    public init(_ workspace: Workspace, at now: Timestamp) throws {
        guardrails = try workspace.guardrails()
        calendar = workspace.configuration.calendar
        self.now = now
    }

    /// The plan of a run; nil for one that was found on a node and never planned here.
    /// - Parameter planFile: where the plan's file is, when approvals beside it are to be read too.
    public func read(_ run: StoredRun, beside planFile: String? = nil) async throws -> PlanApprovals? {
        guard let planned = run.planned else { return nil }
        return try await read(planned, run, beside: planFile)
    }

    /// A plan's file, whether or not a log has it.
    /// - Throws: ``WorkspaceError`` when it is no plan, or its signature is neither in the log nor beside it.
    public func read(planFile: String, among runs: [StoredRun]) async throws -> PlanApprovals {
        let bytes = try ProjectFiles.read(planFile)
        let digest = Digest.sha256(bytes)
        let run = runs.first { $0.planned?.planSha256 == digest }
        let signature =
            try run?.planned?.signature ?? String(decoding: ProjectFiles.read(planFile + ".sig"), as: UTF8.self)
        let planned = PlannedRecord(plan: Payload(bytes: bytes), planSha256: digest, signature: signature)
        return try await read(planned, run, beside: planFile)
    }

    private func read(
        _ planned: PlannedRecord, _ run: StoredRun?, beside planFile: String?
    ) async throws -> PlanApprovals {
        guard let plan = try? Plan(bytes: planned.plan.bytes) else {
            throw WorkspaceError(
                "\(planFile ?? "the plan") is not a plan of this version", remedy: "Make it again with `belay plan`.")
        }
        var approvals = PlanApprovals(plan: plan, planSha256: planned.planSha256, standing: .waiting)
        if let over = settled(plan, run) {
            approvals.standing = over
            approvals.tally = run?.decision?.approvals ?? .none
            return approvals
        }
        do {
            let requester = try await SSHKeygen().verify(
                Array(planned.signature.utf8), over: planned.plan.bytes, namespace: SignatureNamespace.plan,
                signers: guardrails.signers, at: now)
            for found in try FoundStatement.all(of: run, beside: planFile) {
                approvals.statements.append((found, try await outcome(of: found)))
            }
            count(for: requester.signer, in: &approvals)
        } catch let refusal as SignatureRefusal {
            (approvals.standing, approvals.refusal) = (.refused, refusal)
        }
        return approvals
    }

    /// What no approval changes any more; nothing of such a plan is verified again, since a log may have thousands.
    private func settled(_ plan: Plan, _ run: StoredRun?) -> PlanApprovals.Standing? {
        if run?.state.isStarted == true { return .spent }
        if let decision = run?.decision, decision.phase == .plan, !decision.allowed { return .refused }
        return now >= plan.expiresAt ? .expired : nil
    }

    private func outcome(of found: FoundStatement) async throws -> Result<VerifiedApproval, SignatureRefusal> {
        do {
            return .success(try await found.verified(signers: guardrails.signers, at: now))
        } catch let refusal as SignatureRefusal {
            return .failure(refusal)
        }
    }

    private func count(for requester: Signer, in approvals: inout PlanApprovals) {
        let plan = approvals.plan
        approvals.tally = ApprovalTally(
            approvals.statements.compactMap { try? $0.outcome.get() }, planSha256: approvals.planSha256,
            logOrigin: plan.log.origin, requester: requester, now: now)
        // Without facts: what policies say of nodes is not asked here, and what they ask of approvers needs none.
        let decision = guardrails.policies.judge(
            PolicyInput(
                phase: .execute, plan: plan, planSha256: approvals.planSha256, requester: requester.principal,
                nodes: [:], calendar: calendar, approvals: approvals.tally, now: now))
        approvals.missing = decision.findings.filter(\.waitsForApproval)
        approvals.standing = standing(approvals)
    }

    private func standing(_ approvals: PlanApprovals) -> PlanApprovals.Standing {
        if approvals.statements.contains(where: { (try? $0.outcome.get()) == nil }) { return .refused }
        if !approvals.tally.denials.isEmpty { return .denied }
        if guardrails.policies.digest != approvals.plan.policySet { return .stale }
        return approvals.missing.isEmpty ? .approved : .waiting
    }
}

public import Core

extension Belay {
    /// Runs a plan: checks who asked and who approved, judges it again on fresh facts, and spends it.
    /// - Parameters:
    ///   - glass: what who asks says when they cannot wait for what the policies ask.
    ///   - tell: told of broken glass, when it is in the log and before anything is done to a node.
    /// - Throws: ``PermitRefusal`` and others before anything was changed on any node, ``WitnessFailure`` when a strict
    ///   project's quorum does not come; then the plan is not spent.
    public func apply(
        planFile: String, breaking glass: BreakGlassRequest? = nil,
        tell: @Sendable (BreakGlassNotice) -> Void = { _ in }, watch: @escaping Runner.Watch
    ) async throws -> RunState {
        let bytes = try ProjectFiles.read(planFile)
        let plan = try Self.plan(in: bytes, file: planFile)
        guard let lock = try RunLock.tryAcquire(run: plan.id, in: workspace.logDirectory) else {
            throw WorkspaceError(
                "run \(plan.id) is under way in another process", remedy: "Watch it with `belay runs show \(plan.id)`.")
        }
        defer { lock.release() }
        let (stored, planned) = try await submitted(Digest.sha256(bytes))
        // Asked again by `permit`; here so that a second try leaves nothing in the log.
        guard !stored.state.isStarted else { throw PermitRefusal.spent }
        let guardrails = try workspace.guardrails()
        let requester = try await keygen.verify(
            Array(planned.signature.utf8), over: bytes, namespace: SignatureNamespace.plan,
            signers: guardrails.signers, at: clock.now())
        let approvals = try await approvals(beside: planFile, of: stored, guardrails.signers)
        var broken: SignedBreakGlass?
        if let glass {
            broken = try await breakGlass(
                glass, for: plan, Digest.sha256(bytes), requester: requester.signer, guardrails)
        }
        var runner = self.runner
        if workspace.configuration.log.strict { runner.witnesses = try await witnesses() }
        try await runner.prepare(for: plan)
        let request = Request(
            plan: plan, bytes: bytes, stored: stored, requester: requester, approvals: approvals,
            breakGlass: broken, policies: guardrails.policies)
        let sighting = try await look(at: plan, for: guardrails.policies)
        let ledger = Ledger(directory: workspace.logDirectory, clock: clock)
        let begun = try await ledger.turn { try await begin(request, sighting, runner) }
        let judge = TurnJudge(
            belay: self, policies: guardrails.policies, plan: plan, planSha256: begun.planSha256,
            requester: begun.decision.requester, approvals: begun.decision.approvals,
            breakGlass: begun.decision.breakGlass)
        if let record = begun.breakGlass { tell(try await self.tell(of: record, plan, begun.planSha256)) }
        return try await runner.run(begun, judge: judge, watch: watch)
    }

    var runner: Runner {
        Runner(log: log, connector: connector, clock: clock, nonces: nonces, holder: Environment.holder)
    }

    /// A plan that somebody wants to run, with the proofs.
    private struct Request {
        let plan: Plan
        let bytes: [UInt8]
        let stored: StoredRun
        let requester: VerifiedSignature
        let approvals: [VerifiedApproval]
        let breakGlass: SignedBreakGlass?
        let policies: PolicySet
    }

    // Within a turn of the ledger: what is judged here is still so when the run has begun.
    private func begin(_ request: Request, _ sighting: Sighting, _ runner: Runner) async throws -> BegunRun {
        let (plan, digest, signer) = (request.plan, Digest.sha256(request.bytes), request.requester.signer)
        let tally = ApprovalTally(
            request.approvals, planSha256: digest, logOrigin: plan.log.origin, requester: signer, now: clock.now())
        var input = try await input(
            .execute, of: plan, digest, by: signer.principal, approvals: tally, sighting, for: request.policies)
        let rules = request.policies.breakGlassRules
        input.breakGlass = try request.breakGlass.map {
            try BreakGlass(
                $0.verified, planSha256: digest, logOrigin: plan.log.origin, requester: signer, rules: rules,
                at: input.now)
        }
        let decision = request.policies.judge(input)
        try await record(input, for: request.policies, by: signer.principal.name)
        try await log.hiding(plan.secrets).append(.decided(decision), by: signer.principal.name, run: plan.id)
        let permit = try permit(
            PermitRequest(
                planBytes: request.bytes, planning: request.stored.decision(in: .plan), decision: decision,
                approvals: request.approvals,
                breakGlass: request.breakGlass?.verified, rules: rules, requester: request.requester,
                policySet: request.policies.digest, log: try await planningLog(),
                now: clock.now(), spent: request.stored.state.isStarted))
        return try await runner.begin(permit, breaking: request.breakGlass)
    }

    private static func plan(in bytes: [UInt8], file: String) throws(WorkspaceError) -> Plan {
        do { return try Plan(bytes: bytes) } catch {
            throw WorkspaceError("\(file) is not a plan of this version", remedy: "Make it again with `belay plan`.")
        }
    }

    private func submitted(_ planSha256: String) async throws -> (StoredRun, PlannedRecord) {
        let stored = try await store().runs.first { $0.planned?.planSha256 == planSha256 }
        guard let stored, let planned = stored.planned else {
            throw WorkspaceError(
                "this log has no plan with the digest \(planSha256)",
                remedy: "The file was changed, or the plan was made for another log: make it again with `belay plan`.")
        }
        return (stored, planned)
    }
}

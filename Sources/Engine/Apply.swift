public import Core

extension Belay {
    /// Runs a plan: checks who asked and who approved, judges it again on fresh facts, and spends it.
    /// - Throws: ``PermitRefusal`` and others before anything was changed on any node.
    public func apply(planFile: String, watch: @escaping Runner.Watch) async throws -> RunState {
        let bytes = try ProjectFiles.read(planFile)
        let planSha256 = Digest.sha256(bytes)
        let plan: Plan
        do { plan = try JSON.decode(Plan.self, from: bytes) } catch {
            throw WorkspaceError(
                "\(planFile) is not a plan of this version", remedy: "Make it again with `belay plan`.")
        }
        guard let lock = try RunLock.tryAcquire(run: plan.id, in: workspace.logDirectory) else {
            throw WorkspaceError(
                "run \(plan.id) is under way in another process", remedy: "Watch it with `belay runs show \(plan.id)`.")
        }
        defer { lock.release() }
        let stored = try await store().runs.first { $0.planned?.planSha256 == planSha256 }
        guard let stored, let planned = stored.planned else {
            throw WorkspaceError(
                "this log has no plan with the digest \(planSha256)",
                remedy: "The file was changed, or the plan was made for another log: make it again with `belay plan`.")
        }
        // Asked again by `permit`; here so that a second try leaves nothing in the log.
        guard !stored.state.isStarted else { throw PermitRefusal.spent }
        let guardrails = try workspace.guardrails()
        var runner = self.runner
        if workspace.configuration.log.strict { runner.witnesses = try await witnesses() }
        let requester = try await keygen.verify(
            Array(planned.signature.utf8), over: bytes, namespace: SignatureNamespace.plan,
            signers: guardrails.signers, at: clock.now())
        let approvals = try await approvals(beside: planFile, of: stored, guardrails.signers)
        let decision = try await judge(plan, planSha256, requester.signer, approvals, guardrails.policies)
        let judge = TurnJudge(
            belay: self, policies: guardrails.policies, plan: plan, planSha256: planSha256,
            requester: decision.requester, approvals: decision.approvals)
        try await log.hiding(plan.secrets).append(.decided(decision), by: requester.signer.principal.name, run: plan.id)
        let permit = try permit(
            PermitRequest(
                planBytes: bytes, decision: decision, approvals: approvals, requester: requester,
                policySet: guardrails.policies.digest, log: try await planningLog(), now: clock.now(),
                spent: stored.state.isStarted))
        return try await runner.run(permit, judge: judge, watch: watch)
    }

    var runner: Runner {
        Runner(log: log, connector: connector, clock: clock, nonces: nonces, holder: Environment.holder)
    }
}

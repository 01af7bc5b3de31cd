public import Core

/// Runs a permitted plan, or takes over one whose executor is gone: the same driver over the same fold.
public struct Runner: Sendable {
    let log: RunLog
    let connector: Connector
    let clock: any Clock
    let nonces: any Nonces
    let holder: String
    /// Those whose quorum a run waits for; nil where the project asks for none.
    var witnesses: Witnesses?

    /// Told of every effect before it is performed.
    public typealias Watch = @Sendable (RunState, NextEffect) -> Void

    /// Sees to it that a run can be recorded, and waits for the quorum where the project asks for one.
    /// - Throws: ``WitnessFailure`` when the quorum does not come, ``AuditError`` when the disk is full; nothing has begun then.
    func prepare(for plan: Plan) async throws {
        try await log.log.ensureSpace()
        // Whoever brings back what a run did asks nobody (law 5).
        if plan.rollsBack == nil { try await witnesses?.awaitQuorum() }
    }

    /// Spends the permit: the run is in the log, and its nodes are reserved. The compiler lets nobody begin it twice; the
    /// run's lock, which the caller holds, and the log let no other process.
    /// - Parameter glass: what it begins by; on record before the run is.
    func begin(_ permit: consuming Permit, breaking glass: SignedBreakGlass? = nil) async throws -> BegunRun {
        var record: BreakGlassRecord?
        if let glass, let broken = permit.decision.breakGlass {
            let used = BreakGlassRecord(
                broken, decision: permit.decision, lifted: permit.lifted, statement: glass.statement,
                signature: glass.signature)
            try await log.hiding(permit.plan.secrets).append(
                .breakGlassUsed(used), by: broken.principal.name, run: permit.plan.id)
            record = used
        }
        // Published before the first intent, so that nobody can cut it off unseen.
        _ = try await log.log.checkpoint()
        var state = try RunState(plan: permit.plan)
        try await append(.started(holder: holder), to: &state)
        return BegunRun(
            state: state, planSha256: permit.planSha256, decision: permit.decision, breakGlass: record)
    }

    /// Does what a begun run is for.
    /// - Parameter judge: the policies, asked again at each node's turn.
    /// - Returns: where the run stands; `end` is nil when it waits for nodes that cannot be reached.
    func run(_ begun: consuming BegunRun, judge: any Judge, watch: @escaping Watch) async throws -> RunState {
        try await drive(begun.state, begun.planSha256, judge, watch)
    }

    /// Takes over an interrupted run.
    func recover(_ run: StoredRun, watch: @escaping Watch) async throws -> RunState {
        var state = run.state
        try await append(.recovering(holder: holder), to: &state)
        return try await drive(state, run.planSha256, nil, watch)
    }

    private func append(_ event: Event, to state: inout RunState) async throws {
        try await log.hiding(state.plan.secrets).append(.run(event), by: holder, run: state.id)
        try state.apply(event, node: nil)
    }

    // The checkpoint comes even after a failure: what is in the log shall be signed, above all when it went wrong.
    private func drive(
        _ beginning: RunState, _ planSha256: String, _ judge: (any Judge)?, _ watch: @escaping Watch
    ) async throws -> RunState {
        var state = beginning
        let store = RunStore(try await log.records())
        let journal = ExecutorJournal(
            log: log.writer, clock: clock, holder: holder, plan: state.plan, planSha256: planSha256,
            earlier: store.runs.first { $0.id == state.id }?.records ?? [])
        let nodes = SSHNodes(connector: connector)
        let driver = Driver(
            journal: journal, nodes: nodes, clock: clock, nonces: nonces, judge: judge, planSha256: planSha256,
            holder: holder, settled: store.settledRuns(but: state.plan.id), watch: watch)
        do {
            try await driver.run(&state)
        } catch {
            await nodes.close()
            _ = try? await log.log.checkpoint()
            throw error
        }
        await forget(state, nodes)
        await nodes.close()
        do {
            _ = try await log.log.checkpoint()
        } catch let error as AuditError where judge == nil && error.sparesJournal {
            // A recovery has done what it had to, and it is on record: the next command that can signs it.
        }
        return state
    }
}

extension Runner {
    // What nodes had by themselves of a way back, and the log knows to be settled.
    private func forget(_ state: RunState, _ nodes: any Nodes) async {
        let returns = NodeReturns(nodes: nodes, holder: holder)
        for node in state.nodes where node.unreachable.isEmpty {
            guard case .settled(let standing) = node.ownReturn, standing.isSettled else { continue }
            await returns.forget(node.plan, of: state.plan.rollsBack ?? state.plan.id)
        }
    }
}

/// A run whose beginning is in the log: to be driven once.
struct BegunRun: ~Copyable, Sendable {
    let state: RunState
    let planSha256: String
    /// Why it may.
    let decision: Decision
    /// Of a run that began by breaking the glass.
    let breakGlass: BreakGlassRecord?
}

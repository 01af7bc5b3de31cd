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

    /// Spends the permit: the compiler lets nobody run it twice; the run's lock, which the caller holds, and the log let no
    /// other process.
    /// - Parameter judge: the policies, asked again at each node's turn.
    /// - Throws: ``WitnessFailure`` when the project asks for a quorum of witnesses that does not come; then nothing has begun.
    /// - Returns: where the run stands; `end` is nil when it waits for nodes that cannot be reached.
    func run(_ permit: consuming Permit, judge: any Judge, watch: @escaping Watch) async throws -> RunState {
        let plan = permit.plan
        let planSha256 = permit.planSha256
        try await log.log.ensureSpace()
        // Published before the first intent, so that nobody can cut it off unseen; it also shows that the disk has room.
        _ = try await log.log.checkpoint()
        // Whoever brings back what a run did asks nobody (law 5).
        if plan.rollsBack == nil { try await witnesses?.awaitQuorum() }
        var state = try RunState(plan: plan)
        return try await drive(&state, beginning: .started(holder: holder), planSha256, judge, watch)
    }

    /// Takes over an interrupted run.
    func recover(_ run: StoredRun, watch: @escaping Watch) async throws -> RunState {
        var state = run.state
        return try await drive(&state, beginning: .recovering(holder: holder), run.planSha256, nil, watch)
    }

    // The checkpoint comes even after a failure: what is in the log shall be signed, above all when it went wrong.
    private func drive(
        _ state: inout RunState, beginning: Event, _ planSha256: String, _ judge: (any Judge)?,
        _ watch: @escaping Watch
    ) async throws -> RunState {
        let store = RunStore(try await log.records())
        let journal = ExecutorJournal(
            log: log, clock: clock, holder: holder, plan: state.plan, planSha256: planSha256,
            earlier: store.runs.first { $0.id == state.id }?.records ?? [])
        let nodes = SSHNodes(connector: connector)
        let driver = Driver(
            journal: journal, nodes: nodes, clock: clock, nonces: nonces, judge: judge, planSha256: planSha256,
            holder: holder, settled: store.settledRuns(but: state.plan.id), watch: watch)
        do {
            try await journal.append(beginning, run: state.id, node: nil)
            try state.apply(beginning, node: nil)
            try await driver.run(&state)
        } catch {
            await nodes.close()
            _ = try? await log.log.checkpoint()
            throw error
        }
        await nodes.close()
        do {
            _ = try await log.log.checkpoint()
        } catch let error as AuditError where judge == nil && error.sparesJournal {
            // A recovery has done what it had to, and it is on record: the next command that can signs it.
        }
        return state
    }
}

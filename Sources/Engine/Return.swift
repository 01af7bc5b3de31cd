public import Core

/// Somebody changed what a temporary run left in place: giving it back would overwrite that, so a person decides (law 6).
public struct ReturnConflict: Error, Sendable, Hashable {
    /// The temporary run.
    public let run: String
    /// What was changed, one sentence each, with its node.
    public let changes: [String]
}

extension Belay {
    /// What came of giving back what one temporary run left in place.
    public enum Returned: Sendable {
        /// The plan of its way back ran, and stands so.
        case ran(RunState)
        /// That plan waits for approvals, in this file.
        case waits(file: String)
        /// The policies deny that plan.
        case denied(Decision)
        /// A person denied that plan, in this file.
        case refused(file: String)
        /// Somebody changed what the run left: nothing was planned.
        case conflict(ReturnConflict)
        /// A run that was to give it back has not ended, or needs a person.
        case stuck(run: String)
        /// A run that was to give it back did something on a node and had to undo that: a timer would do so every time.
        case failed(run: String)
        /// The run came from another log, and what a machine said of it is no proof: a person plans its way back.
        case foreign
    }

    /// The temporary changes that should have been given back by now, the oldest first.
    public func overdue() async throws -> [TemporaryChange] {
        let now = clock.now()
        return try await store().temporaryChanges().values.filter { $0.isOverdue(at: now) }
            .sorted { ($0.due, $0.run) < ($1.due, $1.run) }
    }

    /// Gives back what a temporary run left in place, due or not: plans its way back and applies that, a plan like any other.
    ///
    /// One that was made before and waits for approvals is taken up again while its file is there, so that a timer which asks
    /// every few minutes makes no second one.
    /// - Parameters:
    ///   - id: the run's id, or its beginning.
    ///   - key: the private key to sign the plan with, nil for the project's.
    ///   - folder: where the plan is saved; nil = the caller's folder.
    ///   - again: whether to try once more what failed before, which a person may decide.
    /// - Throws: ``WorkspaceError`` where there is nothing to give back, and what planning and applying throw.
    public func giveBack(
        run id: String, key: String?, folder: String?, again: Bool, watch: @escaping Runner.Watch
    ) async throws -> Returned {
        let store = try await store()
        let run = try store.run(id)
        guard let change = store.temporaryChanges()[run.id], change.isOpen else {
            throw WorkspaceError(
                "run \(run.id) has nothing temporary in place",
                remedy: "`belay runs show \(run.id)` says how it stands.")
        }
        guard run.planned != nil else { return .foreign }
        let backs = store.runs.reversed().filter { $0.plan.rollsBack == run.id }
        if let open = backs.first(where: { $0.isOpen || $0.state.end == .needsPerson }) { return .stuck(run: open.id) }
        if !again, let failed = backs.first(where: { $0.hasFailed(on: change.nodes) }) {
            return .failed(run: failed.id)
        }
        if let earlier = try await takeUp(backs, in: store, folder, watch) { return earlier }
        do {
            let planned = try await planRollback(
                of: run, reason: "the temporary run \(run.id) is due back at \(change.due)", key: key, file: nil,
                folder: folder, only: Set(change.nodes))
            return try await use(planned, watch)
        } catch let conflict as ReturnConflict {
            return .conflict(conflict)
        }
    }

    // Nil where a new plan has to be made.
    private func takeUp(
        _ backs: [StoredRun], in store: RunStore, _ folder: String?, _ watch: @escaping Runner.Watch
    ) async throws -> Returned? {
        let files = backs.filter { $0.planned != nil && !$0.state.isStarted }.map { Self.planFile($0.id, in: folder) }
        guard let file = files.first(where: ProjectFiles.exists) else { return nil }
        let reader = try ApprovalReader(workspace, at: clock.now())
        switch try await reader.read(planFile: file, among: store.runs).standing {
        case .waiting: return .waits(file: file)
        case .denied: return .refused(file: file)
        case .approved: return .ran(try await apply(planFile: file, watch: watch))
        case .spent, .expired, .refused, .stale: return nil
        }
    }

    private func use(_ planned: Planned, _ watch: @escaping Runner.Watch) async throws -> Returned {
        if !planned.decision.allowed { return .denied(planned.decision) }
        if planned.preview?.waitsForApproval == true { return .waits(file: planned.file) }
        return .ran(try await apply(planFile: planned.file, watch: watch))
    }
}

extension StoredRun {
    // One that never did anything there, since the node was taken or not as planned, has not failed.
    fileprivate func hasFailed(on nodes: [String]) -> Bool {
        state.nodes.contains { node in
            node.state == .rolledBack && nodes.contains(node.plan.name) && node.steps.contains(where: \.mayHaveRun)
        }
    }
}

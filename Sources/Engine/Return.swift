public import Core

/// Somebody changed what a temporary run left in place: giving it back would overwrite that, so a person decides (law 6).
public struct ReturnConflict: Error, Sendable, Hashable {
    /// The temporary run.
    public let run: String
    /// What was changed, one sentence each, with its node.
    public let changes: [String]
}

/// What nodes did that give back by themselves what a temporary run left.
public struct NodeReturnReport: Sendable, Hashable {
    /// Node → what it said; of those only that are to be told.
    public let standings: [String: NodeReturnStanding]

    /// Collects them.
    public init(_ standings: [String: NodeReturnStanding]) {
        self.standings = standings
    }
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
        /// Its nodes have given it back by themselves: nothing was left to plan.
        case alone(NodeReturnReport)
        /// Nodes are giving it back by themselves at this moment.
        case underWay(NodeReturnReport)
        /// Nodes began to give it back by themselves and stopped: somebody had changed it, or an undo failed.
        case stopped(NodeReturnReport)
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
        var store = try await store()
        let run = try store.run(id)
        guard var change = store.temporaryChanges()[run.id], change.isOpen else {
            throw WorkspaceError(
                "run \(run.id) has nothing temporary in place",
                remedy: "`belay runs show \(run.id)` says how it stands.")
        }
        guard run.planned != nil else { return .foreign }
        if change.isOnNode {
            let running = try await look(at: change, of: run)
            if !running.standings.isEmpty { return .underWay(running) }
            store = try await self.store()
            change = store.temporaryChanges()[run.id] ?? change
            if !change.isOpen { return .alone(NodeReturnReport(change.standings)) }
            // A timer would find the same each time. A person may have seen to it since: then the plan says what is there.
            let stopped = change.stopped
            if !again, !stopped.standings.isEmpty { return .stopped(stopped) }
        }
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

    // Those that are at it; what the others say is in the log. A plan needs all of them, and so does this.
    private func look(at change: TemporaryChange, of run: StoredRun) async throws -> NodeReturnReport {
        let names = change.nodes.filter { change.mayReturnAlone($0) }
        let answers = try await ask(.look, names, of: run, change)
        if let failure = names.lazy.compactMap({ answers.unreached[$0] }).first { throw failure }
        return NodeReturnReport(answers.standings.filter { $0.value == .running })
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

extension TemporaryChange {
    /// The nodes that began to give it back by themselves and stopped, where it is still in place.
    public var stopped: NodeReturnReport {
        NodeReturnReport(
            standings.filter { node, standing in
                switch standing {
                case .conflict, .failed: nodes.contains(node)
                default: false
                }
            })
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

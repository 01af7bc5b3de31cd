public import Core

extension Belay {
    /// Takes over every run whose executor is gone, oldest first.
    /// - Parameter id: only this run, nil for all.
    /// - Returns: the runs that were taken over; those that a live process holds are left to it.
    public func recover(only id: String?, watch: @escaping Runner.Watch) async throws -> [RunState] {
        var recovered: [RunState] = []
        let store = try await store()
        var faults = store.unreadable.filter { id == nil || $0.id == id }.map { "run \($0.id): \($0.reason)" }
        for run in store.runs where run.isOpen && (id == nil || run.id == id) {
            guard let lock = try RunLock.tryAcquire(run: run.id, in: workspace.logDirectory) else { continue }
            defer { lock.release() }
            // Between reading the log and winning the lock its executor may have gone on, or ended it.
            let fresh = try await self.store().run(run.id)
            if let fault = fresh.fault { faults.append("run \(run.id): \(fault)") }
            guard fresh.fault == nil, fresh.isOpen else { continue }
            recovered.append(try await runner.recover(fresh, watch: watch))
        }
        // One run that cannot be read must not keep the others from their end.
        if !faults.isEmpty {
            throw WorkspaceError(faults.joined(separator: "; "), remedy: "`belay audit verify` says what is damaged.")
        }
        return recovered
    }
}

extension Belay {
    /// What recovering one node gave.
    public struct NodeRecovery: Sendable {
        /// The runs that were taken over.
        public var states: [RunState] = []
        /// Run → how the way back of it stands that the node has by itself: nothing to recover, but to know of.
        public var due: [String: NodeReturnStanding] = [:]
        /// What could not be looked at or taken over, each with what to do.
        public var notes: [String] = []
    }

    /// Brings a node back from what runs left on it and, for its cluster steps, on the execution host: runs of this log as
    /// `recover(only:watch:)` does, and others by adopting them into it.
    ///
    /// Whoever ran them is fenced off by a higher epoch, and finds on the node how it ended.
    /// - Throws: ``NodeFailure`` when neither place could be read, and others before anything was changed.
    public func recover(node name: String, watch: @escaping Runner.Watch) async throws -> NodeRecovery {
        let node = try workspace.inventory.nodes(named: [name])[0]
        let records = NodeRecords(connector: connector, inventory: workspace.inventory, nonces: nonces)
        let found = await records.read(of: node)
        if found.records.isEmpty, let failure = found.unread.first { throw failure }
        var recovery = NodeRecovery()
        for record in found.records {
            do {
                try await recover(record, &recovery, watch)
            } catch let error as ObservationError {
                recovery.notes.append("run \(record.run): \(error)")
            }
        }
        recovery.due = found.due
        recovery.notes += found.unread.map(\.description)
        return recovery
    }

    private func recover(
        _ record: AdoptedRecord, _ recovery: inout NodeRecovery, _ watch: @escaping Runner.Watch
    ) async throws {
        let store = try await store()
        let known = store.runs.filter { run in
            run.plan.id == record.run && run.state.nodes.contains { $0.plan.name == record.node }
        }
        if let open = known.first(where: \.isOpen) {
            let states = try await recover(only: open.id, watch: watch)
            if states.isEmpty {
                recovery.notes.append("run \(open.id) is under way in another process of this machine")
            }
            recovery.states += states
            return
        }
        // A place that could not be read when the run was adopted before.
        var rest = record
        rest.pieces.removeAll { piece in known.contains { $0.covers(piece.place) } }
        guard !rest.pieces.isEmpty else {
            let id = known.last?.id ?? record.run
            let hint = "belay resolve \(id) \(record.node) --as before|after|abandoned --reason '…'"
            recovery.notes.append("run \(id) has ended in this log and left a record on the node: `\(hint)` frees it")
            return
        }
        let id = record.adoptedID(known.count)
        recovery.states.append(try await adopt(rest, as: id, watch))
    }

    // In the log, durably, before anything is sent: from here on it is a run like any other.
    private func adopt(
        _ record: AdoptedRecord, as id: String, _ watch: @escaping Runner.Watch
    ) async throws -> RunState {
        _ = try RunState(adopting: record, as: id)
        guard let lock = try RunLock.tryAcquire(run: id, in: workspace.logDirectory) else {
            throw WorkspaceError("run \(id) is under way in another process", remedy: "Let it end, then look again.")
        }
        defer { lock.release() }
        guard try await !store().runs.contains(where: { $0.id == id }) else {
            throw WorkspaceError("run \(id) was adopted by another process", remedy: "Try again.")
        }
        try await log.hiding(record.plan().secrets).append(
            .adopted(record), by: Environment.holder, run: id, node: record.node)
        return try await runner.recover(try await store().run(id), watch: watch)
    }
}

extension StoredRun {
    /// Whether this log has what was done at a place.
    fileprivate func covers(_ place: Place) -> Bool {
        guard case .adopted(let record) = origin else { return true }
        return record.pieces.contains { $0.place == place }
    }
}

extension AdoptedRecord {
    // The same run may be adopted node by node, and again for a place that did not answer the first time.
    fileprivate func adoptedID(_ earlier: Int) -> String { "\(run)@\(node)" + (earlier == 0 ? "" : ".\(earlier + 1)") }
}

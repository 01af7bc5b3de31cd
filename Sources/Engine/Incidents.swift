public import Core

/// Incidents: what groups triage, plans and runs. Their entries are the executor's word, as those of erasures are; what was
/// done to nodes, and on whose signature, say the runs' own.
extension Belay {
    /// Starts an incident.
    /// - Parameters:
    ///   - title: what is wrong, in a line.
    ///   - id: its name elsewhere; nil to make one from the date.
    /// - Throws: ``ArgumentError`` for words that cannot be, ``WorkspaceError`` for an id that the log has.
    public func startIncident(_ title: String, id: String?) async throws -> StoredIncident {
        try await changingIncidents { store in
            let ids = store.incidents.map(\.id)
            if let id, let other = ids.first(where: { $0.lowercased() == id.lowercased() }) {
                throw WorkspaceError(
                    "the log has an incident \(other)", remedy: "Give another --id, or none: then one is made.")
            }
            let made = id ?? IncidentWords.freeID(at: clock.now(), taken: ids)
            try await self.append(.incidentStarted(try IncidentStart(id: made, title: title)))
            return made
        }
    }

    /// Writes something down about an incident, also after its end: what was learned later belongs to it, and its entry
    /// stands behind the closing one for good.
    /// - Parameter id: nil for the only one that is open.
    public func note(_ text: String, incident id: String?) async throws -> StoredIncident {
        try await changingIncidents { store in
            let incident = try store.meant(id)
            try await self.append(.incidentNoted(try IncidentNote(incident: incident.id, text: text)))
            return incident.id
        }
    }

    /// Ends an incident.
    /// - Parameter id: nil for the only one that is open.
    /// - Returns: the incident, and what of it waits all the same, a sentence each.
    /// - Throws: ``WorkspaceError`` where it is over, or a run of it is under way, cut off, or needs a person.
    public func closeIncident(
        _ id: String?, summary: String
    ) async throws -> (incident: StoredIncident, waiting: [String]) {
        var waiting: [String] = []
        let closed = try await changingIncidents { store in
            let incident = try store.meant(id)
            guard incident.isOpen else {
                throw WorkspaceError(
                    "incident \(incident.id) is closed",
                    remedy: "What was learned since is a note: `belay incident note \(incident.id) TEXT`.")
            }
            let runs = try await self.store()
            try runs.checkEnded(of: incident.id)
            waiting = runs.waiting(of: incident.id)
            try await self.append(.incidentClosed(try IncidentClosing(incident: incident.id, summary: summary)))
            return incident.id
        }
        return (closed, waiting)
    }

    /// Ties a run that was planned before, or while several were open.
    /// - Parameter incident: nil for the only one that is open; a closed one takes runs, too.
    /// - Returns: the run's id and the incident.
    public func tie(run id: String, incident name: String?) async throws -> (run: String, incident: StoredIncident) {
        let run = try await store().run(id)
        let incident = try await changingIncidents { store in
            let incident = try store.meant(name)
            guard !run.incidents.contains(incident.id) else {
                throw WorkspaceError(
                    "run \(run.id) belongs to incident \(incident.id) already",
                    remedy: "`belay incident report \(incident.id)` has it.")
            }
            try await self.tie(run.id, to: incident.id)
            return incident.id
        }
        return (run.id, incident)
    }

    func tie(_ run: String, to incident: String) async throws {
        try await log.append(.incidentTied(IncidentTie(incident: incident)), by: Environment.holder, run: run)
    }

    /// Keeps what triage answered.
    public func keep(_ answer: TriageRecord) async throws -> EntryName { try await append(.triaged(answer)) }

    @discardableResult
    private func append(_ event: LogEvent) async throws -> EntryName {
        try await log.append(event, by: Environment.holder, run: nil)
    }

    // Reading and appending are one: of two processes one is first, and the other sees what it did.
    private func changingIncidents(_ body: (IncidentStore) async throws -> String) async throws -> StoredIncident {
        try await Ledger(directory: workspace.logDirectory, clock: clock).turn {
            let id = try await body(try await workspace.incidents())
            return try await workspace.incidents().incident(id)
        }
    }
}

extension RunStore {
    /// - Throws: ``WorkspaceError`` with the first run of an incident that has not ended, or ended as a person's to mend.
    fileprivate func checkEnded(of incident: String) throws(WorkspaceError) {
        let takenBack = Set(runs.filter { $0.state.end == .succeeded }.compactMap(\.plan.rollsBack))
        for run in runs(of: incident) where !takenBack.contains(run.id) {
            if run.isOpen {
                throw WorkspaceError(
                    "run \(run.id) of incident \(incident) has not ended",
                    remedy: "Wait for it, or bring it to its end: `belay recover --run \(run.id)`.")
            }
            if run.state.end == .needsPerson {
                throw WorkspaceError(
                    "run \(run.id) of incident \(incident) needs a person",
                    remedy:
                        "`belay runs show \(run.id)` says what to do; `belay resolve` ends it, `belay rollback` takes it back."
                )
            }
        }
    }

    /// What does not keep an incident open: somebody else's review may take a day, and a plan may never be run.
    fileprivate func waiting(of incident: String) -> [String] {
        runs(of: incident).flatMap { run in
            let plan =
                run.state.isStarted || run.state.end != nil ? [] : ["run \(run.id) is planned and was not applied"]
            return plan
                + run.openReviews.map {
                    "run \(run.id) broke the glass and waits for a review until \($0.record.reviewBy)"
                }
        }
    }
}

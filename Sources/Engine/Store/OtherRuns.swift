package import Core

/// What a log, and the leases seen on nodes, tell of runs besides the one that is judged.
package struct OtherRuns {
    /// What is under way.
    package var inflight = Inflight.notAsked
    /// Where that is, or may be.
    package var occupied = OccupiedNode.notAsked
    /// What was done before.
    package var history = History.notAsked

    /// Reservations in this log ∪ leases that were seen, and what was done before by this log. What no policy reads stays
    /// unknown, since it is recorded.
    /// - Parameter leases: seen before `records` were read: a lease that was given back meanwhile is then known to have been.
    package init(
        in records: [IndexedRecord], besides plan: Plan, _ leases: [Inflight.Sight], for policies: PolicySet,
        _ inventory: Inventory, beginnings: RunBeginnings, now: Timestamp
    ) {
        guard policies.asking.records || policies.reads("history") else { return }
        let store = RunStore(records, beginnings: beginnings)
        if policies.reads("history") { history = History.read(records, store, now: now) }
        let reserved = Reservations(records, store, but: plan.id)
        let seen = Inflight.seen(
            besides: plan, reservations: reserved.runs, sights: leases, settled: store.settledRuns(but: plan.id),
            inventory: inventory)
        let fault = reserved.fault
        if policies.reads("inflight") { inflight = fault.map { .unknown($0) } ?? Inflight.runs(seen) }
        if policies.reads("occupied") {
            occupied = fault.map { .unknown($0) } ?? .known(Inflight.occupied(seen, in: inventory))
        }
    }
}

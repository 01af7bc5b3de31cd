extension NodeRun {
    /// What a node must know of its run.
    struct Orders {
        var onFailure: OnFailure
        /// False while the run may still take back a node that is in place (rollback-all).
        var mayEnd: Bool
        /// False while another node that is in place may still have to be taken back, since it has to arm its own way back
        /// first (rollback-all).
        var mayRelease = true
    }

    /// What follows for this node; nil when it has ended, waits for the run, or cannot be reached by this executor.
    func next(_ orders: Orders) -> Effect? {
        guard !state.isFinal else { return nil }
        if state == .resolving { return open.map { .send($0) } ?? freeing() }
        guard unreachable[.node] == nil else { return nil }
        if let open { return unreachable[place(of: open.write)] == nil ? .send(open) : nil }
        // Woken up late: somebody else has recovered it.
        if !recovering, let endedElsewhere { return following(endedElsewhere) }
        if recovering, let effect = takingOver() { return effect }
        if state == .holding { return orders.mayEnd ? finish(orders) : nil }
        return state == .rollingBack ? rollback() : forward(orders)
    }

    // A run taken over finishes forward only when everything was verified and the node can no longer revert by itself;
    // in every other case the node goes back to where it was (law 7).
    private func takingOver() -> Effect? {
        for place in Place.allCases where holds[place] != nil && unreachable[place] == nil {
            // The target is brought back all the same; the steps there then are a person's.
            if place == .cluster, refusals[.acquireLease(place, recovering: true)] != nil, plan.identity != nil {
                continue
            }
            if let effect = acquire(place, recovering: true) { return effect }
        }
        if let unresolved, unreachable[place(of: unresolved)] == nil { return .lookUp(unresolved) }
        if let endedElsewhere { return following(endedElsewhere) }
        if state == .rollingBack { return nil }
        if let effect = confirm() { return effect }
        if state == .holding || isComplete { return nil }
        return rollBack(rebooted ? "the node rebooted meanwhile" : "its executor was interrupted")
    }

    // What was verified may have gone with a reboot since. Once a lease was being given back that was decided.
    private func confirm() -> Effect? {
        guard isComplete, !isReleasing,
            let old = ran.first(where: { steps[$0].isAfterOld && unreachable[plan.steps[$0].place] == nil })
        else { return nil }
        if let why = steps[old].blind { return rollBack("the node's state cannot be told any more: \(why)") }
        return .observe(step: old, moment: .after, expecting: nil)
    }

    /// Takes the lease of a place; nil when it is ours.
    func acquire(_ place: Place, recovering: Bool) -> Effect? {
        guard holds[place]?.epoch == nil, holds[place]?.released != true else { return nil }
        let write = Write.acquireLease(place, recovering: recovering)
        guard let why = refusals[write] else { return intend(write) }
        if recovering { return withoutLease(place, why) }
        return steps.contains(where: \.mayHaveRun)
            ? rollBack("the lease was refused: \(why)")
            : .record(.nodeState(.stale, reason: "the lease was refused: \(why)"))
    }

    // Where another run is at work, or was interrupted, this one's turn comes when that one has ended.
    private func withoutLease(_ place: Place, _ why: String) -> Effect {
        guard holds.values.contains(where: \.wasGranted) else {
            return .record(.nodeState(.rolledBack, reason: "nothing had been sent to it"))
        }
        return Self.isTaken(why)
            ? .record(.unreachable(place, cause: "its lease is another run's, which has to end first: \(why)"))
            : needsPerson("the lease was refused: \(why)")
    }

    /// True for a refusal that names a run which has the lease.
    static func isTaken(_ why: String) -> Bool { why.hasPrefix("unfinished ") || why.hasPrefix("held ") }

    private var isReleasing: Bool { holds.values.contains(where: \.releaseWasSent) }

    /// Nothing brings it back any more in this run.
    var isInPlaceForGood: Bool { state == .succeeded || (state == .holding && isReleasing) }

    private var isComplete: Bool {
        verifyFailures?.isEmpty == true && (deadMan == .won || (deadMan == .none && !hasCut)) && !rebooted
            && afterMatches
    }

    private var afterMatches: Bool { ran.allSatisfy { steps[$0].after != nil && surprises($0).isEmpty } }

    private var hasCut: Bool { steps.indices.contains { plan.steps[$0].cutsPath && steps[$0].mayHaveRun } }

    /// The steps that were not left out.
    private var ran: [Int] { steps.indices.filter { steps[$0].skipped == nil } }

    private func forward(_ orders: Orders) -> Effect? {
        if plan.identity != nil, let effect = acquire(.node, recovering: false) ?? judge() { return effect }
        if let effect = admit() { return stopping(effect, orders) }
        for index in ran {
            if let effect = forward(step: index) { return stopping(effect, orders) }
        }
        return finish(orders).map { stopping($0, orders) }
    }

    // Asked again when its turn comes: what was true of all nodes at the start need not be true an hour and two waves later.
    private func admit() -> Effect? {
        guard !plan.preconditions.isEmpty else { return nil }
        guard let admission else { return .admit }
        return admission.isEmpty
            ? nil : rollBack("a precondition does not hold any more: \(admission.joined(separator: "; "))")
    }

    // `onFailure: stop` leaves the node as it is; but an armed dead-man would undo half of it, so that one is rolled back,
    // and where nothing ran only the lease has to go back.
    private func stopping(_ effect: Effect, _ orders: Orders) -> Effect {
        guard orders.onFailure == .stop, deadMan == .none, steps.contains(where: \.mayHaveRun),
            case .record(.nodeState(.rollingBack, let why)) = effect
        else { return effect }
        return needsPerson("left as it is (onFailure: stop): \(why)")
    }

    private func forward(step index: Int) -> Effect? {
        let step = steps[index]
        let planned = plan.steps[index]
        if step.intent == nil, step.applied == nil, let effect = beginning(index) { return effect }
        guard let before = step.before else { return .observe(step: index, moment: .before, expecting: nil) }
        if let effect = stale(index, before) { return effect }
        guard let applied = step.applied else { return apply(index, before) }
        switch applied {
        case .succeeded, .unchanged: break
        case .failed(let why): return rollBack("step '\(planned.name)' failed: \(why)")
        case .unknown(let why): return rollBack("step '\(planned.name)' has no result: \(why)")
        case .neverBegan: return rollBack("step '\(planned.name)' was not let begin")
        }
        // Under a dead-man an old connection proves nothing, and would hang for as long as the path is cut.
        guard let failures = step.verifyFailures else {
            return .verify(step: index, planned.verify, afresh: deadMan == .armed)
        }
        return failures.isEmpty
            ? nil : rollBack("step '\(planned.name)' was not verified: \(failures.joined(separator: "; "))")
    }

    /// Whether a step is begun at all: its condition, its place and its lease.
    private func beginning(_ index: Int) -> Effect? {
        let planned = plan.steps[index]
        if let why = planned.skipped { return .record(.skipped(step: index, reason: why)) }
        if planned.when != nil {
            guard let condition = steps[index].condition else { return .evaluate(step: index) }
            switch condition.holds {
            case true?: break
            case false?: return .record(.skipped(step: index, reason: condition.reason))
            case nil: return without(index, "its condition cannot be told: \(condition.reason)")
            }
        }
        if let why = unreachable[planned.place] { return without(index, why) }
        if let why = steps[index].blind { return without(index, "the node's state cannot be told: \(why)") }
        if planned.place == .cluster, let effect = acquire(.cluster, recovering: false) {
            if case .record(.nodeState(_, let why)) = effect { return without(index, why) }
            return effect
        }
        return judge()
    }

    private func without(_ index: Int, _ why: String) -> Effect {
        let planned = plan.steps[index]
        guard planned.optional else { return rollBack("step '\(planned.name)' cannot be begun: \(why)") }
        return .record(.skipped(step: index, reason: why))
    }

    private func stale(_ index: Int, _ before: Observation) -> Effect? {
        if isStale {
            guard !steps[index].differences.isEmpty else { return nil }
            return rollBack("step '\(plan.steps[index].name)' is stale: the node is not as the plan expects")
        }
        guard steps[index].applied == nil else { return nil }
        let planned = plan.steps[index]
        let action = actions[index]
        let differences = before.differences(from: planned.before) { action.role(of: $0) == .footprint }
        if !differences.isEmpty { return .record(.stale(step: index, differences)) }
        let commands = action.apply(before)
        if commands.isEmpty || action.permits(commands, planned: planned.apply) { return nil }
        return .record(
            .stale(
                step: index,
                [
                    Difference(
                        field: "commands", expected: .lines(planned.apply.map { ShellQuote.display($0.argv) }),
                        found: .lines(commands.map { ShellQuote.display($0.argv) }))
                ]))
    }

    private func apply(_ index: Int, _ before: Observation) -> Effect {
        let commands = actions[index].apply(before)
        if commands.isEmpty { return .record(.unchanged(step: index)) }
        if let effect = takeFromNode() { return effect }
        if plan.steps[index].cutsPath {
            if let why = refusals[.armDeadMan] { return rollBack("the dead-man could not be armed: \(why)") }
            if deadMan == .none { return intend(.armDeadMan) }
        }
        return .record(.intent(Intent(.apply(step: index), commands: commands, undo: actions[index].undo(before))))
    }

    // Order matters (semantics, Dead-man): verified over a fresh connection → token won → observed once more as predicted.
    private func finish(_ orders: Orders) -> Effect? {
        if let effect = takeFromNode() { return effect }
        guard let failures = verifyFailures else {
            return .verify(step: nil, plan.allChecks(without: skipped), afresh: deadMan == .armed)
        }
        if !failures.isEmpty { return rollBack("the node was not verified: \(failures.joined(separator: "; "))") }
        switch deadMan {
        case .armed:
            return disarm()
        case .reverted: return rollBack("the node reverted by itself before it was told that all is well")
        case .won where rebooted: return rollBack("the node rebooted while its dead-man was armed")
        // An armed dead-man that is not there any more: nobody knows what the node did.
        case .none where hasCut: return rollBack("its dead-man is gone")
        case .none, .won: break
        }
        for index in ran {
            if let why = steps[index].blind { return rollBack("the node's state cannot be told: \(why)") }
            guard steps[index].after != nil else { return .observe(step: index, moment: .after, expecting: nil) }
            let surprises = surprises(index)
            if !surprises.isEmpty {
                let fields = surprises.map(\.field).joined(separator: ", ")
                return rollBack("step '\(plan.steps[index].name)' left something else than predicted: \(fields)")
            }
        }
        if !orders.mayEnd {
            return .record(.nodeState(.holding, reason: "verified; it waits for the rest of the run"))
        }
        if let effect = armOwnReturn() { return effect }
        guard orders.mayRelease else { return nil }
        return release() ?? .record(.nodeState(.succeeded, reason: "verified"))
    }

    private var skipped: Set<Int> { Set(steps.indices).subtracting(ran) }

    // A step's prediction is compared only in what no later step has predicted anew.
    private func surprises(_ index: Int) -> [Difference] {
        guard let after = steps[index].after, steps[index].applied != .unchanged else { return [] }
        let prediction = plan.steps[index].prediction
        let later = ran.filter { $0 > index && steps[$0].applied != .unchanged && looksAtSame(index, $0) }
        let anew = Set(later.flatMap { plan.steps[$0].prediction.after.fields.keys })
        let action = actions[index]
        return after.differences(from: prediction.after) {
            !anew.contains($0) && prediction.quality(of: $0) == .exact && !action.role(of: $0).isVolatile
        }
        .filter { !action.isEquivalent($0.field, before: $0.expected, now: $0.found) }
    }

    /// True when two steps look at the same thing: of the fields they share only the outer one's expectation can hold in the end.
    func looksAtSame(_ first: Int, _ second: Int) -> Bool { subjects[first] == subjects[second] }

    private func disarm() -> Effect {
        refusals[.disarmDeadMan].map { needsPerson("the dead-man could not be settled: \($0)") }
            ?? intend(.disarmDeadMan)
    }

    /// Gives the leases back, the target's last; nil when there is none left.
    func release() -> Effect? {
        for place in [Place.cluster, .node] {
            guard let hold = holds[place], hold.epoch != nil, !hold.released else { continue }
            return refusals[.releaseLease(place)].map { needsPerson("the lease could not be given back: \($0)") }
                ?? intend(.releaseLease(place))
        }
        return nil
    }

    func intend(_ write: Write) -> Effect { .record(.intent(Intent(write))) }
    func rollBack(_ why: String) -> Effect { .record(.nodeState(.rollingBack, reason: why)) }
    func needsPerson(_ why: String) -> Effect { .record(.nodeState(.needsPerson, reason: why)) }
}

extension NodeRun {
    /// What follows while the node is being brought back: the dead-man is settled first, then each step that may have run
    /// is undone, newest first, and looked at; the leases are given back last.
    ///
    /// A cluster step that cannot be undone does not keep the target from being brought back: it is come back to at the end.
    func rollback() -> Effect? {
        // Winning the token now would take the rope away before the node is back (law 3).
        if deadMan == .armed { return fire() }
        // Before its time comes: whatever the node says, what follows finds it as it is.
        if mayGiveBackAlone, refusals[.takeReturn] == nil { return intend(.takeReturn) }
        let touched = steps.indices.reversed().filter { steps[$0].mayHaveRun }
        var stuck: [Int: Effect?] = [:]
        for index in touched {
            switch undo(index) {
            case .done: continue
            case .next(let effect): return effect
            case .stuck(let effect):
                guard plan.steps[index].place == .cluster else { return effect }
                stuck[index] = effect
            }
        }
        // Looked at only when all are undone: a unit that reads a file is healthy again once the file is back.
        for index in touched where stuck[index] == nil {
            switch lookAgain(index, settledBy: touched.filter { $0 < index && looksAtSame($0, index) }) {
            case .done: continue
            case .next(let effect): return effect
            case .stuck(let effect):
                guard plan.steps[index].place == .cluster else { return effect }
                stuck[index] = effect
            }
        }
        if let effect = stuck.sorted(by: { $0.key > $1.key }).compactMap(\.value).first { return effect }
        // What is left waits for a place that cannot be reached.
        if !stuck.isEmpty || holds.contains(where: { $1.epoch == nil && !$1.released && unreachable[$0] != nil }) {
            return nil
        }
        // Everything is back. But what it would do at its time it would do to whoever makes the same change until then.
        if mayGiveBackAlone, let why = refusals[.takeReturn] {
            return needsPerson("undone, but the node may still give it back by itself at its time: \(why)")
        }
        return release() ?? ended()
    }

    /// How far a step is on the way back.
    private enum Progress {
        case done
        case next(Effect)
        /// Nothing more can be done to it: by anybody but a person, or (nil) until its place can be reached.
        case stuck(Effect?)
    }

    private func fire() -> Effect {
        refusals[.fireDeadMan].map { needsPerson("the dead-man could not be settled: \($0)") } ?? intend(.fireDeadMan)
    }

    private func ended() -> Effect {
        let nothingRan = !steps.contains { $0.mayHaveRun }
        let untouched: NodeState? = isDenied ? .denied : isStale ? .stale : nil
        return .record(.nodeState(nothingRan ? untouched ?? .rolledBack : .rolledBack, reason: reason))
    }

    // Undo is idempotent, so one whose end is unknown (a reboot, say) is simply begun again, but not for ever.
    private static let undoAttempts = 3

    private func undo(_ index: Int) -> Progress {
        let step = steps[index]
        let name = plan.steps[index].name
        if nodeReverted(index) || wasEndedElsewhere(index) { return .done }
        switch step.undone {
        case .succeeded?, .unchanged?: return .done
        case .failed(let why)?: return .stuck(needsPerson("undoing step '\(name)' failed: \(why)"))
        case nil, .neverBegan?, .unknown?: break
        }
        if plan.steps[index].reversibility == .irreversible {
            return .stuck(needsPerson("step '\(name)' may have run and has no undo"))
        }
        let place = plan.steps[index].place
        guard unreachable[place] == nil else { return .stuck(nil) }
        guard epoch(at: place) != nil else {
            if holds[place]?.lacksDisk == true, let effect = acquire(place, recovering: true) { return .next(effect) }
            let why = refusals[.acquireLease(place, recovering: true)] ?? "it was not taken"
            return .stuck(needsPerson("the lease for undoing step '\(name)' is missing: \(why)"))
        }
        if let why = step.blind { return .stuck(needsPerson("the state of step '\(name)' cannot be told: \(why)")) }
        if let progress = conflict(index) { return progress }
        guard step.undoAttempts - step.undosCutOff < Self.undoAttempts else {
            let why = if case .unknown(let why)? = step.undone { ": \(why)" } else { "" }
            return .stuck(needsPerson("undoing step '\(name)' never ended\(why)"))
        }
        return .next(.record(.intent(Intent(.undo(step: index), commands: step.intent?.undo ?? []))))
    }

    // Of several steps over the same thing the first one's before is where it must be again.
    private func lookAgain(_ index: Int, settledBy earlier: [Int]) -> Progress {
        let name = plan.steps[index].name
        if wasEndedElsewhere(index) { return .done }
        let elsewhere = Set(earlier.flatMap { steps[$0].before?.fields.keys.map(\.self) ?? [] })
        guard let before = steps[index].before, !elsewhere.isSuperset(of: before.fields.keys) else { return .done }
        guard let afterUndo = steps[index].afterUndo else {
            guard unreachable[plan.steps[index].place] == nil else { return .stuck(nil) }
            if let why = steps[index].blind {
                return .stuck(needsPerson("step '\(name)' was undone, but its state cannot be told: \(why)"))
            }
            return .next(.observe(step: index, moment: .afterUndo, expecting: before))
        }
        let left = remaining(index, afterUndo).filter { !elsewhere.contains($0.field) }
        if left.isEmpty { return .done }
        let fields = left.map(\.field).joined(separator: ", ")
        return .stuck(needsPerson("step '\(name)' was undone but differs from before in \(fields)"))
    }

    // Only a step that was seen in its predicted state can have been changed by someone else since: before that, what is
    // there is our own unfinished work.
    private func conflict(_ index: Int) -> Progress? {
        let step = steps[index]
        // An executor that died between a step's end and its checks may be taken over hours later.
        let wasSeenDone =
            step.verifyFailures?.isEmpty == true
            || (recovering && step.applied == .succeeded && step.verifyFailures == nil)
        guard !rebooted, wasSeenDone, step.undone == nil, let before = step.before else {
            return nil
        }
        guard step.differences.isEmpty else {
            return .stuck(
                needsPerson(
                    "someone changed what step '\(plan.steps[index].name)' did; undoing it would overwrite that"))
        }
        guard let now = step.beforeUndo else {
            return .next(.observe(step: index, moment: .beforeUndo, expecting: nil))
        }
        let action = actions[index]
        let prediction = plan.steps[index].prediction
        let foreign = now.differences(from: prediction.after) {
            prediction.quality(of: $0) == .exact && action.role(of: $0) == .footprint && now[$0] != before[$0]
        }
        return foreign.isEmpty ? nil : .next(.record(.conflict(step: index, foreign)))
    }

    private func wasEndedElsewhere(_ index: Int) -> Bool { holds[plan.steps[index].place]?.endedElsewhere != nil }

    private func nodeReverted(_ index: Int) -> Bool {
        guard case .reverted = deadMan else { return false }
        return plan.steps[index].cutsPath
    }

    func remaining(_ index: Int, _ now: Observation) -> [Difference] {
        guard let before = steps[index].before else { return [] }
        let action = actions[index]
        return now.differences(from: before) { !action.role(of: $0).isVolatile }
            .filter { !action.isEquivalent($0.field, before: $0.expected, now: $0.found) }
    }
}

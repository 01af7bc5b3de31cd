extension NodeRun {
    /// What follows while the node is being brought back: the dead-man is settled first, then each step that may have run
    /// is undone, newest first, and looked at; the lease is given back last.
    func rollback() -> Effect {
        if released || epoch == nil { return ended() }
        if let blind { return needsPerson("the node's state cannot be told: \(blind)") }
        // Winning the token now would take the rope away before the node is back (law 3).
        if deadMan == .armed { return fire() }
        let touched = steps.indices.reversed().filter { steps[$0].mayHaveRun }
        for index in touched { if let effect = undo(index) { return effect } }
        // Looked at only when all are undone: a unit that reads a file is healthy again once the file is back.
        // Of several steps over the same thing the first one's before is where it must be again.
        for index in touched where !touched.contains(where: { $0 < index && looksAtSame($0, index) }) {
            if let effect = lookAgain(index) { return effect }
        }
        return release()
    }

    private func fire() -> Effect {
        refusals[.fireDeadMan].map { needsPerson("the dead-man could not be settled: \($0)") } ?? intend(.fireDeadMan)
    }

    private func ended() -> Effect {
        let nothingRan = !steps.contains { $0.mayHaveRun }
        return .record(.nodeState(isStale && nothingRan ? .stale : .rolledBack, reason: reason))
    }

    // Undo is idempotent, so one whose end is unknown (a reboot, say) is simply begun again, but not for ever.
    private static let undoAttempts = 3

    private func undo(_ index: Int) -> Effect? {
        let step = steps[index]
        let name = plan.steps[index].name
        if !nodeReverted(index) {
            if plan.steps[index].reversibility == .irreversible {
                return needsPerson("step '\(name)' may have run and has no undo")
            }
            if let effect = conflict(index) { return effect }
            switch step.undone {
            case nil, .neverBegan?, .unknown?:
                guard step.undoAttempts < Self.undoAttempts else {
                    return needsPerson("undoing step '\(name)' never ended")
                }
                return .record(.intent(Intent(.undo(step: index), commands: step.intent?.undo ?? [])))
            case .failed(let why)?: return needsPerson("undoing step '\(name)' failed: \(why)")
            case .succeeded?, .unchanged?: break
            }
        }
        return nil
    }

    private func lookAgain(_ index: Int) -> Effect? {
        guard let afterUndo = steps[index].afterUndo else {
            return .observe(step: index, moment: .afterUndo, expecting: steps[index].before)
        }
        let left = remaining(index, afterUndo)
        if left.isEmpty { return nil }
        let fields = left.map(\.field).joined(separator: ", ")
        return needsPerson("step '\(plan.steps[index].name)' was undone but differs from before in \(fields)")
    }

    // Only a step that was seen in its predicted state can have been changed by someone else since: before that, what is
    // there is our own unfinished work.
    private func conflict(_ index: Int) -> Effect? {
        let step = steps[index]
        // An executor that died between a step's end and its checks may be taken over hours later.
        let wasSeenDone =
            step.verifyFailures?.isEmpty == true
            || (recovering && step.applied == .succeeded && step.verifyFailures == nil)
        guard !rebooted, wasSeenDone, step.undone == nil, let before = step.before else {
            return nil
        }
        guard step.differences.isEmpty else {
            return needsPerson(
                "someone changed what step '\(plan.steps[index].name)' did; undoing it would overwrite that")
        }
        guard let now = step.beforeUndo else { return .observe(step: index, moment: .beforeUndo, expecting: nil) }
        let action = actions[index]
        let prediction = plan.steps[index].prediction
        let foreign = now.differences(from: prediction.after) {
            prediction.quality(of: $0) == .exact && action.role(of: $0) == .footprint && now[$0] != before[$0]
        }
        return foreign.isEmpty ? nil : .record(.conflict(step: index, foreign))
    }

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

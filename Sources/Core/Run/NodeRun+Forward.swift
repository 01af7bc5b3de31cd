extension NodeRun {
    /// What follows for this node; nil when it has ended or cannot be reached by this executor.
    func next(onFailure: OnFailure) -> Effect? {
        guard !state.isFinal, unreachable == nil else { return nil }
        if let open { return .send(open) }
        if recovering, let effect = takingOver() { return effect }
        return state == .rollingBack ? rollback() : forward(onFailure)
    }

    // A run taken over finishes forward only when everything was verified and the node can no longer revert by itself;
    // in every other case the node goes back to where it was (law 7).
    private func takingOver() -> Effect? {
        guard epoch != nil || released else { return acquire(.acquireLease(recovering: true)) }
        if let unresolved { return .lookUp(unresolved) }
        return state == .rollingBack || isComplete ? nil : rollBack("its executor was interrupted")
    }

    private func acquire(_ write: Write) -> Effect {
        guard let why = refusals[write] else { return intend(write) }
        if recovering, !wasGranted { return .record(.nodeState(.rolledBack, reason: "nothing had been sent to it")) }
        return recovering
            ? needsPerson("the lease was refused: \(why)")
            : .record(.nodeState(.stale, reason: "the lease was refused: \(why)"))
    }

    private var isComplete: Bool {
        verifyFailures?.isEmpty == true && (plan.deadManSeconds == nil || deadMan == .won) && !rebooted && afterMatches
    }

    private var afterMatches: Bool { steps.indices.allSatisfy { steps[$0].after != nil && surprises($0).isEmpty } }

    private func forward(_ onFailure: OnFailure) -> Effect {
        if released { return .record(.nodeState(.succeeded, reason: "verified")) }
        guard epoch != nil else { return acquire(.acquireLease(recovering: false)) }
        if let blind { return stopping(rollBack("the node's state cannot be told: \(blind)"), onFailure) }
        for index in steps.indices {
            if let effect = forward(step: index) { return stopping(effect, onFailure) }
        }
        return stopping(finish(), onFailure)
    }

    // `onFailure: stop` leaves the node as it is; but an armed dead-man would undo half of it, so that one is rolled back,
    // and where nothing ran only the lease has to go back.
    private func stopping(_ effect: Effect, _ onFailure: OnFailure) -> Effect {
        guard onFailure == .stop, deadMan == .none, steps.contains(where: \.mayHaveRun),
            case .record(.nodeState(.rollingBack, let why)) = effect
        else { return effect }
        return needsPerson("left as it is (onFailure: stop): \(why)")
    }

    private func forward(step index: Int) -> Effect? {
        let step = steps[index]
        let planned = plan.steps[index]
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
        if plan.steps[index].cutsPath, deadMan == .none {
            if let why = refusals[.armDeadMan] { return rollBack("the dead-man could not be armed: \(why)") }
            return intend(.armDeadMan)
        }
        return .record(.intent(Intent(.apply(step: index), commands: commands, undo: actions[index].undo(before))))
    }

    // Order matters (semantics, Dead-man): verified over a fresh connection → token won → observed once more as predicted.
    private func finish() -> Effect {
        guard let failures = verifyFailures else {
            return .verify(step: nil, plan.allChecks, afresh: deadMan == .armed)
        }
        if !failures.isEmpty { return rollBack("the node was not verified: \(failures.joined(separator: "; "))") }
        switch deadMan {
        case .armed:
            return disarm()
        case .reverted: return rollBack("the node reverted by itself before it was told that all is well")
        case .won where rebooted: return rollBack("the node rebooted while its dead-man was armed")
        case .none, .won: break
        }
        for index in steps.indices {
            guard steps[index].after != nil else { return .observe(step: index, moment: .after, expecting: nil) }
            let surprises = surprises(index)
            if !surprises.isEmpty {
                let fields = surprises.map(\.field).joined(separator: ", ")
                return rollBack("step '\(plan.steps[index].name)' left something else than predicted: \(fields)")
            }
        }
        return release()
    }

    // A step's prediction is compared only in what no later step has predicted anew.
    private func surprises(_ index: Int) -> [Difference] {
        guard let after = steps[index].after, steps[index].applied != .unchanged else { return [] }
        let prediction = plan.steps[index].prediction
        let isLast = !steps.indices[(index + 1)...].contains { looksAtSame(index, $0) }
        guard isLast else { return [] }
        let action = actions[index]
        return after.differences(from: prediction.after) {
            prediction.quality(of: $0) == .exact && !action.role(of: $0).isVolatile
        }
    }

    /// True when two steps look at the very same thing, so that only the outer one's expectation can hold in the end.
    func looksAtSame(_ first: Int, _ second: Int) -> Bool { actions[first].observe() == actions[second].observe() }

    func disarm() -> Effect {
        refusals[.disarmDeadMan].map { needsPerson("the dead-man could not be settled: \($0)") }
            ?? intend(.disarmDeadMan)
    }

    func release() -> Effect {
        refusals[.releaseLease].map { needsPerson("the lease could not be given back: \($0)") } ?? intend(.releaseLease)
    }

    func intend(_ write: Write) -> Effect { .record(.intent(Intent(write))) }
    func rollBack(_ why: String) -> Effect { .record(.nodeState(.rollingBack, reason: why)) }
    func needsPerson(_ why: String) -> Effect { .record(.nodeState(.needsPerson, reason: why)) }
}

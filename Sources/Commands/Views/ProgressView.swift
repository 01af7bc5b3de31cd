import Core

/// One line for what a run is about to do, said plainly; nil for what nobody needs to see.
struct ProgressView: Sendable {
    private let plan: Plan

    init(_ plan: Plan) { self.plan = plan }

    /// `18:00:00Z worker-1  restarting …`
    func line(_ next: NextEffect, at now: Timestamp, _ style: Style) -> String? {
        let node = plan.nodes.first { $0.name == next.node }
        guard let words = words(next.effect, node, style) else { return nil }
        return "\(style.faint(now.timeOfDay)) \(next.node.map { style.strong($0.printable) + "  " } ?? "")\(words)"
    }

    private func words(_ effect: Effect, _ node: NodePlan?, _ style: Style) -> String? {
        switch effect {
        case .record(let event): Self.words(event, node, style)
        case .send(let intent): Self.words(intent.write, node)
        case .evaluate(let step): "asking whether \(Self.step(step, node)) is to be run"
        case .judge: "asking the policies again, now that its lease is held"
        case .admit: "asking the preconditions again"
        case .pause(let seconds, _): "waiting \(seconds) s before the next nodes"
        case .lookUp(let write): "looking up what became of: " + Self.words(write, node)
        case .observe(let step, let moment, _): Self.words(moment, of: Self.step(step, node))
        case .verify(let step?, let checks, _):
            checks.isEmpty ? nil : "checking \(Self.step(step, node)), for up to \(Self.longest(checks)) s"
        case .verify(nil, let checks, let afresh):
            checks.isEmpty && !afresh
                ? nil
                : "checking the whole node\(afresh ? " over a new connection" : ""), for up to \(Self.longest(checks)) s"
        }
    }

    // An intent is said when it is sent; what was read and checked shows in what follows from it.
    private static func words(_ event: Event, _ node: NodePlan?, _ style: Style) -> String? {
        switch event {
        case .unchanged(let step): "\(Self.step(step, node)) has nothing to do"
        case .skipped(let step, let reason): "\(Self.step(step, node)) is left out: \(reason.printable)"
        case .wave(let number): number == 0 ? nil : style.strong("the next nodes begin")
        case .stale(let step, let differences):
            style.bad("not as planned before \(Self.step(step, node)): \(fields(differences))")
        case .conflict(let step, let differences):
            style.bad("someone changed what \(Self.step(step, node)) did: \(fields(differences))")
        case .nodeState(let state, let reason): Self.words(state, reason, style)
        default: nil
        }
    }

    private static func words(_ state: NodeState, _ reason: String, _ style: Style) -> String {
        let why = reason.isEmpty ? "" : ": \(reason.printable)"
        return switch state {
        case .waiting, .running, .skipped, .resolving: state.words + why
        case .holding, .succeeded: style.good(state.words) + why
        case .rollingBack: style.warning(state.words) + why
        // Why was said when it began, and is said once more with the outcome.
        case .rolledBack: style.warning(state.words)
        case .stale, .denied, .needsPerson, .abandoned: style.bad(state.words) + why
        }
    }

    private static func words(_ moment: Moment, of step: String) -> String {
        switch moment {
        case .before: "looking at the state before \(step)"
        case .after: "looking whether \(step) left what was predicted"
        case .beforeUndo: "looking whether anyone changed what \(step) did"
        case .afterUndo: "looking whether \(step) is undone"
        }
    }

    /// What a write does.
    static func words(_ write: Write, _ node: NodePlan?) -> String {
        switch write {
        case .acquireLease(let place, let recovering): (recovering ? "taking over " : "taking ") + lease(place)
        case .armDeadMan:
            "arming the dead-man\(node?.deadManSeconds.map { ": the node reverts in \($0) s unless told" } ?? "")"
        case .apply(let index): "running \(step(index, node)): \(commands(node, index))"
        case .disarmDeadMan: "disarming the dead-man"
        case .fireDeadMan: "letting the dead-man put the node back"
        case .armReturn: "having the node give it back by itself once it is due"
        case .takeReturn: "taking from the node what it would give back by itself"
        case .undo(let index): "undoing \(step(index, node))"
        case .releaseLease(let place): "giving \(lease(place)) back"
        }
    }

    private static func lease(_ place: Place) -> String {
        place == .node ? "the node's lease" : "the node's lease on the execution host"
    }

    private static func commands(_ node: NodePlan?, _ index: Int) -> String {
        guard let node, node.steps.indices.contains(index) else { return "" }
        return "\(node.steps[index].action.printable), \(count(node.steps[index].apply.count, "command"))"
    }

    /// `step 'restart'`; by its number when the plan has none such.
    static func step(_ index: Int, _ node: NodePlan?) -> String {
        guard let node, node.steps.indices.contains(index) else { return "step \(index + 1)" }
        return "step '\(node.steps[index].name.printable)'"
    }

    private static func fields(_ differences: [Difference]) -> String {
        differences.map(\.field.printable).joined(separator: ", ")
    }

    private static func longest(_ checks: [CheckPlan]) -> Int { checks.map(\.withinSeconds).max() ?? 0 }
}

extension NodeState {
    /// As people say it.
    var words: String {
        switch self {
        case .waiting: "waiting"
        case .running: "running"
        case .holding: "in place"
        case .rollingBack: "rolling back"
        case .succeeded: "succeeded"
        case .rolledBack: "rolled back"
        case .stale: "stale"
        case .denied: "denied"
        case .skipped: "skipped"
        case .needsPerson: "NEEDS A PERSON"
        case .resolving: "being freed"
        case .abandoned: "ABANDONED"
        }
    }

    /// Which of the two states law 7 promises; nil when neither can be said.
    var side: String? {
        switch self {
        case .succeeded: "after"
        case .rolledBack, .stale, .denied, .skipped, .waiting: "before"
        case .running, .holding, .rollingBack, .needsPerson, .resolving, .abandoned: nil
        }
    }
}

extension RunEnd {
    /// As people say it.
    var words: String {
        switch self {
        case .succeeded: "succeeded"
        case .rolledBack: "rolled back"
        case .stale: "stale"
        case .denied: "denied"
        case .partial: "partial"
        case .needsPerson: "needs a person"
        case .abandoned: "abandoned"
        }
    }
}

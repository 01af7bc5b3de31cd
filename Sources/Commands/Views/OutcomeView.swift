import Core

/// How a run ended, node by node and why, and what a person must do where Belay cannot.
struct OutcomeView: Sendable {
    /// Where it stands.
    let state: RunState
    /// How to reach the nodes by hand.
    let inventory: Inventory
    /// False where everything that happened stands above already.
    var pointsToRecords = true

    /// For people.
    func text(_ style: Style) -> String {
        let nodes = state.nodes.flatMap { node(from: $0, style) }
        return ([heading(style)] + nodes.indented(2) + advice(style)).text
    }

    private func heading(_ style: Style) -> String {
        let run = "run \(state.id.printable)"
        return switch state.end {
        case .succeeded: style.good("DONE") + " \(run): every node is in the planned state, verified"
        case .rolledBack: style.warning("ROLLED BACK") + " \(run): every node that was touched is as it was found"
        case .stale: style.warning("STALE") + " \(run): a node is not as the plan expects; nothing was left changed"
        case .denied: style.bad("DENIED") + " \(run): the policies deny it at a node's turn; nothing was run"
        case .partial: style.warning("PARTIAL") + " \(run): nodes ended differently"
        case .needsPerson: style.bad("NEEDS A PERSON") + " \(run)"
        case .abandoned: style.bad("ABANDONED") + " \(run): given up by a person; what state it left is not known"
        case nil: style.bad("INTERRUPTED") + " \(run): a node cannot be reached, or the run was cut off"
        }
    }

    private func node(from run: NodeRun, _ style: Style) -> [String] {
        let side = run.state.side.map { "in its state \(style.strong($0.uppercased())): " } ?? ""
        let (reason, failures) = reason(run)
        let why = reason.isEmpty ? "" : " (\(reason.printable))"
        return ["\(style.strong(run.plan.name.printable)) \(side)\(run.state.words)\(why)"]
            + (failures.map(\.printable).indented(2) + denials(run, style) + differences(run, style) + undone(run)
            + known(run)).indented(2)
    }

    // The reason of several failed checks is one sentence in the log; here each has a line of its own.
    private func reason(_ run: NodeRun) -> (String, [String]) {
        for failures in run.steps.compactMap(\.verifyFailures) + [run.verifyFailures ?? []] where failures.count > 1 {
            let joined = ": " + failures.joined(separator: "; ")
            if run.reason.hasSuffix(joined) { return (String(run.reason.dropLast(joined.count)), failures) }
        }
        return (run.reason, [])
    }

    // The reason names the first; here each stands with its place, what it saw, and what to do.
    private func denials(_ run: NodeRun, _ style: Style) -> [String] {
        FindingView.views(of: run.denials).flatMap { $0.lines(style) }
    }

    // What made a step stale or stands in the way of undoing it: what was expected, and what is there.
    private func differences(_ run: NodeRun, _ style: Style) -> [String] {
        run.steps.indices.flatMap { index in
            FieldView.fields(of: run.steps[index].differences, run.plan.steps[index]).flatMap {
                $0.lines(style, verbose: false)
            }
        }
    }

    private func undone(_ run: NodeRun) -> [String] {
        run.undoneSteps.isEmpty ? [] : ["undone: " + run.undoneSteps.joined(separator: ", ")]
    }

    private func known(_ run: NodeRun) -> [String] {
        guard !run.state.isFinal, run.state != .waiting else { return [] }
        let reach = Place.allCases.compactMap { place in
            run.unreachable[place].map { "out of reach\(place == .node ? "" : " for kubectl"): \($0.printable)" }
        }
        let open = run.open?.write ?? run.unresolved
        let last = open.map { ["not known how it ended: \(ProgressView.words($0, run.plan))"] } ?? []
        return reach + last + deadMan(run)
    }

    private func deadMan(_ run: NodeRun) -> [String] {
        switch run.deadMan {
        case .armed:
            [
                "its dead-man is armed: it undoes the path-cutting steps by itself \(run.plan.deadManSeconds ?? 0) s after arming"
            ]
        case .reverted(clean: true): ["it undid the path-cutting steps by itself"]
        case .reverted(clean: false):
            ["it tried to undo the path-cutting steps by itself, and one of its commands failed"]
        case .none, .won: []
        }
    }

    /// How to go on, or back.
    func advice(_ style: Style) -> [String] {
        let byHand = state.byHand.flatMap { hand in
            ByHandView(hand: hand, node: state.nodes.first { $0.plan.name == hand.node }, inventory: inventory)
                .lines(style)
        }
        let run = state.id.printable
        let recover = ["", "When the nodes answer again: " + style.strong("belay recover --run \(run)")]
        let lookUp = pointsToRecords ? ["", "`belay runs show \(run)` has everything that happened."] : []
        switch state.end {
        case nil: return byHand + recover
        case .needsPerson: return byHand + lookUp
        case .partial: return lookUp + temporary
        case .rolledBack, .stale, .denied, .abandoned: return lookUp
        case .succeeded: return temporary.isEmpty ? ["", "To go back later: `belay rollback \(run)`"] : temporary
        }
    }

    // Where the records stand above, they say what became of it since.
    private var temporary: [String] {
        guard pointsToRecords, let time = state.plan.temporaryTime else { return [] }
        let run = state.id.printable
        return [
            "", "Temporary: due back in \(time), by `belay return \(run)`.",
            "To have it for good: `belay keep \(run) --reason 'why'`",
        ]
    }
}

extension NodeRun {
    /// Whether a step was undone, by Belay or by the node's dead-man.
    func isUndone(_ index: Int) -> Bool {
        if case .reverted(clean: true) = deadMan, plan.steps[index].cutsPath { return true }
        return steps[index].undone == .succeeded
    }

    /// The steps that ran and are undone, the last first, printable.
    var undoneSteps: [String] {
        steps.indices.filter { steps[$0].mayHaveRun && isUndone($0) }.map { ProgressView.step($0, plan) }.reversed()
    }

    /// The steps whose effect is still there, or may be: the node is not in its state before, they may have run, and are
    /// not undone.
    var inPlace: [Int] {
        guard state.side != "before" else { return [] }
        return steps.indices.filter { steps[$0].mayHaveRun && !isUndone($0) && steps[$0].undone != .unchanged }
    }
}

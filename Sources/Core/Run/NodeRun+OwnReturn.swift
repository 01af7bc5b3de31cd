/// A temporary run's way back that the node enforces by itself: armed as the last thing before the node is let go, and taken
/// from it by whoever brings the node back earlier.
extension NodeRun {
    /// Whether the node may still give back by itself what this run did to it. Who takes a run over may have read of it before
    /// another log's executor armed that: the node is asked.
    var mayGiveBackAlone: Bool {
        onNode == .returns
            && (ownReturn.isOpen || recovering && ownReturn == .none && steps.contains(where: \.mayHaveRun))
    }

    /// The steps that the node gives back, in the plan's order; empty where nothing was changed.
    ///
    /// Of several steps over the same thing, an earlier one's end is what the later one found: the node gives back the newest
    /// first, as a rollback does.
    var nodeReturn: Result<[NodeReturn.Step], NotAlone> {
        var back: [NodeReturn.Step] = []
        for index in steps.indices {
            let step = steps[index]
            guard step.mayHaveRun, let undo = step.intent?.undo, !undo.isEmpty else { continue }
            let planned = plan.steps[index]
            guard planned.place == .node, let before = step.before, let left = left(index),
                let look = actions[index].stillAsLeft(left, before: before)
            else { return .failure(NotAlone(step: planned.name)) }
            back.append(
                NodeReturn.Step(name: planned.name, look: look, undo: undo, seconds: planned.timeoutSeconds))
        }
        return .success(back)
    }

    /// A step that the node cannot give back by itself.
    struct NotAlone: Error {
        let step: String
    }

    private func left(_ index: Int) -> Observation? {
        guard var left = steps[index].after else { return nil }
        let later = steps.indices.first { $0 > index && steps[$0].mayHaveRun && looksAtSame(index, $0) }
        for (field, value) in later.flatMap({ steps[$0].before })?.fields ?? [:] where left[field] != nil {
            left[field] = value
        }
        return left
    }

    /// Has the node give it back by itself: nil when it will, or there is nothing to give back.
    ///
    /// After everything else, when the time begins; and not once a lease was being given back, which nothing undoes any more.
    /// What would be there for good if Belay's own machine were gone was asked not to be: without it the node goes back.
    func armOwnReturn() -> Effect? {
        guard onNode == .returns, ownReturn != .armed, !holds.values.contains(where: \.releaseWasSent) else {
            return nil
        }
        if let why = refusals[.armReturn] { return rollBack("the node cannot give it back by itself: \(why)") }
        switch nodeReturn {
        case .failure(let none): return rollBack("the node cannot give back step '\(none.step)' by itself")
        case .success(let steps):
            guard !steps.isEmpty else { return nil }
            // What a look reads on its input follows from what was observed, and may be the digest of something secret.
            let looks = steps.map { Command($0.look.argv, accepts: $0.look.accepts) }
            let undo = steps.reversed().flatMap(\.undo)
            return .record(.intent(Intent(.armReturn, commands: looks, undo: undo)))
        }
    }

    /// Whether others that are in place wait for it: it may still turn out that its own way back cannot be armed.
    var holdsBackOthers: Bool { state == .holding && armOwnReturn() != nil }

    /// Takes the way back of the run that this one rolls back: under the lease, when what is there was found as planned, so that
    /// a plan which comes to nothing takes nothing away.
    func takeFromNode() -> Effect? {
        guard onNode == .takes, plan.identity != nil, ownReturn == .none else { return nil }
        guard let why = refusals[.takeReturn] else { return intend(.takeReturn) }
        return rollBack("what the node gives back by itself could not be taken from it: \(why)")
    }
}

extension NodeReturnStanding {
    /// As the end of a sentence.
    public var words: String {
        switch self {
        case .armed(_, let run): run.map { "it is due, and waits for run \($0)" } ?? "it is armed"
        case .taken: "it was taken from the node"
        case .running: "the node is at it"
        case .returned: "the node has given it back"
        case .conflict(let step, _): "the node stopped before step '\(step)', which somebody had changed"
        case .failed(let step, let status, _): "undoing step '\(step)' ended with status \(status)"
        case .none: "there is nothing of it on the node"
        case .refused(let why): why
        }
    }

    /// What was printed by what the node ran for it; nil where it ran nothing.
    public var output: Payload? {
        switch self {
        case .returned(let output), .conflict(_, let output), .failed(_, _, let output): output
        case .armed, .taken, .running, .none, .refused: nil
        }
    }

    /// In one word, which filters of the log know.
    public var name: String {
        switch self {
        case .armed: "armed"
        case .taken: "taken"
        case .running: "running"
        case .returned: "returned"
        case .conflict: "conflict"
        case .failed: "failed"
        case .none: "none"
        case .refused: "refused"
        }
    }
}

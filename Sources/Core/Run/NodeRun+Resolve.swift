extension NodeRun {
    /// True where a person's word settles the node: it has not come to an end by itself, or came to one that asks for a
    /// person. A word once given may be given again: what could not be reached then may answer now.
    public var mayBeResolved: Bool {
        state != .waiting && (!state.isFinal || state == .needsPerson || resolution != nil)
    }

    /// What follows once somebody has vouched for the node: what the run left there is taken away as far as the node answers,
    /// so that other plans may run. It is asked once, since it may never answer again, and nothing is undone but what the node
    /// undoes itself.
    func freeing() -> Effect? {
        for place in [Place.cluster, .node] {
            if let write = freeing(place) { return intend(write) }
        }
        guard let resolution else { return needsPerson("nobody has said in which state it is") }
        // A lost token says where the node is, whatever a person said.
        if isBelied { return needsPerson("it was vouched for as after, and had reverted by itself") }
        let state: NodeState =
            switch resolution.verdict {
            case .before: .rolledBack
            case .after: .succeeded
            case .abandoned: .abandoned
            }
        let word = "resolved as \(resolution.verdict.rawValue) by \(resolution.by): \(resolution.reason)"
        return .record(.nodeState(state, reason: word + left))
    }

    private func freeing(_ place: Place) -> Write? {
        guard let hold = holds[place], !hold.released, unreachable[place] == nil else { return nil }
        let acquire = Write.acquireLease(place, recovering: true)
        if hold.epoch == nil { return refusals[acquire] == nil ? acquire : nil }
        if place == .node, deadMan == .armed, refusals[settling] == nil { return settling }
        // Who says where the node is, and not that it is in place, wants nothing given back there in hours.
        if place == .node, mayGiveBackAlone, resolution?.verdict != .after, refusals[.takeReturn] == nil {
            return .takeReturn
        }
        return refusals[.releaseLease(place)] == nil ? .releaseLease(place) : nil
    }

    // The rope is let go only where somebody vouches for what the step was to leave, of a node that was reached just now over
    // a new connection (law 3). In any other case nobody knows that the path is open, so the node puts itself back.
    private var settling: Write { resolution?.verdict == .after ? .disarmDeadMan : .fireDeadMan }

    private var left: String {
        let why = Place.allCases.compactMap { place in
            guard let hold = holds[place], !hold.released else { return String?.none }
            return unreachable[place] ?? refusals[.releaseLease(place)]
                ?? refusals[.acquireLease(place, recovering: true)]
        }
        let stays = why.isEmpty ? "" : " (what the run left there stays: \(why.joined(separator: "; ")))"
        guard mayGiveBackAlone, let why = refusals[.takeReturn] else { return stays }
        return stays + " (the node may still give it back by itself: \(why))"
    }
}

extension NodeRun {
    /// How a run ended at a place, by the node's own mark: in this run's log nothing says so.
    public struct Ending: Sendable, Hashable {
        /// In which state.
        public var verdict: Resolution.Verdict
        /// The executor that brought it there.
        public var by: String
    }

    /// What whoever gives the lease back leaves on the node as the run's end.
    var releasedAs: Resolution.Verdict { resolution?.verdict ?? (state == .rollingBack ? .before : .after) }

    /// How the run ended on the target, brought there from another log. Leases go back only when all is in place, so one that
    /// went back after success speaks for the whole.
    var endedElsewhere: Ending? {
        let endings = holds.values.compactMap(\.endedElsewhere)
        return endings.first { $0.verdict == .after } ?? holds[plan.identity == nil ? .cluster : .node]?.endedElsewhere
    }

    /// What follows where another log's executor has brought the node to its end: that is where it stays. Whoever used the
    /// node since then is not to be overwritten by us (law 6).
    func following(_ ending: Ending) -> Effect? {
        let why = "it was brought to its state \(ending.verdict.rawValue) elsewhere, by \(ending.by)"
        switch ending.verdict {
        case .before: return state == .rollingBack ? rollback() : rollBack(why)
        case .after: return release() ?? .record(.nodeState(.succeeded, reason: why))
        case .abandoned: return release() ?? .record(.nodeState(.abandoned, reason: why))
        }
    }
}

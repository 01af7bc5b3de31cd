public import Core

/// What a temporary run left in place, and what became of it: folded from the log, nothing else is kept anywhere.
public struct TemporaryChange: Sendable, Hashable {
    /// The run.
    public let run: String
    /// When it ended: since then it is in place as a whole.
    public let since: Timestamp
    /// When it is to be given back.
    public let due: Timestamp
    /// The nodes where it is in place, in the plan's order.
    public let nodes: [String]
    /// Node → the later run that gave it back there.
    public let returned: [String: String]
    /// Whether nodes give it back by themselves, too.
    public let isOnNode: Bool
    /// Node → what it said last of the way back that it has by itself.
    public let standings: [String: NodeReturnStanding]
    /// Who made it permanent, and why; nil while nobody has.
    public let kept: Keeping?

    /// Whether it is still to be given back.
    public var isOpen: Bool { kept == nil && !nodes.isEmpty }

    /// The nodes that gave it back by themselves.
    public var returnedAlone: [String] { standings.filter { $1.hasReturned }.keys.sorted() }

    /// The nodes that may still give it back by themselves though somebody keeps it: they were not reached when it was kept.
    public var stillArmed: [String] { kept == nil || !isOnNode ? [] : nodes.filter { mayReturnAlone($0) } }

    /// Whether a node may still give it back by itself, for all that was heard of it.
    func mayReturnAlone(_ node: String) -> Bool {
        guard isOnNode, let standing = standings[node] else { return isOnNode }
        return !standing.isSettled && standing != .none
    }

    /// Whether what a node says goes into the log: a timer asks every few minutes, and mostly nothing has happened.
    func isNews(_ standing: NodeReturnStanding, of node: String) -> Bool {
        switch standing {
        case .returned, .conflict, .failed, .taken, .none: standings[node] != standing
        case .armed, .running, .refused: false
        }
    }

    /// Whether somebody should have given it back by now.
    public func isOverdue(at now: Timestamp) -> Bool { isOpen && now >= due }
}

extension TemporaryChange {
    /// - Parameters:
    ///   - returned: node → the later run that gave it back there.
    ///   - taken: node → what it said when a later run took from it what it had by itself.
    fileprivate init?(
        _ run: StoredRun, returned: [String: String], taken: [String: NodeReturnStanding]
    ) {
        guard let seconds = run.plan.temporarySeconds, run.fault == nil, let since = run.ended else { return nil }
        let left = run.nodesInPlace
        guard !left.isEmpty else { return nil }
        self.run = run.id
        self.since = since
        due = since.adding(seconds: seconds)
        isOnNode = run.plan.onNode == .returns
        let standings = isOnNode ? run.standings.merging(taken) { $1 == .none ? $0 : $1 } : [:]
        self.standings = standings.filter { left.contains($0.key) }
        nodes = left.filter { returned[$0] == nil && standings[$0]?.hasReturned != true }
        self.returned = returned.filter { left.contains($0.key) }
        kept = run.keepings.lazy.compactMap { try? $0.outcome.get() }.first
    }
}

extension RunStore {
    /// Run → what it left for a time, of every run that ended so, whether or not it was given back or kept since.
    public func temporaryChanges() -> [String: TemporaryChange] {
        let returned = givenBack()
        let taken = takenFromNodes()
        let changes = runs.compactMap {
            TemporaryChange($0, returned: returned[$0.id] ?? [:], taken: taken[$0.id] ?? [:])
        }
        return Dictionary(changes.map { ($0.run, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Run → node → the later run that rolled it back there. One that was itself rolled back counts no more: the newest is
    /// looked at first, and none rolls back what comes after it.
    private func givenBack() -> [String: [String: String]] {
        var given: [String: [String: String]] = [:]
        for run in runs.reversed() where run.fault == nil {
            guard let target = run.plan.rollsBack else { continue }
            for node in run.state.nodes where node.state == .succeeded && given[run.id]?[node.plan.name] == nil {
                given[target, default: [:]][node.plan.name] = run.id
            }
        }
        return given
    }
}

extension RunStore {
    // Run → node → what the node said, the last time, to a run that rolls it back.
    private func takenFromNodes() -> [String: [String: NodeReturnStanding]] {
        var taken: [String: [String: NodeReturnStanding]] = [:]
        for run in runs where run.fault == nil && run.plan.onNode == .takes {
            guard let target = run.plan.rollsBack else { continue }
            for node in run.state.nodes {
                if case .settled(let standing) = node.ownReturn {
                    taken[target, default: [:]][node.plan.name] = standing
                }
            }
        }
        return taken
    }
}

extension NodeReturnStanding {
    fileprivate var hasReturned: Bool { if case .returned = self { true } else { false } }
}

extension StoredRun {
    /// Node → what it said last of the way back that it has by itself.
    fileprivate var standings: [String: NodeReturnStanding] {
        var standings: [String: NodeReturnStanding] = [:]
        for node in state.nodes where node.ownReturn == .armed {
            standings[node.plan.name] = .armed(secondsLeft: plan.temporarySeconds ?? 0, waitingFor: nil)
        }
        for entry in records {
            guard case .nodeReturn(let record)? = entry.record.event, let node = entry.record.node else { continue }
            standings[node] = record.standing
        }
        return standings
    }

    /// The nodes that say that they have given it back by themselves.
    public var returnedAlone: Set<String> { Set(standings.filter { $1.hasReturned }.keys) }

    /// When it ended, the last time; nil while it has not.
    public var ended: Timestamp? {
        guard state.end != nil else { return nil }
        return records.last { if case .run(.finished)? = $0.record.event { true } else { false } }?.record.at
    }

    /// Every statement that is to keep it: what it says, or why it keeps nothing.
    public var keepings: [(entry: IndexedRecord, outcome: Result<Keeping, SignatureRefusal>)] {
        records.compactMap { entry in
            guard case .kept(let signed)? = entry.record.event else { return nil }
            let keeping = Result { () throws(SignatureRefusal) in
                try signed.keeping(of: id, planSha256: planSha256, by: entry.record.by)
            }
            return (entry, keeping)
        }
    }

    // What needs a person or was given up is none that time alone brings back.
    fileprivate var nodesInPlace: [String] {
        state.nodes.filter { node in node.state == .succeeded && node.steps.contains(where: \.mayHaveRun) }
            .map(\.plan.name)
    }
}

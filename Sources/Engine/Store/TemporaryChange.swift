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
    /// Who made it permanent, and why; nil while nobody has.
    public let kept: Keeping?

    /// Whether it is still to be given back.
    public var isOpen: Bool { kept == nil && !nodes.isEmpty }

    /// Whether somebody should have given it back by now.
    public func isOverdue(at now: Timestamp) -> Bool { isOpen && now >= due }
}

extension TemporaryChange {
    /// - Parameter returned: node → the later run that gave it back there.
    fileprivate init?(_ run: StoredRun, returned: [String: String]) {
        guard let seconds = run.plan.temporarySeconds, run.fault == nil, let since = run.ended else { return nil }
        let left = run.nodesInPlace
        guard !left.isEmpty else { return nil }
        self.run = run.id
        self.since = since
        due = since.adding(seconds: seconds)
        nodes = left.filter { returned[$0] == nil }
        self.returned = returned.filter { left.contains($0.key) }
        kept = run.keepings.lazy.compactMap { try? $0.outcome.get() }.first
    }
}

extension RunStore {
    /// Run → what it left for a time, of every run that ended so, whether or not it was given back or kept since.
    public func temporaryChanges() -> [String: TemporaryChange] {
        let returned = givenBack()
        let changes = runs.compactMap { TemporaryChange($0, returned: returned[$0.id] ?? [:]) }
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

extension StoredRun {
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

import Core

extension History {
    /// What the log's runs began lately.
    /// - Returns: unknown when a run of that time cannot be read, or its records do not fold: what it did would be missing (law 5).
    static func read(_ records: [IndexedRecord], _ store: RunStore, now: Timestamp) -> Fact<History> {
        let horizon = now.adding(seconds: -seconds)
        let lately = records.filter { $0.record.type == "intent" && $0.record.at >= horizon }
        let writers = Set(lately.compactMap(\.record.run))
        if let lost = store.unreadable.first(where: { writers.contains($0.id) }) {
            return .unknown("run \(lost.id) is of this time, and \(lost.reason)")
        }
        var steps: [HistoryStep] = []
        for run in store.runs where writers.contains(run.id) {
            if let fault = run.fault { return .unknown("run \(run.id) is of this time, and does not fold: \(fault)") }
            steps += run.begunSteps
        }
        return .known(History(steps, logStart: records.first?.record.at ?? now, now: now))
    }
}

extension IndexedRecord {
    /// The step that it says is begun; nil in another record.
    fileprivate var begun: Int? {
        if case .run(.intent(let intent))? = record.event, case .apply(let step) = intent.write { step } else { nil }
    }
}

extension StoredRun {
    /// Each step once a node: sent again it is the same one.
    fileprivate var begunSteps: [HistoryStep] {
        var steps: [HistoryStep] = []
        for node in state.nodes {
            let own = records.filter { $0.record.node == node.plan.name }
            let end = own.last { if case .run(.nodeState)? = $0.record.event { true } else { false } }
            for (index, step) in node.plan.steps.enumerated() {
                guard let start = own.first(where: { $0.begun == index }) else { continue }
                steps.append(
                    HistoryStep(
                        step, of: plan, on: node.plan, state: node.state, startedAt: start.record.at,
                        finishedAt: end?.record.at))
            }
        }
        return steps
    }
}

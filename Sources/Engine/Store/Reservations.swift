import Core

/// What the open runs of a log hold: they have begun and not ended, and go on, or will be recovered.
struct Reservations {
    /// A run's part on each node that is not done with.
    let runs: [InflightRun]
    /// Why the log cannot tell; nil when it can.
    let fault: String?

    /// - Parameter id: the run that is judged, which is not in its own way.
    init(_ records: [IndexedRecord], _ store: RunStore, but id: String) {
        let began = Self.first("run.start", in: records)
        let ended = Self.first("run.end", in: records)
        let open = Set(began.keys).subtracting(ended.keys).subtracting([id])
        runs = store.runs.filter { open.contains($0.id) }.flatMap { run in
            let startedAt = began[run.id].map { Fact.known($0) } ?? .unknown("its log has no such record")
            // Of a run whose records do not fold it is not known which nodes are done with.
            return run.state.nodes.filter { run.fault != nil || !$0.state.isFinal }
                .map { InflightRun(run.plan, node: $0.plan, startedAt: startedAt) }
        }
        fault = store.unreadable.first { open.contains($0.id) }.map { "run \($0.id) is open, and \($0.reason)" }
    }

    private static func first(_ type: String, in records: [IndexedRecord]) -> [String: Timestamp] {
        let found = records.lazy.filter { $0.record.type == type }
            .compactMap { indexed in indexed.record.run.map { ($0, indexed.record.at) } }
        return Dictionary(found) { first, _ in first }
    }
}

public import Core

/// Runs as the log has them: folded from its records, nothing else is kept anywhere.
public struct RunStore: Sendable {
    /// Every run, in the order it was planned.
    public let runs: [StoredRun]
    /// Runs whose plan cannot be read any more, and why: they may be open, and must not be taken for ended.
    public let unreadable: [UnreadableRun]

    /// Folds all records.
    /// - Parameter beginnings: of runs that were folded before, so that their plans need not be read again.
    public init(_ records: [IndexedRecord], beginnings: RunBeginnings? = nil) {
        var order: [String] = []
        var byRun: [String: [IndexedRecord]] = [:]
        for record in records {
            guard let run = record.record.run else { continue }
            if byRun[run] == nil { order.append(run) }
            byRun[run, default: []].append(record)
        }
        var runs: [StoredRun] = []
        var unreadable: [UnreadableRun] = []
        for id in order {
            do throws(UnreadableRun) {
                runs.append(try StoredRun(id: id, records: byRun[id] ?? [], beginnings))
            } catch {
                unreadable.append(error)
            }
        }
        self.runs = runs
        self.unreadable = unreadable
    }

    /// The run of an id, or of a prefix that only one id has.
    /// - Throws: ``WorkspaceError`` when there is none or several.
    public func run(_ id: String) throws -> StoredRun {
        if let exact = runs.first(where: { $0.id == id }) { return exact }
        if let lost = unreadable.first(where: { $0.id == id }) {
            throw WorkspaceError("run \(lost.id): \(lost.reason)", remedy: "`belay audit verify` says what is damaged.")
        }
        let matching = runs.filter { $0.id.hasPrefix(id) }
        if matching.count == 1 { return matching[0] }
        throw WorkspaceError(
            matching.isEmpty ? "the log has no run '\(id)'" : "'\(id)' is the beginning of \(matching.count) runs",
            remedy: "`belay runs list` shows them.")
    }
}

/// A run that the log has records of, but whose plan this version cannot read.
public struct UnreadableRun: Error, Sendable, Hashable {
    /// Its id.
    public let id: String
    /// What is missing.
    public let reason: String
}

/// One run: its plan, what was decided and signed, and where it stands; nothing of it is kept anywhere else.
public struct StoredRun: Sendable {
    /// Its id.
    public let id: String
    /// All its records.
    public let records: [IndexedRecord]
    /// How it came into this log.
    public let origin: Origin
    /// The last decision about it.
    public let decision: Decision?
    /// Where it stands; begun only when `state.isStarted`.
    public let state: RunState
    /// Set when the records do not fold: the log is damaged or from another version.
    public let fault: String?

    init(id: String, records: [IndexedRecord], _ beginnings: RunBeginnings? = nil) throws(UnreadableRun) {
        let events = records.compactMap(\.record.event)
        let origins = records.lazy.compactMap { record in
            record.record.event.flatMap(Origin.init).map { (entry: record.index, origin: $0) }
        }
        guard let (entry, origin) = origins.first else {
            throw UnreadableRun(id: id, reason: "its plan is erased from the log, or its blob is missing")
        }
        guard var state = beginnings?.beginning(of: origin, in: entry, id) ?? origin.beginning(id) else {
            throw UnreadableRun(id: id, reason: "its plan was made by another version of Belay")
        }
        var fault: String?
        for record in records {
            guard case .run(let event)? = record.record.event else {
                if record.record.event == nil { fault = fault ?? "entry \(record.index) is erased or missing its blob" }
                continue
            }
            do { try state.apply(event, node: record.record.node) } catch {
                fault = fault ?? "entry \(record.index): \(error)"
            }
        }
        self.id = id
        self.records = records
        self.origin = origin
        self.state = state
        self.fault = fault
        decision =
            events.reversed().lazy.compactMap { if case .decided(let decision) = $0 { decision } else { nil } }.first
    }

    /// How a run comes into a log.
    public enum Origin: Sendable {
        /// It was planned here.
        case planned(PlannedRecord)
        /// It was found on a node, planned in another log.
        case adopted(AdoptedRecord)

        init?(_ event: LogEvent) {
            switch event {
            case .planned(let record): self = .planned(record)
            case .adopted(let record): self = .adopted(record)
            default: return nil
            }
        }

        var planSha256: String {
            switch self {
            case .planned(let record): record.planSha256
            case .adopted(let record): record.planSha256
            }
        }

        // Nil where this version cannot read the plan.
        func beginning(_ id: String) -> RunState? {
            switch self {
            case .planned(let record):
                (try? Plan(bytes: record.plan.bytes)).flatMap { try? RunState(plan: $0) }
            case .adopted(let record): try? RunState(adopting: record, as: id)
            }
        }
    }

    /// The plan; of an adopted run the part that was found.
    public var plan: Plan { state.plan }

    /// SHA-256 of the whole plan's bytes; of an adopted run as its records say.
    public var planSha256: String { origin.planSha256 }

    /// The plan as it was submitted, nil for an adopted run.
    public var planned: PlannedRecord? {
        if case .planned(let record) = origin { record } else { nil }
    }

    /// The last decision of a phase.
    func decision(in phase: PolicyPhase) -> Decision? {
        records.reversed().lazy.compactMap { entry in
            if case .decided(let decision)? = entry.record.event, decision.phase == phase { decision } else { nil }
        }.first
    }

    /// True when it began and has not ended; whether an executor still works on it only its lock tells.
    public var isOpen: Bool { state.isStarted && state.end == nil }
}

extension RunStore {
    /// Of each node, the runs that ended there with nothing for a person to do, the newest hundred: a lease or a record of
    /// theirs that was left behind may be taken over. Of a run that was adopted a part may lie where this log never looked.
    package func settledRuns(but id: String) -> [String: [String]] {
        var settled: [String: [String]] = [:]
        for run in runs.reversed() where run.plan.id != id && run.fault == nil && run.state.end != nil {
            guard run.planned != nil else { continue }
            for node in run.state.nodes where node.state != .needsPerson {
                let name = node.plan.name
                if settled[name, default: []].count < 100 { settled[name, default: []].append(run.plan.id) }
            }
        }
        return settled
    }
}

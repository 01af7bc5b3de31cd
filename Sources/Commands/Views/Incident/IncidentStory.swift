import Core
import Engine

/// What the log has of one incident: what was found, what was done, and all of it in the log's order.
struct IncidentStory: Sendable {
    /// An answer of triage, and its entry.
    struct Answer: Sendable {
        let entry: IndexedRecord
        let answer: TriageRecord
    }

    /// A run of the incident.
    struct Run: Sendable {
        let history: RunHistory
        /// Whether a process drives it now.
        let isHeld: Bool
        /// How it came to belong to the incident.
        let ties: [Tie]
    }

    /// Why a run belongs to it.
    enum Tie: Sendable {
        /// It was planned for it, or somebody said so later.
        case tied(IndexedRecord)
        /// The glass was broken for it.
        case brokenGlass(IndexedRecord)
        /// It takes back another of its runs.
        case rollsBack(String)
    }

    /// Something that happened, at one entry or two.
    struct Moment: Sendable {
        let indices: [UInt64]
        let at: Timestamp
        let by: String
        let run: String?
        let node: String?
        /// Printable.
        let words: String
    }

    let incident: StoredIncident
    let answers: [Answer]
    let runs: [Run]
    /// Runs of it that cannot be read, and why.
    let lost: [UnreadableRun]
    /// Answers of triage meanwhile that cannot be read: their content is erased.
    let erasedAnswers: [IndexedRecord]
    /// In the log's order.
    let timeline: [Moment]

    /// - Parameters:
    ///   - records: all of the log, as they may be shown.
    ///   - isHeld: whether a process drives a run now.
    init(_ incident: StoredIncident, in records: [IndexedRecord], isHeld: (String) -> Bool) {
        self.incident = incident
        answers = records.compactMap { entry in
            guard case .triaged(let answer)? = entry.record.readable, answer.incident == incident.id else { return nil }
            return Answer(entry: entry, answer: answer)
        }
        // Which incident they were for is erased, too; those of its time may have been.
        let (first, last) = (incident.start.index, incident.closing?.entry.index ?? .max)
        erasedAnswers = records.filter {
            $0.record.type == "triage" && $0.record.readable == nil && $0.index > first && $0.index < last
        }
        let store = RunStore(records)
        runs = store.runs(of: incident.id).map { run in
            Run(
                history: RunHistory(run, among: store.runs), isHeld: isHeld(run.id), ties: Self.ties(run, incident.id))
        }
        let tied = Set(records.filter { Self.tie($0, incident.id) != nil }.compactMap(\.record.run))
        lost = store.unreadable.filter { tied.contains($0.id) }
        timeline = Self.timeline(incident, answers.map(\.entry) + erasedAnswers, runs)
    }

    private static func ties(_ run: StoredRun, _ incident: String) -> [Tie] {
        let own = run.records.compactMap { tie($0, incident) }
        guard own.isEmpty, let other = run.plan.rollsBack else { return own }
        return [.rollsBack(other)]
    }

    private static func tie(_ entry: IndexedRecord, _ incident: String) -> Tie? {
        switch entry.record.readable {
        case .incidentTied(let tie) where tie.incident == incident: .tied(entry)
        case .breakGlassUsed(let glass) where glass.incident == incident: .brokenGlass(entry)
        default: nil
        }
    }

    private static func timeline(
        _ incident: StoredIncident, _ answers: [IndexedRecord], _ runs: [Run]
    ) -> [Moment] {
        let own = [incident.start] + incident.notes.map(\.entry) + (incident.closing.map { [$0.entry] } ?? []) + answers
        let items = runs.flatMap { run in run.history.whole + run.history.nodes.flatMap(\.items) }
        let moments = own.map(Moment.init) + items.filter { $0.tone != .quiet }.map(Moment.init)
        return moments.sorted { $0.indices[0] < $1.indices[0] }
    }

    /// How many entries are read for it.
    var entries: Int { 2 + incident.notes.count + answers.count + runs.reduce(0) { $0 + $1.history.run.records.count } }
}

extension IncidentStory.Moment {
    fileprivate init(_ entry: IndexedRecord) {
        var record = entry
        record.record.event = entry.record.readable
        self.init(
            indices: [entry.index], at: entry.record.at, by: entry.record.by, run: entry.record.run,
            node: entry.record.node,
            words: TimelineView(record, plan: nil).words + (entry.isErased ? " (what was hidden of it is erased)" : ""))
    }

    fileprivate init(_ item: HistoryItem) {
        let took = item.took.map { ", after \(Span.words($0))" } ?? ""
        let record = item.record.record
        self.init(
            indices: item.indices, at: record.at, by: record.by, run: record.run, node: record.node,
            words: item.title + (item.result.map { ": \($0)\(took)" } ?? ""))
    }
}

extension IndexedRecord {
    /// Whether the event as it was is gone: what it hid may not be read by anybody any more.
    var isErased: Bool { record.blob != nil && record.event == nil }
}

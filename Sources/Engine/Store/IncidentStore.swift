public import Core
import Foundation

/// Incidents as the log has them: folded from its records, nothing else is kept anywhere.
public struct IncidentStore: Sendable {
    /// Every incident, in the order they were started.
    public private(set) var incidents: [StoredIncident] = []

    /// Folds records; those about nothing of it may be missing.
    public init(_ records: [IndexedRecord]) {
        for record in records { add(record) }
    }

    // What does not fit, such as a second start of one id, came past Belay: what was there first counts.
    private mutating func add(_ record: IndexedRecord) {
        switch record.record.readable {
        case .incidentStarted(let start):
            guard !incidents.contains(where: { $0.id == start.id }) else { return }
            incidents.append(StoredIncident(start, record))
        case .incidentNoted(let note): change(note.incident) { $0.notes.append(.init(text: note.text, entry: record)) }
        case .incidentClosed(let closing):
            change(closing.incident) { incident in
                if incident.closing == nil { incident.closing = .init(text: closing.summary, entry: record) }
            }
        default: break
        }
    }

    private mutating func change(_ id: String, _ body: (inout StoredIncident) -> Void) {
        guard let index = incidents.firstIndex(where: { $0.id == id }) else { return }
        body(&incidents[index])
    }

    /// Those that are not over.
    public var open: [StoredIncident] { incidents.filter(\.isOpen) }

    /// The incident of an id.
    /// - Throws: ``WorkspaceError`` when there is none, with those that are open.
    public func incident(_ id: String) throws(WorkspaceError) -> StoredIncident {
        if let incident = incidents.first(where: { $0.id == id }) { return incident }
        throw WorkspaceError(
            "the log has no incident '\(id)'\(Suggestion.nearest(to: id, among: incidents.map(\.id)).map { "; did you mean '\($0)'?" } ?? "")",
            remedy: openWords + " `belay incident list` shows all.")
    }

    /// The incident that a word is about: the one named, else the only one that is open.
    /// - Throws: ``WorkspaceError`` when that is none or several: nothing is guessed.
    public func meant(_ id: String?) throws(WorkspaceError) -> StoredIncident {
        if let id { return try incident(id) }
        guard open.count == 1, let only = open.first else {
            throw WorkspaceError(
                open.isEmpty ? "no incident is open" : "\(open.count) incidents are open",
                remedy: open.isEmpty
                    ? "Start one with `belay incident start TITLE`, or name a closed one." : "Name one. \(openWords)")
        }
        return only
    }

    /// What a plan or an answer of triage is tied to.
    /// - Throws: ``WorkspaceError`` for an incident that is named and is none, or is over.
    public func choice(_ id: String?) throws(WorkspaceError) -> IncidentChoice {
        guard let id else {
            let open = open.map(\.id)
            return open.isEmpty ? .none : open.count == 1 ? .only(open[0]) : .several(open)
        }
        let incident = try incident(id)
        guard incident.isOpen else {
            throw WorkspaceError(
                "incident \(id) is closed", remedy: "Start another one with `belay incident start TITLE`. \(openWords)")
        }
        return .named(id)
    }

    private var openWords: String {
        guard !open.isEmpty else { return "None is open." }
        return "Open: " + open.map { "\($0.id) (\(Printable.escape($0.title, limit: 60)))" }.joined(separator: ", ")
            + "."
    }
}

/// One incident, by its own entries.
public struct StoredIncident: Sendable {
    /// What somebody wrote, and the entry that has it.
    public struct Words: Sendable {
        /// As it may be shown.
        public let text: String
        /// Its entry.
        public let entry: IndexedRecord
    }

    /// Its id.
    public let id: String
    /// What is wrong, in a line.
    public let title: String
    /// The entry by which it began.
    public let start: IndexedRecord
    /// What was written down, in the log's order, after its end too.
    public internal(set) var notes: [Words] = []
    /// How it ended; nil while it is open.
    public internal(set) var closing: Words?

    init(_ start: IncidentStart, _ entry: IndexedRecord) {
        (id, title, self.start) = (start.id, start.title, entry)
    }

    /// Whether it is not over.
    public var isOpen: Bool { closing == nil }
}

/// Which incident something is tied to, and how that came.
public enum IncidentChoice: Sendable, Hashable {
    /// None is open.
    case none
    /// The one that was named.
    case named(String)
    /// The only one that is open.
    case only(String)
    /// None: several are open, and none was named.
    case several([String])

    /// The incident.
    public var id: String? {
        switch self {
        case .named(let id), .only(let id): id
        case .none, .several: nil
        }
    }
}

extension LogRecord {
    /// The event; where its blob is gone, what was shown of it beside the blob.
    public var readable: LogEvent? {
        event
            ?? shown.flatMap { tree in (try? JSON.encode(tree)).flatMap { try? JSON.decode(LogEvent.self, from: $0) } }
    }
}

extension RecordReader {
    /// Records about incidents alone, as they may be shown. Of the others not even the JSON is read: triage asks each time.
    /// - Throws: as ``records()``.
    @concurrent public func incidentRecords() async throws -> [IndexedRecord] {
        // The keys of an entry are sorted, so that the type stands at its end; inside a text the quotes would be escaped.
        try await records { String(decoding: $0.suffix(48), as: UTF8.self).contains("\"type\":\"incident.") }.shown
    }
}

extension Workspace {
    /// The incidents of the project's log; none before it was made.
    public func incidents() async throws -> IncidentStore {
        guard FileManager.default.fileExists(atPath: logDirectory) else { return IncidentStore([]) }
        return IncidentStore(try await RecordReader(directory: logDirectory).incidentRecords())
    }
}

extension RunStore {
    /// The runs of an incident, in the order they were planned: those tied to it, those that broke the glass for it, and
    /// those that roll one of them back.
    public func runs(of incident: String) -> [StoredRun] {
        var ids: Set<String> = []
        for run in runs where run.incidents.contains(incident) || run.plan.rollsBack.map({ ids.contains($0) }) == true {
            ids.insert(run.id)
        }
        return runs.filter { ids.contains($0.id) }
    }
}

extension StoredRun {
    /// The incidents that it was tied to, and those that the glass was broken for.
    public var incidents: Set<String> {
        Set(
            records.compactMap { entry in
                switch entry.record.readable {
                case .incidentTied(let tie): tie.incident
                case .breakGlassUsed(let glass): glass.incident
                default: nil
                }
            })
    }
}

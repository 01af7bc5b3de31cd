import Core
import Engine

/// An incident in a list.
struct IncidentSummary: Encodable, Sendable, Hashable {
    var id: String
    var title: String
    var isOpen: Bool
    var openedAt: Timestamp
    /// The executor that started it.
    var openedBy: String
    var closedAt: Timestamp?
    var closedBy: String?
    /// What was said when it was closed.
    var summary: String?
    var notes: Int
    /// The entry by which it began.
    var entry: UInt64

    init(_ incident: StoredIncident) {
        (id, title, isOpen) = (incident.id, incident.title, incident.isOpen)
        (openedAt, openedBy) = (incident.start.record.at, incident.start.record.by)
        closedAt = incident.closing?.entry.record.at
        closedBy = incident.closing?.entry.record.by
        summary = incident.closing?.text
        notes = incident.notes.count
        entry = incident.start.index
    }

    /// How long it lasted, or has lasted so far; the clock may have been set back.
    func age(at now: Timestamp) -> String {
        Span.words(max(0, (closedAt ?? now).milliseconds - openedAt.milliseconds))
    }
}

/// `belay incident list`.
struct IncidentsView: Sendable {
    let incidents: [IncidentSummary]
    let now: Timestamp

    /// Open ones first; of each kind the newest.
    init(_ all: [IncidentSummary], now: Timestamp) {
        incidents = all.filter(\.isOpen).reversed() + all.filter { !$0.isOpen }.reversed()
        self.now = now
    }

    func text() -> String {
        guard !incidents.isEmpty else { return "The log has no incident.\n" }
        let rows = incidents.map { incident in
            [
                incident.id, incident.isOpen ? "OPEN" : "closed", incident.openedAt.toSeconds, incident.age(at: now),
                incident.title,
            ].map(\.printable)
        }
        return Table.lines([["INCIDENT", "STANDS", "OPENED", "LASTED", "TITLE"]] + rows).text
    }

    /// A JSON array.
    func json() throws -> String { try JSONText.pretty(incidents) }
}

/// `belay incident start`, `note` and `close`: what is in the log now.
struct IncidentChangeView: Sendable {
    let incident: StoredIncident
    let change: Change

    /// What was done.
    enum Change: String, Sendable {
        case started, noted, closed
    }

    func text(_ style: Style) -> String {
        let id = incident.id.printable
        let (word, entry) =
            switch change {
            case .started: (style.warning("STARTED"), incident.start.index)
            case .noted: ("noted on", incident.notes.last?.entry.index ?? incident.start.index)
            case .closed: (style.good("CLOSED"), incident.closing?.entry.index ?? incident.start.index)
            }
        let late = change == .noted && !incident.isOpen ? ", which is closed" : ""
        let line =
            "\(word) incident \(style.strong(id)): \(incident.title.printable)\(late) \(style.faint("(entry \(entry))"))"
        return [line].text
    }

    /// The incident as a list has it.
    func json() throws -> String { try JSONText.pretty(IncidentSummary(incident)) }
}

/// Which incident something was tied to, or why to none; nothing where none is open.
struct IncidentTieView: Sendable {
    let choice: IncidentChoice
    /// What is tied, such as `the plan`.
    let what: String
    /// The run that it is; nil for what is none.
    let run: String?
    /// The entry that has it.
    var entry: UInt64?

    func text(_ style: Style) -> String {
        let place = entry.map { " (entry \($0))" } ?? ""
        switch choice {
        case .none: return ""
        case .named(let id): return "\(what) is for incident \(id.printable)\(place)"
        case .only(let id): return "\(what) is for incident \(style.strong(id.printable)), the only open one\(place)"
        case .several(let ids):
            let names = ids.map(\.printable).joined(separator: ", ")
            let later = run.map { ", or: belay incident tie \($0.printable) --incident ID" } ?? ""
            return "\(style.warning("\(ids.count) incidents are open")) (\(names)): \(what) is for none of them\n"
                + "  → name one with --incident\(later)"
        }
    }
}

extension TriageRecord {
    /// As one line of a timeline, printable.
    var words: String {
        let names = scope.names.map(\.printable).joined(separator: ", ")
        let layer = layer.map { "; the layer that fails first: \($0.rawValue)" } ?? ""
        let what = findings.map { $0.title.printable }.joined(separator: "; ")
        let more = moreFindings > 0 ? " and \(moreFindings) more" : ""
        let reach =
            switch scope.kind {
            case .nothing: "nothing found" + (unseen.isEmpty && unchecked == 0 ? "" : " where it could be looked")
            case .cluster: "trouble in the whole cluster"
            case .nodes: "trouble on \(names)"
            case .namespaces: "trouble in \(names)"
            }
        return Printable.escape(
            "triage for incident \(incident.printable): \(reach)\(layer)" + (what.isEmpty ? "" : ": \(what)\(more)"),
            limit: 600)
    }
}

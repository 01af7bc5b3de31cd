import Foundation
import Testing

@testable import Commands
@testable import Core
@testable import Engine

extension HostileViews {
    /// An incident with notes and an end, hostile in every word of it.
    static func incident() throws -> StoredIncident {
        try #require(IncidentStore(incidentRecords()).incidents.first)
    }

    private static func incidentRecords() throws -> [IndexedRecord] {
        let types: Set = ["incident.started", "incident.noted", "incident.closed", "triage"]
        // By the event: the type beside it is hostile, too.
        return try entries().filter { types.contains($0.record.event?.name ?? "") }
    }

    /// The same with a run of it: the run of every other view.
    private static func story(_ run: HostileRun) throws -> IncidentStory {
        let incident = try incident()
        let records = try incidentRecords()
        let tie = LogRecord(
            at: run.plan.createdAt, by: Hostile.text, run: run.plan.id, node: nil,
            event: .incidentTied(IncidentTie(incident: incident.id)))
        let all = records.map(\.record) + run.records.map(\.record) + [tie]
        let indexed = try all.enumerated().map { index, record in
            IndexedRecord(index: UInt64(index), record: record, bytes: try JSON.encode(record))
        }
        let story = IncidentStory(incident, in: indexed) { _ in false }
        #expect(story.runs.count == 1 && story.answers.count == 1 && story.timeline.count > 10)
        return story
    }

    static let incidents: [String: Case] = [
        "Markdown": { _ in
            [Markdown.text(Hostile.text), Markdown.code(Hostile.text)] + Markdown.block([Hostile.text])
                + Markdown.quote(Hostile.text)
        },
        "IncidentsView": { _ in
            let view = IncidentsView([IncidentSummary(try incident())], now: Timestamp(milliseconds: 0))
            return [view.text(), try view.json()]
        },
        "IncidentChangeView": { _ in
            let incident = try incident()
            return try [IncidentChangeView.Change.started, .noted, .closed].flatMap { change in
                let view = IncidentChangeView(incident: incident, change: change)
                return [view.text(.plain), try view.json()]
            }
        },
        "IncidentTieView": { _ in
            let choices = [
                IncidentChoice.none, .named(Hostile.text), .only(Hostile.text), .several([Hostile.text, "b"]),
            ]
            return choices.map { IncidentTieView(choice: $0, what: "the plan", run: Hostile.text).text(.plain) }
        },
        "IncidentReportView": { run in
            try [true, false].flatMap { isIntact in
                let log = IncidentReportView.Log(try report(isIntact: isIntact))
                let view = IncidentReportView(story: try story(run), log: log, at: run.plan.createdAt)
                return [view.markdown, try view.json()]
            }
        },
        "IncidentAnswerSection": { run in try story(run).answers.flatMap { IncidentAnswerSection(answer: $0).lines } },
        "IncidentRunSection": { run in try story(run).runs.flatMap { IncidentRunSection(run: $0).lines } },
    ]
}

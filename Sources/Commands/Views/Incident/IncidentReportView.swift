import Core
import Engine
import TransparencyLog

/// `belay incident report`: a post-incident timeline. Nothing in it is anybody's Markdown but ours.
struct IncidentReportView: Sendable {
    let story: IncidentStory
    let log: Log
    /// When the report was made.
    let at: Timestamp

    /// The log that all of it is read from.
    struct Log: Encodable, Sendable {
        let origin: String?
        let key: String?
        /// How many entries it had.
        let size: UInt64
        let root: String
        /// How many of them are signed.
        let signedSize: UInt64
        let isIntact: Bool
        let verdict: String

        init(_ report: VerificationReport) {
            let statement = LogStatement(report, checkpoint: nil)
            (origin, key, verdict) = (statement.origin, statement.key, statement.verdict)
            (size, root) = (report.entries, report.root.hex)
            (signedSize, isIntact) = (report.signedSize, report.isIntact)
        }
    }

    // What has more stands in the log; a page that nobody can read through helps nobody.
    static let mostMoments = 1000

    var markdown: String {
        (head + found + done + notes + timeline + footer).text
    }

    private var summary: IncidentSummary { IncidentSummary(story.incident) }

    // MARK: - What it was

    private var head: [String] {
        let incident = story.incident
        let alarm = log.isIntact ? [] : ["", "**THE LOG DOES NOT VERIFY:** \(Markdown.text(log.verdict))"]
        let opened = "- Opened: \(Self.when(incident.start))"
        let erased = incident.start.isErased ? ["- What was hidden of its title is erased from the log."] : []
        return ["# Incident \(Markdown.code(incident.id)): \(Markdown.text(incident.title))"] + alarm
            + ["", opened] + erased + closing
    }

    private var closing: [String] {
        guard let closing = story.incident.closing else {
            return ["- **It is open**, for \(summary.age(at: at)) so far."]
        }
        let erased = closing.entry.isErased ? ["", "What was hidden of this summary is erased from the log."] : []
        return ["- Closed: \(Self.when(closing.entry)), after \(summary.age(at: at))", ""]
            + Markdown.quote(closing.text)
            + erased
    }

    /// Time, by whom, and which entry says so.
    static func when(_ entry: IndexedRecord) -> String {
        "\(entry.record.at.toSeconds) by \(Markdown.code(entry.record.by)) (entry \(entry.index))"
    }

    // MARK: - What was found and done

    private var found: [String] {
        let none = story.answers.isEmpty ? ["", "Triage was not asked, or not while this incident was open."] : []
        let erased = story.erasedAnswers.map { "An answer of triage is erased from the log (entry \($0.index))." }
        return ["", "## What was found"] + none + erased.flatMap { ["", $0] }
            + story.answers.flatMap { IncidentAnswerSection(answer: $0).lines }
    }

    private var done: [String] {
        let none = story.runs.isEmpty && story.lost.isEmpty ? ["", "No run belongs to this incident."] : []
        let lost = story.lost.flatMap { run in
            [
                "", "### Run \(Markdown.code(run.id))", "",
                "It cannot be read any more: \(Markdown.text(run.reason)). Its other entries: "
                    + Markdown.code("belay audit log --run \(ShellQuote.display([run.id]))") + ".",
            ]
        }
        return ["", "## What was done"] + none + story.runs.flatMap { IncidentRunSection(run: $0).lines } + lost
    }

    private var notes: [String] {
        guard !story.incident.notes.isEmpty else { return [] }
        let end = story.incident.closing?.entry.index ?? .max
        let notes = story.incident.notes.flatMap { note in
            let late = note.entry.index > end ? ", after it was closed" : ""
            let erased = note.entry.isErased ? ["", "What was hidden of this note is erased from the log."] : []
            return ["", Self.when(note.entry) + late + ":", ""] + Markdown.quote(note.text) + erased
        }
        return ["", "## Notes"] + notes
    }

    private var timeline: [String] {
        let lines = story.timeline.prefix(Self.mostMoments).map { moment in
            let entries = moment.indices.map(String.init).joined(separator: "–")
            let about = [moment.run, moment.node].compactMap(\.self).map { " \(Markdown.code($0))" }.joined()
            return
                "- \(moment.at.toSeconds) · entry \(entries) ·\(about) \(Markdown.text(moment.words)) (\(Markdown.code(moment.by)))"
        }
        let more = story.timeline.count - lines.count
        let rest = more > 0 ? ["", "… and \(more) more: `belay audit show RUN` has all of a run."] : []
        return ["", "## Timeline", ""] + lines + rest
    }

    private var footer: [String] {
        let key = log.key.map { " --key \(ShellQuote.display([$0]))" } ?? ""
        return [
            "", "---", "",
            "Made by `belay incident report` at \(at.toSeconds) from the audit log \(Markdown.code(log.origin ?? "without a key")), "
                + "tree size \(log.size) (of which \(log.signedSize) signed), root `\(log.root)`: \(Markdown.text(log.verdict)).",
            "",
            "This page is a reading of the log and no evidence by itself. The log is append-only; verify it, or a copy of it: "
                + Markdown.code("belay audit verify DIR\(key)", limit: 600)
                + ". The key is the log's own: hold it against the one that was handed out. `belay audit show N` prints entry N. "
                + "Times are claims of the executor's clock, in UTC; the order is that of the log.",
        ]
    }

    // MARK: - For programs

    /// The same as data; words are printable texts.
    func json() throws -> String {
        struct Shown: Encodable {
            let incident: IncidentSummary
            let notes: [Note]
            let triage: [Answer]
            let runs: [Run]
            let unreadableRuns: [String: String]
            let timeline: [Moment]
            let log: Log
            let madeAt: Timestamp
        }
        let shown = Shown(
            incident: summary, notes: story.incident.notes.map(Note.init), triage: story.answers.map(Answer.init),
            runs: story.runs.map(Run.init),
            unreadableRuns: Dictionary(story.lost.map { ($0.id, $0.reason) }, uniquingKeysWith: { first, _ in first }),
            timeline: story.timeline.map(Moment.init), log: log, madeAt: at)
        return try JSONText.pretty(shown)
    }

    private struct Note: Encodable {
        let entry: UInt64
        let at: Timestamp
        let by: String
        let text: String
        let isErased: Bool

        init(_ note: StoredIncident.Words) {
            (entry, at, by) = (note.entry.index, note.entry.record.at, note.entry.record.by)
            (text, isErased) = (note.text, note.entry.isErased)
        }
    }

    private struct Answer: Encodable {
        let entry: UInt64
        let by: String
        let answer: TriageRecord

        init(_ answer: IncidentStory.Answer) {
            (entry, by, self.answer) = (answer.entry.index, answer.entry.record.by, answer.answer)
        }
    }

    private struct Run: Encodable {
        let run: RunSummary
        let planSha256: String
        let reason: String?
        let began: Timestamp?
        let ended: Timestamp?
        let approvedBy: [String]
        let deniedBy: [String]
        let brokeGlass: [String]
        /// Node → the steps that were undone.
        let undone: [String: [String]]
        let stillInPlace: [String]

        init(_ run: IncidentStory.Run) {
            let history = run.history
            self.run = RunSummary(history.run, isHeld: run.isHeld)
            (planSha256, reason) = (history.run.planSha256, history.run.plan.reason)
            (began, ended) = (history.began, history.ended)
            approvedBy = history.approvals.filter { $0.statement.decision == .approve }.map(\.statement.approver)
            deniedBy = history.approvals.filter { $0.statement.decision == .deny }.map(\.statement.approver)
            brokeGlass = history.run.brokenGlass.map(\.glass.principal.name)
            undone = Dictionary(
                history.nodes.map { ($0.node.plan.name, $0.node.undoneSteps) }, uniquingKeysWith: { first, _ in first })
            stillInPlace = StillInPlace(history).lines
        }
    }

    private struct Moment: Encodable {
        let entries: [UInt64]
        let at: Timestamp
        let by: String
        let run, node: String?
        let words: String

        init(_ moment: IncidentStory.Moment) {
            (entries, at, by) = (moment.indices, moment.at, moment.by)
            (run, node, words) = (moment.run, moment.node, moment.words)
        }
    }
}

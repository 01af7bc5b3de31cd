import Core
import Engine

/// What happened on one node, from top to bottom.
struct NodeSection: Sendable {
    let part: RunHistory.Part
    let history: RunHistory

    private static let shownLines = 1000

    var html: HTML {
        let plan = part.node.plan
        let about = [plan.identity?.address ?? "by the API alone", plan.roles.joined(separator: ", ")]
        return .tag(
            "section", "node",
            [
                .tag(
                    "h3", [:],
                    [
                        .text("Node \(plan.name)"),
                        .tag("span", "chip \(part.node.state.tone.rawValue)", part.node.state.words),
                    ]), .tag("p", "faint", about.filter { !$0.isEmpty }.joined(separator: " · ")),
                part.items.isEmpty
                    ? .tag("p", "faint", "Nothing was done there.")
                    : Self.timeline(part.items, of: history, node: part.node),
            ])
    }

    /// Things that happened, one under the other.
    /// - Parameter node: for what was seen of a step before it.
    static func timeline(_ items: [HistoryItem], of history: RunHistory, node: NodeRun? = nil) -> HTML {
        // Who acted is said where it changes, and so is the day.
        let actors = items.map(\.record.record.by)
        let days = history.newDays(items)
        return .tag(
            "ol", "timeline",
            items.indices.map { index in
                let isSame = index > 0 && actors[index - 1] == actors[index]
                return item(items[index], node, by: isSame ? nil : actors[index], on: days[index])
            })
    }

    private static func item(_ item: HistoryItem, _ node: NodeRun?, by actor: String?, on day: String?) -> HTML {
        let at = item.record.record.at
        let words = (day.map { [$0] } ?? []) + [at.timeOfDay]
        let time = HTML.tag("time", ["datetime": at.description, "title": at.description], [.lines(words)])
        let result = item.result.map { [HTML.tag("p", "result", $0)] } ?? []
        return .tag(
            "li", item.tone.rawValue,
            [
                time,
                .tag(
                    "div", [:],
                    [.tag("p", "title", [.tag("span", [:], [.text(item.title)]), marks(item, actor)])] + result
                        + failures(item) + FindingSection.all(item.findings) + changes(item, node) + output(item)),
            ])
    }

    private static func marks(_ item: HistoryItem, _ actor: String?) -> HTML {
        let took = item.took.map { [HTML.tag("span", "mark", Span.words($0))] } ?? []
        let status = item.status.map { [HTML.tag("span", "mark \($0 == 0 ? "" : "bad")", "status \($0)")] } ?? []
        let by = actor.map { [HTML.tag("span", "by", $0)] } ?? []
        return .tag("span", "marks", took + status + by + item.indices.map(ProofSection.link))
    }

    // In the title they are one sentence, and cut.
    private static func failures(_ item: HistoryItem) -> [HTML] {
        item.failures.isEmpty ? [] : [.tag("pre", [:], [.lines(item.failures)])]
    }

    private static func output(_ item: HistoryItem) -> [HTML] {
        guard let output = item.output, let index = item.indices.last else { return [] }
        let lines = output.beginning(shownLines, index: index)
        let isFailure = item.status != 0
        return [
            .details(
                "output, \(count(output.lines.count, "line"))", isOpen: isFailure && lines.count <= 40,
                [.tag("pre", [:], [.lines(lines)])])
        ]
    }

    // What was planned stands with the step that does it, what became of it with the look at the node afterwards.
    private static func changes(_ item: HistoryItem, _ node: NodeRun?) -> [HTML] {
        guard let step = item.step else { return [] }
        if item.isApply { return diffs("planned change", FieldView.fields(of: step.plan)) }
        if let (moment, state) = item.observed, moment == .after || moment == .afterUndo,
            let before = node?.steps[step.number].before
        {
            let fields = FieldView.changes(of: step.plan, from: before, to: state)
            return diffs(moment == .after ? "changed since before the step" : "still different from before", fields)
        }
        let fields = FieldView.fields(of: item.differences, step.plan)
        return diffs("expected and found", fields, isOpen: true)
    }

    private static func diffs(_ title: String, _ fields: [FieldView], isOpen: Bool = false) -> [HTML] {
        guard !fields.isEmpty else { return [] }
        return [.details("\(title), \(count(fields.count, "field"))", isOpen: isOpen, fields.flatMap(diff))]
    }

    private static func diff(_ field: FieldView) -> [HTML] {
        let lines = field.diff(verbose: true)
        let more = lines.count - shownLines
        let hidden = more > 0 ? [HTML.tag("span", "place", "… \(count(more, "more line"))")] : []
        return [
            .tag("p", "field", field.heading(.plain)),
            .tag("pre", "diff", lines.prefix(shownLines).map(line) + hidden),
        ]
    }

    private static func line(_ line: UnifiedDiff.Line) -> HTML {
        switch line {
        case .place: .tag("span", "place", line.text(.plain))
        case .same: .tag("span", "same", line.text(.plain))
        case .removed: .tag("span", "removed", line.text(.plain))
        case .added: .tag("span", "added", line.text(.plain))
        }
    }
}

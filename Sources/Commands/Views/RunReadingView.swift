import Core
import Engine

/// `belay audit show RUN`: who asked, who approved, what the policies said, what was done where and how it came out.
struct RunReadingView: Sendable {
    let history: RunHistory
    let inventory: Inventory
    let isHeld: Bool

    private static let shownOutput = 8

    func text(_ style: Style) -> String {
        let sections = [approvals(style), policies(style), whole(style)] + history.nodes.map { part($0, style) }
        let body = (sections + [inPlace(style)]).flatMap { $0.isEmpty ? [] : [""] + $0 }
        return (header(style) + body + [""]).text
            + RunEndView(run: history.run, inventory: inventory, isHeld: isHeld).text(style)
    }

    private func header(_ style: Style) -> [String] {
        let facts = RunFacts(history, isHeld: isHeld).rows
        let width = (facts.map(\.name.count).max() ?? 0) + 2
        return [style.strong("Run \(history.run.id.printable)") + " " + history.run.plan.runbook.title.printable]
            + facts.map { $0.name.padding(to: width) + $0.value.printable }.indented(2)
            + (history.run.adoption.map { [style.warning($0)] } ?? [])
    }

    private func approvals(_ style: Style) -> [String] {
        let said = history.approvals.map { entry, statement in
            let verdict = statement.decision == .approve ? style.good("approved") : style.bad("DENIED")
            return "\(verdict) by \(statement.approver.printable) at \(entry.record.at.toSeconds), good until "
                + "\(statement.expires.toSeconds): \(statement.comment.printable)"
        }
        let ignored = (history.run.decision?.approvals.ignored ?? []).map {
            style.warning("not counted") + " of \($0.approver.printable): \($0.reason.printable)"
        }
        let all = said + ignored
        return [style.strong("Approvals")] + (all.isEmpty ? ["none"] : all).indented(2)
    }

    private func policies(_ style: Style) -> [String] {
        history.decisions.flatMap { entry, decision in
            [
                style.strong("Policies, asked to \(decision.phase.rawValue)") + " "
                    + style.faint(entry.record.at.toSeconds)
            ]
                + DecisionView(decision).lines(style).indented(2)
        }
    }

    private func whole(_ style: Style) -> [String] {
        [style.strong("The run")] + items(history.whole, style)
    }

    private func part(_ part: RunHistory.Part, _ style: Style) -> [String] {
        let state = style.painted(part.node.state.words, part.node.state.tone)
        return ["\(style.strong("Node \(part.node.plan.name.printable)")) \(state)"]
            + items(part.items, style)
    }

    private func items(_ items: [HistoryItem], _ style: Style) -> [String] {
        zip(history.newDays(items), items).flatMap { day, item in
            (day.map { ["  " + style.faint($0)] } ?? []) + self.item(item, style)
        }
    }

    // The time and the duration in columns of their own, what belongs to it under it.
    private func item(_ item: HistoryItem, _ style: Style) -> [String] {
        let took = item.took.map(Span.words) ?? ""
        let margin = String(repeating: " ", count: max(0, 10 - took.count)) + took
        let result = item.result.map { ": " + style.painted($0, item.tone) } ?? ""
        let title = item.result == nil ? style.painted(item.title, item.tone) : item.title
        let findings = FindingView.views(of: item.findings).flatMap { $0.lines(style) }
        let output = item.output?.beginning(Self.shownOutput, index: item.indices.last ?? item.record.index) ?? []
        return ["  \(style.faint(item.record.record.at.timeOfDay))\(style.faint(margin))  \(title)\(result)"]
            + (findings + output.map { style.faint("| " + $0) }).indented(23)
    }

    private func inPlace(_ style: Style) -> [String] {
        [style.strong("Still in place")] + StillInPlace(history).lines.indented(2)
    }
}

/// What the changes are that are still there.
struct StillInPlace: Sendable {
    /// A sentence for each node that has any or had, or one that says there are none; printable.
    let lines: [String]

    init(_ history: RunHistory) {
        let there = history.inPlace.map { node in
            let steps = node.inPlace.map {
                "\(ProgressView.step($0, node.plan)) (\(node.plan.steps[$0].action.printable))"
            }
            let sure = node.state.side == "after" ? "" : ", or may be"
            return "\(node.plan.name.printable)\(sure): \(steps.joined(separator: ", "))"
        }
        let gone = history.takenBack.sorted { $0.key < $1.key }.map {
            "\($0.key.printable): taken back since by run \($0.value.printable)"
        }
        let alone = history.run.returnedAlone.sorted().map { "\($0.printable): given back by the node itself" }
        lines = there.isEmpty && gone.isEmpty && alone.isEmpty ? ["nothing that this run did"] : there + gone + alone
    }
}

/// Who asked for what, when, and how it ended.
struct RunFacts: Sendable {
    /// One fact; the value is as the plan has it, not yet safe to be shown.
    struct Row: Sendable {
        let name: String
        let value: String
    }

    let rows: [Row]

    init(_ history: RunHistory, isHeld: Bool) {
        let plan = history.run.plan
        let parameters = plan.parameters.sorted { $0.key < $1.key }.map { "\($0)=\(PlanView.word($1))" }
        let span = history.began.flatMap { began in
            history.ended.flatMap { $0 < began ? nil : ", after " + Span.words($0.milliseconds - began.milliseconds) }
        }
        let why =
            (plan.reason.map { ["\(plan.requester): \($0)"] } ?? [])
            + history.approvals.filter { $0.statement.decision == .approve && !$0.statement.comment.isEmpty }
            .map { "\($0.statement.approver): \($0.statement.comment)" }
        let all: [(String, String?)] = [
            ("asked by", plan.requester), ("at", plan.createdAt.toSeconds),
            ("runbook", plan.runbook.name + (plan.rollsBack.map { ", to roll back run \($0)" } ?? "")),
            ("with", parameters.isEmpty ? nil : parameters.joined(separator: " ")),
            ("why", why.isEmpty ? "nobody gave a reason" : why.joined(separator: "; ")),
            ("incident", history.run.incidents.isEmpty ? nil : history.run.incidents.sorted().joined(separator: ", ")),
            ("cluster", "\(plan.cluster.name) (\(plan.cluster.environment))"),
            ("nodes", plan.nodes.map(\.name).joined(separator: ", ")), ("temporary", Self.temporary(history.run)),
            ("began", history.began?.toSeconds ?? "it has not been applied"),
            ("ended", Self.end(history, isHeld) + (span ?? "")), ("plan", "sha256 " + history.run.planSha256),
        ]
        rows = all.compactMap { name, value in value.map { Row(name: name, value: $0) } }
    }

    private static func temporary(_ run: StoredRun) -> String? {
        guard let seconds = run.plan.temporarySeconds, let time = run.plan.temporaryTime else { return nil }
        let words = run.keepings.map { entry, outcome in
            switch outcome {
            case .success(let keeping): "kept by \(keeping.by): \(keeping.reason)"
            case .failure(let refusal): "entry \(entry.index) keeps nothing: \(refusal.message)"
            }
        }
        let due = run.ended.map { ", due back at \($0.adding(seconds: seconds).toSeconds)" } ?? ""
        let onNode = run.plan.onNode == .returns ? ", also by the nodes themselves" : ""
        return (["for \(time) after it has ended\(due)\(onNode)"] + words).joined(separator: "; ")
    }

    private static func end(_ history: RunHistory, _ isHeld: Bool) -> String {
        let standing = RunSummary(history.run, isHeld: isHeld).standing
        let words = history.run.state.end?.words ?? standing.rawValue
        return words + (history.ended.map { " at \($0.toSeconds)" } ?? "")
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

extension Style {
    /// A text in the colour of its tone.
    func painted(_ text: String, _ tone: HistoryItem.Tone) -> String {
        switch tone {
        case .good: good(text)
        case .bad: bad(text)
        case .warning: warning(text)
        case .quiet: faint(text)
        case .plain: text
        }
    }
}

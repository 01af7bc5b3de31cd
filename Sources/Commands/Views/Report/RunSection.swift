import Core
import Engine

/// One run on the page: who, what, why, when and how it ended; who approved; what the policies said; what happened where.
struct RunSection: Sendable {
    private let history: RunHistory
    private let inventory: Inventory
    private let isHeld: Bool

    init(_ history: RunHistory, inventory: Inventory, isHeld: Bool) {
        (self.history, self.inventory, self.isHeld) = (history, inventory, isHeld)
    }

    var html: HTML {
        .tag(
            "article", ["id": "run-\(history.run.id)"],
            [header, approvals, policies, whole] + history.nodes.map { NodeSection(part: $0, history: history).html }
                + [inPlace])
    }

    /// How it ended, in a word.
    var chip: HTML {
        let end = history.run.state.end
        let words = end?.words ?? RunSummary(history.run, isHeld: isHeld).standing.rawValue
        return .tag("span", "chip \((end?.tone ?? .warning).rawValue)", words)
    }

    private var header: HTML {
        let run = history.run
        let alarms = [
            run.fault.map { "The log does not fold: \($0)" }, isHeld ? "It is under way in another process." : nil,
            run.adoption,
        ].compactMap(\.self).map { HTML.tag("p", "alarm", $0) }
        let facts = RunFacts(history, isHeld: isHeld).rows.flatMap { row in
            [HTML.tag("dt", [:], [.text(row.name)]), .tag("dd", [:], [.text(row.value)])]
        }
        return .tag(
            "header", [:],
            [
                .tag("p", "kicker", [.text("Run \(run.id)"), chip]),
                .tag("h1", [:], [.text(run.plan.runbook.title)]),
            ] + alarms + [.tag("dl", "facts", facts), ends])
    }

    private var ends: HTML {
        let rows = history.nodes.map(\.node).map { node in
            HTML.tag(
                "li", [:],
                [
                    .tag("b", [:], [.text(node.plan.name)]),
                    .tag("span", "chip \(node.state.tone.rawValue)", node.state.words),
                    .tag("span", "reason", node.reason),
                ])
        }
        return .tag("ul", "ends", rows)
    }

    private var approvals: HTML {
        let said = history.approvals.map { entry, statement in
            card(
                statement.decision == .approve ? "good" : "bad",
                "\(statement.decision == .approve ? "approved" : "DENIED") by \(statement.approver)",
                "\(entry.record.at.toSeconds) · good until \(statement.expires.toSeconds)", statement.comment,
                entry.index)
        }
        let ignored = (history.run.decision?.approvals.ignored ?? []).map {
            HTML.tag("p", "faint", "Not counted, of \($0.approver): \($0.reason)")
        }
        let none = said.isEmpty ? [HTML.tag("p", "faint", "Nobody approved or denied it.")] : []
        return .tag("section", [:], [.tag("h2", [:], [.text("Approvals")])] + said + ignored + none)
    }

    private func card(_ tone: String, _ title: String, _ when: String, _ words: String, _ index: UInt64) -> HTML {
        .tag(
            "div", "card \(tone)",
            [
                .tag("p", "said", [.tag("b", [:], [.text(title)]), ProofSection.link(index)]),
                .tag("p", "faint", when), words.isEmpty ? .none : .tag("blockquote", [:], [.text(words)]),
            ])
    }

    private var policies: HTML {
        let decisions = history.decisions.map { entry, decision in
            let view = DecisionView(decision)
            let words = [view.verdict(.plain)] + view.duties
            let tone = decision.allowed ? "good" : decision.waitsForApproval ? "warning" : "bad"
            return HTML.tag(
                "div", "card \(tone)",
                [
                    .tag(
                        "p", "said",
                        [
                            .tag("b", [:], [.text("Asked to \(decision.phase.rawValue)")]),
                            ProofSection.link(entry.index),
                        ]), .tag("p", "faint", entry.record.at.toSeconds), .tag("p", [:], [.lines(words)]),
                ] + FindingSection.all(decision.denials + decision.liftedFindings + decision.warnings))
        }
        let none = decisions.isEmpty ? [HTML.tag("p", "faint", "The log has no decision about it.")] : []
        return .tag("section", [:], [.tag("h2", [:], [.text("Policies")])] + decisions + none)
    }

    private var whole: HTML {
        .tag(
            "section", [:],
            [
                .tag("h2", [:], [.text("What happened")]), .tag("h3", [:], [.text("The run as a whole")]),
                NodeSection.timeline(history.whole, of: history),
            ])
    }

    private var inPlace: HTML {
        let lines = StillInPlace(history).lines.map { HTML.tag("li", [:], [.text($0)]) }
        let isDone = (!history.takenBack.isEmpty || !history.run.returnedAlone.isEmpty) && history.inPlace.isEmpty
        let isTold = history.run.state.isStarted && history.run.fault == nil && !isHeld && !isDone
        let outcome = OutcomeView(state: history.run.state, inventory: inventory, pointsToRecords: false)
        let advice = isTold ? outcome.advice(.plain).drop(while: \.isEmpty) : []
        return .tag(
            "section", [:],
            [.tag("h2", [:], [.text("Still in place")]), .tag("ul", "plain", lines)]
                + (advice.isEmpty
                    ? [] : [.tag("h3", [:], [.text("The way back")]), .tag("pre", [:], [.lines(Array(advice))])]))
    }
}

/// What policies say against a step, or warn of.
enum FindingSection {
    /// An element for each reason.
    static func all(_ findings: [Finding]) -> [HTML] {
        FindingView.views(of: findings, verbose: true).map { view in
            let finding = view.finding
            let place = finding.place.isEmpty ? [] : [HTML.tag("code", [:], [.text(finding.place)])]
            let about = [view.about, finding.message].filter { !$0.isEmpty }.joined(separator: ": ")
            let trace = view.trace.isEmpty ? [] : [HTML.tag("pre", [:], [.lines(view.trace)])]
            let remedy = finding.remedy.isEmpty ? [] : [HTML.tag("p", "remedy", "→ \(finding.remedy)")]
            let heading =
                "\(view.verdict) by \(finding.policy)" + (finding.enforcement.map { " (\($0.rawValue))" } ?? "")
            return .tag(
                "div", "finding \(view.isFinal ? "bad" : "warning")",
                [.tag("p", "said", [.tag("b", [:], [.text(heading)])] + place), .tag("p", [:], [.text(about)])]
                    + trace + remedy)
        }
    }
}

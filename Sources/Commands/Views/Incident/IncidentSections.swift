import Core
import Engine

/// An answer of triage in a report: the layer that fails, the causes, and the very lines that show them.
struct IncidentAnswerSection: Sendable {
    let answer: IncidentStory.Answer

    var lines: [String] {
        let record = answer.answer
        let asked = record.nodes.isEmpty ? "the whole cluster" : Self.names(record.nodes)
        let layer = record.layer.map { " The layer that fails first: \($0.rawValue)." } ?? ""
        let unseen = record.unseen.isEmpty ? "" : " Not looked at: \(Self.names(record.unseen))."
        let unchecked = record.unchecked == 0 ? "" : " \(count(record.unchecked, "check")) could not be made."
        let more = record.moreFindings == 0 ? [] : ["", "… and \(count(record.moreFindings, "finding")) more."]
        return [
            "", "### Triage at \(record.observedAt.toSeconds): \(reach)", "",
            "Asked by \(Markdown.code(answer.entry.record.by)) about \(asked) (entry \(answer.entry.index)).\(layer)\(unseen)\(unchecked)",
        ] + record.findings.enumerated().flatMap { finding($1, number: $0 + 1) } + more
    }

    private var reach: String {
        let scope = answer.answer.scope
        return switch scope.kind {
        case .nothing: "nothing found"
        case .cluster: "trouble in the whole cluster"
        case .nodes: "trouble on \(Self.names(scope.names))"
        case .namespaces: "trouble in \(Self.names(scope.names))"
        }
    }

    private func finding(_ finding: TriageRecord.Finding, number: Int) -> [String] {
        let word = finding.isUnexplained ? "no known cause: " : ""
        let places = finding.places.flatMap { place in
            let more = place.moreLines == 0 ? [] : ["", "… and \(count(place.moreLines, "line")) more."]
            return ["", "On \(Markdown.code(place.subject)):"]
                + (place.evidence.isEmpty ? [] : [""] + Markdown.block(place.evidence)) + more
        }
        let more = finding.morePlaces == 0 ? [] : ["", "… and on \(finding.morePlaces) more."]
        let follows =
            finding.consequences.isEmpty
            ? [] : ["", "And so: " + finding.consequences.map { Markdown.text($0) }.joined(separator: "; ") + "."]
        let offered = finding.runbooks.isEmpty ? "none" : Self.names(finding.runbooks)
        return [
            "",
            "#### \(number). \(word)\(Markdown.text(finding.title)) (\(Markdown.code(finding.rule)), \(finding.layer.rawValue))",
        ] + places + more + follows + ["", "Runbooks offered: \(offered)."]
    }

    /// Each in a code span.
    static func names(_ names: [String]) -> String { names.map { Markdown.code($0) }.joined(separator: ", ") }
}

/// A run in a report: who planned, approved and broke the glass, how it ended, what was undone, and what is still there.
struct IncidentRunSection: Sendable {
    let run: IncidentStory.Run

    private static let shownOutput = 20

    private var history: RunHistory { run.history }
    private var plan: Plan { history.run.plan }

    var lines: [String] {
        let names = IncidentAnswerSection.names(plan.nodes.map(\.name))
        let fault = history.run.fault.map {
            ["", "**What follows may be wrong: the log does not fold.** \(Markdown.text($0))"]
        }
        let facts = [planned] + ties + decisions + approvals + glass + [ended] + nodes + inPlace
        return ["", "### Run \(Markdown.code(history.run.id)): \(Markdown.code(plan.runbook.name)) on \(names)"]
            + (fault ?? [])
            + [""] + facts.map { $0.hasPrefix("  - ") ? $0 : "- \($0)" } + outputs
    }

    private var planned: String {
        let back = plan.rollsBack.map { ", to roll back run \(Markdown.code($0))" } ?? ""
        let why = plan.reason.map { ": \(Markdown.text($0))" } ?? ", without a reason"
        let entry = history.run.records.first.map { " (entry \($0.index))" } ?? ""
        return "Planned at \(plan.createdAt.toSeconds) by \(Markdown.code(plan.requester))\(back)\(entry)\(why)"
    }

    // Those of the plan's own moment say nothing that is not said.
    private var ties: [String] {
        run.ties.compactMap { tie in
            switch tie {
            case .tied(let entry): "Tied to the incident at \(IncidentReportView.when(entry))"
            case .rollsBack(let other): "Here since it takes back run \(Markdown.code(other))"
            case .brokenGlass: nil
            }
        }
    }

    private var decisions: [String] {
        history.decisions.flatMap { entry, decision -> [String] in
            let head = "Policies, asked to \(decision.phase.rawValue) (entry \(entry.index)): "
            guard !decision.allowed else { return [head + "allowed"] }
            let why = decision.denials.map { "\(Markdown.code($0.policy)): \(Markdown.text($0.message))" }
            return [head + (decision.waitsForApproval ? "**waits for approvals**" : "**DENIED**")]
                + why.map { "  - \($0)" }
        }
    }

    private var approvals: [String] {
        history.approvals.map { entry, statement in
            let word = statement.decision == .approve ? "Approved" : "**DENIED**"
            return
                "\(word) by \(Markdown.code(statement.approver)) at \(entry.record.at.toSeconds) (entry \(entry.index)): "
                + Markdown.text(statement.comment)
        }
    }

    private var glass: [String] {
        let open = history.run.openReviews.map(\.record.statementSha256)
        return history.run.brokenGlass.map { entry, glass in
            let review =
                open.contains(glass.statementSha256)
                ? "**its review is open**, due \(glass.reviewBy.toSeconds)" : "it was reviewed"
            let lifted = glass.lifted.isEmpty ? "nothing" : IncidentAnswerSection.names(glass.lifted)
            return
                "**Glass broken** by \(Markdown.code(glass.principal.name)) at \(entry.record.at.toSeconds) (entry \(entry.index)) for "
                + "\(Markdown.code(glass.incident)): \(Markdown.text(glass.reason)). It lifted \(lifted); \(review)."
        }
    }

    private var ended: String {
        guard let began = history.began else { return "**It was not applied.**" }
        guard let ended = history.ended, let end = history.run.state.end else {
            return
                "Began \(began.toSeconds); \(run.isHeld ? "it is **under way**" : "it **has not ended**: nobody drives it")"
        }
        let span = Span.words(max(0, ended.milliseconds - began.milliseconds))
        return "Began \(began.toSeconds), ended \(ended.toSeconds): **\(end.words)**, after \(span)"
    }

    private var nodes: [String] {
        history.nodes.flatMap { part -> [String] in
            let node = part.node
            let why = node.reason.isEmpty ? "" : ": \(Markdown.text(node.reason))"
            let undone =
                node.undoneSteps.isEmpty ? "" : ". Undone: \(Markdown.text(node.undoneSteps.joined(separator: ", ")))"
            let denials = node.denials.map {
                "  - **DENIED** by \(Markdown.code($0.policy)): \(Markdown.text($0.message))"
            }
            return ["\(Markdown.code(node.plan.name)): \(node.state.words)\(why)\(undone)"] + denials
        }
    }

    private var inPlace: [String] {
        guard history.run.state.isStarted else { return [] }
        return ["Still in place: " + StillInPlace(history).lines.map { Markdown.text($0) }.joined(separator: "; ")]
    }

    // Of what went wrong, what the node printed; of the rest the log has it.
    private var outputs: [String] {
        history.nodes.flatMap { part in
            part.items.flatMap { item -> [String] in
                guard let status = item.status, status != 0, let output = item.output else { return [] }
                let index = item.indices.last ?? item.record.index
                return [
                    "",
                    "\(Markdown.code(part.node.plan.name)) printed at entry \(index), \(Markdown.text(item.title)):",
                    "",
                ] + Markdown.block(output.beginning(Self.shownOutput, index: index))
            }
        }
    }
}

extension StoredRun {
    /// How the glass was broken for it, with the entries.
    var brokenGlass: [(entry: IndexedRecord, glass: BreakGlassRecord)] {
        records.compactMap { entry in
            guard case .breakGlassUsed(let glass)? = entry.record.readable else { return nil }
            return (entry, glass)
        }
    }
}

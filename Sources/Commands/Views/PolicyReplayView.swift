import Core
import Engine

/// `belay policy replay`.
struct PolicyReplayView: Sendable {
    let run: String
    let decisions: [ReplayedDecision]
    let unreadable: [UInt64]

    /// Under the same policies the same must come of the same.
    var exit: Exit {
        decisions.contains { $0.hasSamePolicies && !$0.isSame || !$0.isOfThisPlan } ? .logNotIntact : .done
    }

    func text(_ style: Style) -> String {
        let lost = unreadable.map {
            "entry \($0): what the policies were asked from was erased, is not on this disk, or is of another version"
        }
        return (lines(style) + lost).map { $0 + "\n" }.joined()
    }

    private func lines(_ style: Style) -> [String] {
        decisions.flatMap { decision in
            ["entry \(decision.entry): \(Self.subject(decision.input)): \(verdict(decision, style))"]
                + (decision.isSame ? [] : Self.differences(decision, style).indented(2))
        } + [summary(style)]
    }

    private static func subject(_ input: DecisionInput) -> String {
        let what =
            switch (input.phase, input.turn) {
            case (_, let node?): "at the turn of \(node.printable)"
            case (.plan, nil): "as it was planned"
            case (.execute, nil): "as it was applied"
            }
        return "\(what), \(input.now.toSeconds)"
    }

    private func verdict(_ decision: ReplayedDecision, _ style: Style) -> String {
        guard decision.isOfThisPlan else {
            return style.bad("it was made from what is about another plan, \(decision.input.planSha256.printable)")
        }
        let now = Self.words(decision.replayed.findings)
        guard let recorded = decision.recorded else { return "\(now); the log ends before what was decided" }
        if decision.isSame { return "\(now), \(style.good("the same"))" }
        return "\(Self.words(recorded)) then, \(style.bad("\(now) now"))"
    }

    private static func words(_ findings: [Finding]) -> String {
        let denials = findings.filter(\.denies)
        if denials.isEmpty { return findings.isEmpty ? "allowed" : "allowed with \(count(findings.count, "warning"))" }
        return denials.allSatisfy(\.waitsForApproval) ? "waits for approval" : "denied"
    }

    // What both have is left out.
    private static func differences(_ decision: ReplayedDecision, _ style: Style) -> [String] {
        let (then, now) = (decision.recorded ?? [], decision.replayed.findings)
        let gone = FindingView.views(of: then.filter { !now.contains($0) }).flatMap { $0.lines(style) }
        let come = FindingView.views(of: now.filter { !then.contains($0) }).flatMap { $0.lines(style) }
        return (gone.isEmpty ? [] : ["only then:"] + gone.indented(2))
            + (come.isEmpty ? [] : ["only now:"] + come.indented(2))
    }

    private func summary(_ style: Style) -> String {
        let differ = decisions.filter { !$0.isSame }
        let others = decisions.filter { !$0.hasSamePolicies }.count
        let since = others == 0 ? "" : "; \(count(others, "decision")) of them under policies that have changed since"
        if differ.isEmpty { return style.good("\(count(decisions.count, "decision")), all the same again") + since }
        if exit == .done {
            return "\(differ.count) of \(count(decisions.count, "decision")) would be another today" + since
        }
        return style.bad("the log says something else than the same policies say") + since
    }
}

/// `belay policy replay -o json`.
extension PolicyReplayView {
    private struct Shown: Encodable {
        struct Item: Encodable {
            let entry: UInt64
            let input: DecisionInput
            let samePolicies, same: Bool
            let recorded: [Finding]?
            let replayed: [Finding]
        }
        let run: String
        let consistent: Bool
        let decisions: [Item]
        let unreadable: [UInt64]
    }

    func json() throws -> String {
        let items = decisions.map { decision in
            Shown.Item(
                entry: decision.entry, input: decision.input, samePolicies: decision.hasSamePolicies,
                same: decision.isSame, recorded: decision.recorded, replayed: decision.replayed.findings)
        }
        return try JSONText.pretty(
            Shown(run: run, consistent: exit == .done, decisions: items, unreadable: unreadable))
    }
}

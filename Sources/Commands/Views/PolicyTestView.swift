import Core

/// `belay policy test`: every case, what was never seen both ways, and policies without cases.
struct PolicyTestView: Sendable {
    let report: PolicyTestReport
    /// Whether gaps and policies without cases fail, too.
    let demandsCoverage: Bool
    /// What the cases do not notice; nil when it was not asked for, or cases failed.
    let mutation: PolicyMutationReport?

    var exit: Exit {
        let isCovered = report.gaps.isEmpty && report.untested.isEmpty
        return report.failures.isEmpty && (isCovered || !demandsCoverage) ? .done : .usage
    }

    func text(_ style: Style) -> String {
        (cases(style) + gaps(style) + untested(style) + survivors(style) + [summary(style)]).text
    }

    private func cases(_ style: Style) -> [String] {
        var lines: [String] = []
        var file: String?
        for outcome in report.outcomes {
            let (policy, place) = (outcome.policy.printable, outcome.test.location)
            if place.file != file { lines.append("\(style.strong(policy)) \(style.faint(place.file.printable))") }
            file = place.file
            lines += self.lines(outcome, style).indented(2)
        }
        return lines
    }

    private func lines(_ outcome: PolicyTestReport.Outcome, _ style: Style) -> [String] {
        let name = outcome.test.name.printable
        guard !outcome.passed else { return ["\(style.good("pass")) \(name)"] }
        let heading = "\(style.bad("FAIL")) \(name) \(style.faint(outcome.test.location.description.printable))"
        return [heading] + Self.reasons(outcome).indented(2)
    }

    /// What was expected, what came, and what decided it.
    static func reasons(_ outcome: PolicyTestReport.Outcome) -> [String] {
        let says = outcome.test.says.map { " that says '\($0.printable)'" } ?? ""
        var lines = ["expected \(outcome.test.expectation.rawValue)\(says), came \(outcome.found.rawValue)"]
        lines += outcome.messages.map { "said: \($0.printable)" }
        for look in outcome.looks {
            lines.append(look.place.printable)
            lines += FindingView.lines(of: look.trace, limit: 20).indented(2)
        }
        return lines
    }

    private func gaps(_ style: Style) -> [String] {
        guard !report.gaps.isEmpty else { return [] }
        return [style.warning("not seen both true and false:")] + report.gaps.map(Self.sentence).indented(2)
    }

    /// What is missing, and where.
    static func sentence(_ gap: PolicyTestReport.Gap) -> String {
        let seen = gap.seen.map { "only \($0)" } ?? "never decided"
        return "\(gap.policy), \(gap.part): \(seen) (\(gap.location))".printable
    }

    private func untested(_ style: Style) -> [String] {
        guard !report.untested.isEmpty else { return [] }
        return [style.warning("without cases:")]
            + report.untested.map { "\($0.policy) (\($0.location))".printable }.indented(2)
    }

    private func survivors(_ style: Style) -> [String] {
        guard let mutation else { return [] }
        let (tried, survivors) = (count(mutation.tried, "change"), mutation.survivors)
        guard !survivors.isEmpty else { return ["each of \(tried) was noticed"] }
        let lines = survivors.flatMap { survivor in
            ["\(survivor.policy) (\(survivor.location))".printable]
                + ["- \(survivor.original.printable)", "+ \(survivor.mutant.printable)"].indented(2)
        }
        return [style.warning("\(survivors.count) of \(tried) went unnoticed:")] + lines.indented(2)
    }

    private func summary(_ style: Style) -> String {
        let (all, failed) = (report.outcomes.count, report.failures.count)
        if failed > 0 { return style.bad("\(failed) of \(count(all, "case")) failed") }
        guard exit == .done else { return style.bad("\(count(all, "case")) passed, which do not cover the policies") }
        return "\(style.good("ok")): \(count(all, "case")) passed"
    }
}

import Core

/// One reason why not: which rule, where it is written, what it says, what it saw, what to do.
struct FindingView: Sendable {
    private let finding: Finding

    init(_ finding: Finding) { self.finding = finding }

    func lines(_ style: Style) -> [String] {
        let about = [finding.node, finding.step.map { "step '\($0)'" }].compactMap(\.self).joined(separator: ", ")
        let message = (about.isEmpty ? "" : about.printable + ": ") + finding.message.printable
        let trace = finding.trace.prefix(6).map { style.faint("\($0.expression.printable) = \($0.value.printable)") }
        let remedy = finding.remedy.isEmpty ? [] : ["→ \(finding.remedy.printable)"]
        return [heading(style)] + ([message] + trace + remedy).indented(2)
    }

    private func heading(_ style: Style) -> String {
        let word =
            switch finding.outcome {
            case .deny: finding.waitsForApproval ? style.warning("waits for approval") : style.bad("denied")
            case .error: style.bad("denied, since it could not be decided")
            case .warn: style.warning("warning")
            }
        let enforcement = finding.enforcement.map { " (\($0.rawValue))" } ?? ""
        let place = finding.place.isEmpty ? "" : " " + style.faint(finding.place.printable)
        return "\(word) by \(finding.policy.printable)\(enforcement)\(place)"
    }
}

/// Why a plan may be made, or why not; and what applying it would still need.
struct DecisionView: Sendable {
    private let decision: Decision
    private let preview: Decision?

    /// - Parameter preview: the decision of phase execute without any approval; nil when there is none.
    init(_ decision: Decision, preview: Decision? = nil) {
        self.decision = decision
        self.preview = preview
    }

    func lines(_ style: Style) -> [String] {
        [decision.allowed ? allowed(style) : style.bad("DENIED")]
            + (decision.denials + decision.warnings).flatMap { FindingView($0).lines(style) }.indented(2)
            + duties + (preview.map { next($0, style) } ?? [])
    }

    private func allowed(_ style: Style) -> String {
        let grants = decision.grants.map(\.printable).joined(separator: ", ")
        return "\(style.good("ALLOWED")) for \(decision.requester.name.printable) by the grant \(grants); "
            + "\(count(decision.evaluated.policies, "policy", "policies")) spoke to it"
    }

    private var duties: [String] {
        decision.obligations.isEmpty
            ? [] : ["with the obligation: " + decision.obligations.map(\.printable).joined(separator: ", ")]
    }

    private func next(_ preview: Decision, _ style: Style) -> [String] {
        if preview.allowed { return ["Applying it needs nothing more."] }
        let heading =
            preview.waitsForApproval
            ? style.warning("Applying it still needs approval:")
            : style.bad("Applying it would be denied as things are now:")
        return [heading] + preview.denials.flatMap { FindingView($0).lines(style) }.indented(2)
    }
}

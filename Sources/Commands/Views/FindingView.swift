import Core

/// One reason why not: which rule, where it is written, what it says, what it saw, what to do. Steps of which a policy
/// says the very same share one.
struct FindingView: Sendable {
    /// What they have in common, without node and step.
    let finding: Finding
    private let findings: [Finding]

    private init(_ common: Finding, _ findings: [Finding]) {
        (finding, self.findings) = (common, findings)
    }

    /// A view for each reason, in the order of the findings.
    /// - Parameter verbose: also what was looked at where only an approval is missing.
    static func views(of findings: [Finding], verbose: Bool = false) -> [FindingView] {
        var groups: [Finding: [Finding]] = [:]
        var order: [Finding] = []
        for finding in findings {
            var reason = finding
            (reason.node, reason.step) = (nil, nil)
            if finding.waitsForApproval, finding.outcome == .deny, !verbose { reason.trace = [] }
            if groups[reason] == nil { order.append(reason) }
            groups[reason, default: []].append(finding)
        }
        return order.map { FindingView($0, groups[$0] ?? []) }
    }

    /// - Parameter saysMessage: false where it stands above already.
    func lines(_ style: Style, saysMessage: Bool = true) -> [String] {
        let message = [about, saysMessage ? finding.message.printable : ""].filter { !$0.isEmpty }
        let remedy = finding.remedy.isEmpty ? [] : ["→ \(finding.remedy.printable)"]
        return [heading(style)]
            + ((message.isEmpty ? [] : [message.joined(separator: ": ")]) + trace.map { style.faint($0) } + remedy)
            .indented(2)
    }

    /// `n1, n2, step 'a'`; nodes of which other steps are meant stand after a semicolon.
    var about: String {
        var steps: [String?: [String]] = [:]
        var nodes: [String?] = []
        for finding in findings {
            if steps[finding.node] == nil { nodes.append(finding.node) }
            steps[finding.node, default: []] += finding.step.map { ["step '\($0)'"] } ?? []
        }
        var parts: [(nodes: [String], steps: [String])] = []
        for node in nodes {
            let (name, own) = (node.map { [$0] } ?? [], steps[node] ?? [])
            if let index = parts.firstIndex(where: { $0.steps == own }) {
                parts[index].nodes += name
            } else {
                parts.append((name, own))
            }
        }
        return parts.map { ($0.nodes + $0.steps).joined(separator: ", ").printable }.joined(separator: "; ")
    }

    /// What it saw.
    var trace: [String] { Self.lines(of: finding.trace) }

    /// Of a message, map or list what matters is the part that was looked at, which has a line of its own.
    static func lines(of trace: [Finding.Trace], limit: Int = 6) -> [String] {
        let leaves = trace.filter { !isComposite($0.value) }
        let shown = leaves.isEmpty ? trace : leaves
        return shown.prefix(limit).map { "\($0.expression.printable) = \($0.value.printable)" }
    }

    private static func isComposite(_ value: String) -> Bool {
        let opening = value.first { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "." }
        return opening == "{" || value.hasPrefix("[")
    }

    /// What comes of it.
    var verdict: String {
        if let person = finding.liftedBy { return "lifted by break-glass of \(person.printable): denied" }
        return switch finding.outcome {
        case .deny: finding.waitsForApproval ? "waits for approval" : "denied"
        case .error: "denied, since it could not be decided"
        case .warn: "warning"
        }
    }

    /// Whether it denies, and more approvals would not help.
    var isFinal: Bool { finding.denies && !(finding.outcome == .deny && finding.waitsForApproval) }

    private func heading(_ style: Style) -> String {
        let word = isFinal ? style.bad(verdict) : style.warning(verdict)
        let enforcement = finding.enforcement.map { " (\($0.rawValue))" } ?? ""
        let place = finding.place.isEmpty ? "" : " " + style.faint(finding.place.printable)
        return "\(word) by \(finding.policy.printable)\(enforcement)\(place)"
    }
}

/// Why a plan may be made, or why not; and what applying it would still need.
struct DecisionView: Sendable {
    private let decision: Decision
    private let preview: Decision?
    private let verbose: Bool

    /// - Parameters:
    ///   - preview: the decision of phase execute without any approval; nil when there is none.
    ///   - verbose: also what was looked at where only an approval is missing.
    init(_ decision: Decision, preview: Decision? = nil, verbose: Bool = false) {
        self.decision = decision
        self.preview = preview
        self.verbose = verbose
    }

    func lines(_ style: Style) -> [String] {
        [verdict(style)]
            + lines(of: decision.denials + decision.liftedFindings + decision.warnings, style)
            + duties + (preview.map { next($0, style) } ?? [])
    }

    /// Whether it is allowed, and by what.
    func verdict(_ style: Style) -> String {
        guard decision.allowed else { return style.bad("DENIED") }
        let grants = decision.grants.map(\.printable).joined(separator: ", ")
        return "\(style.good("ALLOWED")) for \(decision.requester.name.printable) by the grant \(grants); "
            + "\(count(decision.evaluated.policies, "policy", "policies")) spoke to it"
    }

    /// What running it commits to.
    var duties: [String] {
        decision.obligations.isEmpty
            ? [] : ["with the obligation: " + decision.obligations.map(\.printable).joined(separator: ", ")]
    }

    private func next(_ preview: Decision, _ style: Style) -> [String] {
        if preview.allowed { return ["Applying it needs nothing more."] }
        let heading =
            preview.waitsForApproval
            ? style.warning("Applying it still needs approval:")
            : style.bad("Applying it would be denied as things are now:")
        let lift = preview.waitsForApproval ? [] : [preview.breakGlassHint]
        return [heading] + lines(of: preview.denials, style) + lift
    }

    private func lines(of findings: [Finding], _ style: Style) -> [String] {
        FindingView.views(of: findings, verbose: verbose).flatMap { $0.lines(style) }.indented(2)
    }
}

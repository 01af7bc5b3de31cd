import Core
import Engine

/// `belay policy explain`: first what would come of it, then who says what.
struct PolicyExplainView: Sendable {
    private let explained: Belay.Explained

    init(_ explained: Belay.Explained) {
        self.explained = explained
    }

    private var planning: Decision { explained.planning.decision }
    private var applying: Decision { explained.applying.decision }

    var exit: Exit {
        if !planning.allowed { return .denied }
        if applying.allowed { return .done }
        return applying.waitsForApproval ? .approvalMissing : .denied
    }

    func text(_ style: Style) -> String {
        let plan = explained.plan
        let nodes = plan.nodes.map(\.name.printable).joined(separator: ", ")
        let decision = DecisionView(planning, preview: planning.allowed ? applying : nil).lines(style)
        return
            ([
                "\(plan.runbook.name.printable) on \(nodes) (\(plan.cluster.environment.printable)): \(verdict(style))",
                "",
            ]
            + decision + hint + ["", style.strong("policies")] + rows(style).indented(2)).map { $0 + "\n" }.joined()
    }

    // Where it would only be denied as it is applied, what is said of that says it.
    private var hint: [String] {
        if !planning.allowed { return [planning.breakGlassHint] }
        return applying.waitsForApproval ? [applying.breakGlassHint] : []
    }

    private func verdict(_ style: Style) -> String {
        switch exit {
        case .done: style.good("nothing stands in the way")
        case .approvalMissing: style.warning("it may be planned, and waits for approval then")
        default:
            planning.allowed
                ? style.bad("it may be planned, and would be denied as it is applied") : style.bad("it would be denied")
        }
    }

    private func rows(_ style: Style) -> [String] {
        let policies = explained.policies.policies
        let lines = Table.lines(
            policies.map { policy in
                let (plan, apply) = words(of: policy)
                let says = plan == apply ? plan.text : "planning: \(plan.text); applying: \(apply.text)"
                return [policy.name.printable, policy.enforcement.rawValue, says]
            })
        return zip(policies, lines).map { policy, line in
            let (plan, apply) = words(of: policy)
            return style.painted(line, max(plan, apply).tone)
        }
    }

    private func words(of policy: Policy) -> (planning: Word, applying: Word) {
        (word(policy, explained.planning), word(policy, explained.applying))
    }

    /// What one policy says, from the weakest to the strongest.
    enum Word: String, Encodable, Comparable {
        case notAbout, holds, warning, waitsForApproval, denied, error

        private var rank: Int {
            switch self {
            case .notAbout: 0
            case .holds: 1
            case .warning: 2
            case .waitsForApproval: 3
            case .denied: 4
            case .error: 5
            }
        }

        static func < (left: Word, right: Word) -> Bool { left.rank < right.rank }

        fileprivate var text: String {
            switch self {
            case .notAbout: "not about this"
            case .holds: "holds"
            case .warning: "warns"
            case .waitsForApproval: "waits for approval"
            case .denied: "denies"
            case .error: "denies, since it could not be decided"
            }
        }

        fileprivate var tone: HistoryItem.Tone {
            switch self {
            case .notAbout: .quiet
            case .holds: .plain
            case .warning, .waitsForApproval: .warning
            case .denied, .error: .bad
            }
        }
    }

    private func word(_ policy: Policy, _ explanation: Explanation) -> Word {
        let words = explanation.decision.findings.filter { $0.policy == policy.name }.map { finding -> Word in
            switch finding.outcome {
            case .warn: .warning
            case .error: .error
            case .deny: finding.waitsForApproval ? .waitsForApproval : .denied
            }
        }
        return words.max() ?? (explanation.spoke[policy.name] == nil ? .notAbout : .holds)
    }
}

/// `belay policy explain -o json`.
extension PolicyExplainView {
    private struct Shown: Encodable {
        struct Item: Encodable {
            let policy, enforcement, place: String
            let planning, applying: Word
        }
        let runbook: String
        let nodes: [String]
        let allowed, waitsForApproval: Bool
        let planning, applying: Decision
        let policies: [Item]
    }

    func json() throws -> String {
        let items = explained.policies.policies.map { policy in
            let (planning, applying) = words(of: policy)
            return Shown.Item(
                policy: policy.name, enforcement: policy.enforcement.rawValue, place: policy.location.place,
                planning: planning, applying: applying)
        }
        let shown = Shown(
            runbook: explained.plan.runbook.name, nodes: explained.plan.nodes.map(\.name), allowed: exit == .done,
            waitsForApproval: exit == .approvalMissing, planning: planning, applying: applying, policies: items)
        return try JSONText.pretty(shown)
    }
}

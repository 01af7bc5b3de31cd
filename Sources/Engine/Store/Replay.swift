public import Core

/// A decision of the log, made again from what it was made from.
public struct ReplayedDecision: Sendable {
    /// The entry that has its input.
    public let entry: UInt64
    /// The input.
    public let input: DecisionInput
    /// Whether the input is about the plan that the run is of.
    public let isOfThisPlan: Bool
    /// What was found then; nil where the log ends before it.
    public let recorded: [Finding]?
    /// The decision about the plan as a whole that was recorded; at a node's turn only findings are.
    private let decision: Decision?
    /// What is found now.
    public let replayed: Decision

    /// Whether the policies are those of then.
    public var hasSamePolicies: Bool { input.policySet == replayed.policySet }
    /// Whether the same is found, and for a plan as a whole the same follows: from a finding nobody reads what is allowed.
    public var isSame: Bool {
        guard isOfThisPlan, recorded == nil || recorded == replayed.findings else { return false }
        guard let decision else { return true }
        return decision.allowed == replayed.allowed && decision.grants == replayed.grants
            && decision.obligations == replayed.obligations && decision.approvals == replayed.approvals
            && decision.breakGlass == replayed.breakGlass
    }

    fileprivate init(
        entry: UInt64, _ input: DecisionInput, of planSha256: String, answeredBy answer: Answer?, _ replayed: Decision
    ) {
        self.entry = entry
        isOfThisPlan = input.planSha256 == planSha256
        self.input = input
        self.replayed = replayed
        switch answer {
        case .decision(let decision): (recorded, self.decision) = (decision.findings, decision)
        case .findings(let findings): (recorded, decision) = (findings, nil)
        case nil: (recorded, decision) = (nil, nil)
        }
    }

    /// What the log says came of an input.
    fileprivate enum Answer {
        case decision(Decision)
        case findings([Finding])
    }
}

extension StoredRun {
    /// Makes every decision about this run again, in the order of the log.
    /// - Returns: those whose input can be read, and the entries of those whose blob is erased or missing, or of another version.
    /// - Throws: ``WorkspaceError`` when the log has no input of any.
    public func replay(
        under policies: PolicySet
    ) throws(WorkspaceError) -> (decisions: [ReplayedDecision], unreadable: [UInt64]) {
        var decisions: [ReplayedDecision] = []
        var unreadable: [UInt64] = []
        for (position, record) in records.enumerated() {
            guard record.record.type == DecisionInputRecord.eventName else { continue }
            guard case .decisionInput(let found)? = record.record.event, let input = found.input else {
                unreadable.append(record.index)
                continue
            }
            let later = records[(position + 1)...]
            decisions.append(
                ReplayedDecision(
                    entry: record.index, input, of: planSha256,
                    answeredBy: later.lazy.compactMap { $0.answer(to: input) }.first,
                    policies.judge(PolicyInput(input, plan: plan))))
        }
        guard !decisions.isEmpty || !unreadable.isEmpty else {
            throw WorkspaceError(
                "the log has no decision about run \(id) with what it was made from",
                remedy: "Look where it was planned: of a run that was adopted another log has them.")
        }
        return (decisions, unreadable)
    }
}

extension IndexedRecord {
    // What came of an input is said by the next decision about the same: of the plan, or of the node whose turn it is.
    fileprivate func answer(to input: DecisionInput) -> ReplayedDecision.Answer? {
        switch record.event {
        case .decided(let decision) where input.turn == nil && decision.at == input.now: .decision(decision)
        case .run(.judged(let findings)) where input.turn != nil && input.turn == record.node: .findings(findings)
        default: nil
        }
    }
}

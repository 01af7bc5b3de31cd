import CEL

extension PolicySet {
    /// Judges a plan: every policy on every step of every node (or of the one whose turn it is), and the grants on every node.
    ///
    /// It is denied unless at least one grant covers each node, every matching `hard` and `soft` validation is exactly
    /// true or lifted by break-glass, and nobody who was asked to approve has denied it. Nothing is thrown: what cannot be decided is a finding.
    public func judge(_ input: PolicyInput) -> Decision {
        explain(input).decision
    }

    /// The same, and which policies had something to say.
    public func explain(_ input: PolicyInput) -> Explanation {
        var judging = Judging(set: self, input: input)
        judging.judge()
        return Explanation(decision: judging.decision, spoke: judging.matched)
    }
}

/// A decision, and who had a part in it.
public struct Explanation: Sendable, Hashable {
    /// The decision.
    public var decision: Decision
    /// Of each policy that is about any of the steps, about how many; by its name.
    public var spoke: [String: Int]
}

/// One decision under way.
private struct Judging {
    let set: PolicySet
    let input: PolicyInput
    var findings: [Finding] = []
    var granted: Set<String> = []
    var matched: [String: Int] = [:]
    var obligations: Set<String> = []
    var documents = 0
    var meter: PolicyMeter

    init(set: PolicySet, input: PolicyInput) {
        self.set = set
        self.input = input
        meter = PolicyMeter(limit: PolicyMeter.limit(of: input))
    }

    mutating func judge() {
        let nodes = input.judged
        if nodes.isEmpty {
            report("input", .error, "the plan has no nodes, so there is nothing to allow", "Plan again with a target")
        }
        if input.phase == .execute { reportDenials() }
        let common = input.commonBindings
        for node in nodes {
            var document = input.document(of: node, common: common)
            let standing = judgeGrants(document, node: node)
            document.set(standing: standing)
            meter.begin(standing: standing)
            for step in node.steps {
                documents += 1
                judge(step, on: node, PolicyInput.document(of: step, on: node, in: document))
            }
        }
    }

    var decision: Decision {
        Decision(
            phase: input.phase, planSha256: input.planSha256, requester: input.requester, policySet: set.digest,
            at: input.now, allowed: !findings.contains(where: \.denies), findings: findings,
            grants: granted.sorted(), obligations: obligations.sorted(),
            approvals: input.phase == .execute ? input.approvals : .none,
            breakGlass: input.phase == .execute ? input.breakGlass : nil,
            evaluated: .init(
                policies: matched.count, documents: documents, validations: meter.validations, cost: meter.spent))
    }

    private mutating func judge(_ step: StepPlan, on node: NodePlan, _ document: PolicyDocument) {
        for policy in set.policies {
            let verdict = policy.judge(document, &meter)
            if verdict.matches {
                matched[policy.name, default: 0] += 1
                obligations.formUnion(policy.obligations)
            }
            findings += verdict.findings.map { finding in
                var placed = input.lifting(finding)
                placed.node = node.name
                placed.step = step.name
                return placed
            }
        }
    }

    /// A person's denial wins over everything that would allow.
    private mutating func reportDenials() {
        for denial in input.approvals.denials {
            let reason = denial.comment.isEmpty ? "" : ": \(Printable.escape(denial.comment, limit: 300))"
            report(
                "approvals", .deny, "\(denial.approver) denied this plan\(reason)",
                "Settle it with \(denial.approver), then make a new plan: a denied plan stays denied")
        }
    }

    /// Whether a standing grant covers the node. One grant is enough to run; only a standing one says more than that.
    private mutating func judgeGrants(_ document: PolicyDocument, node: NodePlan) -> Value {
        do {
            var reasons: [String] = []
            var fitting: [Grant] = []
            for grant in set.grants {
                if let reason = try grant.misfit(document) {
                    if reasons.count < 10 { reasons.append("\(grant.name): \(reason)") }
                } else {
                    fitting.append(grant)
                }
            }
            if let grant = fitting.first(where: \.isStanding) ?? fitting.first {
                granted.insert(grant.name)
                return .bool(grant.isStanding)
            }
            let known =
                reasons.isEmpty
                ? "there are no grants" : "none of \(set.grants.count) fits: " + reasons.joined(separator: "; ")
            let groups =
                input.requester.groups.isEmpty
                ? "in no group" : "group \(input.requester.groups.joined(separator: ", "))"
            report(
                "grants", .deny,
                "nothing grants \(input.requester.name) (\(groups)) the runbook \(input.plan.runbook.name) on \(node.name); \(known)",
                "Ask someone whom a grant covers, or have a grant added to the policies", node: node.name)
            return false
        } catch {
            report("grants", .error, "the grants could not be matched: \(error.message)", "Plan again", node: node.name)
            return .unknown(path: "request.standing", cause: "the grants could not be matched")
        }
    }

    private mutating func report(
        _ policy: String, _ outcome: Finding.Outcome, _ message: String, _ remedy: String, node: String? = nil
    ) {
        findings.append(
            Finding(
                policy: policy, enforcement: nil, place: "", node: node, step: nil, outcome: outcome,
                message: Printable.escape(message, limit: 2000), remedy: Printable.escape(remedy, limit: 500),
                waitsForApproval: false, trace: []))
    }
}

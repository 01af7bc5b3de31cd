/// What the policies say of a plan: recorded in the log as it is, with everything a reader needs to follow it.
public struct Decision: Codable, Sendable, Hashable {
    /// When it was judged.
    public var phase: PolicyPhase
    /// SHA-256 of the plan's bytes, hex.
    public var planSha256: String
    /// Who asked.
    public var requester: Principal
    /// Digest of the effective policy set.
    public var policySet: String
    /// The decision's one instant.
    public var at: Timestamp
    /// True when nothing denies. In phase `plan` it says that nothing stands in the way *yet*: approvals come later.
    public var allowed: Bool
    /// All of them, never only the first: denials, errors and warnings, node by node.
    public var findings: [Finding]
    /// The grants that cover the nodes.
    public var grants: [String]
    /// What running the plan commits to: of every policy that matched.
    public var obligations: [String]
    /// The approvals as they were counted.
    public var approvals: ApprovalTally
    /// The glass that was broken, which may have ended since; nil when none was.
    public var breakGlass: BreakGlass?
    /// How much was looked at.
    public var evaluated: Evaluated

    /// How much was looked at, so that "no findings" can be told from "nothing was judged".
    public struct Evaluated: Codable, Sendable, Hashable {
        /// Policies that matched at least one step.
        public var policies: Int
        /// Documents, one for each node and step.
        public var documents: Int
        /// Validations that were evaluated.
        public var validations: Int
        /// Units of cost that all expressions used together.
        public var cost: Int
    }

    /// The findings that deny.
    public var denials: [Finding] { findings.filter(\.denies) }
    /// The findings that only warn.
    public var warnings: [Finding] { findings.filter { $0.outcome == .warn } }
    /// True when it denies for want of approvals and for nothing else.
    public var waitsForApproval: Bool { !denials.isEmpty && denials.allSatisfy(\.waitsForApproval) }
}

/// One thing a policy says of one step.
public struct Finding: Codable, Sendable, Hashable {
    /// What comes of it.
    public enum Outcome: String, Codable, Sendable {
        /// A validation is false.
        case deny
        /// It could not be decided, which denies too.
        case error
        /// An advisory validation is false, or could not be decided.
        case warn
    }

    /// One sub-expression and its value.
    public struct Trace: Codable, Sendable, Hashable {
        /// Its source text, bounded.
        public var expression: String
        /// Its value or error as text, bounded, control characters escaped.
        public var value: String
    }

    /// The policy's name; `grants`, `approvals` and `input` for findings of the engine itself.
    public var policy: String
    /// The policy's; nil for findings of the engine itself, which nothing lifts.
    public var enforcement: Policy.Enforcement?
    /// `file:line` of the validation; empty for findings of the engine itself.
    public var place: String
    /// The node; nil when it is about the plan.
    public var node: String?
    /// The step; nil when it is about a node or the plan.
    public var step: String?
    /// What comes of it.
    public var outcome: Outcome
    /// What is the matter, bounded and escaped.
    public var message: String
    /// What a person can do.
    public var remedy: String
    /// True when it denies because of approvals: more of them may turn it.
    public var waitsForApproval: Bool
    /// The values that decided it, innermost first.
    public var trace: [Trace]
    /// What would lift it; nil when nothing does.
    public var lift: Lift?
    /// Who lifted it by break-glass; nil when it holds.
    public var liftedBy: String?

    /// Collects the parts.
    public init(
        policy: String, enforcement: Policy.Enforcement?, place: String, node: String?, step: String?, outcome: Outcome,
        message: String, remedy: String, waitsForApproval: Bool = false, trace: [Trace] = [], lift: Lift? = nil,
        liftedBy: String? = nil
    ) {
        self.policy = policy
        self.enforcement = enforcement
        self.place = place
        self.node = node
        self.step = step
        self.outcome = outcome
        self.message = message
        self.remedy = remedy
        self.waitsForApproval = waitsForApproval
        self.trace = trace
        self.lift = lift
        self.liftedBy = liftedBy
    }
}

public import CEL

/// A guardrail: a file of `kind: Policy`, its expressions compiled against the input document.
public struct Policy: Sendable {
    /// What a false of a policy means.
    public enum Enforcement: String, Codable, Sendable, CaseIterable {
        /// Denies, and nobody lifts it.
        case hard
        /// Denies, and break-glass lifts it.
        case soft
        /// Warns.
        case advisory
    }

    /// Its name, unique in the set.
    public var name: String
    /// What a false means.
    public var enforcement: Enforcement
    /// Which steps it is about.
    public var match: Match
    /// Further conditions: when one is false the policy is not about this step.
    public var conditions: [MatchCondition]
    /// Its settings: the file's defaults with the organisation's overrides.
    public var params: [String: PolicyParam]
    /// Named intermediate values, in order.
    public var variables: [Variable]
    /// What must be true.
    public var validations: [Validation]
    /// What whoever runs a matching step commits to, such as `page:oncall-lead`.
    public var obligations: [String]
    /// Where it stands.
    public var location: SourceLocation
    /// Where its match block stands; the block around it when there is none.
    public var matchLocation: SourceLocation

    /// Which steps a policy is about: every field that is given must fit; a list fits when one of its words does.
    public struct Match: Sendable, Hashable {
        /// Names of actions.
        public var actions: [String]?
        /// What the step disrupts.
        public var disrupts: [String]?
        /// What the action touches.
        public var touches: [String]?
        /// The cluster's environment.
        public var environments: [String]?
        /// The step's reversibility.
        public var classes: [String]?
        /// Whether the step may change the node.
        public var mutating: Bool?
        /// When it is judged; both phases unless said.
        public var phases: [PolicyPhase]
    }

    /// A condition beside the match block, as in a ValidatingAdmissionPolicy.
    public struct MatchCondition: Sendable {
        /// Its name, for messages.
        public var name: String
        /// A bool.
        public var program: Program
        /// Where it stands.
        public var location: SourceLocation
    }

    /// `variables.NAME` of the expressions after it.
    public struct Variable: Sendable {
        /// Its name.
        public var name: String
        /// Its value.
        public var program: Program
        /// Where its name stands.
        public var location: SourceLocation
    }

    /// One thing that must be exactly true.
    public struct Validation: Sendable {
        /// A bool.
        public var program: Program
        /// What to say when it is false.
        public var message: Message
        /// What a person can do then.
        public var remedy: String
        /// True when its value depends on approvals, so that more of them may help.
        public var readsApprovals: Bool
        /// Where the expression stands.
        public var location: SourceLocation
    }

    /// What a validation says.
    public enum Message: Sendable {
        /// A fixed sentence.
        case text(String)
        /// An expression that makes one.
        case program(Program)
    }
}

extension Policy {
    /// The binding of `params`.
    public var paramsValue: Value {
        .message(name: "Params", fields: params.compactMapValues(\.celValue))
    }
}

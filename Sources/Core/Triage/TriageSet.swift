public import CEL

/// What is known of one kind of trouble: how it shows, and what may be behind it. One file of `runbooks/triage`.
public struct TriageSet: Sendable {
    /// Its name, unique among sets.
    public var name: String
    /// The letter under which the playbook has it.
    public var letter: String
    /// One line that says what somebody complains about.
    public var title: String
    /// How it shows: what a person sees, and not why.
    public var symptoms: [TriageRule]
    /// What may be behind it, in the order in which an engineer would look.
    public var causes: [TriageRule]
    /// Where the name stands.
    public var location: SourceLocation

    /// All rules.
    public var rules: [TriageRule] { symptoms + causes }
}

/// One thing to look for, and what it would mean.
public struct TriageRule: Sendable {
    /// Its name, unique among all rules.
    public var name: String
    /// Whether it is how trouble shows, and not what is behind it.
    public var isSymptom: Bool
    /// What it is asked about, one by one.
    public var about: Subject.Kind
    /// The layer that fails.
    public var layer: Runbook.Layer
    /// A sentence that is true when the expression is.
    public var title: String
    /// True when it is so.
    public var program: Program
    /// What shows it: texts, lists of texts, or values; read when it is so.
    public var evidence: [Program]
    /// Names of rules that follow from this one, on the same thing and what belongs to it.
    public var explains: Set<String>
    /// Runbooks that mend it, with the parameters they need.
    public var runbooks: [Remedy]
    /// What a person does about it, and when no runbook would.
    public var advice: String
    /// Where the name stands.
    public var location: SourceLocation

    /// A runbook that applies.
    public struct Remedy: Sendable {
        /// Its name.
        public var name: String
        /// Values of its parameters that the rule knows.
        public var parameters: [String: String]
        /// Those that are read from what the rule is true of; where one cannot be told, or is empty, the runbook does not
        /// apply there.
        public var from: [String: Program]
        /// True of what it applies to; nil where it applies to all that the rule is true of.
        public var condition: Program?
    }

    /// What rules are about.
    public enum Subject: Sendable, Hashable {
        /// The cluster as a whole.
        case cluster
        /// A node of the inventory.
        case node(String)
        /// A container of a pod, and where it runs.
        case pod(namespace: String, name: String, node: String, owner: String)
        /// A Deployment, DaemonSet or StatefulSet.
        case workload(kind: String, namespace: String, name: String)
        /// A Service.
        case service(namespace: String, name: String)

        /// The kinds, as rules name them.
        public enum Kind: String, Sendable, CaseIterable, Codable {
            case cluster, node, pod, workload, service
        }
    }
}

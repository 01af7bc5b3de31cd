/// What triage found, ranked; what it ruled out, and what it could not check.
public struct TriageReport: Sendable, Encodable {
    /// When the nodes and the API were asked.
    public var observedAt: Timestamp
    /// How far it reaches.
    public var scope: Scope
    /// The layer that fails first; nil when nothing was found.
    public var layer: Runbook.Layer?
    /// What is behind it, first what to look at first.
    public var findings: [Finding]
    /// Causes that are true of nothing that was looked at.
    public var ruledOut: [RuledOut]
    /// What could not be told, and why.
    public var unchecked: [Unchecked]

    /// How far trouble reaches.
    public struct Scope: Sendable, Codable, Hashable {
        /// Where it is.
        public var kind: Kind
        /// The nodes or namespaces, sorted; none for the others.
        public var names: [String] = []

        /// Collects the parts.
        public init(kind: Kind, names: [String] = []) {
            self.kind = kind
            self.names = names
        }

        /// Where trouble can be.
        public enum Kind: String, Sendable, Codable {
            case nothing, cluster, nodes, namespaces
        }
    }

    /// Something that is behind trouble, or trouble behind which nothing was found.
    public struct Finding: Sendable, Encodable {
        /// The rule's name.
        public var rule: String
        /// The letter of its set, and what the set is about.
        public var set: String
        /// What it says.
        public var title: String
        /// True when it is a symptom of which no cause is known.
        public var isUnexplained: Bool
        /// The layer that fails.
        public var layer: Runbook.Layer
        /// What it is true of, each with the lines that show it.
        public var places: [Place]
        /// What follows from it.
        public var consequences: [Consequence]
        /// Runbooks that mend it, in the rule's order, each with what it applies to.
        public var runbooks: [Remedy]
        /// What a person does about it.
        public var advice: String

        /// A runbook that applies.
        public struct Remedy: Sendable, Encodable, Hashable {
            /// Its name.
            public var name: String
            /// Values of its parameters.
            public var parameters: [String: String]
            /// The nodes among the places where it applies, by their names in Kubernetes.
            public var nodes: [String] = []
        }
    }

    /// Where something is true, and what shows it.
    public struct Place: Sendable, Encodable {
        /// Such as `node kube-2` or `pod web/web-1`.
        public var subject: String
        /// The node, where it is about one.
        public var node: String?
        /// The lines that show it.
        public var evidence: [String]
    }

    /// What follows from a finding.
    public struct Consequence: Sendable, Encodable, Hashable {
        /// The rule's name.
        public var rule: String
        /// What it says.
        public var title: String
        /// What it is true of.
        public var subjects: [String]
    }

    /// A cause that is true of nothing.
    public struct RuledOut: Sendable, Encodable, Hashable {
        /// The rule's name.
        public var rule: String
        /// What it would have said.
        public var title: String
        /// The letter of its set.
        public var set: String
    }

    /// A rule of which nobody can tell whether it is true.
    public struct Unchecked: Sendable, Encodable, Hashable {
        /// The rule's name.
        public var rule: String
        /// What it would say.
        public var title: String
        /// What it would be true of; nil when it is not known whether there is any.
        public var subject: TriageRule.Subject?
        /// Why nobody can tell.
        public var cause: String
    }
}

extension TriageReport {
    init(ranking: TriageRanking, ruledOut: [RuledOut], unchecked: [Unchecked], at instant: Timestamp) {
        observedAt = instant
        findings = Self.findings(ranking)
        scope = Self.scope(ranking.primary.map(\.subject))
        layer = ranking.primary.first?.rule.layer
        self.ruledOut = ruledOut
        self.unchecked = unchecked
    }

    /// One for each rule, wherever it is true.
    private static func findings(_ ranking: TriageRanking) -> [Finding] {
        var findings: [Finding] = []
        for (hit, following) in zip(ranking.primary, ranking.consequences) {
            let index = findings.firstIndex { $0.rule == hit.rule.name } ?? findings.endIndex
            if index == findings.endIndex { findings.append(Finding(hit)) }
            findings[index].places.append(Place(hit))
            findings[index].offer(hit)
            for other in following { findings[index].add(other) }
        }
        return findings
    }

    private static func scope(_ subjects: [TriageRule.Subject]) -> Scope {
        if subjects.isEmpty { return Scope(kind: .nothing) }
        if subjects.contains(.cluster) { return Scope(kind: .cluster) }
        let nodes = Set(subjects.compactMap(\.node))
        if !nodes.isEmpty { return Scope(kind: .nodes, names: nodes.sorted()) }
        return Scope(kind: .namespaces, names: Set(subjects.compactMap(\.namespace)).sorted())
    }
}

extension TriageReport.Finding {
    fileprivate init(_ hit: TriageHit) {
        self.init(
            rule: hit.rule.name, set: hit.set.letter, title: hit.rule.title, isUnexplained: hit.rule.isSymptom,
            layer: hit.rule.layer, places: [], consequences: [], runbooks: [], advice: hit.rule.advice)
    }

    /// The rule's order is kept, whichever place a runbook applies to first.
    fileprivate mutating func offer(_ hit: TriageHit) {
        for remedy in hit.remedies {
            let index = runbooks.firstIndex { $0.name == remedy.name && $0.parameters == remedy.parameters }
            if let index {
                runbooks[index].nodes += remedy.nodes
            } else {
                runbooks.append(remedy)
            }
        }
        let order = hit.rule.runbooks.map(\.name)
        runbooks.sort { (order.firstIndex(of: $0.name) ?? 0, $0.name) < (order.firstIndex(of: $1.name) ?? 0, $1.name) }
    }

    fileprivate mutating func add(_ other: TriageHit) {
        let subject = other.subject.description
        if let index = consequences.firstIndex(where: { $0.rule == other.rule.name }) {
            if !consequences[index].subjects.contains(subject) { consequences[index].subjects.append(subject) }
        } else {
            consequences.append(.init(rule: other.rule.name, title: other.rule.title, subjects: [subject]))
        }
    }
}

extension TriageReport.Place {
    fileprivate init(_ hit: TriageHit) {
        self.init(subject: hit.subject.description, node: hit.subject.node, evidence: hit.evidence)
    }
}

extension TriageRule.Subject: Encodable, CustomStringConvertible {
    /// Such as `node kube-2`, `pod web/web-1` or `the cluster`; what came from the API is escaped.
    public var description: String {
        switch self {
        case .cluster: "the cluster"
        case .node(let name): "node \(Printable.escape(name, limit: 253))"
        case .pod(let namespace, let name, _, _): "pod \(Self.place(namespace, name))"
        case .workload(let kind, let namespace, let name):
            "\(Printable.escape(kind, limit: 60)) \(Self.place(namespace, name))"
        case .service(let namespace, let name): "Service \(Self.place(namespace, name))"
        }
    }

    private static func place(_ namespace: String, _ name: String) -> String {
        Printable.escape("\(namespace)/\(name)", limit: 320)
    }

    /// The node that it is.
    var node: String? {
        if case .node(let name) = self { name } else { nil }
    }

    /// The namespace that it is in.
    var namespace: String? {
        switch self {
        case .pod(let namespace, _, _, _), .workload(_, let namespace, _), .service(let namespace, _): namespace
        case .cluster, .node: nil
        }
    }

    /// Writes the description.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

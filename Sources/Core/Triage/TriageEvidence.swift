public import CEL

/// What was seen of nodes and of their cluster: all that the rules of triage read.
public struct TriageEvidence: Sendable {
    /// Node, by its name in Kubernetes → the value of `facts`.
    public var nodes: [String: Value]
    /// The value of `kubernetes`.
    public var kubernetes: Value
    /// When they were asked.
    public var now: Timestamp
    /// Pods that were listed and that nobody asks about.
    private(set) var leftOut = 0

    /// Collects the parts.
    public init(nodes: [String: Value], kubernetes: Value, now: Timestamp) {
        self.nodes = nodes
        self.kubernetes = kubernetes
        self.now = now
    }

    /// The variables of rules about the cluster, and of the document that evidence is written as.
    var bindings: [String: Value] {
        ["nodes": .map(MapValue(nodes)), "kubernetes": kubernetes, "now": .instant(now, at: "now")]
    }

    /// Something that rules are about, and what they read of it.
    struct Case {
        var subject: TriageRule.Subject
        var bindings: [String: Value]
    }

    /// Why rules about a kind cannot be told from its cases alone: more with trouble are there than were listed.
    func gap(about kind: TriageRule.Subject.Kind) -> String? {
        guard let (list, total, name) = Self.lists[kind], case .message(_, let fields) = kubernetes,
            case .int(let all)? = fields[total], case .list(let items)? = fields[list]
        else { return nil }
        // A pod is listed once for each of its containers.
        let names = Set(items.map { [$0.text("kind"), $0.text("namespace"), $0.text("name")] })
        let listed = names.count + (kind == .pod ? leftOut : 0)
        return Int(all) > listed ? "of \(all) \(name) with trouble only \(listed) were looked at" : nil
    }

    /// What is listed up to a limit: the list, the number of all, what they are called.
    private static let lists: [TriageRule.Subject.Kind: (list: String, total: String, name: String)] = [
        .pod: ("pods", "troubledPodCount", "pods"), .workload: ("workloads", "troubledWorkloadCount", "workloads"),
        .service: ("services", "troubledServiceCount", "Services"),
    ]

    /// What there is of a kind, or why nobody can tell.
    func cases(about kind: TriageRule.Subject.Kind) -> Fact<[Case]> {
        var shared = bindings
        shared["nodes"] = nil
        switch kind {
        case .cluster: return .known([Case(subject: .cluster, bindings: bindings)])
        case .node:
            return .known(
                nodes.sorted { $0.key < $1.key }.map { name, facts in
                    Case(
                        subject: .node(name),
                        bindings: shared.merging(["facts": facts, "node": .string(name)]) { $1 })
                })
        case .pod:
            return listed("pods") {
                .pod(namespace: $0("namespace"), name: $0("name"), node: $0("node"), owner: $0("owner"))
            }
        case .workload:
            return listed("workloads") { .workload(kind: $0("kind"), namespace: $0("namespace"), name: $0("name")) }
        case .service: return listed("services") { .service(namespace: $0("namespace"), name: $0("name")) }
        }
    }

    private func listed(
        _ list: String, _ subject: (_ text: (String) -> String) -> TriageRule.Subject
    ) -> Fact<[Case]> {
        var shared = bindings
        shared["nodes"] = nil
        guard case .message(_, let fields) = kubernetes, let found = fields[list] else {
            return .unknown("kubernetes.\(list) was not read")
        }
        switch found {
        case .list(let items):
            return .known(
                items.map { item in
                    var bindings = shared
                    bindings[String(list.dropLast())] = item
                    return Case(subject: subject { item.text($0) }, bindings: bindings)
                })
        case .error(let error): return .unknown(error.message)
        default: return .unknown("kubernetes.\(list) is no list")
        }
    }
}

extension Value {
    /// A text field of a message; empty when it is none.
    fileprivate func text(_ field: String) -> String {
        guard case .message(_, let fields) = self, case .string(let text)? = fields[field] else { return "" }
        return text
    }
}

extension TriageEvidence {
    /// Leaves out pods on other nodes. Nothing is then known of what is of no node: it was not looked at.
    public mutating func keepPods(on nodes: Set<String>) {
        guard case .message(let name, var fields) = kubernetes else { return }
        if case .list(let pods)? = fields["pods"] {
            let others = pods.filter { !nodes.contains($0.text("node")) && !$0.text("node").isEmpty }
            leftOut = Set(others.map { [$0.text("namespace"), $0.text("name")] }).count
            fields["pods"] = .list(pods.filter { nodes.contains($0.text("node")) || $0.text("node").isEmpty })
        }
        for list in ["workloads", "services"] {
            if case .list? = fields[list] {
                fields[list] = .unknown(
                    path: "kubernetes.\(list)", cause: "only these nodes were looked at; --cluster asks for all")
            }
        }
        kubernetes = .message(name: name, fields: fields)
    }
}

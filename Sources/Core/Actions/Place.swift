/// Where an action's commands run.
public enum Place: String, Codable, Sendable, Hashable, CaseIterable {
    /// On the target itself.
    case node
    /// On the execution host, which speaks to the cluster's API about the target (`cluster.kubectl` of the inventory).
    case cluster
}

/// What the planner fills in for an action in the cluster, so that the action can be made again from the plan alone.
public struct Injection: Sendable, Hashable {
    /// The target's name in Kubernetes.
    public var node: String
    /// The kubeconfig on the execution host, an absolute path.
    public var kubeconfig: String
    /// The run, whose name marks what is changed as its own.
    public var run: String

    /// Collects the parts.
    public init(node: String, kubeconfig: String, run: String) {
        self.node = node
        self.kubeconfig = kubeconfig
        self.run = run
    }

    /// Stands in until a target is known, so that a runbook's own arguments are checked when it is read. No kubectl can
    /// read this kubeconfig: an action made with it by mistake observes nothing and changes nothing.
    static let standIn = Injection(node: "not-yet-known", kubeconfig: "/dev/null/not-yet-known", run: "not-yet-known")

    fileprivate var values: [String: ArgumentValue] {
        ["node": .text(node), "kubeconfig": .text(kubeconfig), "run": .text(run)]
    }
}

extension Arguments {
    /// These arguments with those filled in that the kind leaves to the planner; the same for actions on a node.
    public func injecting(_ injection: Injection, for kind: ActionKind) -> Arguments {
        let names = Set(kind.parameters.filter(\.injected).map(\.name))
        return Arguments(values.merging(injection.values.filter { names.contains($0.key) }) { $1 })
    }
}

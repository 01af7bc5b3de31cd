/// What the planner knows of a target and a runbook must not say: the arguments an action needs besides its own.
public struct Injection: Sendable, Hashable {
    /// Argument name → value.
    public var values: [String: String]

    /// What is known of one target of one run.
    /// - Parameters:
    ///   - node: the node's name in Kubernetes.
    ///   - kubeconfig: the file kubectl uses on the execution host.
    ///   - run: the run's id, for marks of ownership.
    public init(node: String, kubeconfig: String, run: String) {
        values = ["node": node, "kubeconfig": kubeconfig, "run": run]
    }

    /// Any target at all, to check a runbook before one is known.
    public static let sample = Injection(
        node: "node", kubeconfig: "/etc/kubernetes/admin.conf", run: "20000101-000000-0000")

    /// A step's arguments with those added that the action declares as injected.
    func complete(_ arguments: Arguments, of action: String) -> Arguments {
        var arguments = arguments
        for parameter in ActionRegistry.kind(action)?.parameters ?? [] where parameter.injected {
            arguments.values[parameter.name] = values[parameter.name].map { .text($0) }
        }
        return arguments
    }
}

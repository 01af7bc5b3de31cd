/// The read-only questions to the Kubernetes API about the cluster as a whole, asked on the execution host in one round
/// trip. Answers are hostile; ``parse(_:of:at:)`` never fails.
public struct ClusterProbe: Sendable, Hashable {
    private let kubeconfig: String

    /// - Parameter kubeconfig: its path on the execution host.
    public init(kubeconfig: String) {
        self.kubeconfig = kubeconfig
    }

    /// The commands; their outputs go to ``parse(_:of:at:)`` in the same order.
    public func commands() -> [Command] {
        [
            KubectlRead.nodes(kubeconfig: kubeconfig),
            KubectlRead.raw(EtcdPods.path, kubeconfig: kubeconfig),
        ]
    }

    /// Reads the outputs of ``commands()``, in the inventory's names. Missing ones make their facts unknown.
    /// - Parameter instant: when it was asked, by this machine's clock.
    public func parse(_ outputs: [CommandOutput], of inventory: Inventory, at instant: Timestamp) -> ClusterFacts {
        ClusterFacts(
            inventory, nodes: KubernetesAnswer(outputs, at: 0).text.flatMap(ClusterNodes.read),
            etcd: KubernetesAnswer(outputs, at: 1).text.flatMap(EtcdPods.read), at: instant)
    }
}

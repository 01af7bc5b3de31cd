/// The read-only questions to the Kubernetes API about one node, asked on the execution host in one round trip.
///
/// They are raw requests (``KubectlRead``). Answers are hostile; ``parse(_:)`` never fails.
public struct KubernetesProbe: Sendable, Hashable {
    private let node: String
    private let kubeconfig: String

    /// - Parameters:
    ///   - node: its name in Kubernetes; nothing is asked about what cannot be one.
    ///   - kubeconfig: its path on the execution host.
    public init(node: String, kubeconfig: String) {
        self.node = node
        self.kubeconfig = kubeconfig
    }

    /// The commands; their outputs go to ``parse(_:)`` in the same order. The clock is read last, so that the age of a
    /// lease errs on the long side.
    public func commands() -> [Command] {
        guard KubernetesName.fault(ofNode: node) == nil else { return [] }
        return [
            KubectlRead.raw("/api/v1/nodes/\(node)", kubeconfig: kubeconfig),
            KubectlRead.raw(
                "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/\(node)", kubeconfig: kubeconfig),
            Command(["date", "+%s"]),
        ]
    }

    /// Reads the outputs of ``commands()``. Missing ones make their facts unknown.
    public func parse(_ outputs: [CommandOutput]) -> Facts.Kubernetes {
        if let fault = KubernetesName.fault(ofNode: node) {
            return .unknown("'\(Printable.escape(node, limit: 60))' \(fault)")
        }
        let object = KubernetesAnswer(outputs, at: 0)
        let clock = Answers(outputs: outputs).text(at: 2)
        return Facts.Kubernetes(
            api: Self.api(object),
            node: KubernetesNodeFacts.facts(object, lease: KubernetesAnswer(outputs, at: 1), clock: clock))
    }

    static func api(_ answer: KubernetesAnswer) -> Facts.Kubernetes.API {
        switch answer {
        case .object: return .init(reachable: .known(true), error: .known(""))
        case .unasked(let cause): return .init(reachable: .unknown(cause), error: .unknown(cause))
        case .failed(let failure):
            switch failure.kind {
            case .down: return .init(reachable: .known(false), error: .known(failure.said))
            case .notFound, .refused: return .init(reachable: .known(true), error: .known(""))
            case .untrusted, .other:
                let cause = failure.said.isEmpty ? KubernetesAnswer.silent : failure.said
                return .init(reachable: .unknown(cause), error: .unknown(cause))
            }
        }
    }
}

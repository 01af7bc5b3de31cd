/// The members of etcd where they run as static pods: the kubelet's mirror of each, `etcd-NODE` in kube-system with the label
/// that kubeadm gives them (Kubernetes API reference, core/v1 PodList).
enum EtcdPods {
    static let path = "/api/v1/namespaces/kube-system/pods?labelSelector=component%3Detcd"

    /// The nodes of the members by their names in Kubernetes, and whether the pod is ready there. Unknown where there is
    /// none: etcd then runs in another way, and nobody has counted its members.
    static func read(_ text: String) -> Fact<[String: Bool]> {
        guard let list = try? JSON.decode(List.self, from: Array(text.utf8)), list.kind == "PodList" else {
            return .unknown("kubectl printed no pods: \(Printable.escape(String(text.prefix(60)), limit: 60))")
        }
        let pods = list.items.filter(\.isMember)
        guard !pods.isEmpty else { return .unknown("the API lists no static pods of etcd in kube-system") }
        guard pods.allSatisfy({ KubernetesName.fault(ofNode: $0.node) == nil }) else {
            return .unknown("a pod of etcd is on a node with an impossible name")
        }
        return .known(Dictionary(pods.map { ($0.node, $0.isReady) }) { $0 && $1 })
    }

    private struct List: Decodable {
        var kind: String?
        var items: [Pod]
    }

    private struct Pod: Decodable {
        var metadata: Metadata
        var spec: Spec?
        var status: Status?

        struct Metadata: Decodable {
            var name: String
            var annotations: [String: String]?
        }

        struct Spec: Decodable { var nodeName: String? }

        struct Status: Decodable { var conditions: [Condition]? }

        struct Condition: Decodable {
            var type: String
            var status: String
        }

        var node: String { spec?.nodeName ?? "" }

        var isReady: Bool { (status?.conditions ?? []).contains { $0.type == "Ready" && $0.status == "True" } }

        /// Not a pod that only has the label, nor another etcd beside the cluster's own.
        var isMember: Bool {
            metadata.name == "etcd-\(node)" && metadata.annotations?["kubernetes.io/config.mirror"] != nil
        }
    }
}

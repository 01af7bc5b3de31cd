/// A program of the control plane that the kubelet runs as a static pod.
enum ControlPlaneComponent: String, Sendable, CaseIterable {
    case apiServer = "kube-apiserver"
    case etcd = "etcd"
    case scheduler = "kube-scheduler"
    case controllerManager = "kube-controller-manager"

    /// Reads the argument `component`.
    init(_ text: String) throws(ArgumentError) {
        guard let known = Self(rawValue: text) else {
            let names = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw ArgumentError("component", "must be one of \(names), not \(text.debugDescription)")
        }
        self = known
    }

    /// Its manifest, where kubeadm puts it.
    var manifest: String { "\(FilePath.manifests)/\(rawValue).yaml" }

    /// What it disrupts when it is away for a moment.
    var disrupts: Set<String> { self == .etcd ? ["pods", "etcd"] : ["pods"] }

    /// What its absence means, for a plan.
    var outage: String {
        switch self {
        case .apiServer: "the API does not answer through this node for up to a minute; pods go on"
        case .etcd:
            "this member of etcd is away for some seconds: where it is the only one, the API takes no writes meanwhile"
        case .scheduler, .controllerManager: "another one of it, or itself again, leads after some seconds"
        }
    }
}

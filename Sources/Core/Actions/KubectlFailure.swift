/// Why kubectl failed, as far as its last line tells.
///
/// kubectl exits 1 for everything. What it says is taken as the cause that people read, and by the facts' probe to tell an
/// API that does not answer from one that answers with a refusal.
struct KubectlFailure: Sendable, Hashable {
    /// What the words fit.
    enum Kind: Sendable, Hashable {
        /// Nobody answers, or not in time, or only with a server's own error: the API is down, for this purpose.
        case down
        /// There is no such object.
        case notFound
        /// It is answered with a refusal.
        case refused
        /// A certificate is not trusted: who answers is not known.
        case untrusted
        /// kubectl or its kubeconfig is not right, or it said something else.
        case other
    }

    let kind: Kind
    /// One line, safe to print.
    let said: String
    let status: Int

    init(status: Int, said: String) {
        self.status = status
        self.said = Printable.escape(said, limit: 300)
        kind = status == 1 ? Self.kind(said) : .other
    }

    private static func kind(_ said: String) -> Kind {
        // Other servers say NotFound too, of the whole path.
        if said.hasPrefix("Error from server (NotFound)"), said.hasSuffix("\" not found") { return .notFound }
        if said.hasPrefix("Error from server (Forbidden)") || said.hasPrefix("error: You must be logged in") {
            return .refused
        }
        // Before "unable to connect", which these begin with too.
        if said.contains("x509:") || said.contains(" tls: ") { return .untrusted }
        let isDown = down.contains(where: said.hasPrefix) || overdue.contains(where: said.contains)
        return isDown ? .down : .other
    }

    private static let down = [
        "Unable to connect to the server", "The connection to the server ", "Error from server (ServiceUnavailable)",
        "Error from server (InternalError)", "Error from server (Timeout)", "Error from server (ServerTimeout)",
        "Error from server: etcdserver:",
    ]
    private static let overdue = ["context deadline exceeded", "Client.Timeout exceeded", "i/o timeout"]

    /// In words for a person.
    func error(about object: KubectlObject) -> ObservationError {
        let tail = said.isEmpty ? "" : " (\(said))"
        return switch (kind, status) {
        case (.down, _):
            ObservationError(
                "the Kubernetes API does not answer\(tail)",
                remedy: "Check the API server and etcd, or leave the steps in the cluster out (when, optional)")
        case (.notFound, _):
            ObservationError(
                "Kubernetes knows no \(object.description)\(tail)",
                remedy: object.kind == .node
                    ? "Give the node's 'kubernetesName' in the inventory if it has another name there"
                    : "Check its kind, namespace and name with 'kubectl get \(object.kind.resource) -A'")
        case (.refused, _):
            ObservationError(
                "the Kubernetes API refuses to answer about \(object.description)\(tail)",
                remedy: "Check the rights of the kubeconfig in the inventory's cluster.kubectl")
        case (.untrusted, _):
            ObservationError(
                "the Kubernetes API's certificate is not trusted\(tail)",
                remedy: "Check the certificate's expiry and the kubeconfig in the inventory's cluster.kubectl")
        case (.other, 127):
            ObservationError(
                "there is no kubectl on the execution host",
                remedy: "Install it there, or name another host in the inventory's cluster.kubectl")
        case (.other, 124):
            ObservationError(
                "kubectl did not end in time", remedy: "Check that the execution host reaches the API server")
        case (.other, _):
            ObservationError(
                "kubectl failed with exit status \(status)\(tail)",
                remedy: "Run '\(object.look)' on the execution host with the inventory's kubeconfig")
        }
    }
}

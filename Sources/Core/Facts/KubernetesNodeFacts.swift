/// Reads a Node and a Lease as the API sends them (Kubernetes API reference, core/v1 and coordination.k8s.io/v1).
enum KubernetesNodeFacts {
    static func facts(
        _ node: KubernetesAnswer, lease: KubernetesAnswer, clock: Fact<String>
    ) -> Facts.Kubernetes.Node {
        let object = node.text.flatMap { decode(Node.self, $0, kind: "Node") }
        let conditions = object.flatMap(conditions)
        return .init(
            ready: conditions.flatMap(isReady),
            unschedulable: object.flatMap { .known($0.isCordoned) },
            cordonedBy: object.flatMap { .known($0.state.ownerName) },
            conditions: conditions,
            leaseAge: lease.text.flatMap { decode(Lease.self, $0, kind: "Lease") }.flatMap { lease in
                clock.flatMap { age(of: lease, at: $0) }
            },
            labels: object.flatMap { labels($0.metadata.labels ?? [:]) },
            annotations: object.flatMap { annotations($0.metadata.annotations ?? [:]) })
    }

    private static func decode<Object: KubernetesObject>(
        _ type: Object.Type, _ text: String, kind: String
    ) -> Fact<Object> {
        guard let object = try? JSON.decode(type, from: Array(text.utf8)), object.kind == kind else {
            return .unknown("kubectl printed no \(kind): \(Printable.escape(String(text.prefix(60)), limit: 60))")
        }
        return .known(object)
    }

    static func isReady(_ conditions: [String: Facts.Kubernetes.Condition]) -> Fact<Bool> {
        guard let ready = conditions["Ready"] else { return .unknown("the node has no condition Ready yet") }
        return .known(ready.status == "True")
    }

    /// Kubernetes has a handful; a node that claims hundreds is not believed.
    private static func conditions(_ node: Node) -> Fact<[String: Facts.Kubernetes.Condition]> {
        let all = node.status?.conditions ?? []
        guard all.count <= 100 else { return .unknown("the node has \(all.count) conditions") }
        let pairs = all.map { condition in
            let since: Fact<Timestamp> =
                condition.lastTransitionTime.flatMap(Timestamp.init).map(Fact.known)
                ?? .unknown("the condition does not say since when")
            return (
                Printable.escape(condition.type, limit: 100),
                Facts.Kubernetes.Condition(
                    status: Printable.escape(condition.status, limit: 20),
                    reason: Printable.escape(condition.reason ?? "", limit: 200), since: since)
            )
        }
        return .known(Dictionary(pairs) { first, _ in first })
    }

    // Kubernetes admits 256 KB of annotations a node. A record of a decision has many nodes; what policies look for is short.
    private static let annotationLimit = 1024
    private static let nameLimit = 500

    private static func labels(_ labels: [String: String]) -> Fact<[String: String]> {
        let isLabel = { (key: String, value: String) in
            KubernetesName.isKey(key) && KubernetesName.fault(ofValue: value) == nil
        }
        guard labels.count <= nameLimit, labels.allSatisfy(isLabel) else {
            return .unknown("the node has labels that Kubernetes would not accept, or more than \(nameLimit)")
        }
        return .known(labels)
    }

    private static func annotations(_ annotations: [String: String]) -> Fact<[String: Fact<String>]> {
        guard annotations.count <= nameLimit, annotations.keys.allSatisfy(KubernetesName.isKey) else {
            return .unknown("the node has annotations that Kubernetes would not accept, or more than \(nameLimit)")
        }
        return .known(
            annotations.mapValues { value in
                let size = value.utf8.count
                return size <= annotationLimit
                    ? .known(value) : .unknown("the annotation has \(size) bytes, more than \(annotationLimit)")
            })
    }

    // The kubelet writes the time by its own clock. One that is a little ahead of the host's is as good as now.
    private static let toleratedSeconds = 10

    private static func age(of lease: Lease, at clock: String) -> Fact<Duration> {
        time(clock).flatMap { age(ofLease: lease.spec?.renewTime ?? "", at: $0) }
    }

    /// What `date +%s` printed.
    static func time(_ clock: String) -> Fact<Timestamp> {
        guard let seconds = Int64(clock.prefix { $0 != "\n" }), (0...1 << 40).contains(seconds) else {
            return .unknown("date printed: \(Printable.escape(clock, limit: 40))")
        }
        return .known(Timestamp(milliseconds: seconds * 1000))
    }

    /// How long ago a lease was renewed.
    static func age(ofLease renewed: String, at now: Timestamp) -> Fact<Duration> {
        guard let renewed = Timestamp(renewed) else {
            return .unknown("the lease does not say when it was renewed")
        }
        let age = now.milliseconds - renewed.milliseconds
        guard age > -Int64(toleratedSeconds) * 1000 else {
            return .unknown("the lease was renewed in the future: its holder's clock and the execution host's differ")
        }
        return .known(.milliseconds(max(0, age)))
    }
}

private protocol KubernetesObject: Decodable {
    var kind: String? { get }
}

private struct Lease: KubernetesObject {
    var kind: String?
    var spec: Spec?

    struct Spec: Decodable { var renewTime: String? }
}

extension NodeCordonState {
    /// Whose cordon it is, as facts have it.
    var ownerName: String {
        switch owner {
        case .nobody: ""
        case .person: "a person"
        case .run(let run): Printable.escape(run, limit: 63)
        }
    }
}

private struct Node: KubernetesObject {
    var kind: String?
    var metadata: Metadata
    var spec: Spec?
    var status: Status?

    struct Metadata: Decodable {
        var uid: String?
        var labels: [String: String]?
        var annotations: [String: String]?
        var managedFields: [Manager]?
    }

    struct Manager: Decodable {
        var manager: String?
        var fieldsV1: Fields?
    }

    struct Fields: Decodable {
        var spec: [String: Ignored]?

        enum CodingKeys: String, CodingKey { case spec = "f:spec" }
    }

    struct Ignored: Decodable { init(from decoder: any Decoder) {} }

    struct Spec: Decodable { var unschedulable: Bool? }

    struct Status: Decodable { var conditions: [Condition]? }

    struct Condition: Decodable {
        var type: String
        var status: String
        var reason: String?
        var lastTransitionTime: String?
    }

    var isCordoned: Bool { spec?.unschedulable ?? false }

    /// As ``NodeCordonState/view`` shows it.
    var state: NodeCordonState {
        let others = (metadata.managedFields ?? []).filter {
            $0.fieldsV1?.spec?["f:unschedulable"] != nil && $0.manager != KubectlObject.manager
        }
        return NodeCordonState(
            uid: metadata.uid ?? "", isCordoned: isCordoned, run: metadata.annotations?[NodeCordonState.annotation],
            writer: isCordoned ? (others.last.map { $0.manager ?? "" } ?? KubectlObject.manager) : nil)
    }
}

public import CEL

/// What a ``ClusterSurvey`` found out.
public struct ClusterSurveyFacts: Sendable {
    /// The API as the execution host sees it.
    public var api: Facts.Kubernetes.API
    /// The nodes by their names in Kubernetes.
    public var nodes: Fact<[String: Node]>
    /// The other fields of `kubernetes`.
    var fields: [String: Fact<Value>]

    /// A node.
    public struct Node: Sendable, Hashable {
        /// What runs and policies know of it too.
        public var facts: Facts.Kubernetes.Node
        /// The message of its condition Ready, empty while it is True.
        public var message: String
        /// The range of its pods' addresses.
        public var podCIDR: String
        /// The kubelet's version.
        public var kubelet: String
        /// The container runtime and its version.
        public var runtime: String
        /// The kernel's release.
        public var kernel: String
        /// The operating system.
        public var os: String
        /// `KEY=VALUE:EFFECT` or `KEY:EFFECT`.
        public var taints: [String]
        /// Pods on it that have not ended.
        public var pods: Fact<Int>
        /// What its pods may use.
        var allocatable: Resources

        /// Processor time in cores, memory in bytes.
        struct Resources: Sendable, Hashable {
            var cpu: Double?
            var memory: Double?
        }
    }

    /// The binding of the variable `kubernetes`. What is not known is an error value with its path and cause.
    public var value: Value {
        let nodes = nodes.map { Value.map(MapValue(Dictionary(uniqueKeysWithValues: $0.map(Self.entry)))) }
        let all = fields.merging(["nodes": nodes, "api": .known(api.value(at: "kubernetes.api"))]) { _, own in own }
        return .facts("ClusterState", at: "kubernetes", all)
    }

    private static func entry(_ name: String, _ node: Node) -> (String, Value) {
        (name, node.value(at: "kubernetes.nodes['\(name)']"))
    }

    /// What the API says of one node: `facts.kubernetes`. Its labels and annotations are not asked for.
    /// - Parameter name: its name in Kubernetes.
    public func kubernetes(of name: String) -> Facts.Kubernetes {
        var facts = Facts.Kubernetes.unknown("")
        facts.api = api
        switch nodes {
        case .unknown(let cause): facts.node = Facts.Kubernetes.unknown(cause).node
        case .known(let nodes):
            let cause = "Kubernetes has no node '\(Printable.escape(name, limit: 253))'"
            facts.node = nodes[name]?.facts ?? Facts.Kubernetes.unknown(cause).node
        }
        return facts
    }

    /// Nothing is known of the cluster, for one reason.
    public static func unknown(_ cause: String) -> ClusterSurveyFacts {
        let names = ClusterSurvey.messages["ClusterState", default: []].map(\.name)
        return ClusterSurveyFacts(
            api: .init(reachable: .unknown(cause), error: .unknown(cause)), nodes: .unknown(cause),
            fields: Dictionary(uniqueKeysWithValues: names.map { ($0, .unknown(cause)) }))
    }
}

extension ClusterSurveyFacts.Node {
    func value(at path: String) -> Value {
        let conditions = facts.conditions.value ?? [:]
        let ready = conditions["Ready"]
        let since = ready?.since ?? .unknown("the node has no condition Ready yet")
        return .facts(
            "KubeNode", at: path,
            [
                "ready": .known(.string(ready?.status ?? "Unknown")), "reason": .known(.string(ready?.reason ?? "")),
                "message": .known(.string(message)),
                "since": since.map { Value.instant($0, at: "\(path).since") },
                "unschedulable": facts.unschedulable.map(Value.bool),
                "pressures": .known(
                    .list(
                        ["MemoryPressure", "DiskPressure", "PIDPressure"].filter { conditions[$0]?.status == "True" }
                            .map(Value.string))),
                "networkUnavailable": .known(.bool(conditions["NetworkUnavailable"]?.status == "True")),
                "podCIDR": .known(.string(podCIDR)), "kubelet": .known(.string(kubelet)),
                "runtime": .known(.string(runtime)), "kernel": .known(.string(kernel)), "os": .known(.string(os)),
                "taints": .known(.list(taints.map(Value.string))), "leaseAge": facts.leaseAge.map(Value.duration),
                "pods": pods.map { Value.int(Int64($0)) },
            ])
    }
}

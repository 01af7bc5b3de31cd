/// What the Kubernetes API says of the cluster as a whole, for policies: which of its nodes are out of service.
///
/// Nodes have their names of the inventory; one that the inventory does not have is named as Kubernetes does.
public struct ClusterFacts: Codable, Sendable, Hashable {
    /// Whether the inventory names who asks the API.
    public var api: Fact<Bool>
    /// The inventory's pools by name.
    public var pools: Fact<[String: Pool]>
    /// The control plane.
    public var controlPlane: ControlPlane
    /// etcd, where it runs as static pods.
    public var etcd: Etcd
    /// The kubelets have different versions.
    public var upgrading: Fact<Bool>
    /// When the API was asked which nodes there are.
    public var observedAt: Fact<Timestamp>

    /// A pool.
    public struct Pool: Codable, Sendable, Hashable {
        /// How many nodes it has in the inventory.
        public var total: Int
        /// Those that are not Ready, or that the API does not list.
        public var notReady: [String]
        /// Those that are cordoned.
        public var unschedulable: [String]
    }

    /// The control plane.
    public struct ControlPlane: Codable, Sendable, Hashable {
        /// Nodes with the role in the inventory or the label in the API; the former alone where the API was not asked.
        public var members: Fact<[String]>
        /// Those that are not Ready, or that the API does not list.
        public var notReady: Fact<[String]>
    }

    /// etcd.
    public struct Etcd: Codable, Sendable, Hashable {
        /// The nodes of its members.
        public var members: Fact<[String]>
        /// Those whose pod is ready.
        public var healthy: Fact<[String]>
    }

    /// Nothing was asked and nobody said which cluster it is.
    public static let notAsked: ClusterFacts = {
        let cause = "it was not asked for"
        return ClusterFacts(api: .unknown(cause), members: .unknown(cause), unknown: cause)
    }()

    /// What is known without the API: what the inventory says.
    /// - Parameter cause: why the API was not asked, or did not answer.
    public init(_ inventory: Inventory, unasked cause: String) {
        let members = inventory.nodes.filter(\.isControlPlane).map(\.name).sorted()
        self.init(
            api: .known(inventory.cluster.kubectl != nil),
            members: members.isEmpty ? .unknown(cause) : .known(members), unknown: cause)
    }

    /// What the API said.
    init(
        _ inventory: Inventory, nodes: Fact<[String: ClusterNodes.Node]>, etcd pods: Fact<[String: Bool]>,
        at instant: Timestamp
    ) {
        switch nodes {
        case .unknown(let cause): self.init(inventory, unasked: cause)
        case .known(let found):
            self.init(inventory, unasked: "")
            pools = .known(Self.pools(inventory, found))
            controlPlane = Self.controlPlane(inventory, found)
            upgrading = Self.upgrading(found)
            observedAt = .known(instant)
        }
        etcd = Etcd(
            members: pods.flatMap { inventory.names(inKubernetes: Set($0.keys)) },
            healthy: pods.flatMap { inventory.names(inKubernetes: Set($0.filter(\.value).keys)) })
    }

    private init(api: Fact<Bool>, members: Fact<[String]>, unknown cause: String) {
        self.init(
            api: api, pools: .unknown(cause), controlPlane: ControlPlane(members: members, notReady: .unknown(cause)),
            etcd: Etcd(members: .unknown(cause), healthy: .unknown(cause)), upgrading: .unknown(cause),
            observedAt: .unknown(cause))
    }

    /// Collects the parts.
    init(
        api: Fact<Bool>, pools: Fact<[String: Pool]>, controlPlane: ControlPlane, etcd: Etcd, upgrading: Fact<Bool>,
        observedAt: Fact<Timestamp>
    ) {
        self.api = api
        self.pools = pools
        self.controlPlane = controlPlane
        self.etcd = etcd
        self.upgrading = upgrading
        self.observedAt = observedAt
    }

    private static func pools(_ inventory: Inventory, _ found: [String: ClusterNodes.Node]) -> [String: Pool] {
        Dictionary(grouping: inventory.nodes, by: \.pool).mapValues { nodes in
            Pool(
                total: nodes.count,
                notReady: nodes.filter { found[$0.nameInKubernetes]?.isReady != true }.map(\.name),
                unschedulable: nodes.filter { found[$0.nameInKubernetes]?.isCordoned == true }.map(\.name))
        }
    }

    private static func controlPlane(_ inventory: Inventory, _ found: [String: ClusterNodes.Node]) -> ControlPlane {
        let roles = inventory.nodes.filter(\.isControlPlane).map(\.nameInKubernetes)
        let all = Set(roles).union(found.filter(\.value.isControlPlane).keys)
        return ControlPlane(
            members: inventory.names(inKubernetes: all),
            notReady: inventory.names(inKubernetes: all.filter { found[$0]?.isReady != true }))
    }

    private static func upgrading(_ found: [String: ClusterNodes.Node]) -> Fact<Bool> {
        let versions = Set(found.values.map(\.kubelet))
        if versions.subtracting([""]).count > 1 { return .known(true) }
        return versions.isEmpty || versions.contains("")
            ? .unknown("not every kubelet says its version") : .known(false)
    }
}

extension Inventory {
    /// The names here of nodes that Kubernetes names; what is not here keeps its name, unless another node has it here.
    fileprivate func names(inKubernetes found: Set<String>) -> Fact<[String]> {
        let own = nodes.filter { found.contains($0.nameInKubernetes) }.map(\.name)
        let strangers = found.subtracting(nodes.map(\.nameInKubernetes))
        if let twin = nodes.first(where: { strangers.contains($0.name) }) {
            return .unknown(
                "the node \(twin.name) of Kubernetes is not the inventory's, which is \(twin.nameInKubernetes) there")
        }
        return .known((own + strangers).sorted())
    }
}

extension Inventory.Node {
    fileprivate var isControlPlane: Bool { roles.contains("control-plane") }
}

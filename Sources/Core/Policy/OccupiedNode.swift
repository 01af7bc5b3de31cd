import CEL

/// A node that another run is at work on, or may be: an element of `occupied`.
///
/// It errs on the side of more: where `inflight` is unknown as a whole because one node cannot be read, that node is listed
/// here. So a limit counts a dead node as busy, and does not keep the rescue of its pool from everybody.
public struct OccupiedNode: Codable, Sendable, Hashable {
    /// Of what no policy reads nothing is asked.
    public static let notAsked = Fact<[OccupiedNode]>.unknown("it was not asked for, since no policy reads it")

    /// Its name.
    public var node: String
    /// Its pool.
    public var pool: Fact<String>
    /// Whether it is of the control plane.
    public var controlPlane: Fact<Bool>
    /// Whether a run is known to be there; false where the leases could not be read.
    public var certain: Bool

    /// A node with a run.
    /// - Parameter known: the node as the inventory has it, nil when it is not in there.
    init(_ run: InflightRun, known: Inventory.Node?) {
        self.init(run.node, known, certain: true, pool: run.pool, controlPlane: run.controlPlane)
    }

    /// A host whose leases could not be read.
    init(unread host: String, known: Inventory.Node?) {
        let cause = "\(Printable.escape(host, limit: 128)), whose leases could not be read, is not in the inventory"
        self.init(host, known, certain: false, pool: .unknown(cause), controlPlane: .unknown(cause))
    }

    // Pools are the inventory's, as in `cluster.pools`, where it has the node.
    private init(
        _ node: String, _ known: Inventory.Node?, certain: Bool, pool: Fact<String>, controlPlane: Fact<Bool>
    ) {
        self.node = node
        self.pool = known.map { .known($0.pool) } ?? pool
        self.controlPlane = known.map { .known($0.roles.contains("control-plane")) } ?? controlPlane
        self.certain = certain
    }
}

extension OccupiedNode {
    var celValue: Value {
        .message(
            name: "Occupied",
            fields: [
                "node": .string(node), "certain": .bool(certain),
                "pool": pool.policyValue(at: "occupied.pool", Value.string),
                "controlPlane": controlPlane.policyValue(at: "occupied.controlPlane", Value.bool),
            ])
    }
}

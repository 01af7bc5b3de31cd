import CEL

/// One node of a run that is under way, as policies see it: an element of `inflight`.
///
/// Of a run in this log everything is known; of one that only its lease on a node tells of, little more than that it is
/// there. A field that is not known denies whoever reads it (law 5), never a guess.
public struct InflightRun: Codable, Sendable, Hashable {
    /// The run's id.
    public var run: String
    /// The node it works on, or will.
    public var node: String
    /// That node's pool.
    public var pool: Fact<String>
    /// Whether that node is of the control plane.
    public var controlPlane: Fact<Bool>
    /// The action, where all its steps there are of one.
    public var action: Fact<String>
    /// The runbook's name.
    public var runbook: Fact<String>
    /// SHA-256 of the runbook's file, hex.
    public var runbookDigest: Fact<String>
    /// Who asked for it.
    public var user: Fact<String>
    /// What its steps there disrupt.
    public var disrupts: Fact<[String]>
    /// When it began.
    public var startedAt: Fact<Timestamp>

    /// A node of a run whose plan is known.
    public init(_ plan: Plan, node: NodePlan, startedAt: Fact<Timestamp>) {
        run = plan.id
        self.node = node.name
        pool = .known(node.pool)
        controlPlane = .known(node.roles.contains("control-plane"))
        runbook = .known(plan.runbook.name)
        runbookDigest = .known(plan.runbook.digest)
        user = .known(plan.requester)
        self.startedAt = startedAt
        let actions = node.steps.compactMap { try? $0.makeAction() }
        disrupts =
            actions.count == node.steps.count
            ? .known(Set(actions.flatMap(\.disrupts)).sorted())
            : .unknown("its plan has an action this version does not have")
        let kinds = Set(node.steps.map(\.action))
        action =
            kinds.count == 1 ? kinds.first.map { .known($0) } ?? .unknown("") : .unknown("it has several actions there")
    }

    /// A run that only the lease or record on a node tells of.
    /// - Parameter known: the node as the inventory has it, nil when it is not in there.
    public init(run: String, node: String, known: Inventory.Node?) {
        let elsewhere =
            "run \(run) is not in this log: only its lease on \(Printable.escape(node, limit: 128)) was seen"
        let stranger = "\(Printable.escape(node, limit: 128)), where run \(run) works, is not in the inventory"
        self.run = run
        self.node = node
        pool = known.map { .known($0.pool) } ?? .unknown(stranger)
        controlPlane = known.map { .known($0.roles.contains("control-plane")) } ?? .unknown(stranger)
        action = .unknown(elsewhere)
        runbook = .unknown(elsewhere)
        runbookDigest = .unknown(elsewhere)
        user = .unknown(elsewhere)
        disrupts = .unknown(elsewhere)
        startedAt = .unknown(elsewhere)
    }
}

extension InflightRun {
    var celValue: Value {
        PolicySchema.message(
            "Run", at: "inflight",
            [
                "id": .string(run), "node": .string(node), "outcome": "running",
                "pool": pool.policyValue(at: "inflight.pool", Value.string),
                "controlPlane": controlPlane.policyValue(at: "inflight.controlPlane", Value.bool),
                "action": action.policyValue(at: "inflight.action", Value.string),
                "runbook": runbook.policyValue(at: "inflight.runbook", Value.string),
                "runbookDigest": runbookDigest.policyValue(at: "inflight.runbookDigest", Value.string),
                "user": user.policyValue(at: "inflight.user", Value.string),
                "disrupts": disrupts.policyValue(at: "inflight.disrupts", Value.texts),
                "startedAt": startedAt.policyValue(at: "inflight.startedAt") { .instant($0, at: "inflight.startedAt") },
            ], cause: "the run is under way")
    }
}

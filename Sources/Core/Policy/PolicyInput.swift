/// When a plan is judged. A rollback inside an unfinished run is never judged (law 5).
public enum PolicyPhase: String, Codable, Sendable, CaseIterable {
    /// Right after the plan was made, so that the on-call sees what stands in the way.
    case plan
    /// Right before it runs, with fresh facts and the approvals.
    case execute
}

/// Everything a decision is made from, frozen: the same input gives the same decision, so it can be recorded and replayed.
public struct PolicyInput: Codable, Sendable {
    /// When it is judged.
    public var phase: PolicyPhase
    /// The plan.
    public var plan: Plan
    /// SHA-256 of the plan's bytes, hex.
    public var planSha256: String
    /// Who asks, by key.
    public var requester: Principal
    /// What is known of the targets, by node name. Of a node that is missing here every fact is unknown.
    public var nodes: [String: NodeSnapshot]
    /// What is known of the cluster as a whole.
    public var cluster: ClusterFacts
    /// The change calendar as it is at ``now``.
    public var calendar: ChangeCalendar.Moment
    /// Which approvals count; read in phase `execute`.
    public var approvals: ApprovalTally
    /// The glass that was broken, whether or not it holds at ``now``; read in phase `execute`.
    public var breakGlass: BreakGlass?
    /// What else is under way.
    public var inflight: Fact<[InflightRun]>
    /// Where that is, or may be.
    public var occupied: Fact<[OccupiedNode]>
    /// What was done before.
    public var history: Fact<History>
    /// The node whose turn it is in the run: only it is judged. Nil for the plan as a whole.
    public var turn: String?
    /// The one instant of the decision.
    public var now: Timestamp

    /// Collects the parts. The calendar has no default: who forgot it would have allowed changes in a freeze.
    public init(
        phase: PolicyPhase, plan: Plan, planSha256: String, requester: Principal, nodes: [String: NodeSnapshot],
        cluster: ClusterFacts = .notAsked, calendar: ChangeCalendar, approvals: ApprovalTally = .none,
        breakGlass: BreakGlass? = nil, inflight: Fact<[InflightRun]> = Inflight.notAsked,
        occupied: Fact<[OccupiedNode]> = OccupiedNode.notAsked,
        history: Fact<History> = History.notAsked, turn: String? = nil, now: Timestamp
    ) {
        self.phase = phase
        self.plan = plan
        self.planSha256 = planSha256
        self.requester = requester
        self.nodes = nodes
        self.cluster = cluster
        self.calendar = calendar.moment(at: now)
        self.approvals = approvals
        self.breakGlass = breakGlass
        self.inflight = inflight
        self.occupied = occupied
        self.history = history
        self.turn = turn
        self.now = now
    }
}

extension PolicyInput {
    /// The nodes that are judged: that of the turn, or all.
    var judged: [NodePlan] { plan.nodes.filter { turn == nil || turn == $0.name } }

    /// How many entries the lists have that an expression may go over for each node.
    var records: Int { (inflight.value?.count ?? 0) + (occupied.value?.count ?? 0) + (history.value?.steps.count ?? 0) }
}

/// The facts of one node and when they were collected.
public struct NodeSnapshot: Codable, Sendable, Hashable {
    /// What the probe found.
    public var facts: Facts
    /// When it answered.
    public var observedAt: Timestamp

    /// Collects the parts.
    public init(facts: Facts, observedAt: Timestamp) {
        self.facts = facts
        self.observedAt = observedAt
    }
}

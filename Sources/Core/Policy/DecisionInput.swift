/// What a decision was made from, besides plan and policies, so that anybody who has these can make it again
/// (`belay policy replay`).
public struct DecisionInput: Codable, Sendable, Hashable {
    /// The rules by which policies are judged; raised when the same input could be judged differently.
    public static let engineVersion = 2

    /// ``engineVersion`` of whoever judged.
    public var engine: Int
    /// When in the plan's life.
    public var phase: PolicyPhase
    /// The node whose turn it was; nil for the plan as a whole.
    public var turn: String?
    /// SHA-256 of the plan's bytes, hex.
    public var planSha256: String
    /// Digest of the effective policy set.
    public var policySet: String
    /// Who asked.
    public var requester: Principal
    /// Which approvals counted.
    public var approvals: ApprovalTally
    /// The glass that was broken.
    public var breakGlass: BreakGlass?
    /// What was known of the nodes, by name.
    public var nodes: [String: NodeSnapshot]
    /// What was known of the cluster as a whole.
    public var cluster: ClusterFacts
    /// The change calendar at that instant.
    public var calendar: ChangeCalendar.Moment
    /// What else was under way.
    public var inflight: Fact<[InflightRun]>
    /// Where that was, or might have been.
    public var occupied: Fact<[OccupiedNode]>
    /// What had been done before.
    public var history: Fact<History>
    /// The decision's one instant.
    public var now: Timestamp

    /// Takes from an input what is not the plan's own.
    public init(_ input: PolicyInput, policySet: String) {
        engine = Self.engineVersion
        phase = input.phase
        turn = input.turn
        planSha256 = input.planSha256
        self.policySet = policySet
        requester = input.requester
        approvals = input.approvals
        breakGlass = input.breakGlass
        nodes = input.nodes
        cluster = input.cluster
        calendar = input.calendar
        inflight = input.inflight
        occupied = input.occupied
        history = input.history
        now = input.now
    }
}

/// An input as the log has it, before what was decided from it.
public struct DecisionInputRecord: Codable, Sendable, Hashable {
    /// The name of its event in the log.
    public static let eventName = "decision.input"

    /// When in the plan's life.
    public var phase: PolicyPhase
    /// The node whose turn it was; nil for the plan as a whole.
    public var turn: String?
    /// The decision's one instant.
    public var now: Timestamp
    /// The ``DecisionInput`` as JSON, in one text: entries have no fractions and no long numbers (I-JSON), facts do.
    public var document: Payload

    /// Encodes an input.
    public init(_ input: DecisionInput) throws {
        phase = input.phase
        turn = input.turn
        now = input.now
        document = Payload(bytes: try JSON.encode(input))
    }

    /// The input; nil where another version has written it.
    public var input: DecisionInput? {
        guard let input = try? JSON.decode(DecisionInput.self, from: document.bytes),
            input.engine == DecisionInput.engineVersion
        else { return nil }
        return input
    }
}

extension PolicyInput {
    /// The input as it was, of the plan that it was about.
    public init(_ recorded: DecisionInput, plan: Plan) {
        phase = recorded.phase
        turn = recorded.turn
        self.plan = plan
        planSha256 = recorded.planSha256
        requester = recorded.requester
        approvals = recorded.approvals
        breakGlass = recorded.breakGlass
        nodes = recorded.nodes
        cluster = recorded.cluster
        calendar = recorded.calendar
        inflight = recorded.inflight
        occupied = recorded.occupied
        history = recorded.history
        now = recorded.now
    }
}

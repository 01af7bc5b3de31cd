/// A run as a fold over its journal: the only place that decides what happens next, live and after a crash.
public struct RunState: Sendable {
    /// What was approved.
    public let plan: Plan
    /// The nodes, in the plan's order.
    public private(set) var nodes: [NodeRun]
    /// Whether an executor has begun it.
    public private(set) var isStarted = false
    /// Whether an executor after the first has taken over: then no further node is begun.
    public private(set) var isRecovering = false
    /// How it ended; nil while it has not.
    public private(set) var end: RunEnd?

    /// A run at its beginning.
    /// - Throws: ``ArgumentError`` when the plan names an action this build does not have.
    public init(plan: Plan) throws(ArgumentError) {
        self.plan = plan
        nodes = try plan.nodes.map { (node) throws(ArgumentError) in try NodeRun(plan: node) }
    }

    /// Folds one event; `node` is nil for events of the run as a whole.
    /// - Throws: ``IllegalEvent`` when it cannot have followed the events before it.
    public mutating func apply(_ event: Event, node: String?) throws(IllegalEvent) {
        guard end == nil else { throw IllegalEvent("an event after the run's end") }
        switch (event, node) {
        case (.started, nil): isStarted = true
        case (.recovering, nil):
            isRecovering = true
            for index in nodes.indices { nodes[index].takeOver() }
        case (.finished(let end), nil): self.end = end
        case (_, let name?):
            guard let index = nodes.firstIndex(where: { $0.plan.name == name }) else {
                throw IllegalEvent("node \(name) is not in the plan")
            }
            try nodes[index].apply(event)
        case (_, nil): throw IllegalEvent("a node's event without a node")
        }
    }

    /// What follows; nil when the run has ended, or when all that is left waits for nodes that cannot be reached.
    public func next() -> NextEffect? {
        guard end == nil, isStarted else { return nil }
        for node in nodes where !node.state.isFinal {
            if node.state == .waiting, isStopping {
                return NextEffect(
                    node: node.plan.name,
                    effect: .record(.nodeState(.skipped, reason: "the run stopped before its turn")))
            }
            if let effect = node.next(onFailure: plan.onFailure) {
                return NextEffect(node: node.plan.name, effect: effect)
            }
            if node.unreachable != nil, !isRecovering { return nil }
        }
        guard nodes.allSatisfy(\.state.isFinal) else { return nil }
        return NextEffect(node: nil, effect: .record(.finished(outcome)))
    }

    private var isStopping: Bool {
        isRecovering || nodes.contains { $0.state.isFinal && $0.state != .succeeded }
    }

    private var outcome: RunEnd {
        let states = Set(nodes.map(\.state)).subtracting([.skipped])
        if states.contains(.needsPerson) { return .needsPerson }
        if states.count > 1 || (states == [.succeeded] && nodes.contains { $0.state == .skipped }) { return .partial }
        switch states.first {
        case .succeeded?: return .succeeded
        case .stale?: return .stale
        default: return .rolledBack
        }
    }
}

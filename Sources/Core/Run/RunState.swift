/// A run as a fold over its journal: the only place that decides what happens next, live and after a crash.
public struct RunState: Sendable {
    /// The run's name in its log: the plan's id, or for a run adopted from the records on a node one of its own.
    public let id: String
    /// What was approved.
    public let plan: Plan
    /// The nodes, in the plan's order.
    public private(set) var nodes: [NodeRun]
    /// Whether an executor has begun it.
    public private(set) var isStarted = false
    /// Whether an executor after the first has taken over: then no further node is begun.
    public private(set) var isRecovering = false
    /// The wave that was let begin last; nil before the first.
    public private(set) var wave: Int?
    /// How it ended; nil while it has not.
    public private(set) var end: RunEnd?

    let waves: [Range<Int>]

    /// A run at its beginning.
    /// - Throws: ``ArgumentError`` when the plan names an action this build does not have.
    public init(plan: Plan) throws(ArgumentError) {
        try self.init(plan: plan, id: plan.id)
    }

    init(plan: Plan, id: String) throws(ArgumentError) {
        self.plan = plan
        self.id = id
        nodes = try plan.nodes.map { (node) throws(ArgumentError) in try NodeRun(plan: node, onNode: plan.onNode) }
        waves = plan.strategy.waves(of: plan.nodes.count)
    }

    /// Folds one event; `node` is nil for events of the run as a whole.
    /// - Throws: ``IllegalEvent`` when it cannot have followed the events before it.
    public mutating func apply(_ event: Event, node: String?) throws(IllegalEvent) {
        if case .resolved = event { end = nil }
        guard end == nil else { throw IllegalEvent("an event after the run's end") }
        switch (event, node) {
        case (.started, nil):
            guard !isStarted else { throw IllegalEvent("a run that began twice") }
            isStarted = true
        case (.recovering, nil):
            isRecovering = true
            for index in nodes.indices { nodes[index].takeOver() }
        case (.wave(let number), nil):
            guard number == (wave ?? -1) + 1, waves.indices.contains(number) else {
                throw IllegalEvent("wave \(number) after \(wave.map(String.init) ?? "none")")
            }
            wave = number
        case (.finished(let end), nil): self.end = end
        case (_, let name?):
            guard let index = nodes.firstIndex(where: { $0.plan.name == name }) else {
                throw IllegalEvent("node \(name) is not in the plan")
            }
            try nodes[index].apply(event)
        case (_, nil): throw IllegalEvent("a node's event without a node")
        }
    }

    /// What follows: at most one effect a node, or one of the run as a whole. Empty when the run has ended, or when all that is
    /// left waits for what cannot be reached.
    ///
    /// The driver may perform them at once, and asks again after each event: what it is still performing is then in the answer
    /// a second time.
    public func next() -> [NextEffect] {
        guard end == nil, isStarted else { return [] }
        let orders = NodeRun.Orders(
            onFailure: plan.onFailure, mayEnd: mayEnd, mayRelease: !nodes.contains(where: \.holdsBackOthers))
        let effects = nodes.indices.compactMap { index in
            effect(of: index, orders).map { NextEffect(node: nodes[index].plan.name, effect: $0) }
        }
        guard effects.isEmpty else { return effects }
        if nodes.allSatisfy(\.state.isFinal) {
            return [NextEffect(node: nil, effect: .record(.finished(outcome)))]
        }
        return nextWave().map { [NextEffect(node: nil, effect: $0)] } ?? []
    }

    private func effect(of index: Int, _ orders: NodeRun.Orders) -> Effect? {
        let node = nodes[index]
        if node.state == .waiting {
            if isStopping { return .record(.nodeState(.skipped, reason: "the run stopped before its turn")) }
            guard let wave, waves[wave].contains(index) else { return nil }
        }
        if node.state == .holding, isTakingBack {
            return isLastHolding(index)
                ? .record(.nodeState(.rollingBack, reason: "the run failed (rollback-all)")) : nil
        }
        return node.next(orders)
    }

    private func nextWave() -> Effect? {
        let next = (wave ?? -1) + 1
        guard !isStopping, waves.indices.contains(next) else { return nil }
        let isOver = wave.map { waves[$0].allSatisfy { nodes[$0].state.isSettled } } ?? true
        guard isOver else { return nil }
        let pause = next == 0 ? 0 : plan.strategy.pauseSeconds
        return pause == 0 ? .record(.wave(next)) : .pause(seconds: pause, beforeWave: next)
    }

    private var outcome: RunEnd {
        let states = Set(nodes.map(\.state)).subtracting([.skipped])
        if states.contains(.needsPerson) { return .needsPerson }
        if states.isSubset(of: [.stale, .denied]), !states.isEmpty {
            return states.contains(.denied) ? .denied : .stale
        }
        if states.isSubset(of: [.rolledBack, .stale, .denied]) { return .rolledBack }
        if states.count > 1 || (states == [.succeeded] && nodes.contains { $0.state == .skipped }) { return .partial }
        return states == [.succeeded] ? .succeeded : states == [.abandoned] ? .abandoned : .rolledBack
    }
}

/// When a run stops, and what it takes back.
extension RunState {
    /// True when no further node is begun.
    public var isStopping: Bool {
        isRecovering || isOverBudget || nodes.contains(where: isCutOff)
    }

    // A node that goes on without its execution host is not cut off.
    private func isCutOff(_ node: NodeRun) -> Bool {
        guard !node.unreachable.isEmpty, !node.state.isFinal else { return false }
        return node.next(NodeRun.Orders(onFailure: plan.onFailure, mayEnd: true)) == nil
    }

    // One failed node more than the budget allows, or one that no budget covers: what a policy forbids is no failure to be
    // borne, and the next node would be asked the same.
    private var isOverBudget: Bool {
        let failed = nodes.indices.filter { nodes[$0].state.isFailure }
        return failed.count > plan.strategy.failureBudget || failed.contains { $0 < plan.strategy.canary }
            || nodes.contains { $0.state == .needsPerson || $0.isDenied }
    }

    /// True when nodes that are in place are to be brought back too. A run whose first node has ended in place, or was about
    /// to give its leases back, was decided: what happens to the others then no longer changes that.
    private var isTakingBack: Bool {
        guard plan.onFailure == .rollbackAll, !nodes.contains(where: \.isInPlaceForGood) else { return false }
        return isOverBudget || (isRecovering && !nodes.allSatisfy { $0.state == .holding })
    }

    // In reverse: a node goes back when nothing of the waves after its own is in place or under way any more.
    private func isLastHolding(_ index: Int) -> Bool {
        guard let own = waves.firstIndex(where: { $0.contains(index) }) else { return true }
        return waves[(own + 1)...].joined().allSatisfy { nodes[$0].state.isOut || isCutOff(nodes[$0]) }
    }

    /// With rollback-all nobody ends in place before all are.
    private var mayEnd: Bool {
        guard plan.onFailure == .rollbackAll else { return true }
        return !isTakingBack && nodes.allSatisfy { $0.state.isSettled }
    }
}

extension NodeState {
    fileprivate var isFailure: Bool { self == .rolledBack || self == .stale || self == .abandoned }
    fileprivate var isSettled: Bool { isFinal || self == .holding }
    fileprivate var isOut: Bool { isFinal || self == .waiting }
}

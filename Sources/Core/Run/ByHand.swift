/// What a person types to bring one node back without Belay: the exact commands, as data, for a terminal, a page or a ticket.
public struct ByHand: Codable, Sendable, Hashable {
    /// One command, as root on one machine. Repeating it does no harm.
    public struct Line: Codable, Sendable, Hashable {
        /// The machine, by its name in the inventory; `local` for the one Belay runs on.
        public var host: String
        /// What it is for.
        public var purpose: String
        /// The command; empty where nothing helps.
        public var command: [String]
        /// The step it undoes, counted from 0, when it undoes one.
        public var step: Int?
    }

    /// The node it is about.
    public var node: String
    /// In this order.
    public var lines: [Line]
    /// What tells Belay afterwards, on the machine with the log; `before` where that is what the person has seen.
    public var resolve: [String]

    /// What is left to do for a node of a run, nil where nothing waits for a person.
    /// - Parameter run: the run's name in its log.
    public init?(_ node: NodeRun, of plan: Plan, run: String) {
        guard node.state == .needsPerson || !node.unreachable.isEmpty && !node.state.isFinal else { return nil }
        self.node = node.plan.name
        lines = Self.deadMan(node, plan) + node.undoable.flatMap { Self.undo($0, node, plan) }
        resolve = ["belay", "resolve", run, node.plan.name, "--as", "before", "--reason", "what you saw"]
    }

    // It competes for the token as the timer does, so it can be started at any time.
    private static func deadMan(_ node: NodeRun, _ plan: Plan) -> [Line] {
        guard node.deadMan == .armed else { return [] }
        return [
            Line(
                host: node.plan.name, purpose: "let the dead-man put the node back now, if it has not yet",
                command: ["sh", node.folder(at: .node, of: plan) + "/deadman.sh"])
        ]
    }

    private static func undo(_ index: Int, _ node: NodeRun, _ plan: Plan) -> [Line] {
        let step = node.plan.steps[index]
        let host = node.plan.host(at: step.place)?.name ?? node.plan.name
        let name = "step '\(step.name)'"
        guard node.steps[index].intent?.undo.isEmpty == false else {
            return [Line(host: host, purpose: "nothing undoes \(name): look at what it did", command: [], step: index)]
        }
        let number = "\(index < 10 ? "0" : "")\(index)"
        let undo = Line(
            host: host, purpose: "undo \(name)",
            command: ["sh", "\(node.folder(at: step.place, of: plan))/steps/\(number)-apply/undo.sh"], step: index)
        // Where records lie in a user's folder no unit of the system was started.
        guard node.mayStillRun(index), node.plan.host(at: step.place)?.records == nil else { return [undo] }
        let unit = node.fence(run: plan.id, at: step.place).unit
        return [
            Line(
                host: host, purpose: "end \(name) if it still runs", command: ["systemctl", "stop", "\(unit)-step-*"]),
            undo,
        ]
    }
}

extension NodeRun {
    /// Newest first, as they are undone.
    fileprivate var undoable: [Int] {
        steps.indices.reversed().filter { index in
            guard steps[index].mayHaveRun, holds[plan.steps[index].place]?.endedElsewhere == nil else { return false }
            if case .reverted(clean: true) = deadMan, plan.steps[index].cutsPath { return false }
            return steps[index].undone != .succeeded
        }
    }

    fileprivate func mayStillRun(_ index: Int) -> Bool {
        switch steps[index].applied {
        case nil, .unknown?: true
        default: false
        }
    }

    fileprivate func folder(at place: Place, of plan: Plan) -> String {
        let fence = fence(run: plan.id, at: place)
        return "\(holds[place]?.isInMemory == true ? fence.memoryBase : fence.base)/\(plan.id)"
    }
}

extension RunState {
    /// For each node that waits for a person, the way back by hand.
    public var byHand: [ByHand] { nodes.compactMap { ByHand($0, of: plan, run: id) } }
}

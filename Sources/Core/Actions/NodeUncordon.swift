/// `node.uncordon`: new pods on a node again.
///
/// Behind `node.cordon` in a runbook it lifts what that step did. By default it lifts the cordon of any run of Belay and
/// leaves a person's (law 6).
public struct NodeUncordon: Action {
    /// `node.uncordon`.
    public static let kind = ActionKind(
        name: "node.uncordon",
        summary: "Lifts a node's cordon in Kubernetes; undo puts back the very cordon that was there.",
        disrupts: [], touches: ["scheduling"],
        parameters: [
            ArgumentKind(
                "owner",
                "whose cordon is lifted: run (this run's), belay (any run's, the default) or anyone (a person's too)")
        ] + KubectlObject.nodeParameters)

    private enum Owner: String, CaseIterable {
        case run, belay, anyone
    }

    private let node: KubectlObject
    private let owner: Owner

    /// Reads `owner` and what the planner fills in.
    public init(arguments: Arguments) throws(ArgumentError) {
        node = try KubectlObject(node: arguments)
        let word = try arguments.choice(
            "owner", of: Owner.allCases.map(\.rawValue), default: Owner.belay.rawValue)
        owner = Owner(rawValue: word) ?? .belay
    }

    /// Reversible: the cordon comes back with its owner.
    public var reversibility: Reversibility { .reversible }
    /// The path to a node does not lead through its API object.
    public var cutsPath: Bool { false }
    /// It is kept by the API server.
    public var survivesReboot: Bool { true }
    /// In the cluster.
    public var place: Place { .cluster }

    /// One read of the node; the same as ``NodeCordon``'s.
    public func observe() -> [Command] { [node.get(NodeCordonState.view)] }

    /// Fields: `uid`, `unschedulable`, `run`, `writer`.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        return try NodeCordonState(outputs[0], of: node).observation
    }

    /// All of it is what the write relies on.
    public func role(of field: String) -> FieldRole { .footprint }

    /// Schedulable, or as it is.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        guard let state = NodeCordonState(before) else { throw .unreadable(node) }
        guard state.isCordoned else { return Prediction(after: before, notes: ["\(node.name) is not cordoned"]) }
        let whose = if case .run(let run) = state.owner { "run \(run)" } else { "a person" }
        guard lifts(state) else {
            let wanted = owner == .run ? "this run's own cordon" : "a cordon of Belay"
            return Prediction(after: before, notes: ["cordoned by \(whose): left, as only \(wanted) is lifted"])
        }
        return Prediction(after: state.lifted().observation, notes: ["lifts the cordon of \(whose)"])
    }

    /// Lifts the cordon and removes the note of its owner, in one write that fails when somebody was faster.
    public func apply(_ before: Observation) -> [Command] {
        guard let state = NodeCordonState(before), lifts(state) else { return [] }
        return [state.lifted().write(on: node, from: [state], others: .fail)]
    }

    /// Puts the cordon back, with its owner, unless somebody has cordoned the node since.
    public func undo(_ before: Observation) -> [Command] {
        guard let state = NodeCordonState(before), lifts(state) else { return [] }
        return [state.write(on: node, from: [state.lifted()], others: .leave)]
    }

    private func lifts(_ state: NodeCordonState) -> Bool {
        switch state.owner {
        case .nobody: false
        case .run(let run): owner != .run || run == node.run
        case .person: owner == .anyone
        }
    }
}

/// `node.cordon`: no new pods on a node, and a note on it of which run said so.
///
/// Both in one write, so that there is no cordon without its owner. A node that somebody has cordoned already is left as
/// it is, now and by undo (law 6).
public struct NodeCordon: Action {
    /// `node.cordon`.
    public static let kind = ActionKind(
        name: "node.cordon",
        summary: "Cordons a node in Kubernetes and notes the run as the owner; undo lifts its own cordon only.",
        disrupts: ["node"], touches: ["scheduling"], parameters: KubectlObject.nodeParameters)

    private let node: KubectlObject

    /// Reads what the planner fills in.
    public init(arguments: Arguments) throws(ArgumentError) {
        node = try KubectlObject(node: arguments)
    }

    /// Reversible.
    public var reversibility: Reversibility { .reversible }
    /// The path to a node does not lead through its API object.
    public var cutsPath: Bool { false }
    /// It is kept by the API server.
    public var survivesReboot: Bool { true }
    /// In the cluster.
    public var place: Place { .cluster }

    /// One read of the node; the same as ``NodeUncordon``'s.
    public func observe() -> [Command] { [node.get(NodeCordonState.view)] }

    /// Fields: `uid`, `unschedulable`, `run`, `writer`.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        return try NodeCordonState(outputs[0], of: node).observation
    }

    /// All of it is what the write relies on.
    public func role(of field: String) -> FieldRole { .footprint }

    /// Cordoned by this run, or as it is.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        guard let state = NodeCordonState(before) else { throw .unreadable(node) }
        switch state.owner {
        case .nobody:
            return Prediction(
                after: state.cordoned(by: node.run).observation,
                notes: ["no new pods are put on \(node.name); those that run there stay"])
        case .run(let run):
            return Prediction(after: before, notes: ["already cordoned by run \(run): left as it is, by undo too"])
        case .person:
            return Prediction(after: before, notes: ["already cordoned by a person: left as it is, by undo too"])
        }
    }

    /// The cordon and its owner, in one write that fails when somebody was faster.
    public func apply(_ before: Observation) -> [Command] {
        guard let state = NodeCordonState(before), !state.isCordoned else { return [] }
        return [state.cordoned(by: node.run).write(on: node, from: [state], others: .fail)]
    }

    /// Lifts this run's cordon. Where a person lifted it and left our note, the note is removed; where a person has
    /// cordoned the node since, it stays. From this run's cordon (in a rollback plan): puts it back if nobody has
    /// touched the node since it was lifted.
    public func undo(_ before: Observation) -> [Command] {
        guard let state = NodeCordonState(before) else { return [] }
        let ours = state.cordoned(by: node.run)
        if !state.isCordoned {
            return [state.write(on: node, from: [ours, state.lifted(leaving: node.run)], others: .leave)]
        }
        return state == ours ? [state.write(on: node, from: [state.lifted()], others: .leave)] : []
    }
}

extension ObservationError {
    /// A state that this version's own reader did not make.
    static func unreadable(_ object: KubectlObject) -> ObservationError {
        ObservationError("the state of \(object.description) cannot be read", remedy: "Make the plan again")
    }
}

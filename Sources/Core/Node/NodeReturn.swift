/// What a node needs to give a temporary run back alone: the run's steps, each with the look that tells whether somebody
/// else changed what it left.
public struct NodeReturn: Sendable, Hashable {
    /// One step of the run that changed something.
    public struct Step: Sendable, Hashable {
        /// The step's name in the plan.
        public var name: String
        /// Read-only: exit status 0 when the node is as the step left it, or as it was before it; 10 when somebody changed
        /// it. With any other it cannot be told, which counts as changed.
        public var look: Command
        /// The commands of the action's undo, from the state before alone.
        public var undo: [Command]
        /// How long the look, and each time the undo, may take.
        public var seconds: Int

        /// Names a step and what its way back is.
        public init(name: String, look: Command, undo: [Command], seconds: Int) {
            self.name = name
            self.look = look
            self.undo = undo
            self.seconds = seconds
        }

        /// The way back of a step as it was run; nil where the node cannot give it back alone.
        public init?(name: String, action: any Action, left: Observation, before: Observation, seconds: Int) {
            guard let look = action.stillAsLeft(left, before: before) else { return nil }
            self.init(name: name, look: look, undo: action.undo(before), seconds: seconds)
        }
    }

    /// In the plan's order; the last one is given back first. Steps that changed nothing are left out.
    public var steps: [Step]

    /// Collects the steps, in the plan's order.
    public init(steps: [Step]) {
        self.steps = steps
    }
}

/// How a temporary run's way back stands on its node.
public enum NodeReturnStanding: Codable, Sendable, Hashable {
    /// The node will give it back; from zero on it is due and waits, for a run that has the node where one is named.
    case armed(secondsLeft: Int, waitingFor: String?)
    /// An executor has it, and the node leaves it alone: somebody keeps it, or gives it back by a plan.
    case taken
    /// The node is at it.
    case running
    /// The node gave it all back.
    case returned(output: Payload)
    /// The node stopped before this step: somebody had changed what it left. The steps after it are back.
    case conflict(step: String, output: Payload)
    /// The node stopped in this step: its undo ended with this status.
    case failed(step: String, status: Int, output: Payload)
    /// Nothing of the run lies there.
    case none
    /// Nothing was done; the words say why (`lease …`, `busy`, `disk`, `unit …`, `name`, `place …`, `open`).
    case refused(String)

    /// Whether it will not change any more, so that it can be forgotten once it is in the log.
    public var isSettled: Bool {
        switch self {
        case .taken, .returned, .conflict, .failed: true
        case .armed, .running, .none, .refused: false
        }
    }

    /// Reads what a script of ``NodeReturnScript`` printed.
    /// - Throws: ``ObservationError`` when no script of ours prints that.
    public init(parsing printed: [UInt8]) throws(ObservationError) {
        self = .none
    }
}

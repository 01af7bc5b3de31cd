/// Everything Belay ever writes on a node. Each is an intent in the log before it is sent, and an outcome after.
public enum Write: Codable, Sendable, Hashable {
    /// Take the target's lease at a place; `recovering` = fence off the executor that held it before us.
    case acquireLease(Place, recovering: Bool)
    /// Arm the dead-man switch.
    case armDeadMan
    /// Run a step's commands.
    case apply(step: Int)
    /// Win the dead-man's token, or learn that the node did.
    case disarmDeadMan
    /// Let the dead-man revert the node now: on the way back nothing has proved yet that the node can still be reached.
    case fireDeadMan
    /// Undo a step.
    case undo(step: Int)
    /// Have the node give the run back by itself once it is due.
    case armReturn
    /// Take that from the node, or learn what it did: of the run itself on its way back, or of the run that this one rolls back.
    case takeReturn
    /// Remove the record at a place and give the lease back.
    case releaseLease(Place)

    // The name that an unlabelled value has in the log's JSON.
    private enum AcquireLeaseCodingKeys: String, CodingKey { case _0 = "place", recovering }
    private enum ReleaseLeaseCodingKeys: String, CodingKey { case _0 = "place" }

    /// The step it is about, nil when it is about the node.
    public var step: Int? {
        switch self {
        case .apply(let step), .undo(let step): step
        default: nil
        }
    }
}

/// An intent: what is about to be sent, durable before it is (law 1).
public struct Intent: Codable, Sendable, Hashable {
    /// What is written.
    public var write: Write
    /// The very commands, for a step.
    public var commands: [Command]
    /// How it is undone, from the state observed right before.
    public var undo: [Command]

    /// Collects the parts.
    public init(_ write: Write, commands: [Command] = [], undo: [Command] = []) {
        self.write = write
        self.commands = commands
        self.undo = undo
    }
}

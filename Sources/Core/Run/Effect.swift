/// What the driver must do next. It decides nothing: it performs, and folds the event it got back into the state.
public enum Effect: Sendable, Hashable {
    /// Append this event to the log, durably, then fold it.
    case record(Event)
    /// Send a write whose intent is durable and was recorded by *this* executor; answer with `.outcome`.
    case send(Intent)
    /// Find out what became of a write that another executor may have sent; answer with `.outcome`.
    case lookUp(Write)
    /// Ask a step's condition, over fresh facts and what became of the steps before it; answer with `.evaluated`.
    case evaluate(step: Int)
    /// Ask the policies about the node, now that its lease is held: over fresh facts, and with what else is under way read
    /// again; answer with `.judged`. Never asked by a recovery.
    case judge
    /// Ask the node's preconditions over fresh facts; answer with `.admitted`.
    case admit
    /// Wait for so many seconds, then answer with the wave's `.wave`.
    case pause(seconds: Int, beforeWave: Int)
    /// Read a step's state; answer with `.observed`. After an undo it is read until it equals `expecting`, for a while.
    case observe(step: Int, moment: Moment, expecting: Observation?)
    /// Check until it holds or its time is over, over a new connection when `afresh`; answer with `.verified`.
    case verify(step: Int?, [CheckPlan], afresh: Bool)
}

/// An effect and the node it is for (nil = the run as a whole).
public struct NextEffect: Sendable, Hashable {
    /// The node's name.
    public var node: String?
    /// What to do.
    public var effect: Effect

    /// Pairs them.
    public init(node: String?, effect: Effect) {
        self.node = node
        self.effect = effect
    }
}

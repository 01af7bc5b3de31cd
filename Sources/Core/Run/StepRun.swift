/// One step of a node: what the log says of it.
public struct StepRun: Sendable {
    /// Why it was left out; nil while it was not.
    public var skipped: String?
    /// What its condition said when its turn came; nil until asked.
    public var condition: Condition?
    /// Why its state cannot be told in the direction the node is going.
    public var blind: String?
    /// What was observed right before it ran.
    public var before: Observation?
    /// The commands that were sent, and their undo.
    public var intent: Intent?
    /// How applying it ended; nil while not known.
    public var applied: Applied?
    /// What its checks said; nil until made.
    public var verifyFailures: [String]?
    /// What was observed after the node was verified.
    public var after: Observation?
    /// Whether an executor before this one has observed that.
    public var isAfterOld = false
    /// What was observed right before undo.
    public var beforeUndo: Observation?
    /// How undoing it ended.
    public var undone: Applied?
    /// What was observed after undo.
    public var afterUndo: Observation?
    /// What made it stale, or was in conflict.
    public var differences: [Difference] = []

    /// How often undoing it was begun: each attempt is a unit of its own on the node.
    public var undoAttempts = 0
    /// How many of those never began, as whoever took over found out: each took an executor's end, and says nothing of undo.
    public var undosCutOff = 0

    /// The answer to a step's condition.
    public struct Condition: Sendable, Hashable {
        /// Whether it holds, nil when that cannot be told.
        public var holds: Bool?
        /// What was seen.
        public var reason: String
    }

    mutating func began(_ intent: Intent) {
        if case .apply = intent.write { self.intent = intent } else { (undone, undoAttempts) = (nil, undoAttempts + 1) }
    }

    mutating func observed(_ observation: Observation, _ moment: Moment) {
        switch moment {
        case .before: before = observation
        case .after: (after, isAfterOld) = (observation, false)
        case .beforeUndo: beforeUndo = observation
        case .afterUndo: afterUndo = observation
        }
    }

    /// True when a command of it may have run: an intent was recorded and nothing says it never began.
    public var mayHaveRun: Bool { intent != nil && applied != .neverBegan && applied != .unchanged }

    /// What `steps.NAME.ran` says to later conditions: it did something, and did it whole.
    public var ran: Bool { applied == .succeeded }
}

/// How a step's commands ended.
public enum Applied: Sendable, Hashable {
    /// All succeeded.
    case succeeded
    /// There was nothing to do.
    case unchanged
    /// One failed; the sentence says which and how.
    case failed(String)
    /// They began and their end is unknown.
    case unknown(String)
    /// They never began on the node.
    case neverBegan

    init(_ answer: NodeAnswer) {
        switch answer {
        case .done(0, _, _): self = .succeeded
        case .done(let status, let index, let output): self = .failed(Self.sentence(status, index, output))
        case .running: self = .unknown("still running after its time")
        case .lost(let rebooted):
            self = .unknown(
                rebooted
                    ? "the node rebooted meanwhile, or its record there was taken away" : "it was stopped from outside")
        case .absent: self = .neverBegan
        // Sent again after a lost connection: the first script may be what holds the lock, and still begin.
        case .refused("busy"): self = .unknown("another script held the node's lock")
        case .refused: self = .neverBegan
        default: self = .unknown("the node answered \(answer)")
        }
    }

    private static func sentence(_ status: Int, _ index: Int, _ output: Payload) -> String {
        let end = output.text?.lines.last.map { ": \(Printable.escape(String($0), limit: 200))" } ?? ""
        let how = status == 124 || status == 137 ? "ran out of time" : "ended with status \(status)"
        return "command \(index + 1) \(how)\(end)"
    }
}

/// The log holds an event that cannot have followed the ones before it: it is damaged, or from another version.
public struct IllegalEvent: Error, Sendable, Hashable, CustomStringConvertible {
    /// What does not fit.
    public var description: String

    /// Says what does not fit.
    public init(_ description: String) { self.description = description }
}

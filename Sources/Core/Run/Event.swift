/// What happened, as the log has it: the only input of the run's fold.
public enum Event: Codable, Sendable, Hashable {
    /// The run begins (its plan, decision and approvals were logged before).
    case started(holder: String)
    /// Another executor takes the run over after a crash: open intents must be looked up, not sent.
    case recovering(holder: String)
    /// A write is about to be sent.
    case intent(Intent)
    /// What the node said of it.
    case outcome(Write, NodeAnswer)
    /// A step's state was read.
    case observed(step: Int, moment: Moment, Observation)
    /// A step's state could not be told for sure; the sentence says why.
    case unobservable(step: Int, moment: Moment, reason: String)
    /// A step had nothing to do.
    case unchanged(step: Int)
    /// A step's condition was asked; `holds` is nil when it cannot be told, the sentence says what was seen.
    case evaluated(step: Int, holds: Bool?, reason: String)
    /// A step was left out, and why.
    case skipped(step: Int, reason: String)
    /// The policies were asked again at the node's turn, under its lease; `findings` has their denials and warnings.
    case judged(findings: [Finding])
    /// The node's preconditions were asked at its turn; `failures` is empty when all hold.
    case admitted(failures: [String])
    /// Checks were made, of one step or (nil) of the whole node; `failures` is empty when all held.
    case verified(step: Int?, failures: [String])
    /// The node is not as the plan expects: nothing more of it is run.
    case stale(step: Int, [Difference])
    /// Someone else changed what we would undo: shown, not overwritten (law 6).
    case conflict(step: Int, [Difference])
    /// The node's own state moved on, and why.
    case nodeState(NodeState, reason: String)
    /// A place cannot be reached; this executor leaves what is open there for `belay recover`.
    case unreachable(Place, cause: String)
    /// A person vouches for the node's state, or gives it up; a run that had ended goes on until the node is freed.
    case resolved(SignedResolution)
    /// The nodes of a wave may begin (0 is the first).
    case wave(Int)
    /// Nothing more will happen in this run.
    case finished(RunEnd)

    // The names in the log's JSON, which are those in `type`.
    private enum CodingKeys: String, CodingKey {
        case started = "run.start"
        case recovering, intent, outcome, observed, unobservable, unchanged, evaluated, skipped, judged, admitted
        case verified = "verify"
        case stale, conflict
        case nodeState = "node.state"
        case unreachable, resolved, wave
        case finished = "run.end"
    }

    /// The name in a log entry's `type`.
    public var name: String { key.rawValue }

    private var key: CodingKeys {
        switch self {
        case .started: .started
        case .recovering: .recovering
        case .intent: .intent
        case .outcome: .outcome
        case .observed: .observed
        case .unobservable: .unobservable
        case .unchanged: .unchanged
        case .evaluated: .evaluated
        case .skipped: .skipped
        case .judged: .judged
        case .admitted: .admitted
        case .verified: .verified
        case .stale: .stale
        case .conflict: .conflict
        case .nodeState: .nodeState
        case .unreachable: .unreachable
        case .resolved: .resolved
        case .wave: .wave
        case .finished: .finished
        }
    }

    // The names that unlabelled values have there.
    private enum IntentCodingKeys: String, CodingKey { case _0 = "intent" }
    private enum OutcomeCodingKeys: String, CodingKey { case _0 = "write", _1 = "answer" }
    private enum ObservedCodingKeys: String, CodingKey { case step, moment, _2 = "observation" }
    private enum StaleCodingKeys: String, CodingKey { case step, _1 = "differences" }
    private enum ConflictCodingKeys: String, CodingKey { case step, _1 = "differences" }
    private enum NodeStateCodingKeys: String, CodingKey { case _0 = "state", reason }
    private enum UnreachableCodingKeys: String, CodingKey { case _0 = "place", cause }
    private enum ResolvedCodingKeys: String, CodingKey { case _0 = "resolution" }
    private enum WaveCodingKeys: String, CodingKey { case _0 = "number" }
    private enum FinishedCodingKeys: String, CodingKey { case _0 = "end" }
}

/// When a step's state was read.
public enum Moment: String, Codable, Sendable, Hashable {
    /// Right before it runs.
    case before
    /// After the whole node was verified.
    case after
    /// Right before it is undone.
    case beforeUndo
    /// After it was undone.
    case afterUndo
}

/// The state of one node in a run.
public enum NodeState: String, Codable, Sendable, Hashable {
    /// Its turn has not come.
    case waiting
    /// Its steps are under way.
    case running
    /// It is in the planned state, verified, and keeps its lease until the fate of the whole run is known (rollback-all).
    case holding
    /// Its steps are being undone.
    case rollingBack
    /// It is in the planned state, verified.
    case succeeded
    /// It is in the state it was found in.
    case rolledBack
    /// It was not as planned and nothing of it was run.
    case stale
    /// The policies denied it when its turn came, and nothing of it was run.
    case denied
    /// It was left alone because another node failed.
    case skipped
    /// Nobody but a person can say what to do.
    case needsPerson
    /// A person has vouched for it, and what the run left there is being taken away.
    case resolving
    /// A person has given it up: its state is not known.
    case abandoned

    /// True when nothing more happens to the node in this run.
    public var isFinal: Bool {
        switch self {
        case .waiting, .running, .holding, .rollingBack, .resolving: false
        case .succeeded, .rolledBack, .stale, .denied, .skipped, .needsPerson, .abandoned: true
        }
    }
}

/// How a run ended.
public enum RunEnd: String, Codable, Sendable, Hashable {
    /// Every node is in the planned state.
    case succeeded
    /// Every node that was touched is as it was found.
    case rolledBack
    /// A node was not as planned; nothing was run.
    case stale
    /// The policies denied a node when its turn came; nothing was run.
    case denied
    /// Nodes ended differently.
    case partial
    /// At least one node needs a person.
    case needsPerson
    /// Every node that was touched was given up by a person.
    case abandoned
}

/// One node's part of a run: what the log says has happened to it, and nothing else.
///
/// It only remembers; `NodeRun+Forward` and `NodeRun+Rollback` say what follows from it.
public struct NodeRun: Sendable {
    /// The node's part of the plan.
    public let plan: NodePlan
    /// Where it stands.
    public private(set) var state = NodeState.waiting
    /// Why it stands there; the sentence of the last `nodeState`.
    public private(set) var reason = ""
    /// The lease's epoch while this executor holds it.
    public private(set) var epoch: Int?
    /// An intent of this executor without an outcome: to be sent.
    public private(set) var open: Intent?
    /// An intent of an earlier executor without an outcome: to be looked up.
    public private(set) var unresolved: Write?
    /// Set once an executor after the first took the run over.
    public private(set) var recovering = false
    /// Set when the node rebooted while its dead-man was armed: what differs now is the reboot's doing, and ours to settle.
    public private(set) var rebooted = false
    /// What became of the dead-man.
    public private(set) var deadMan = DeadMan.none
    /// The steps.
    public private(set) var steps: [StepRun]
    /// What the checks over the whole node said; nil until made.
    public private(set) var verifyFailures: [String]?
    /// Set when the lease was given back.
    public private(set) var released = false
    /// Why it cannot be reached, while it cannot.
    public private(set) var unreachable: String?
    /// Set when a step was stale: how the rollback that follows ends.
    public private(set) var isStale = false
    /// Why the state of a step cannot be told, once that happened in the direction the node is going.
    public private(set) var blind: String?
    /// What the node refused to this executor, and why.
    public private(set) var refusals: [Write: String] = [:]

    let actions: [any Action]

    /// What became of the dead-man switch of this node.
    public enum DeadMan: Sendable, Hashable {
        case none, armed, won
        /// The node undid its path-cutting steps; false when one of its undos failed.
        case reverted(clean: Bool)
    }

    /// A node of a plan at its beginning.
    /// - Throws: ``ArgumentError`` when the plan names an action this build does not have.
    init(plan: NodePlan) throws(ArgumentError) {
        self.plan = plan
        actions = try plan.steps.map { (step) throws(ArgumentError) in try step.makeAction() }
        steps = plan.steps.map { _ in StepRun() }
    }

    /// The fence its writes carry.
    public func fence(run: String) -> NodeRecord.Fence { NodeRecord.Fence(run: run, epoch: epoch ?? 0) }

    /// Folds one event about this node.
    mutating func apply(_ event: Event) throws(IllegalEvent) {
        guard !state.isFinal else { throw IllegalEvent("an event after node \(plan.name) ended as \(state.rawValue)") }
        switch event {
        case .intent(let intent): try begin(intent)
        case .outcome(let write, let answer): try end(write, answer)
        case .observed(let step, let moment, let observation):
            try at(step) { $0.observed(observation, moment) }
        case .unobservable(_, _, let why): blind = why
        case .unchanged(let step): try at(step) { $0.applied = .unchanged }
        case .verified(let step?, let failures): try at(step) { $0.verifyFailures = failures }
        case .verified(nil, let failures): verifyFailures = failures
        case .stale(let step, let differences):
            try at(step) { $0.differences = differences }
            isStale = true
        case .conflict(let step, let differences): try at(step) { $0.differences = differences }
        case .nodeState(let next, let why): (state, reason, blind) = (next, why, nil)
        case .unreachable(let cause): unreachable = cause
        case .started, .recovering, .finished: throw IllegalEvent("a run's event on a node")
        }
    }

    /// Another executor goes on: what was open may or may not have been sent, and the lease must be taken anew.
    mutating func takeOver() {
        guard !state.isFinal, state != .waiting else { return }
        (recovering, unreachable, epoch, refusals, blind) = (true, nil, nil, [:], nil)
        // Hours may lie between: what somebody did meanwhile must be seen before it is undone (law 6).
        for index in steps.indices where steps[index].undone == nil { steps[index].beforeUndo = nil }
        let pending = open?.write ?? unresolved
        (open, unresolved) = (nil, nil)
        switch pending {
        case .apply?, .undo?: unresolved = pending
        // Disarming again is harmless: the token was won, lost, or never there, and the node says which.
        case .armDeadMan?, .disarmDeadMan?, .fireDeadMan?: deadMan = .armed
        case .acquireLease?, .releaseLease?, nil: break
        }
    }

    private mutating func begin(_ intent: Intent) throws(IllegalEvent) {
        guard open == nil else { throw IllegalEvent("two intents open at once on \(plan.name)") }
        open = intent
        if state == .waiting { state = .running }
        if intent.write == .releaseLease { releaseWasSent = true }
        if let step = intent.write.step { try at(step) { $0.began(intent) } }
    }

    private mutating func end(_ write: Write, _ answer: NodeAnswer) throws(IllegalEvent) {
        guard open?.write == write || unresolved == write else { throw IllegalEvent("an outcome without its intent") }
        if open?.write == write { open = nil } else { unresolved = nil }
        switch (write, answer) {
        case (.acquireLease, .granted(let epoch)): (self.epoch, wasGranted) = (epoch, true)
        case (.armDeadMan, .armed): deadMan = .armed
        case (.disarmDeadMan, .won), (.fireDeadMan, .won): deadMan = .won
        case (.disarmDeadMan, .lost), (.fireDeadMan, .lost): (deadMan, rebooted) = (.won, true)
        case (.disarmDeadMan, .reverted(let status, _)), (.fireDeadMan, .reverted(let status, _)):
            deadMan = .reverted(clean: status == 0)
        case (.disarmDeadMan, .noDeadMan), (.fireDeadMan, .noDeadMan): deadMan = .none
        case (.releaseLease, .released): released = true
        case (.apply(let step), _): try at(step) { $0.applied = Applied(answer) }
        case (.undo(let step), _): try at(step) { $0.undone = Applied(answer) }
        case (_, .refused(let why)): refused(write, why)
        default: refused(write, "the node answered \(answer)")
        }
    }

    // A lease refused to one who recovers a run that had already been giving it back: that run had ended on the node, and
    // somebody else works there now.
    private mutating func refused(_ write: Write, _ why: String) {
        let isTaken = why.hasPrefix("unfinished ") || why.hasPrefix("held ")
        if case .acquireLease(recovering: true) = write, releaseWasSent, isTaken {
            released = true
        } else {
            refusals[write] = why
        }
    }

    private var releaseWasSent = false
    // Nothing is ever sent to a node without its lease: never granted means never touched.
    private(set) var wasGranted = false

    private mutating func at(_ step: Int, _ change: (inout StepRun) -> Void) throws(IllegalEvent) {
        guard steps.indices.contains(step) else { throw IllegalEvent("step \(step) is not in the plan") }
        change(&steps[step])
    }
}

/// One step of a node: what the log says of it.
public struct StepRun: Sendable {
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

    mutating func began(_ intent: Intent) {
        if case .apply = intent.write { self.intent = intent } else { (undone, undoAttempts) = (nil, undoAttempts + 1) }
    }

    mutating func observed(_ observation: Observation, _ moment: Moment) {
        switch moment {
        case .before: before = observation
        case .after: after = observation
        case .beforeUndo: beforeUndo = observation
        case .afterUndo: afterUndo = observation
        }
    }

    /// True when a command of it may have run: an intent was recorded and nothing says it never began.
    public var mayHaveRun: Bool { intent != nil && applied != .neverBegan && applied != .unchanged }
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
            self = .unknown(rebooted ? "the node rebooted meanwhile" : "it was stopped from outside")
        case .absent: self = .neverBegan
        // Sent again after a lost connection: the first script may be what holds the lock, and still begin.
        case .refused("busy"): self = .unknown("another script held the node's lock")
        case .refused: self = .neverBegan
        default: self = .unknown("the node answered \(answer)")
        }
    }

    private static func sentence(_ status: Int, _ index: Int, _ output: Payload) -> String {
        let end = output.text?.split(separator: "\n").last.map { ": \(Printable.escape(String($0), limit: 200))" } ?? ""
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

/// One kind of change (or read) on a node, pure: it yields commands and reads their results, and never does I/O.
///
/// So a dry run prints the very commands, policies judge them, the dead-man script is generated from ``undo(_:)``, and
/// the simulator runs the same code. The law every action is held to: `observe(undo(apply(s))) ≡ s` in every field whose
/// role is not volatile (law 2).
public protocol Action: Sendable {
    /// Its name and what it is, the same for every use.
    static var kind: ActionKind { get }

    /// Reads the arguments of a runbook step, already substituted.
    /// - Throws: ``ArgumentError`` naming the argument, what is wrong with it and what would be right.
    init(arguments: Arguments) throws(ArgumentError)

    /// How far this use of the action can be undone.
    var reversibility: Reversibility { get }
    /// What this use disrupts; the kind's set unless the arguments narrow it (restarting chrony disrupts no pods).
    var disrupts: Set<String> { get }
    /// True when this use can cut the path to the node, so that it must run under a dead-man switch (law 3).
    var cutsPath: Bool { get }
    /// True when the effect is still there after a reboot.
    var survivesReboot: Bool { get }
    /// Where its commands run.
    var place: Place { get }
    /// Seconds that its step must be given at least, since it waits for so long itself; 0 for one that does not.
    var leastTimeout: Int { get }
    /// True when it frees disk, so that its record may lie in memory on a node whose disk is full.
    var freesDisk: Bool { get }

    /// What it looks at, in words that two actions share when they look at the same thing: then the later one's prediction
    /// begins where the earlier one's ends.
    var subject: String { get }
    /// Read-only commands that show the state this action is about.
    func observe() -> [Command]
    /// Reads their outputs, one for each command of ``observe()``, in order.
    /// - Throws: ``ObservationError`` when the state cannot be told for sure; an unknown is never guessed (law 5).
    func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation
    /// How a field takes part in comparisons.
    func role(of field: String) -> FieldRole

    /// The state after ``apply(_:)`` from this one.
    /// - Throws: ``ObservationError`` when the action cannot run from this state at all (no such unit, a symlink, …).
    func predict(_ before: Observation) throws(ObservationError) -> Prediction
    /// The writes, in order; each must succeed before the next is sent. Empty = nothing to do from this state.
    func apply(_ before: Observation) -> [Command]
    /// The writes that bring the node back to `before` from whatever state a partial or full apply left, idempotent.
    /// Empty when there is nothing that could have changed.
    func undo(_ before: Observation) -> [Command]
    /// Whether `now` may be run in place of the `planned` commands; only a bounded list that shrank may (semantics, Stale).
    func permits(_ now: [Command], planned: [Command]) -> Bool
    /// Whether a field that differs from before after undo counts as restored all the same, by the action's own stated
    /// equivalence (a unit that was failing before may be healthy now).
    func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool

    /// A read-only command by which the node alone tells whether somebody changed what this action left: exit status 0 when
    /// the footprint is as it was left or as it was before, 10 when it is neither, anything else when it cannot be told.
    /// Nil where the node cannot give it back alone; that depends on the arguments and on `before`, never on `left`.
    func stillAsLeft(_ left: Observation, before: Observation) -> Command?
}

extension Action {
    /// By default on the target itself.
    public var place: Place { .node }

    /// By default it waits for nothing.
    public var leastTimeout: Int { 0 }

    /// By default the commands that observe it: no word of theirs has a NUL in it.
    public var subject: String { observe().map { $0.argv.joined(separator: "\0") }.joined(separator: "\0\0") }

    /// By default everything its kind can disrupt.
    public var disrupts: Set<String> { Self.kind.disrupts }

    /// By default it needs disk as everything does.
    public var freesDisk: Bool { false }

    /// By default the commands must be those of the plan.
    public func permits(_ now: [Command], planned: [Command]) -> Bool { now == planned }

    /// By default nobody but an executor gives it back.
    public func stillAsLeft(_ left: Observation, before: Observation) -> Command? { nil }

    /// Whether the node can give back alone what this changes from this state: what a plan with `onNode` asks of each step.
    public func canReturnAlone(from before: Observation) -> Bool { stillAsLeft(before, before: before) != nil }

    /// By default only what is equal is restored.
    public func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool { before == now }
}

/// What an action is, apart from any use of it.
public struct ActionKind: Sendable {
    /// The name in runbooks, `group.verb`.
    public var name: String
    /// One sentence for lists and documentation.
    public var summary: String
    /// The most any use of it disrupts: `node kubelet runtime network pods etcd`.
    public var disrupts: Set<String>
    /// What it touches, in the words policies match on (`service`, `images`, `firewall`, `file`, …).
    public var touches: Set<String>
    /// Its arguments, for diagnostics and documentation.
    public var parameters: [ArgumentKind]

    /// Describes an action.
    public init(
        name: String, summary: String, disrupts: Set<String>, touches: Set<String>, parameters: [ArgumentKind]
    ) {
        self.name = name
        self.summary = summary
        self.disrupts = disrupts
        self.touches = touches
        self.parameters = parameters
    }
}

/// An argument an action takes.
public struct ArgumentKind: Sendable {
    /// Its name under `with:`.
    public var name: String
    /// One sentence, with the allowed values and the default where there is one.
    public var summary: String
    /// Whether a step must give it.
    public var required: Bool
    /// Whether the planner fills it in (``Injection``): a step may then not give it, and a plan always has it.
    public var injected: Bool

    /// Describes an argument.
    public init(_ name: String, _ summary: String, required: Bool = false, injected: Bool = false) {
        self.name = name
        self.summary = summary
        self.required = required
        self.injected = injected
    }
}

/// How far an effect can be undone (law 2).
public enum Reversibility: String, Codable, Sendable, CaseIterable {
    /// Changes nothing.
    case read
    /// The law of undo holds exactly on the declared fields.
    case reversible
    /// Undo reaches an equivalent state by the action's own stated equivalence.
    case compensable
    /// Nothing brings it back.
    case irreversible
}

/// The state of a node could not be told, or does not allow the action; nothing was changed.
public struct ObservationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What could not be told and why.
    public var message: String
    /// What the reader can do about it.
    public var remedy: String

    /// Says what could not be told and what to do.
    public init(_ message: String, remedy: String) {
        self.message = message
        self.remedy = remedy
    }

    /// Both sentences.
    public var description: String { "\(message). \(remedy)" }
}

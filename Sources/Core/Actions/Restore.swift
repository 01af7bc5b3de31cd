/// The step of a rollback plan: bring back what another run observed before it changed it.
///
/// An action's `undo(state)` restores `state` from anywhere, so it is also the way forward to an older state, and
/// the way back again is `undo` of what is observed now. Nothing in an action needs to know of rollback plans.
public struct Restore: Action {
    /// Never in the registry: a plan says `restores` beside the real action's name.
    public static let kind = ActionKind(
        name: "restore", summary: "Brings back the state that a run found.", disrupts: [], touches: [], parameters: [])

    private let base: any Action
    private let target: Observation

    /// Restores `target` by the undo of `base`.
    public init(base: any Action, target: Observation) {
        self.base = base
        self.target = target
    }

    /// Not made from arguments.
    public init(arguments: Arguments) throws(ArgumentError) {
        throw ArgumentError(nil, "restore is part of rollback plans and cannot be named in a runbook")
    }

    /// As the base.
    public var place: Place { base.place }
    /// As the base.
    public var reversibility: Reversibility { base.reversibility }
    /// As the base.
    public var disrupts: Set<String> { base.disrupts }
    /// As the base.
    public var cutsPath: Bool { base.cutsPath }
    /// As the base.
    public var survivesReboot: Bool { base.survivesReboot }
    /// As the base.
    public var subject: String { base.subject }
    /// As the base.
    public func observe() -> [Command] { base.observe() }
    /// As the base.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation { try base.parse(outputs) }
    /// As the base.
    public func role(of field: String) -> FieldRole { base.role(of: field) }

    /// As the base.
    public func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        base.isEquivalent(field, before: before, now: now)
    }

    /// The target, with what changes by itself left open, and what is there besides by the base's equivalence left there.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        var after = target
        var qualities: [String: Quality] = [:]
        for field in Set(before.fields.keys).union(target.fields.keys) {
            if case .volatile(let reason) = base.role(of: field) {
                after[field] = before[field]
                qualities[field] = .unpredictable(reason)
            } else if target[field] == nil, base.isEquivalent(field, before: nil, now: before[field]) {
                after[field] = before[field]
            }
        }
        return Prediction(after: after, qualities: qualities)
    }

    /// The undo of the older state; nothing when the node is already there.
    public func apply(_ before: Observation) -> [Command] {
        before.differences(from: target) { !base.role(of: $0).isVolatile }.isEmpty ? [] : base.undo(target)
    }

    /// The undo of what is there now.
    public func undo(_ before: Observation) -> [Command] { base.undo(before) }
}

/// `service.stop`: stops one systemd service.
///
/// Refused for what carries the path to the node: once it is verified, nobody could come in to start it again. Refused, too,
/// while others run that systemd would stop with it, since undo starts only the one that is named.
public struct ServiceStop: Action {
    /// `service.stop`.
    public static let kind = ActionKind(
        name: "service.stop",
        summary: "Stops a systemd service; undo starts it again when it was started.",
        disrupts: ServiceLook.disrupts, touches: ["service"], parameters: [ServiceLook.parameter])

    private let look: ServiceLook

    /// Reads `service`.
    public init(arguments: Arguments) throws(ArgumentError) {
        look = try ServiceLook(arguments)
        if look.unit.cutsPath {
            throw ArgumentError("service", "carries the path to the node: it can be restarted, not stopped")
        }
    }

    /// Reversible: which of started and stopped it is, is all that is changed.
    public var reversibility: Reversibility { .reversible }
    /// What the unit is part of.
    public var disrupts: Set<String> { look.unit.disrupts }
    /// What would is refused.
    public var cutsPath: Bool { false }
    /// A boot starts what is enabled, whatever was stopped before.
    public var survivesReboot: Bool { false }

    /// One `systemctl show` with the digest of the unit's files.
    public func observe() -> [Command] { look.observe() }
    /// The fields of `service.restart`.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation { try look.parse(outputs) }
    /// The unit and whether it is started are the footprint.
    public func role(of field: String) -> FieldRole { ServiceLook.role(of: field) }

    /// Stopped afterwards, exactly.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        try look.refuseUnloaded(before, verb: "stopped")
        guard isStarted(before) else {
            return Prediction(after: before, notes: ["\(look.unit.name) does not run"])
        }
        if let others = before.lines("stopsToo"), !others.isEmpty {
            throw ObservationError(
                "systemd would stop with \(look.unit.name) what requires it: \(others.joined(separator: ", "))",
                remedy: "Stop those first, each in a step of its own, so that each is started again by undo")
        }
        return stopped(before)
    }

    private func stopped(_ before: Observation) -> Prediction {
        var after = before
        after["started"] = .text("no")
        after["active"] = .text("stopped")
        after["mainPid"] = .text("0")
        let sources = before.lines("startedBy") ?? []
        let notes = sources.isEmpty ? [] : ["it may be started again by \(sources.joined(separator: ", "))"]
        return Prediction(after: after, notes: notes)
    }

    /// `systemctl stop`, and what that leaves of a bad end is forgotten; nothing when it is stopped.
    public func apply(_ before: Observation) -> [Command] { isStarted(before) ? look.stop : [] }

    /// Started when it was running or failing.
    public func undo(_ before: Observation) -> [Command] { isStarted(before) ? look.undo(before) : [] }

    /// What was failing may be healthy.
    public func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        ServiceLook.isEquivalent(field, before: before, now: now)
    }

    /// The unit, and whether it is started.
    public func stillAsLeft(_ left: Observation, before: Observation) -> Command? {
        look.stillAsLeft(left, before: before)
    }

    private func isStarted(_ state: Observation) -> Bool { state.text("started") == "yes" }
}

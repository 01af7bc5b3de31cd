/// `service.start`: starts one systemd service that is stopped, or that systemd has given up on.
///
/// What runs is left alone, so it is the milder of two remedies where `service.restart` would do as well.
public struct ServiceStart: Action {
    /// `service.start`.
    public static let kind = ActionKind(
        name: "service.start",
        summary: "Starts a systemd service that does not run; undo stops it again when it was stopped.",
        disrupts: ServiceLook.disrupts, touches: ["service"], parameters: [ServiceLook.parameter])

    private let look: ServiceLook

    /// Reads `service`.
    public init(arguments: Arguments) throws(ArgumentError) { look = try ServiceLook(arguments) }

    /// Reversible: which of started and stopped it is, is all that is changed.
    public var reversibility: Reversibility { .reversible }
    /// What does not run disrupts nothing when it is started, but its undo stops it.
    public var disrupts: Set<String> { look.unit.disrupts }
    /// True for sshd, the network's and the firewall's services: a firewall that comes up may be what cuts.
    public var cutsPath: Bool { look.unit.cutsPath }
    /// A boot starts what is enabled, whatever was started before.
    public var survivesReboot: Bool { false }

    /// One `systemctl show` with the digest of the unit's files.
    public func observe() -> [Command] { look.observe() }
    /// The fields of `service.restart`.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation { try look.parse(outputs) }
    /// The unit and whether it is started are the footprint.
    public func role(of field: String) -> FieldRole { ServiceLook.role(of: field) }

    /// Running afterwards, exactly; which process is not known. Nothing of what runs already.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        try look.refuseUnloaded(before, verb: "started")
        guard !ServiceLook.ends(before) else {
            throw ObservationError(
                "\(look.unit.name) runs once and ends, so it is never found started",
                remedy: "Use service.restart, which runs it")
        }
        return isUp(before)
            ? Prediction(after: before, notes: ["\(look.unit.name) runs already"]) : look.started(before)
    }

    /// `systemctl start`, its failures forgotten first; nothing when it runs.
    public func apply(_ before: Observation) -> [Command] {
        isUp(before) ? [] : look.forget(before) + [Command(["systemctl", "start", look.unit.name])]
    }

    /// Stopped when it was stopped; what was failing stays started.
    public func undo(_ before: Observation) -> [Command] { isUp(before) ? [] : look.undo(before) }

    /// What was failing may be healthy.
    public func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        ServiceLook.isEquivalent(field, before: before, now: now)
    }

    /// The unit, and whether it is started.
    public func stillAsLeft(_ left: Observation, before: Observation) -> Command? {
        look.stillAsLeft(left, before: before)
    }

    private func isUp(_ state: Observation) -> Bool { state.text("active") == "running" }
}

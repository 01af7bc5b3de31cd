/// `service.restart`: restarts one systemd service.
///
/// Undo leaves the service as it was: started or stopped. What was failing before is left started, since nobody wants a
/// cured service broken again.
public struct ServiceRestart: Action {
    /// `service.restart`.
    public static let kind = ActionKind(
        name: "service.restart",
        summary: "Restarts a systemd service; undo starts it again, or stops it when it was stopped.",
        disrupts: ServiceLook.disrupts, touches: ["service"], parameters: [ServiceLook.parameter])

    private let look: ServiceLook

    /// Reads `service`.
    public init(arguments: Arguments) throws(ArgumentError) { look = try ServiceLook(arguments) }

    /// Reversible: which of started and stopped it is, is all that is changed.
    public var reversibility: Reversibility { .reversible }
    /// The kubelet's restart disrupts the kubelet, the runtime's the runtime, the network's the network.
    public var disrupts: Set<String> { look.unit.disrupts }
    /// True for sshd, the network's and the firewall's services.
    public var cutsPath: Bool { look.unit.cutsPath }
    /// A boot starts what is enabled, whatever was restarted before.
    public var survivesReboot: Bool { false }

    /// One `systemctl show` with the digest of the unit's files.
    public func observe() -> [Command] { look.observe() }
    /// Fields: `load`, `started`, `unitDigest` (footprint), `active`, `enabled`, `lasts` (state), and what changes by itself.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation { try look.parse(outputs) }
    /// The unit and whether it is started are the footprint.
    public func role(of field: String) -> FieldRole { ServiceLook.role(of: field) }

    /// Running afterwards, exactly, or done with its work where it is of that kind; which process is not known.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        try look.refuseUnloaded(before, verb: "restarted")
        var prediction = look.started(before)
        if let others = before.lines("stopsToo"), !others.isEmpty {
            prediction.notes.append("systemd restarts with it what requires it: \(others.joined(separator: ", "))")
        }
        return prediction
    }

    /// `systemctl restart`, its failures forgotten first.
    public func apply(_ before: Observation) -> [Command] {
        look.forget(before) + [Command(["systemctl", "restart", look.unit.name])]
    }

    /// Started when it was running or failing, stopped when it was stopped.
    public func undo(_ before: Observation) -> [Command] { look.undo(before) }

    /// What was failing or failed may be healthy.
    public func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        ServiceLook.isEquivalent(field, before: before, now: now)
    }

    /// The unit, and whether it is started.
    public func stillAsLeft(_ left: Observation, before: Observation) -> Command? {
        look.stillAsLeft(left, before: before)
    }
}

/// `etcd.alarm.disarm`: lets etcd write again after it had used up its quota and has room again.
///
/// An alarm stays until it is disarmed, long after there is room. One that is disarmed too early comes back with the next
/// write, so it is refused before every member is a tenth below the quota. CORRUPT is refused: it is not about room.
///
/// **Equivalence.** No client of etcd can raise an alarm, and nobody wants it: etcd does by itself, as soon as a write is over
/// the quota. So an alarm that is gone counts as restored; one that came does not.
public struct EtcdAlarmDisarm: Action {
    /// `etcd.alarm.disarm`.
    public static let kind = ActionKind(
        name: "etcd.alarm.disarm",
        summary: "Disarms etcd's alarm NOSPACE once every member has room again, so that it takes writes.",
        disrupts: [],
        touches: ["etcd"],
        parameters: [])

    /// Takes no arguments.
    public init(arguments: Arguments) throws(ArgumentError) {}

    /// The alarm itself is not raised again, but by etcd.
    public var reversibility: Reversibility { .compensable }
    /// etcd does not carry the path to the node.
    public var cutsPath: Bool { false }
    /// Alarms are in etcd's own data.
    public var survivesReboot: Bool { true }

    /// What the member says of itself and of the cluster.
    public func observe() -> [Command] { [EtcdCluster.command] }

    /// Fields: those of ``EtcdCluster``.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        return try EtcdCluster(outputs[0]).observation()
    }

    /// The alarms, and who the members are.
    public func role(of field: String) -> FieldRole {
        if field == "alarms" { return .footprint }
        return EtcdLook.role(of: field) ?? .state
    }

    /// What is missing of the alarms counts as restored.
    public func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        if before == now { return true }
        guard field == "alarms", case .lines(let old) = before, case .lines(let new) = now else { return false }
        return Set(new).isSubset(of: old)
    }

    /// No alarm.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        guard let alarms = before.lines("alarms") else { throw EtcdLook.unreadable("alarms") }
        guard !alarms.isEmpty else { return Prediction(after: before, notes: ["etcd has no alarm: nothing to do"]) }
        guard alarms.allSatisfy({ $0.hasPrefix(EtcdCluster.noSpace + " ") }) else {
            throw ObservationError(
                "etcd has another alarm than for want of room: \(alarms.joined(separator: ", "))",
                remedy: "Leave it armed: it keeps damaged data from being served; replace that member")
        }
        if let unhealthy = before.lines("unhealthy"), !unhealthy.isEmpty {
            throw ObservationError(
                "not every member of etcd is healthy: \(unhealthy.joined(separator: ", "))",
                remedy: "Bring those back first: how much room they have is not known")
        }
        try refuseWithoutRoom(before)
        var after = before
        after["alarms"] = .lines([])
        return Prediction(after: after, notes: notes(before))
    }

    private func refuseWithoutRoom(_ before: Observation) throws(ObservationError) {
        guard let limit = limit(before), let other = before.text("largestOther").flatMap(Int.init),
            let own = before.text("dbSize")
        else { throw EtcdLook.unreadable("sizes") }
        // After a compaction the step itself asks, and does nothing without room.
        guard let largest = own == EtcdLook.afterCompaction ? other : Int(own).map({ max($0, other) }) else {
            throw EtcdLook.unreadable("sizes")
        }
        guard largest < limit else {
            throw ObservationError(
                "the largest database of a member has \(largest) bytes, and must have less than \(limit), nine tenths of the quota",
                remedy: "Compact and defragment every member first (defrag-etcd), or raise the quota")
        }
    }

    private func limit(_ before: Observation) -> Int? {
        before.text("quota").flatMap(Int.init).flatMap { $0 > 0 ? $0 / 10 * 9 : nil }
    }

    private func notes(_ before: Observation) -> [String] {
        let alone = before.lines("members")?.count == 1
        return ["find out who wrote so much, or the alarm comes back"]
            + (alone ? [] : ["the other members are taken to have the quota of this one"])
    }

    /// One command that asks for the sizes again; none without an alarm.
    public func apply(_ before: Observation) -> [Command] {
        guard before.lines("alarms")?.isEmpty == false, let limit = limit(before) else { return [] }
        return [EtcdScript.command("disarm", "\(limit)")]
    }

    /// Waits until the member answers; it raises the alarm again when it has to.
    public func undo(_ before: Observation) -> [Command] {
        apply(before).isEmpty ? [] : [EtcdScript.command("await")]
    }
}

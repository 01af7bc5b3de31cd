/// `etcd.defrag`: gives back the disk that the node's member of etcd does not use any more.
///
/// A member answers nobody while it is at it, about a second for 100 MB, so only one is taken, and only while every other
/// one is well: etcd would lose its quorum else.
///
/// What is free inside is what compaction left. With `compact: true` every revision but the newest of each key goes first, as
/// the API server has it done every five minutes, but not while the quota is used up: it has to write for that.
///
/// **Equivalence.** Every key has the value it had, and nothing can make the file larger again. Two states are
/// equivalent when it is the same member of the same cluster, and answers. What undo does is wait for that: etcd goes on
/// with what it began when the one who asked is gone.
public struct EtcdDefrag: Action {
    /// `etcd.defrag`.
    public static let kind = ActionKind(
        name: "etcd.defrag",
        summary: "Defragments the database of the node's member of etcd, while every other member is healthy.",
        disrupts: ["etcd"],
        touches: ["etcd"],
        parameters: [
            ArgumentKind("compact", "true: old revisions of keys go first; default: they stay until etcd is told")
        ])

    private let compacts: Bool

    /// Reads `compact`.
    public init(arguments: Arguments) throws(ArgumentError) {
        compacts = try arguments.flag("compact", default: false)
    }

    /// What etcd holds is the same; the file is smaller.
    public var reversibility: Reversibility { .compensable }
    /// etcd does not carry the path to the node.
    public var cutsPath: Bool { false }
    /// It is on disk.
    public var survivesReboot: Bool { true }

    /// What the member says of itself and of the cluster.
    public func observe() -> [Command] { [EtcdCluster.command] }

    /// Fields: those of ``EtcdCluster``.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        return try EtcdCluster(outputs[0]).observation()
    }

    /// Who the members are, and that all of them are well.
    public func role(of field: String) -> FieldRole {
        if field == "alarms" { return .volatile("etcd raises them by itself") }
        return EtcdLook.role(of: field) ?? .state
    }

    /// A smaller file.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        guard let numbers = Numbers(before) else { throw EtcdLook.unreadable("size") }
        guard compacts || numbers.isWorthIt else {
            return Prediction(after: before, notes: ["less than 5 % of the database is free inside: nothing to do"])
        }
        try refuseWhatIsNotWell(before)
        // After compaction it is less, which the step itself asks for.
        guard compacts || numbers.room - EtcdScript.margin >= numbers.inUse else {
            throw ObservationError(
                "etcd writes a new file of about \(numbers.inUse) bytes and 64 MiB must stay free, but only \(numbers.room) are",
                remedy: "Make room on the disk of \(before.text("data") ?? "etcd"), then plan again")
        }
        var after = before
        after["dbSize"] = compacts ? .text(EtcdLook.afterCompaction) : before["dbInUse"]
        if compacts { after["dbInUse"] = after["dbSize"] }
        let smaller = Quality.bounded("not more than now, about what is in use")
        return Prediction(
            after: after, qualities: ["dbSize": smaller, "dbInUse": smaller], notes: notes(before))
    }

    private struct Numbers {
        var size: Int, inUse: Int, room: Int

        init?(_ before: Observation) {
            let read = ["dbSize", "dbInUse", "room"].compactMap { before.text($0).flatMap(Int.init) }
            guard read.count == 3, read.allSatisfy({ $0 >= 0 }) else { return nil }
            (size, inUse, room) = (read[0], read[1], read[2])
        }

        var isWorthIt: Bool { size - inUse > size / 20 }
    }

    private func refuseWhatIsNotWell(_ before: Observation) throws(ObservationError) {
        guard let unhealthy = before.lines("unhealthy"), unhealthy.isEmpty else {
            throw ObservationError(
                "not every member of etcd is healthy: \((before.lines("unhealthy") ?? []).joined(separator: ", "))",
                remedy: "Bring those back first: while this one is at it, it is missing as well")
        }
        let others = (before.lines("alarms") ?? []).filter { !$0.hasPrefix(EtcdCluster.noSpace + " ") }
        guard others.isEmpty else {
            throw ObservationError(
                "etcd has an alarm that no defragmenting helps: \(others.joined(separator: ", "))",
                remedy: "Leave its data as it is; replace that member, or restore a snapshot")
        }
    }

    private func notes(_ before: Observation) -> [String] {
        let isAlone = before.lines("members")?.count == 1
        var notes = [
            isAlone
                ? "it is the only member: the Kubernetes API does not answer meanwhile, about a second for 100 MB"
                : "this member answers nobody meanwhile, about a second for 100 MB; take the others in runs of their own"
        ]
        if compacts {
            notes.append("who watches from an old revision has to list anew; the API server does so by itself")
        }
        if !isAlone, before["leader"] == before["member"] {
            notes.append("this member leads: take it last, so that the others elect a new leader once only")
        }
        return notes
    }

    /// The node's own member alone; none when there is little to gain.
    public func apply(_ before: Observation) -> [Command] {
        isWorthIt(before) ? [EtcdScript.command("defrag", compacts ? "compact" : "keep")] : []
    }

    /// Waits until the member answers again.
    public func undo(_ before: Observation) -> [Command] {
        isWorthIt(before) ? [EtcdScript.command("await")] : []
    }

    private func isWorthIt(_ before: Observation) -> Bool { compacts || Numbers(before)?.isWorthIt == true }
}

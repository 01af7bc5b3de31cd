/// `etcd.restore`: puts a snapshot in the place of what etcd holds, on the only member of a cluster.
///
/// The snapshot is compared and restored beside the data while etcd runs. Then the API server and etcd end, the data is renamed
/// aside and what was restored into its place, and both start again. The old data stays until undo, or until somebody removes it.
///
/// **Equivalence.** Undo brings back the old data; what was written since the restore goes out of use by it, and lies in
/// `belay-undone-…` beside the data until somebody removes it. A member that did not run, or was not well, may run afterwards.
public struct EtcdRestore: Action {
    /// `etcd.restore`.
    public static let kind = ActionKind(
        name: "etcd.restore",
        summary: "Puts a snapshot in the place of the data of a single member of etcd; undo puts the old data back.",
        disrupts: ["pods", "etcd"],
        touches: ["etcd"],
        parameters: [
            ArgumentKind(
                "snapshot", "absolute path of the snapshot on the node, as etcd.snapshot wrote it", required: true),
            ArgumentKind(
                "alone",
                "true: you say that this is the only member, where etcd does not run and cannot be asked; default false"
            ),
            ArgumentKind("limit", "seconds that each stop and each start may take, 30 to 600; default 330"),
        ])

    private let snapshot: FilePath
    private let isAlone: Bool
    private let limit: Int
    private let change: FileChange

    /// Reads `snapshot`, `alone` and `limit`.
    public init(arguments: Arguments) throws(ArgumentError) {
        snapshot = try FilePath(arguments.required("snapshot"), argument: "snapshot")
        guard !snapshot.isManifest else {
            throw ArgumentError("snapshot", "must not lie in \(FilePath.manifests), where the kubelet runs every file")
        }
        isAlone = try arguments.flag("alone", default: false)
        // The kubelet starts what has crashed up to five minutes later.
        limit = try arguments.seconds("limit", in: 30...600, default: 330)
        change = try EtcdDataLook.change()
    }

    /// What was written since then is out of use on the way back.
    public var reversibility: Reversibility { .compensable }
    /// SSH needs no etcd.
    public var cutsPath: Bool { false }
    /// It is on disk.
    public var survivesReboot: Bool { true }
    /// Two stops and two starts.
    public var leastTimeout: Int { 4 * limit + 60 }

    /// The control plane, and the snapshot with its digest.
    public func observe() -> [Command] { EtcdDataLook.observe(change, snapshot: snapshot.text) }

    /// Fields: those of ``EtcdDataLook``, and `snapshot`, `snapshot.sha256`, `snapshot.bytes` (footprint), `snapshot.noted`.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        let look = try EtcdDataLook(outputs, change)
        var seen = look.seen
        for field in ["snapshot", "snapshot.sha256", "snapshot.bytes", "snapshot.noted"] { seen[field] = .absent }
        guard let words = look.words("snapshot"), let kind = words.first else {
            throw EtcdDataLook.unreadable("the snapshot")
        }
        guard kind == "regular" else {
            if kind != "absent" { seen["snapshot"] = .text(Printable.escape(kind, limit: 20)) }
            return seen
        }
        guard words.count == 4, let size = Int(words[3]), size >= 0, let digest = look.words("sha256")?.first,
            digest.utf8.count == 64
        else { throw EtcdDataLook.unreadable("the snapshot") }
        seen["snapshot"] = .text(Printable.escape("mode \(words[1]), owner \(words[2])", limit: 80))
        seen["snapshot.bytes"] = .text("\(size)")
        seen["snapshot.sha256"] = .text(Printable.escape(digest, limit: 64))
        seen["snapshot.noted"] = look.words("noted")?.first.map { .text(Printable.escape($0, limit: 64)) } ?? .absent
        return seen
    }

    /// The data, who the member is, and the snapshot.
    public func role(of field: String) -> FieldRole { EtcdDataLook.role(of: field, change) }

    /// What was ill may be well, and what could not be asked may answer.
    public func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        EtcdDataLook.isEquivalent(field, before: before, now: now)
    }

    /// The old data aside, and both components well; which cluster and revision the snapshot makes etcd tells.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        let pod = try EtcdDataLook.pod(before)
        _ = try pod.identity()
        guard before.text("data.member") == "yes" else {
            throw ObservationError(
                "\(pod.data) holds no data of etcd that could be kept aside",
                remedy: "Let etcd start: it begins with empty data; then plan again")
        }
        try refuseOthersData(before)
        try refuseSnapshot(before)
        var after = before
        EtcdDataLook.well(before, &after)
        after["data.kept"] = .lines(((before.lines("data.kept") ?? []) + [kept(before)]).sorted())
        let new = Quality.unpredictable("etcd makes it of the member's addresses and the token of its cluster")
        var qualities = ["revision": Quality.bounded("that of the snapshot or later")]
        for field in ["cluster", "member"] {
            after[field] = before.text(field).map { .text($0) } ?? .text("of the restored cluster")
            qualities[field] = new
        }
        after["members"] = before.lines("members").map { .lines($0) } ?? .lines(["this one"])
        qualities["members"] = new
        return Prediction(after: after, qualities: qualities, notes: notes(before))
    }

    private func refuseOthersData(_ before: Observation) throws(ObservationError) {
        guard before.text("api.manifest") != nil else {
            throw ObservationError(
                "no API server runs as a static pod of this node, and those elsewhere would go on over other data",
                remedy: "Stop every API server of this cluster, restore by hand, and start them again")
        }
        guard let members = before.lines("members") else {
            guard !isAlone else { return }
            throw ObservationError(
                "etcd does not answer, so it cannot be told whether it is the only member",
                remedy: "Where you know that it is, say alone: true")
        }
        guard members.count == 1 else {
            throw ObservationError(
                "etcd has \(members.count) members: \(members.joined(separator: ", "))",
                remedy:
                    "While a quorum is well, remove the broken member ('etcdctl member remove'), empty its data and add it again; "
                    + "without one, restore every member from the same snapshot, as etcd's guide to disaster recovery says"
            )
        }
    }

    private func refuseSnapshot(_ before: Observation) throws(ObservationError) {
        guard let state = before.text("snapshot") else {
            throw ObservationError(
                "there is no \(snapshot.text) on this node",
                remedy: "Copy the snapshot to the node, with the file .about beside it")
        }
        let words = state.split(separator: " ").map { $0.filter { $0 != "," } }
        guard words.count == 4, let mode = UInt16(words[1], radix: 8), mode & 0o022 == 0, words[3].hasPrefix("0:")
        else {
            throw ObservationError(
                "\(snapshot.text) is \(state)",
                remedy: "It becomes the whole state of the cluster: it must be a plain file that only root can write")
        }
        if let noted = before.text("snapshot.noted"), noted != before.text("snapshot.sha256") {
            throw ObservationError(
                "\(snapshot.text) is not what was noted of it when it was taken",
                remedy: "It is damaged: take another snapshot")
        }
        guard before.text("reader") != nil else {
            throw ObservationError(
                "there is no etcdutl or etcdctl on this node that restores a snapshot",
                remedy: "Put the etcdutl of etcd's own version into /usr/local/bin")
        }
        let (size, room) = (
            try EtcdDataLook.bytes("snapshot.bytes", before), try EtcdDataLook.bytes("data.room", before)
        )
        let (twice, isTooMuch) = size.multipliedReportingOverflow(by: 2)
        guard !isTooMuch, room - 2 * EtcdScript.margin >= twice else {
            throw ObservationError(
                "a restore of \(size) bytes needs twice that and 128 MiB free in \(before.text("data") ?? "etcd's folder"), "
                    + "where \(room) are free", remedy: "Make room there first, or move etcd's data (move-etcd-data)")
        }
    }

    private func notes(_ before: Observation) -> [String] {
        var notes = [
            "the Kubernetes API does not answer meanwhile, for one to three minutes; pods go on",
            "everything that was written since the snapshot is gone from the API; pods made since then are ended by their kubelets",
            "who watches holds revisions that are yet to come: restart kubelets and operators; scheduler and controller manager end by "
                + "themselves while the API is away",
            "the old data stays in \(before.text("data") ?? "")/\(kept(before)) until undo, which puts what was written since out of use",
        ]
        if before.lines("members") == nil {
            notes.append("that it is the only member is what you say: etcd could not be asked")
        }
        if before.text("snapshot.noted") == nil { notes.append("nothing was noted of this snapshot when it was taken") }
        return notes
    }

    /// The folder for the old data: from the state alone, and another one for each restore.
    private func kept(_ before: Observation) -> String {
        let about =
            ["snapshot.sha256", "cluster", "member"].map { before.text($0) ?? "" } + (before.lines("data.kept") ?? [])
        return "belay-old-\(Digest.sha256(Array(about.joined(separator: "\n").utf8)).prefix(16))"
    }

    /// Restored beside, put in place, and proven, etcd first.
    public func apply(_ before: Observation) -> [Command] {
        guard let pod = try? EtcdDataLook.pod(before), let member = try? pod.identity() else { return [] }
        let digest = before.text("snapshot.sha256") ?? ""
        let words = [
            pod.data, kept(before), snapshot.text, digest, member.name, member.cluster, member.token, member.peers,
        ]
        return [
            EtcdDataScript.command("prepare", words),
            EtcdDataScript.command("swap", [pod.data, kept(before), "\(limit)"]),
        ] + EtcdDataLook.proven(.etcd, before, limit: limit) + [EtcdDataScript.command("serve", [""])]
            + EtcdDataLook.proven(.apiServer, before, limit: limit)
    }

    /// The old data in its place again, if it is not, and both manifests; then what ran is waited for.
    public func undo(_ before: Observation) -> [Command] {
        guard let pod = try? EtcdDataLook.pod(before) else { return [] }
        let words =
            [pod.data, kept(before), "\(limit)", EtcdDataLook.metrics(pod, before)] + (before.lines("data.kept") ?? [])
        return [EtcdDataScript.command("unswap", words)] + EtcdDataLook.returned(before, limit: limit)
    }
}

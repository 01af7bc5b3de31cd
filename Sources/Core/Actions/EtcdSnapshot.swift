/// `etcd.snapshot`: keeps the whole database of the member on a node in a file there.
///
/// What etcd sends ends with its own SHA-256, which is compared, and the database is read from end to end
/// (`snapshot status`) before the file has its name. It is read of this member alone, so it works without a quorum, when it
/// is needed most. The file lies on the node: copy it away before anything is done to the node's disk. Every Secret of the
/// cluster is in it.
public struct EtcdSnapshot: Action {
    /// `etcd.snapshot`.
    public static let kind = ActionKind(
        name: "etcd.snapshot",
        summary: "Saves the database of the node's member of etcd in a named file on the node, verified.",
        disrupts: [],
        touches: ["file"],
        parameters: [ArgumentKind("name", "what to call it: 1 to 64 of a-z, 0-9, '.', '_' and '-'", required: true)])

    private let file: String

    /// Reads `name`.
    public init(arguments: Arguments) throws(ArgumentError) {
        let name = try SnapshotFiles(arguments.required("name"), argument: "name").name
        file = "\(SnapshotFiles.directory)/\(name).db"
    }

    /// The file is removed.
    public var reversibility: Reversibility { .reversible }
    /// It only reads the database.
    public var cutsPath: Bool { false }
    /// It is on disk.
    public var survivesReboot: Bool { true }

    /// What the member says, and a snapshot of that name, if there is one.
    public func observe() -> [Command] { [EtcdScript.command("look", file, SnapshotFiles.directory)] }

    /// Fields: `snapshot`, `cluster`, `member`, `data` (footprint), what was noted of the snapshot when it was taken (state).
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        let look = try EtcdLook(outputs[0])
        var seen = try look.observation()
        seen["folderRoom"] = .text("\(try look.bytes("folderRoom"))")
        guard look.said["file"] != "absent" else {
            for field in ["snapshot"] + Self.noted { seen[field] = .absent }
            return seen
        }
        let words = (look.said["file"] ?? "").split(separator: " ")
        guard words.count == 3, let size = Int(words[2]) else { throw EtcdLook.unreadable("snapshot") }
        seen["snapshot"] = .text("mode \(words[0]), owner \(words[1])")
        let holds = try? EtcdLook.decode("holds", of: look.said) as Contents
        let digest = look.said["sha256"].flatMap { $0.utf8.count == 64 ? $0 : nil }
        // Of a file that somebody else put there nothing was noted.
        seen["snapshot.bytes"] = .text("\(size)")
        seen["snapshot.sha256"] = digest.map { .text(Printable.escape($0, limit: 64)) } ?? .absent
        seen["snapshot.hash"] = holds.map { .text(String($0.hash, radix: 16)) } ?? .absent
        seen["snapshot.revision"] = holds.map { .text("\($0.revision)") } ?? .absent
        seen["snapshot.keys"] = holds.map { .text("\($0.totalKey)") } ?? .absent
        return seen
    }

    private struct Contents: Decodable {
        var hash: UInt64
        var revision: Int
        var totalKey: Int
    }

    private static let noted = ["bytes", "sha256", "hash", "revision", "keys"].map { "snapshot.\($0)" }

    /// Whether there is such a file, and of which member it would be.
    public func role(of field: String) -> FieldRole {
        if field == "snapshot" { return .footprint }
        return EtcdLook.role(of: field) ?? .state
    }

    /// A file that only root reads; what is in it is what is written until then.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        guard before["snapshot"] == .absent else {
            throw ObservationError(
                "there is \(file) already",
                remedy: "Choose another name, or move that file away: it may be the last good one")
        }
        try refuseWithoutRoom(before)
        var after = before
        after["snapshot"] = .text("mode 600, owner 0:0")
        after["snapshot.bytes"] = before["dbSize"]
        after["snapshot.revision"] = before["revision"]
        after["snapshot.sha256"] = .text("of the file")
        after["snapshot.hash"] = .text("of what is in it")
        after["snapshot.keys"] = .text("all there are")
        var qualities = Dictionary(
            uniqueKeysWithValues: Self.noted.map {
                ($0, Quality.unpredictable("it depends on what is written until the step"))
            })
        qualities["snapshot.revision"] = .bounded("not less than now")
        return Prediction(
            after: after, qualities: qualities,
            notes: ["\(file) holds every Secret of the cluster, and lies on the node it is of: copy it away"])
    }

    private func refuseWithoutRoom(_ before: Observation) throws(ObservationError) {
        guard let room = before.text("folderRoom").flatMap(Int.init), let size = before.text("dbSize").flatMap(Int.init)
        else { throw EtcdLook.unreadable("room") }
        let (twice, isTooMuch) = size.multipliedReportingOverflow(by: 2)
        guard !isTooMuch, room - EtcdScript.margin >= twice else {
            throw ObservationError(
                "a snapshot of \(size) bytes needs twice that and 64 MiB free under /var/lib/belay, where \(room) are free",
                remedy: "Make room on the node first: a disk that a snapshot fills may be etcd's own")
        }
    }

    /// One command that asks, verifies, syncs and renames; none when there is such a file.
    public func apply(_ before: Observation) -> [Command] {
        before["snapshot"] == .absent ? [EtcdScript.command("snapshot", file, SnapshotFiles.directory)] : []
    }

    /// No file of that name. One that was there was left alone, so that it must be there: nothing else brings it back.
    public func undo(_ before: Observation) -> [Command] {
        before["snapshot"] == .absent
            ? [.shell(EtcdScript.remove, [file, SnapshotFiles.directory])]
            : [Command(["test", "-f", file])]
    }
}

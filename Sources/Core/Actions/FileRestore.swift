/// `file.restore`: puts a file back from a backup that lies on the node, as `file.replace` would with its content.
///
/// The backup is read when the plan is made, so the plan shows what comes back line by line, and is stale if the backup is
/// another one by then. It stays where it is. A file that is gone comes back with the backup's mode and owner.
public struct FileRestore: Action {
    /// `file.restore`.
    public static let kind = ActionKind(
        name: "file.restore",
        summary: "Makes a file that of a backup on the node; undo puts the old one back, or removes it.",
        disrupts: ["kubelet", "runtime", "network", "pods", "etcd"],
        touches: ["file"],
        parameters: [
            ArgumentKind("path", "the file: an absolute path, without '..' and without symlinks", required: true),
            ArgumentKind("from", "the backup, likewise; at most 256 KiB", required: true),
        ] + FileChange.parameters)

    private let change: FileChange
    private let backup: FileBackup

    /// Reads `path`, `from` and what ``FileChange`` takes.
    public init(arguments: Arguments) throws(ArgumentError) {
        let path = try FilePath(arguments.required("path"))
        try PodManifest.refuse(path, as: "path")
        change = try FileChange(path, arguments)
        backup = try FileBackup(arguments.required("from"), of: path)
    }

    /// Content, mode, owner and readable attributes come back exactly.
    public var reversibility: Reversibility { .reversible }
    /// What the restart of its reader disrupts.
    public var disrupts: Set<String> { change.disrupts }
    /// True for sshd's, the network's, the firewall's and the login's files, and for what such a service reads.
    public var cutsPath: Bool { change.cutsPath }
    /// It is on disk.
    public var survivesReboot: Bool { true }
    /// The file.
    public var subject: String { change.subject }

    /// What `file.replace` looks at, and the backup.
    public func observe() -> [Command] { change.observe() + [backup.command] }

    /// Fields: those of `file.replace`, and `backup`, `backup.mode`, `backup.owner` (footprint).
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(observe().count, outputs)
        var observation = try change.parse(outputs.dropLast())
        observation.fields.merge(try backup.parse(outputs[outputs.count - 1])) { _, new in new }
        return observation
    }

    /// What is replaced, and by what, is the footprint.
    public func role(of field: String) -> FieldRole { change.role(of: field) }

    /// Exactly the backup's content.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        try change.predict(before, backup.content(before))
    }

    /// One command that writes, syncs and renames; none when the file is as wanted.
    public func apply(_ before: Observation) -> [Command] {
        before.content("backup").map { change.apply(before, $0) } ?? []
    }

    /// The old file put back with the same care, or the restored one removed; then the service reads it again.
    public func undo(_ before: Observation) -> [Command] { change.undo(before) }

    /// The file itself, against both states.
    public func stillAsLeft(_ left: Observation, before: Observation) -> Command? {
        change.stillAsLeft(left, before: before)
    }
}

/// A file on the node that another one's content comes from.
struct FileBackup: Sendable {
    private let path: FilePath

    /// Reads the argument `from`.
    init(_ text: String, of file: FilePath) throws(ArgumentError) {
        path = try FilePath(text, argument: "from")
        guard !path.isManifest else {
            throw ArgumentError(
                "from", "\(path.text) is no backup: the kubelet runs every file in that folder as a pod")
        }
        guard path.text != file.text else { throw ArgumentError("from", "is the file itself") }
    }

    /// What is there.
    var command: Command { FileChange.look(at: path) }

    /// Fields `backup`, which is absent where none is, `backup.mode` and `backup.owner`.
    func parse(_ output: CommandOutput) throws(ObservationError) -> [String: FieldValue] {
        let seen = try FileState.parse(output, path: path.text)
        guard seen.text("type") != "absent" else { return ["backup": .absent] }
        guard seen.text("type") == "regular", seen.text("directory") == "real" else {
            throw ObservationError(
                "\(path.text) is not a regular file that is reached without symlinks",
                remedy: "Give the path that 'readlink -f' prints of it")
        }
        return [
            "backup": seen["content"] ?? .absent, "backup.mode": seen["mode"] ?? .absent,
            "backup.owner": seen["owner"] ?? .absent,
        ]
    }

    /// Its content as it was observed.
    func content(_ before: Observation) throws(ObservationError) -> Payload {
        guard let content = before.content("backup") else {
            throw ObservationError(
                "there is no backup at \(path.text) on this node", remedy: "Correct 'from', or bring the backup there")
        }
        return content
    }
}

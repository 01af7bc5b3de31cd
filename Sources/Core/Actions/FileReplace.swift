/// `file.replace`: puts a file in place, whole, keeping owner, mode, ACL and extended attributes unless told otherwise.
public struct FileReplace: Action {
    /// `file.replace`.
    public static let kind = ActionKind(
        name: "file.replace",
        summary:
            "Replaces or creates a file; undo puts the old one back, or removes it, and restarts the reading service.",
        disrupts: ["kubelet", "runtime", "network", "pods", "etcd"],
        touches: ["file"],
        parameters: [
            ArgumentKind("path", "absolute path, without '..' and without symlinks on the way", required: true),
            ArgumentKind("content", "the whole new content, at most 256 KiB", required: true),
        ] + FileChange.parameters)

    private let change: FileChange
    private let content: Payload

    /// Reads `path`, `content` and what ``FileChange`` takes.
    public init(arguments: Arguments) throws(ArgumentError) {
        let path = try FilePath(arguments.required("path"))
        guard !path.isManifest || PodManifest.isName(path.name) else {
            throw ArgumentError(
                "path",
                "the kubelet runs every file in \(path.directory) as a pod, \(path.name) too: name a manifest "
                    + "(.yaml), and keep backups elsewhere")
        }
        change = try FileChange(path, arguments)
        guard let text = try arguments.text("content") else { throw ArgumentError("content", "must be given") }
        guard text.utf8.count <= FileChange.sizeLimit else {
            throw ArgumentError("content", "must not be over 256 KiB")
        }
        content = Payload(text)
    }

    /// Content, mode, owner and readable attributes come back exactly.
    public var reversibility: Reversibility { .reversible }
    /// What the restart of its reader disrupts; a static pod's manifest disrupts its pod.
    public var disrupts: Set<String> { change.disrupts }
    /// True for sshd's, the network's, the firewall's and the login's files, and for what such a service reads.
    public var cutsPath: Bool { change.cutsPath }
    /// It is on disk.
    public var survivesReboot: Bool { true }
    /// The file.
    public var subject: String { change.subject }

    /// The file's type, content and attributes, and whether the service that reads it is started.
    public func observe() -> [Command] { change.observe() }

    /// Fields: `type`, `content`, `mode`, `owner`, `directory` (footprint), `xattrs`, `service.started` (state).
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation { try change.parse(outputs) }

    /// What is replaced is the footprint.
    public func role(of field: String) -> FieldRole { change.role(of: field) }

    /// Exactly the new file.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        try change.predict(before, content)
    }

    /// One command that writes, syncs and renames; none when the file is as wanted.
    public func apply(_ before: Observation) -> [Command] { change.apply(before, content) }

    /// The old file put back with the same care, or the new one removed; then the service reads it again.
    public func undo(_ before: Observation) -> [Command] { change.undo(before) }

    /// The file itself, against both states.
    public func stillAsLeft(_ left: Observation, before: Observation) -> Command? {
        change.stillAsLeft(left, before: before)
    }
}

/// `file.replace`: puts a file in place, whole, keeping owner, mode, ACL and extended attributes unless told otherwise.
///
/// The new content is written to a temporary file in the same directory, synced, renamed over the old one, and the
/// directory synced: at every moment, power loss included, a reader finds the old file or the new one. No backup is left
/// beside it, since in some directories every file counts (static pods, `conf.d`).
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
            ArgumentKind("mode", "octal, as in '0644'; default: as it is, 0644 for a new file"),
            ArgumentKind("owner", "numbers, as in '0:0', or 'root'; default: as it is, 0:0 for a new file"),
            ArgumentKind(
                "service", "the unit that reads this file: undo restarts it, since a process keeps what it read"),
        ])

    /// Files beyond this are not replaced: their content would have to travel in every plan.
    public static let sizeLimit = 256 * 1024

    private let path: FilePath
    private let content: Payload
    private let mode: String?
    private let owner: String?
    private let service: ServiceUnit?

    /// Reads `path`, `content`, `mode`, `owner` and `service`.
    public init(arguments: Arguments) throws(ArgumentError) {
        path = try FilePath(arguments.required("path"))
        guard let text = try arguments.text("content") else { throw ArgumentError("content", "must be given") }
        guard text.utf8.count <= Self.sizeLimit else { throw ArgumentError("content", "must not be over 256 KiB") }
        content = Payload(text)
        mode = try arguments.text("mode").map { (text) throws(ArgumentError) in try Self.mode(text) }
        owner = try arguments.text("owner").map { (text) throws(ArgumentError) in try Self.owner(text) }
        service = try arguments.text("service").map { (text) throws(ArgumentError) in
            try ServiceUnit(text, argument: "service")
        }
    }

    /// Content, mode, owner and readable attributes come back exactly.
    public var reversibility: Reversibility { .reversible }
    /// What the undo's restart disrupts; a static pod's manifest disrupts its pod.
    public var disrupts: Set<String> { (service?.disrupts ?? []).union(path.isManifest ? ["pods"] : []) }
    /// True for sshd's, the network's, the firewall's and the login's files, and for what such a service reads.
    public var cutsPath: Bool { path.cutsPath || service?.cutsPath == true }
    /// It is on disk.
    public var survivesReboot: Bool { true }

    /// The file's type, content and attributes, and whether the service that reads it is started.
    public func observe() -> [Command] {
        [.shell(FileScripts.observe, [path.text, path.directory, "\(Self.sizeLimit)"])]
            + (service.map { [ServiceState.command($0)] } ?? [])
    }

    /// Fields: `type`, `content`, `mode`, `owner`, `directory` (footprint), `xattrs`, `service.started` (state).
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(service == nil ? 1 : 2, outputs)
        var observation = try FileState.parse(outputs[0], path: path.text)
        guard service != nil else { return observation }
        let state = try ServiceState.parse(outputs[1])
        observation["service.load"] = .text(state.properties["LoadState"] ?? "")
        observation["service.started"] = .text(state.started)
        return observation
    }

    /// What is replaced is the footprint.
    public func role(of field: String) -> FieldRole {
        switch field {
        case "xattrsUnread": .volatile("getfattr is not installed on this node, so attributes are carried over unseen")
        case "xattrs", "service.load", "service.started": .state
        default: .footprint
        }
    }

    /// Exactly the new file.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        try FileState.refuseWhatCannotBeReplaced(before, path: path.text)
        if let service, before.text("service.load") != "loaded" {
            throw ObservationError(
                "\(service.name), which is to read \(path.text), is not a loaded unit on this node",
                remedy: "Correct 'service', or leave it out when nothing has to be restarted on undo")
        }
        var after = before
        after["type"] = .text("regular")
        after["links"] = .text("1")
        after["content"] = .content(content)
        after["mode"] = .text(mode ?? before.text("mode") ?? "644")
        after["owner"] = .text(owner ?? before.text("owner") ?? "0:0")
        return Prediction(after: after, qualities: qualities(before, after), notes: notes(before))
    }

    /// One command that writes, syncs and renames; none when the file is as wanted.
    public func apply(_ before: Observation) -> [Command] {
        let wasThere = before.text("type") == "regular"
        let isSame =
            wasThere && before.content("content") == content
            && [nil, before.text("mode")].contains(mode) && [nil, before.text("owner")].contains(owner)
        guard !isSame else { return [] }
        // An attribute that stays is carried over with the others; chmod and chown would strip ACLs and capabilities.
        let newMode = wasThere ? Self.changed(mode, from: before.text("mode")) : mode ?? "644"
        let newOwner = wasThere ? Self.changed(owner, from: before.text("owner")) : owner ?? "0:0"
        return [
            .shell(FileScripts.replace, [path.text, path.directory, path.workplace, newMode, newOwner], input: content)
        ]
    }

    /// The old file put back with the same care, or the new one removed; then the service reads it again.
    public func undo(_ before: Observation) -> [Command] {
        [restoring(before)] + rereading(before)
    }

    private static func changed(_ wanted: String?, from now: String?) -> String { wanted == now ? "" : wanted ?? "" }

    private func restoring(_ before: Observation) -> Command {
        guard before.text("type") == "regular", let old = before.content("content") else {
            return .shell(FileScripts.remove, [path.text, path.directory, path.workplace])
        }
        let attributes = (before.lines("xattrs") ?? []).flatMap { line -> [String] in
            line.split(separator: "=", maxSplits: 1).map(String.init)
        }
        let values = [path.text, path.directory, path.workplace, before.text("mode") ?? "", before.text("owner") ?? ""]
        return .shell(FileScripts.replace, values + attributes, input: old)
    }

    private func rereading(_ before: Observation) -> [Command] {
        guard let service else { return [] }
        return [.shell(FileScripts.reread, [service.name, before.text("service.started") ?? "no"])]
    }

    private func qualities(_ before: Observation, _ after: Observation) -> [String: Quality] {
        guard before.lines("xattrs") != nil else { return [:] }
        if before.text("type") != "regular" {
            return ["xattrs": .unpredictable("a new file inherits its label and default ACL from the directory")]
        }
        let isChanged = before["mode"] != after["mode"] || before["owner"] != after["owner"]
        return isChanged
            ? ["xattrs": .bounded("a change of mode or owner adapts ACL masks and drops capabilities")] : [:]
    }

    private func notes(_ before: Observation) -> [String] {
        var notes: [String] = []
        if let service {
            notes.append("\(service.name) keeps what it has read until it is restarted; undo restarts it")
        }
        if path.isManifest { notes.append("the kubelet stops and starts the static pod of this manifest") }
        return notes
    }

    private static func mode(_ text: String) throws(ArgumentError) -> String {
        guard (3...4).contains(text.utf8.count), let bits = UInt16(text, radix: 8), !text.hasPrefix("+") else {
            throw ArgumentError(
                "mode", "must be three or four octal digits, as in '0644', not \(text.debugDescription)")
        }
        // As `stat -c %a` prints it, so that it compares.
        return String(bits, radix: 8)
    }

    private static func owner(_ text: String) throws(ArgumentError) -> String {
        let parts = text == "root" || text == "root:root" ? ["0", "0"] : text.split(separator: ":").map(String.init)
        let numbers = parts.compactMap { part in part.first == "+" ? nil : UInt32(part) }
        guard parts.count == 2, numbers.count == 2,
            text == "root" || text == "root:root" || text.filter({ $0 == ":" }).count == 1
        else {
            throw ArgumentError("owner", "must be UID:GID in numbers, or 'root', not \(text.debugDescription)")
        }
        return "\(numbers[0]):\(numbers[1])"
    }
}

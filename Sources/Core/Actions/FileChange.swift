/// A file that is to hold something else, whole: what the actions share that differ only in where its content comes from.
///
/// The new content is written to a temporary file in the same directory, synced, renamed over the old one, and the
/// directory synced: at every moment, power loss included, a reader finds the old file or the new one. No backup is left
/// beside it, since in some directories every file counts (static pods, `conf.d`).
struct FileChange: Sendable {
    /// Files beyond this are not changed: their content would have to travel in every plan.
    static let sizeLimit = 256 * 1024

    /// Which file.
    let path: FilePath
    private let mode: String?
    private let owner: String?
    private let service: ServiceUnit?
    private let restarts: Bool

    /// What can be said of a file besides what it holds.
    static let parameters = [
        ArgumentKind("mode", "octal, as in '0644'; default: as it is, 0644 for a new file"),
        ArgumentKind("owner", "numbers, as in '0:0', or 'root'; default: as it is, 0:0 for a new file"),
        ArgumentKind("service", "the unit that reads this file: undo restarts it, since a process keeps what it read"),
        ArgumentKind("restart", "true: the service is restarted once the file is changed, too, if it is up"),
    ]

    /// Reads ``parameters``.
    init(_ path: FilePath, _ arguments: Arguments) throws(ArgumentError) {
        self.path = path
        mode = try arguments.text("mode").map { (text) throws(ArgumentError) in try Self.mode(text) }
        owner = try arguments.text("owner").map { (text) throws(ArgumentError) in try Self.owner(text) }
        service = try arguments.text("service").map { (text) throws(ArgumentError) in
            try ServiceUnit(text, argument: "service")
        }
        restarts = try arguments.flag("restart", default: false)
        guard !restarts || service != nil else {
            throw ArgumentError("restart", "needs 'service', the unit that is to be restarted")
        }
    }

    /// A file of which nothing but the content is changed.
    init(_ path: FilePath) {
        (self.path, mode, owner, service, restarts) = (path, nil, nil, nil, false)
    }

    /// What the restart disrupts; a static pod's manifest disrupts its pod.
    var disrupts: Set<String> { (service?.disrupts ?? []).union(path.isManifest ? ["pods"] : []) }
    /// True for sshd's, the network's, the firewall's and the login's files, and for what such a service reads.
    var cutsPath: Bool { path.cutsPath || service?.cutsPath == true }
    /// The same for every action on this file: one that comes later begins where the earlier one ends.
    var subject: String { "file \(path.text)" }

    /// The file's type, content and attributes, and whether the service that reads it is started.
    func observe() -> [Command] {
        [Self.look(at: path)] + (service.map { [ServiceState.command($0)] } ?? [])
    }

    /// What is there at a path.
    static func look(at path: FilePath) -> Command {
        .shell(FileScripts.observe, [path.text, path.directory, "\(sizeLimit)"])
    }

    /// Fields: `type`, `content`, `mode`, `owner`, `directory` (footprint), `xattrs`, `service.started` (state).
    func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(service == nil ? 1 : 2, outputs)
        var observation = try FileState.parse(outputs[0], path: path.text)
        guard service != nil else { return observation }
        let state = try ServiceState.parse(outputs[1])
        observation["service.load"] = .text(state.properties["LoadState"] ?? "")
        observation["service.started"] = .text(state.started)
        return observation
    }

    /// What is replaced is the footprint.
    func role(of field: String) -> FieldRole {
        switch field {
        case "xattrsUnread": .volatile("getfattr is not installed on this node, so attributes are carried over unseen")
        case "xattrs", "service.load", "service.started": .state
        default: .footprint
        }
    }

    /// Exactly the new file.
    func predict(_ before: Observation, _ content: Payload) throws(ObservationError) -> Prediction {
        try FileState.refuseWhatCannotBeReplaced(before, path: path.text)
        guard content.bytes.count <= Self.sizeLimit else {
            throw ObservationError(
                "\(path.text) would have more than \(Self.sizeLimit / 1024) KiB",
                remedy: "Files of that size are not kept in plans; change it by hand")
        }
        if let service, before.text("service.load") != "loaded" {
            throw ObservationError(
                "\(service.name), which is to read \(path.text), is not a loaded unit on this node",
                remedy: "Correct 'service', or leave it out when nothing has to be restarted on undo")
        }
        guard !isSame(before, content) else { return Prediction(after: before) }
        var after = before
        after["type"] = .text("regular")
        after["links"] = .text("1")
        after["content"] = .content(content)
        after["mode"] = .text(mode ?? before.text("mode") ?? Self.fresh(before).mode)
        after["owner"] = .text(owner ?? before.text("owner") ?? Self.fresh(before).owner)
        return Prediction(after: after, qualities: qualities(before, after), notes: notes(before))
    }

    /// One command that writes, syncs and renames, and who has to hear of it; none when the file is as wanted.
    func apply(_ before: Observation, _ content: Payload) -> [Command] {
        guard !isSame(before, content) else { return [] }
        let wasThere = before.text("type") == "regular"
        // An attribute that stays is carried over with the others; chmod and chown would strip ACLs and capabilities.
        let newMode = wasThere ? Self.changed(mode, from: before.text("mode")) : mode ?? Self.fresh(before).mode
        let newOwner = wasThere ? Self.changed(owner, from: before.text("owner")) : owner ?? Self.fresh(before).owner
        let words = [path.text, path.directory, path.workplace, newMode, newOwner]
        return [.shell(FileScripts.replace, words, input: content)] + reloading + (restarts ? rereading(before) : [])
    }

    /// The old file put back with the same care, or the new one removed; then the service reads it again.
    func undo(_ before: Observation) -> [Command] { [restoring(before)] + reloading + rereading(before) }

    private func isSame(_ before: Observation, _ content: Payload) -> Bool {
        before.text("type") == "regular" && before.content("content") == content
            && [nil, before.text("mode")].contains(mode) && [nil, before.text("owner")].contains(owner)
    }

    private static func changed(_ wanted: String?, from now: String?) -> String { wanted == now ? "" : wanted ?? "" }

    /// Of a file that is not there: as its backup's, where it has one.
    private static func fresh(_ before: Observation) -> (mode: String, owner: String) {
        (before.text("backup.mode") ?? "644", before.text("backup.owner") ?? "0:0")
    }

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

    // Until then systemd starts the service as the old file says.
    private var reloading: [Command] { path.isUnitFile ? [Command(["systemctl", "daemon-reload"])] : [] }

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
            notes.append(
                restarts
                    ? "\(service.name) is restarted, by undo too"
                    : "\(service.name) keeps what it has read until it is restarted; undo restarts it")
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

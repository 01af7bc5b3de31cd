/// Files on a node that nobody needs any more, found by fixed rules: listed one by one, and exactly those taken away.
///
/// `journalctl --vacuum-size` and its like choose anew when they run; nobody could approve what they remove. With an archive on
/// another filesystem the files are moved there first, and undo brings them back.
public struct OldFiles: Sendable, Hashable {
    /// What is looked for, as the scripts name it.
    enum Kind: String, CaseIterable, Sendable { case journal, logs, packages, coredumps, tmp }

    let kinds: [Kind]
    /// Seconds since a file was last written.
    let age: Int
    /// Bytes of archived journals that stay; nil = as many as are young enough.
    let keep: Int?
    let archive: FilePath?

    /// What the arguments `age` and `archive` are for people.
    static let parameters = [
        ArgumentKind(
            "age", "only what was last written so long ago, such as 7d; counted from the beginning of the day"),
        ArgumentKind(
            "archive",
            "absolute path of root's own folder on another filesystem: files are moved there, and undo brings them back"
        ),
    ]

    /// Reads `age` and `archive`.
    init(_ kinds: [Kind], _ arguments: Arguments, age fallback: String, keep: Int? = nil) throws(ArgumentError) {
        self.kinds = kinds
        self.keep = keep
        let text = try arguments.text("age") ?? fallback
        guard let duration = DurationText.parse(text), case let seconds = duration.components.seconds,
            (0...10 * 365 * 86_400).contains(seconds)
        else {
            throw ArgumentError("age", "must be \(DurationText.form), at most ten years, not \(text.debugDescription)")
        }
        age = Int(seconds)
        // A runbook's parameter that was not given is an empty text.
        let place = try arguments.text("archive") ?? ""
        archive = place.isEmpty ? nil : try Self.archive(place)
    }

    private static func archive(_ text: String) throws(ArgumentError) -> FilePath {
        let path: FilePath
        do { path = try FilePath(text) } catch { throw ArgumentError("archive", error.message) }
        let isWorkedOn = roots.contains { text == $0 || text.utf8.starts(with: ($0 + "/").utf8) }
        guard !isWorkedOn, text.utf8.count <= 200 else {
            throw ArgumentError("archive", "must not be below the folders that are cleaned, and at most 200 bytes long")
        }
        return path
    }

    /// Where files are looked for; what a node says of others is not believed.
    static let roots = [
        "/var/log", "/run/log/journal", "/var/cache/apt/archives", "/var/cache/dnf", "/var/cache/libdnf5",
        "/var/cache/yum", "/var/lib/systemd/coredump", "/var/crash", "/tmp", "/var/tmp",
    ]

    /// The list.
    var list: Command {
        .shell(
            OldFilesScripts.list,
            ["\(age)", archive?.text ?? "", keep.map { "\($0)" } ?? ""] + kinds.map(\.rawValue))
    }

    /// One command with the files of this state, none without files.
    func take(_ before: Observation) -> [Command] {
        let files = Self.listed(before)
        guard !files.isEmpty else { return [] }
        let which = kinds == [.journal] ? "any" : "closed"
        return [.shell(OldFilesScripts.take, [archive?.text ?? "", which], input: Self.payload(files))]
    }

    /// Back from the archive; nothing without one.
    func putBack(_ before: Observation) -> [Command] {
        let files = Self.listed(before)
        guard let archive, !files.isEmpty else { return [] }
        return [.shell(OldFilesScripts.putBack, [archive.text], input: Self.payload(files))]
    }

    /// The same removal of the same files, or of fewer.
    static func permits(_ now: [Command], planned: [Command]) -> Bool {
        guard let command = now.first else { return true }
        guard now.count == 1, planned.count == 1, command.argv == planned[0].argv,
            command.accepts == planned[0].accepts
        else { return false }
        return lines(command).isSubset(of: lines(planned[0]))
    }

    private static func lines(_ command: Command) -> Set<[UInt8]> {
        Set((command.input?.bytes ?? []).split(separator: UInt8(ascii: "\n")).map(Array.init))
    }

    /// `BYTES MTIME MODE UID:GID PATH` of each file, as the scripts read them.
    private static func listed(_ before: Observation) -> [String] {
        before.fields.compactMap { field, value in
            guard field.hasPrefix(prefix), case .text(let text) = value else { return nil }
            return "\(text) \(field.dropFirst(prefix.count))"
        }.sorted()
    }

    private static func payload(_ files: [String]) -> Payload { Payload(files.map { $0 + "\n" }.joined()) }

    /// Before a file's path in the name of its field.
    static let prefix = "file."
}

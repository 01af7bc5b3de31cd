/// `file.line`: sees to it that one line is in a file, or is not.
///
/// What the file is to hold is worked out of what was observed when the plan is made, so that the plan shows it whole: from
/// there on it is `file.replace`, and undo puts the old file back.
public struct FileLine: Action {
    /// `file.line`.
    public static let kind = ActionKind(
        name: "file.line",
        summary: "Adds, replaces or removes one line of a text file; undo puts the old file back.",
        disrupts: ["kubelet", "runtime", "network", "pods", "etcd"],
        touches: ["file"],
        parameters: [
            ArgumentKind("path", "the file: an absolute path, without '..' and without symlinks", required: true),
            ArgumentKind("line", "the line, without its end; with 'remove' it may be left out for 'match'"),
            ArgumentKind(
                "match",
                "how the line begins that it replaces, letter for letter, and it begins so as well; default: added at the end"
            ),
            ArgumentKind("remove", "true: takes the lines away that are 'line', or begin with 'match'"),
        ] + FileChange.parameters)

    private let change: FileChange
    private let edit: LineEdit

    /// Reads `path`, `line`, `match`, `remove` and what ``FileChange`` takes.
    public init(arguments: Arguments) throws(ArgumentError) {
        let path = try FilePath(arguments.required("path"))
        try PodManifest.refuse(path, as: "path")
        change = try FileChange(path, arguments)
        edit = try LineEdit(arguments)
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

    /// What `file.replace` looks at.
    public func observe() -> [Command] { change.observe() }

    /// Fields: those of `file.replace`.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation { try change.parse(outputs) }

    /// The whole file is the footprint: what becomes of it was worked out of all of it.
    public func role(of field: String) -> FieldRole { change.role(of: field) }

    /// Exactly the file with that line.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        try FileState.refuseWhatCannotBeReplaced(before, path: change.path.text)
        guard let content = try edited(before) else { return Prediction(after: before) }
        return try change.predict(before, content)
    }

    /// One command that writes, syncs and renames; none when the line is as wanted.
    public func apply(_ before: Observation) -> [Command] {
        guard let content = try? edited(before) else { return [] }
        return change.apply(before, content)
    }

    /// The old file put back with the same care; then the service reads it again.
    public func undo(_ before: Observation) -> [Command] { change.undo(before) }

    /// The whole file, against both states.
    public func stillAsLeft(_ left: Observation, before: Observation) -> Command? {
        change.stillAsLeft(left, before: before)
    }

    /// Nil where there is no file and the line is not to be in it.
    private func edited(_ before: Observation) throws(ObservationError) -> Payload? {
        guard before.text("type") == "regular", let old = before.content("content") else {
            if edit.removes { return nil }
            throw ObservationError("there is no \(change.path.text)", remedy: "file.replace makes a new file")
        }
        return try edit.applied(to: old, of: change.path.text)
    }
}

/// What is to become of one line of a text, by its bytes: to a Character an end of line and a mark behind it are one.
struct LineEdit: Sendable, Hashable {
    /// Whether lines are taken away.
    let removes: Bool
    private let line: [UInt8]?
    private let match: [UInt8]?

    /// Reads `line`, `match` and `remove`.
    init(_ arguments: Arguments) throws(ArgumentError) {
        removes = try arguments.flag("remove", default: false)
        line = try Self.plain("line", arguments)
        match = try Self.plain("match", arguments)
        if removes {
            guard (line == nil) != (match == nil) else {
                throw ArgumentError("remove", "takes away what is 'line' or what begins with 'match': give one of them")
            }
        } else {
            guard let line else { throw ArgumentError("line", "must be given and not empty") }
            // Else the line would not be found again, and a second time it would be there twice.
            guard match.map({ line.starts(with: $0) }) ?? true else {
                throw ArgumentError("match", "must be how 'line' begins as well")
            }
        }
    }

    /// The text with that line.
    func applied(to old: Payload, of path: String) throws(ObservationError) -> Payload {
        guard old.text != nil, !old.bytes.contains(0x0D) else {
            throw ObservationError(
                "\(path) is not text with plain ends of line", remedy: "Use file.replace and give it whole")
        }
        var lines = old.bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        // The end of the last line is not a line of its own.
        let endsPlain = lines.last == []
        if endsPlain { lines.removeLast() }
        let places = lines.indices.filter { isMeant(lines[$0]) }
        guard let line, !removes else {
            // What is last now had an end before.
            let isLastMeant = places.last == lines.count - 1
            for place in places.reversed() { lines.remove(at: place) }
            return places.isEmpty ? old : joined(lines, endsPlain || isLastMeant)
        }
        if places.isEmpty { return joined(lines + [line], true) }
        guard match == nil || places.count == 1 else {
            throw ObservationError(
                "\(places.count) lines of \(path) begin with 'match'", remedy: "Give more of the line that is meant")
        }
        if match != nil { lines[places[0]] = line }
        return joined(lines, endsPlain)
    }

    private func isMeant(_ candidate: [UInt8]) -> Bool {
        match.map { candidate.starts(with: $0) } ?? (candidate == line)
    }

    private func joined(_ lines: [[UInt8]], _ endsPlain: Bool) -> Payload {
        Payload(bytes: Array(lines.joined(separator: [0x0A])) + (endsPlain && !lines.isEmpty ? [0x0A] : []))
    }

    private static func plain(_ name: String, _ arguments: Arguments) throws(ArgumentError) -> [UInt8]? {
        guard let text = try arguments.text(name), !text.isEmpty else { return nil }
        guard text.unicodeScalars.allSatisfy({ $0 == "\t" || $0.value >= 0x20 && $0.value != 0x7F }),
            text.utf8.count <= 4096
        else { throw ArgumentError(name, "must be one line without control characters, not over 4096 bytes") }
        return Array(text.utf8)
    }
}

/// `disk.reclaim`: takes away what the node does not miss: downloaded packages, core dumps, old temporary files.
///
/// Packages can be downloaded again while their repositories have them. A temporary file counts as old when it was neither
/// written nor read nor changed for the whole age; sockets, what systemd and X keep there and open files stay. Files that were
/// deleted while a process has them open are only shown: the process must be restarted to free them.
public struct DiskReclaim: OldFilesAction {
    /// `disk.reclaim`.
    public static let kind = ActionKind(
        name: "disk.reclaim",
        summary: "Takes package caches, core dumps and old temporary files away, or moves them to another filesystem.",
        disrupts: [],
        touches: ["disk"],
        parameters: [
            ArgumentKind(
                "what", "a list of 'packages', 'coredumps' and 'tmp', or these words in one text", required: true)
        ] + OldFiles.parameters)

    /// Which files.
    public let files: OldFiles

    /// Reads `what`, `age`, ten days unless given, and `archive`.
    public init(arguments: Arguments) throws(ArgumentError) {
        let kinds = try Self.kinds(arguments)
        files = try OldFiles(kinds, arguments, age: "10d")
        guard !kinds.contains(.tmp) || files.age >= 3600 else {
            throw ArgumentError("age", "must be an hour at least for 'tmp': somebody may be working with the files")
        }
    }

    /// The list, and what was deleted and still takes disk.
    public func observe() -> [Command] { [files.list, .shell(OldFilesScripts.deleted)] }

    /// Fields: as of every list, and `deletedOpen`.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(2, outputs)
        var observation = try files.parse(outputs[0])
        // For the reader alone: what cannot be read is left out.
        let lines = (outputs[1].output.text ?? "").lines.prefix(10)
        observation["deletedOpen"] = .lines(lines.map { Printable.escape(String($0), limit: 300) })
        return observation
    }

    /// The listed files gone; what only a restart frees is said beside.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        var prediction = try files.predict(before)
        prediction.notes += (before.lines("deletedOpen") ?? []).compactMap(Self.note)
        return prediction
    }

    // `BYTES PID PATH (deleted)`.
    private static func note(_ line: String) -> String? {
        let parts = line.split(separator: " ", maxSplits: 2)
        guard parts.count == 3, let bytes = Int(parts[0]), let pid = Int(parts[1]) else { return nil }
        return "process \(pid) holds \(bytes / 1_048_576) MiB of a deleted file until it is restarted: \(parts[2])"
    }

    private static func kinds(_ arguments: Arguments) throws(ArgumentError) -> [OldFiles.Kind] {
        let words: [String] =
            switch arguments.values["what"] {
            case .list(let items): items.map { if case .text(let text) = $0 { text } else { "" } }
            case .text(let text): text.split { $0 == "," || $0 == " " }.map(String.init)
            default: []
            }
        let known: [OldFiles.Kind] = [.packages, .coredumps, .tmp]
        let kinds = known.filter { words.contains($0.rawValue) }
        guard !kinds.isEmpty, kinds.count == words.count else {
            throw ArgumentError("what", "must be a list of packages, coredumps and tmp, each at most once")
        }
        return kinds
    }
}

/// `iptables.snapshot`: keeps the whole ruleset of both families, counters included, in a file on the node.
public struct IptablesSnapshot: Action {
    /// `iptables.snapshot`.
    public static let kind = ActionKind(
        name: "iptables.snapshot",
        summary: "Saves the firewall's rules and counters, IPv4 and IPv6, in a named file on the node.",
        disrupts: [],
        touches: ["file"],
        parameters: [ArgumentKind("name", "what to call it: 1 to 64 of a-z, 0-9, '.', '_' and '-'", required: true)])

    private let files: SnapshotFiles

    /// Reads `name`.
    public init(arguments: Arguments) throws(ArgumentError) {
        files = try SnapshotFiles(arguments.required("name"), argument: "name")
    }

    /// The files come back as they were, or are removed.
    public var reversibility: Reversibility { .reversible }
    /// It only reads the rules.
    public var cutsPath: Bool { false }
    /// It is on disk.
    public var survivesReboot: Bool { true }

    /// The packet filter, of which every action here sees the same fields.
    public var subject: String { "firewall" }

    /// The rules of now and a snapshot of that name, if there is one.
    public func observe() -> [Command] { IptablesState.commands + files.commands }

    /// Fields: `snapshot.v4`, `snapshot.v6` (footprint) and what the firewall actions share.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        let shared = IptablesState.commands.count
        try expect(shared + IptablesFamily.allCases.count, outputs)
        var observation = try IptablesState.parse(Array(outputs[..<shared]))
        observation.fields.merge(try files.parse(outputs[shared...])) { _, new in new }
        return observation
    }

    /// Only the files are written, so only they are compared.
    public func role(of field: String) -> FieldRole {
        if field.hasPrefix("snapshot.") { return .footprint }
        if case .volatile(let reason) = IptablesState.role(of: field) { return .volatile(reason) }
        return .volatile("the rules are read, not changed")
    }

    /// The rules as they are, with the counters of the moment.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        var after = before
        var qualities: [String: Quality] = [:]
        var notes: [String] = []
        for family in IptablesFamily.allCases {
            after[family.snapshot] = before[family.saved]
            qualities[family.snapshot] = .bounded("the rules of the moment of the step, with their counters")
            if before.content(family.snapshot) != nil {
                notes.append("there is a snapshot '\(files.name)' already (\(files.path(family))): it is replaced")
            }
        }
        return Prediction(after: after, qualities: qualities, notes: notes)
    }

    /// Writes one file a family.
    public func apply(_ before: Observation) -> [Command] {
        IptablesFamily.allCases.map {
            .shell(SnapshotFiles.write, [$0.save, files.path($0), SnapshotFiles.directory])
        }
    }

    /// The older snapshot of that name, or none.
    public func undo(_ before: Observation) -> [Command] {
        IptablesFamily.allCases.map { family in
            guard let old = before.content(family.snapshot) else {
                return .shell(SnapshotFiles.remove, [files.path(family), SnapshotFiles.directory])
            }
            return .shell(SnapshotFiles.write, ["", files.path(family), SnapshotFiles.directory], input: old)
        }
    }

    /// The two files; the rules may be others by then.
    public func stillAsLeft(_ left: Observation, before: Observation) -> Command? {
        LeftScripts.contents(
            IptablesFamily.allCases.map { (files.path($0), left[$0.snapshot], before[$0.snapshot]) })
    }
}

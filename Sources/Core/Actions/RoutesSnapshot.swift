/// `routes.snapshot`: keeps the node's routes of all tables and its rules, both families, in a file on the node.
///
/// What the kernel makes itself, what routing daemons, DHCP and router advertisements bring and what the network plugin
/// keeps is not in it: restored later, it would be wrong.
public struct RoutesSnapshot: Action {
    /// `routes.snapshot`.
    public static let kind = ActionKind(
        name: "routes.snapshot",
        summary: "Saves the routes of all tables and the rules that lead to them, IPv4 and IPv6, in a named file.",
        disrupts: [],
        touches: ["file"],
        parameters: [ArgumentKind("name", "what to call it: 1 to 64 of a-z, 0-9, '.', '_' and '-'", required: true)])

    private let file: RoutesFile

    /// Reads `name`.
    public init(arguments: Arguments) throws(ArgumentError) {
        file = try RoutesFile(arguments.required("name"), argument: "name")
    }

    /// The file comes back as it was, or is removed.
    public var reversibility: Reversibility { .reversible }
    /// It only reads the routes.
    public var cutsPath: Bool { false }
    /// It is on disk.
    public var survivesReboot: Bool { true }

    /// The routes, of which every action here sees the same fields.
    public var subject: String { "routes" }

    /// The routes of now and a snapshot of that name, if there is one.
    public func observe() -> [Command] { [RoutesState.command, file.command] }

    /// Fields: `ipv4.routes`, `ipv4.rules` and the same for IPv6, `snapshot.routes` (footprint), and what is left out.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(2, outputs)
        var observation = try RoutesState.parse(outputs[0])
        observation["snapshot.routes"] = try file.content(outputs[1])
        return observation
    }

    /// The routes are what is written, so they must be those of the plan.
    public func role(of field: String) -> FieldRole { RoutesState.role(of: field) }

    /// The routes as they are, exactly.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        var after = before
        after["snapshot.routes"] = .content(RoutesState.snapshot(of: before))
        var notes: [String] = []
        if let old = before.content("snapshot.routes") {
            let isSame = old == RoutesState.snapshot(of: before)
            notes.append("there is a snapshot '\(file.name)' already: it \(isSame ? "is the same" : "is replaced")")
        }
        for part in RoutesState.Part.all {
            notes += (before.lines(part.leftField) ?? []).prefix(20).map {
                "\(part.family.rawValue): left out, not understood or kept by others: \($0)"
            }
        }
        return Prediction(after: after, notes: notes)
    }

    /// Writes the file; nothing when there is the same already.
    public func apply(_ before: Observation) -> [Command] {
        let content = RoutesState.snapshot(of: before)
        return before.content("snapshot.routes") == content ? [] : [file.write(content)]
    }

    /// The older snapshot of that name, or none.
    public func undo(_ before: Observation) -> [Command] {
        [before.content("snapshot.routes").map(file.write) ?? file.remove]
    }

    /// The file; the routes may be others by then.
    public func stillAsLeft(_ left: Observation, before: Observation) -> Command? {
        LeftScripts.contents([(file.path, left["snapshot.routes"], before["snapshot.routes"])])
    }
}

/// A named copy of the routes, beside those of the firewall's rules.
struct RoutesFile: Sendable, Hashable {
    /// The snapshot's name.
    let name: String
    /// Where it lies.
    let path: String

    /// Reads a snapshot's name.
    init(_ text: String, argument: String) throws(ArgumentError) {
        name = try SnapshotFiles(text, argument: argument).name
        path = "\(SnapshotFiles.directory)/\(name).routes"
    }

    /// The file's content, or exit status 3 when there is none.
    var command: Command {
        .shell(#"[ -e "$1" ] || exit 3; exec cat -- "$1""#, [path], accepts: [0, 3])
    }

    /// What ``command`` answered.
    func content(_ output: CommandOutput) throws(ObservationError) -> FieldValue {
        if output.status == 3 { return .absent }
        _ = try output.text(of: "reading \(path)")
        return .content(output.output)
    }

    /// Puts a content in place, durably.
    func write(_ content: Payload) -> Command {
        .shell(SnapshotFiles.write, ["", path, SnapshotFiles.directory], input: content)
    }

    /// Removes it, durably.
    var remove: Command { .shell(SnapshotFiles.remove, [path, SnapshotFiles.directory]) }
}

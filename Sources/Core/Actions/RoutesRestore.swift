/// `routes.restore`: puts back the routes and rules of a snapshot that are gone or were changed since.
///
/// What was added since stays unless the step says otherwise, and the plan shows it. What the kernel, routing daemons, DHCP
/// and the network plugin keep is never touched, and where one of theirs is in the place of ours the restore is refused.
public struct RoutesRestore: Action {
    /// `routes.restore`.
    public static let kind = ActionKind(
        name: "routes.restore",
        summary: "Puts back the routes and rules of a snapshot on the node, IPv4 and IPv6.",
        disrupts: ["network"],
        touches: ["routes"],
        parameters: [
            ArgumentKind("snapshot", "the name that routes.snapshot gave it", required: true),
            ArgumentKind("added", "'keep' (default) leaves what the snapshot does not have, 'remove' takes it away"),
        ])

    private let file: RoutesFile
    private let keepsAdded: Bool

    /// Reads `snapshot` and `added`.
    public init(arguments: Arguments) throws(ArgumentError) {
        file = try RoutesFile(arguments.required("snapshot"), argument: "snapshot")
        keepsAdded = try arguments.choice("added", of: ["keep", "remove"], default: "keep") == "keep"
    }

    /// Every route and rule comes back exactly, in its order.
    public var reversibility: Reversibility { .reversible }
    /// Always: the way back to whoever is connected may lead over a route that changes.
    public var cutsPath: Bool { true }
    /// The kernel's routes are gone after a boot.
    public var survivesReboot: Bool { false }

    /// The routes, of which every action here sees the same fields.
    public var subject: String { "routes" }

    /// The routes of now and the snapshot.
    public func observe() -> [Command] { [RoutesState.command, file.command] }

    /// Fields: `ipv4.routes`, `ipv4.rules` and the same for IPv6, `snapshot.routes` (footprint), and what is left alone.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(2, outputs)
        guard case .content(let content) = try file.content(outputs[1]) else {
            throw ObservationError(
                "there is no snapshot '\(file.name)' on this node (\(file.path))",
                remedy: "See 'ls \(SnapshotFiles.directory)'; routes.snapshot takes one")
        }
        let wanted = try RoutesState.read(snapshot: content, of: file.path)
        var observation = try RoutesState.parse(outputs[0], wanted: wanted)
        observation["snapshot.routes"] = .content(content)
        return observation
    }

    /// Routes that no daemon keeps stay for hours.
    public func role(of field: String) -> FieldRole { RoutesState.role(of: field) }

    /// The merged routes, exactly.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        let wanted = try RoutesState.read(snapshot: before.content("snapshot.routes") ?? Payload(""), of: file.path)
        var after = before
        var notes: [String] = []
        for part in RoutesState.Part.all {
            let merge = merge(part, wanted[part] ?? [], before)
            try refuseWhatCannotBe(merge, part, before)
            after[part.field] = .lines(merge.after.map(\.text))
            notes += Self.notes(merge, part)
        }
        return Prediction(after: after, notes: notes)
    }

    /// One batch for each family's routes and rules that differ; routes first, so that rules lead somewhere.
    public func apply(_ before: Observation) -> [Command] {
        let wanted = snapshot(before)
        return Self.order.compactMap { part in
            let merge = merge(part, wanted[part] ?? [], before)
            guard !merge.placed.isEmpty || !merge.removed.isEmpty else { return nil }
            return RoutesReturn.command(part, to: merge.placed, without: merge.removed)
        }
    }

    /// The routes and rules of before, and none that the snapshot has besides. What others added since stays, unless
    /// the step was told to remove such.
    public func undo(_ before: Observation) -> [Command] {
        let wanted = snapshot(before)
        return Self.order.map { part in
            let lines = RoutesState.lines(part, in: before)
            let brought = (wanted[part] ?? []).filter { !lines.contains($0) }
            return RoutesReturn.command(part, to: lines, without: brought, only: !keepsAdded)
        }
    }

    private static let order = RoutesState.Part.all.sorted { $0.object == .route && $1.object == .rule }

    private func snapshot(_ before: Observation) -> [RoutesState.Part: [RoutesLine]] {
        (try? RoutesState.read(snapshot: before.content("snapshot.routes") ?? Payload(""), of: file.path)) ?? [:]
    }

    private func merge(_ part: RoutesState.Part, _ wanted: [RoutesLine], _ before: Observation) -> RoutesMerge {
        RoutesMerge(snapshot: wanted, now: RoutesState.lines(part, in: before), keepsAdded: keepsAdded)
    }

    private func refuseWhatCannotBe(
        _ merge: RoutesMerge, _ part: RoutesState.Part, _ before: Observation
    ) throws(ObservationError) {
        let left = (before.lines(part.leftField) ?? []).map { RoutesLine($0, part.object) }
        let changed = Set((merge.placed + merge.removed).map(\.key))
        if part.object == .route, let other = left.first(where: { changed.contains($0.key) }) {
            throw ObservationError(
                "\(part.family.rawValue): '\(other.text)' is in the place of a route that would change",
                remedy: "It is kept by a daemon or not understood: put that one right with what keeps it")
        }
        guard part.family == .ipv4 || before.text("ipv6") == "yes" || merge.added.isEmpty else {
            throw ObservationError(
                "the snapshot has IPv6 routes, and this node has no IPv6 now",
                remedy: "Turn IPv6 on again (a boot option or a sysctl), then plan again")
        }
        let up = Set(before.lines("linksUp") ?? [])
        for line in merge.added {
            guard let device = line.devices.first(where: { !up.contains($0) }) else { continue }
            throw ObservationError(
                "\(part.family.rawValue): '\(line.text)' cannot be put back, since \(device) is not there or is down",
                remedy: "Bring the link up first ('ip link set \(device) up'), then plan again")
        }
    }

    private static func notes(_ merge: RoutesMerge, _ part: RoutesState.Part) -> [String] {
        func told(_ lines: [RoutesLine], _ what: String) -> [String] {
            let family = part.family.rawValue
            let shown = lines.prefix(20).map { "\(family): \(what): \($0.text)" }
            return shown + (lines.count > 20 ? ["\(family): and \(lines.count - 20) more: \(what)"] : [])
        }
        return told(merge.keptSince, "stays, added since the snapshot")
            + told(merge.removed, "goes, changed or added since the snapshot")
    }
}

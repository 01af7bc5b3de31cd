/// What the actions that take old files away have in common: all but which files.
public protocol OldFilesAction: Action {
    /// Which files.
    var files: OldFiles { get }
}

extension OldFilesAction {
    /// With an archive content, owner, mode and time come back exactly; without one nothing does.
    public var reversibility: Reversibility { files.archive == nil ? .irreversible : .reversible }
    /// Old files do not carry the path to the node.
    public var cutsPath: Bool { false }
    /// They are on disk.
    public var survivesReboot: Bool { true }
    /// It is what a full disk needs.
    public var freesDisk: Bool { true }

    /// One list.
    public func observe() -> [Command] { [files.list] }

    /// Fields: `file.PATH` for each file (state), `archive` (footprint), and counts.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        return try files.parse(outputs[0])
    }

    /// The list may shrink between plan and run, which ``permits(_:planned:)`` judges.
    public func role(of field: String) -> FieldRole { OldFiles.role(of: field) }

    /// The listed files gone.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction { try files.predict(before) }

    /// One command with exactly the list.
    public func apply(_ before: Observation) -> [Command] { files.take(before) }

    /// Back from the archive; nothing without one.
    public func undo(_ before: Observation) -> [Command] { files.putBack(before) }

    /// The same list, or one that shrank.
    public func permits(_ now: [Command], planned: [Command]) -> Bool { OldFiles.permits(now, planned: planned) }

    /// A file that appeared since is not ours to judge.
    public func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        OldFiles.isEquivalent(field, before: before, now: now)
    }
}

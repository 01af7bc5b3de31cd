import TransparencyLog

/// The signed checkpoints of a log: where the largest one is, and how a new one gets there.
struct CheckpointStore {
    let directory: String
    /// A copy outside the directory: it shows when the whole directory was set back.
    let anchor: String?
    let key: SigningKey
    let files: any LogFiles

    /// The one that is published; other processes publish too. Nil when there is none yet.
    func latest() throws -> SignedCheckpoint? { try read("\(directory)/\(LogLayout.checkpoint)") }

    /// The checkpoint with the largest size; nil when nothing was ever signed.
    func last() throws -> SignedCheckpoint? {
        let names = try Files.list("\(directory)/\(LogLayout.checkpoints)") ?? []
        let newest = names.compactMap { LogLayout.number(named: $0) }.max()
            .map { "\(directory)/\(LogLayout.checkpoints)/\(LogLayout.name(of: $0))" }
        let paths = [newest, "\(directory)/\(LogLayout.checkpoint)", anchor].compactMap { $0 }
        return try paths.compactMap { try read($0) }.max { $0.checkpoint.size < $1.checkpoint.size }
    }

    /// Whether something was signed before; decided without the key.
    static func hasAny(_ directory: String, anchor: String?) throws -> Bool {
        let kept = try ["\(directory)/\(LogLayout.checkpoint)", anchor].compactMap { $0 }
            .contains { try Files.read($0, limit: SignedNote.maxBytes) != nil }
        return try kept || Files.list("\(directory)/\(LogLayout.checkpoints)")?.isEmpty == false
    }

    /// Signs and stores; a crash in between leaves the older `checkpoint` and the newer `checkpoints/<size>`.
    func sign(size: UInt64, root: TreeHash) throws -> SignedCheckpoint {
        let checkpoint = try Checkpoint(origin: key.verifier.name, size: size, root: root)
        let signed = try SignedCheckpoint(checkpoint, signedBy: key)
        try replace("\(LogLayout.checkpoints)/\(LogLayout.name(of: size))", with: signed)
        try publish(signed)
        return signed
    }

    /// Finishes what a crash has interrupted: the largest checkpoint is the published one.
    func finish(_ last: SignedCheckpoint) throws {
        if try latest()?.checkpoint != last.checkpoint { try publish(last) }
    }

    private func publish(_ signed: SignedCheckpoint) throws {
        try replace(LogLayout.checkpoint, with: signed)
        guard let anchor else { return }
        try files.replace(anchor, with: signed.note.bytes, temporary: anchor + ".new", mode: 0o644)
    }

    private func replace(_ file: String, with signed: SignedCheckpoint) throws {
        let temporary = "\(directory)/tmp/checkpoint.new"
        try files.replace("\(directory)/\(file)", with: signed.note.bytes, temporary: temporary, mode: 0o644)
    }

    private func read(_ path: String) throws -> SignedCheckpoint? {
        guard let bytes = try Files.read(path, limit: SignedNote.maxBytes) else { return nil }
        do {
            return try SignedCheckpoint(bytes, verifiedBy: key.verifier)
        } catch {
            throw AuditError(
                .damaged,
                "\(path): \(error). Nothing is appended to a log whose checkpoints do not verify; "
                    + "restore the file, or move the log aside and start another")
        }
    }
}

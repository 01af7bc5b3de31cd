import TransparencyLog

/// The signed checkpoints of a log: where the largest one is, and how a new one gets there. Its owner holds the publisher's lock.
struct CheckpointStore {
    /// A copy outside the directory: it shows when the whole directory was set back.
    let anchor: String?
    /// What signs, as it was last looked at.
    private(set) var key: LogSigner
    let keys: LogKeys

    private var directory: String { keys.directory }
    private var files: any LogFiles { keys.files }

    /// Takes up the key that is the log's now, whoever changed it. A change that was interrupted after both keys had signed is
    /// finished; before that it did not happen, and its key waits.
    mutating func settle() throws {
        key = try keys.current() ?? key
        guard let successor = try keys.successor(), let last = try last(),
            let signers = try? last.note.verified(by: [key.verifier, successor.verifier]),
            signers.contains(key.verifier), signers.contains(successor.verifier)
        else { return }
        try publish(last)
        try install(successor, at: last.checkpoint.size)
    }

    /// The one that is published; other processes publish too. Nil when there is none yet.
    func latest() throws -> SignedCheckpoint? {
        try read("\(directory)/\(LogLayout.checkpoint)", by: [key.verifier])
    }

    /// The checkpoint with the largest size; nil when nothing was ever signed.
    func last() throws -> SignedCheckpoint? {
        let names = try Files.list("\(directory)/\(LogLayout.checkpoints)") ?? []
        let newest = names.compactMap { LogLayout.number(named: $0) }.max()
            .map { "\(directory)/\(Self.file($0))" }
        let paths = [newest, "\(directory)/\(LogLayout.checkpoint)", anchor].compactMap { $0 }
        // The copy outside may be older than the log's key.
        let keys = try [key.verifier] + LogKeys.verifiers(in: directory)
        return try paths.compactMap { try read($0, by: keys) }.max { $0.checkpoint.size < $1.checkpoint.size }
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
        return try store(key.sign(checkpoint))
    }

    /// Signs with the log's key and with the one that takes its place, stores that, and from then on has the new one.
    ///
    /// - Throws: ``AuditError`` when the keys are no longer those of the succession: another process was first.
    mutating func sign(size: UInt64, root: TreeHash, _ succession: Succession) throws -> SignedCheckpoint {
        guard let successor = try keys.successor(),
            succession == Succession(old: key.verifier, new: successor.verifier)
        else {
            throw AuditError(
                .invalid, "\(directory): another process has changed the log's key meanwhile; it is \(key.verifier)")
        }
        let checkpoint = try Checkpoint(origin: key.verifier.name, size: size, root: root)
        let both = try key.sign(checkpoint).merging(successor.sign(checkpoint))
        // Of this size there may be one already, with cosignatures.
        let before = try [Self.file(size), LogLayout.checkpoint]
            .compactMap { try read("\(directory)/\($0)", by: [key.verifier]) }
            .filter { $0.checkpoint == checkpoint }
        let signed = try store(before.reduce(both) { try $0.merging($1) })
        try install(successor, at: size)
        return signed
    }

    /// Finishes what a crash has interrupted: the largest checkpoint is the published one.
    func finish(_ last: SignedCheckpoint) throws {
        if try latest()?.checkpoint != last.checkpoint { try publish(last) }
    }

    private mutating func install(_ successor: LogSigner, at size: UInt64) throws {
        try keys.install(successor, inPlaceOf: key.verifier, at: size)
        key = successor
    }

    private func store(_ signed: SignedCheckpoint) throws -> SignedCheckpoint {
        try replace(Self.file(signed.checkpoint.size), with: signed)
        try publish(signed)
        return signed
    }

    private func publish(_ signed: SignedCheckpoint) throws {
        try replace(LogLayout.checkpoint, with: signed)
        guard let anchor else { return }
        try files.replace(anchor, with: signed.note.bytes, temporary: anchor + ".new", mode: 0o644)
    }

    private static func file(_ size: UInt64) -> String { "\(LogLayout.checkpoints)/\(LogLayout.name(of: size))" }

    private func replace(_ file: String, with signed: SignedCheckpoint) throws {
        let temporary = "\(directory)/tmp/checkpoint.new"
        try files.replace("\(directory)/\(file)", with: signed.note.bytes, temporary: temporary, mode: 0o644)
    }

    private func read(_ path: String, by keys: [VerifierKey]) throws -> SignedCheckpoint? {
        guard let bytes = try Files.read(path, limit: SignedNote.maxBytes) else { return nil }
        do {
            return try SignedCheckpoint(bytes, verifiedByAnyOf: keys)
        } catch {
            throw AuditError(
                .damaged,
                "\(path): \(error). Nothing is appended to a log whose checkpoints do not verify; "
                    + "restore the file, or move the log aside and start another")
        }
    }
}

/// Which key takes the place of which, as an entry of the log says.
struct Succession: Sendable, Equatable {
    let old: VerifierKey
    let new: VerifierKey
}

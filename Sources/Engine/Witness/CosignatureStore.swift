import TransparencyLog

/// What witnesses have said of a log: their cosignatures, which go under its checkpoints, and how far each of them has followed.
///
/// It takes turns with whoever publishes, by the publisher's lock, and on a thread of its own.
actor CosignatureStore {
    private let directory: String
    private let key: VerifierKey
    private let files: any LogFiles
    private let lock: FileLock
    private let tiles: TileReader
    private let thread: JournalThread

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.executor }

    /// Of the log in `directory`, which exists and whose key is `key`.
    init(directory: String, key: VerifierKey, files: any LogFiles = SystemFiles()) throws {
        self.directory = directory
        self.key = key
        self.files = files
        lock = try FileLock("\(directory)/publish.lock", files: files)
        tiles = TileReader(directory: directory)
        thread = try JournalThread()
    }

    /// What a witness that has seen `oldSize` entries needs to believe a checkpoint of `newSize`.
    func proof(from oldSize: UInt64, to newSize: UInt64) throws -> ConsistencyProof {
        try tiles.consistencyProof(from: oldSize, to: newSize)
    }

    /// The same checkpoint with every cosignature that is stored for it.
    func complete(_ signed: SignedCheckpoint) throws -> SignedCheckpoint {
        try lock.exclusively { try collect(signed) }
    }

    /// Puts verified cosignatures under a published checkpoint, durably, beside those that are there. A log that has grown
    /// meanwhile keeps its newer `checkpoint`.
    ///
    /// - Throws: ``AuditError`` when it cannot be written; then each file has the old signatures or the new ones.
    func add(_ lines: [NoteSignature], to signed: SignedCheckpoint, by witnesses: [VerifierKey]) throws
        -> SignedCheckpoint
    {
        do {
            return try lock.exclusively {
                let cosigned = try collect(signed).adding(lines, by: witnesses)
                try replace(Self.file(of: signed), with: cosigned)
                if try read(LogLayout.checkpoint)?.checkpoint == signed.checkpoint {
                    try replace(LogLayout.checkpoint, with: cosigned)
                }
                return cosigned
            }
        } catch {
            throw AuditError(explaining: error, in: directory)
        }
    }

    private func collect(_ signed: SignedCheckpoint) throws -> SignedCheckpoint {
        // A crash may have left one of the two files with fewer lines than the other.
        try [Self.file(of: signed), LogLayout.checkpoint].compactMap { try read($0) }
            .filter { $0.checkpoint == signed.checkpoint }
            .reduce(signed) { try $0.merging($1) }
    }

    private static func file(of signed: SignedCheckpoint) -> String {
        "\(LogLayout.checkpoints)/\(LogLayout.name(of: signed.checkpoint.size))"
    }

    private func read(_ file: String) throws -> SignedCheckpoint? {
        guard let bytes = try Files.read("\(directory)/\(file)", limit: SignedNote.maxBytes) else { return nil }
        do {
            // Another process may have changed the log's key.
            return try SignedCheckpoint(bytes, verifiedByAnyOf: [key] + LogKeys.verifiers(in: directory))
        } catch {
            throw AuditError(.damaged, "\(directory)/\(file): \(error). Verify the log; restore the file from a copy")
        }
    }

    private func replace(_ file: String, with signed: SignedCheckpoint) throws {
        try files.replace(
            "\(directory)/\(file)", with: signed.note.bytes, temporary: "\(directory)/tmp/checkpoint.new", mode: 0o644)
    }
}

extension CosignatureStore {
    // Outside the log's folder: it goes on knowing when that is set back to an older copy.
    private var sizesFile: String { directory + ".witnesses" }

    /// Witness → the largest size it is known to have cosigned. Only a hint: a witness that has seen another one says so.
    func knownSizes() -> [String: UInt64] {
        guard let bytes = try? Files.read(sizesFile, limit: 1 << 20) else { return [:] }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { $0.split(separator: " ") }
        return lines.reduce(into: [:]) { sizes, words in
            if words.count == 2, let size = UInt64(words[0]) { sizes[String(words[1])] = size }
        }
    }

    /// Remembers that these have cosigned `size` entries.
    func remember(_ size: UInt64, of witnesses: [VerifierKey]) throws {
        try lock.exclusively {
            var sizes = knownSizes()
            for witness in witnesses { sizes[witness.description] = max(size, sizes[witness.description] ?? 0) }
            let lines = sizes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)\n" }
            try files.replace(
                sizesFile, with: Array(lines.joined().utf8), temporary: sizesFile + ".new", mode: 0o644)
        }
    }
}

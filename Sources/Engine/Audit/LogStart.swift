import TransparencyLog

/// Where an existing log is taken up: at its last checkpoint. So opening costs the same however long the log is; that all
/// of it still is what was signed is the verifier's business.
struct LogStart {
    /// The tree that was signed last.
    private(set) var edge = TileEdge()
    /// Where the journal goes on from there.
    private(set) var position = JournalPosition.start
    /// Whether the tiles did not have that tree, and were made again from the journal.
    private(set) var hasRebuilt = false

    /// Checks the right edge against the checkpoint, and the signed entries of the segment that is continued against the
    /// tiles; the caller holds the publisher's lock.
    ///
    /// - Throws: ``AuditError`` or a `JournalError` when the journal is not what was signed.
    init(directory: String, last: Checkpoint?, files: any LogFiles) throws {
        guard let last, last.size > 0 else { return }
        let tiles = TileReader(directory: directory)
        if let edge = try? tiles.edge(ofSize: last.size), edge.root == last.root,
            let position = try Self.place(last, in: directory, tiles)
        {
            self.edge = edge
            self.position = position
        } else {
            try rebuild(directory, last, files)
        }
    }

    /// Nil when the tiles do not agree with the journal: one of the two is wrong, and only all of the journal tells.
    private static func place(_ last: Checkpoint, in directory: String, _ tiles: TileReader) throws -> JournalPosition?
    {
        let segments = try LogLayout.segments(in: directory)
        guard let first = segments.last(where: { $0 < last.size }) else { return nil }
        var reader = try JournalReader(
            directory: directory, at: JournalPosition(segment: first, offset: 0, index: first))
        var leaves: [TreeHash] = []
        while reader.position.index < last.size {
            let index = reader.position.index
            if leaves.isEmpty || index % 256 == 0 {
                let width = min(256, last.size - index / 256 * 256)
                guard let read = try? tiles.leaves(index / 256, width: Int(width)) else { return nil }
                leaves = read
            }
            guard let entry = try reader.next(), Merkle.leaf(entry.bytes) == leaves[Int(index % 256)] else {
                return nil
            }
        }
        return reader.position
    }

    private mutating func rebuild(_ directory: String, _ last: Checkpoint, _ files: any LogFiles) throws {
        var reader = try JournalReader(directory: directory)
        let writer = TileWriter(directory: directory, files: files)
        var rebuilt = TileEdge()
        // Before the root is known to be right nothing is overwritten.
        while rebuilt.size < last.size, let entry = try reader.next() {
            _ = try rebuilt.append(entry.bytes, leaf: Merkle.leaf(entry.bytes))
        }
        if let torn = reader.tornTail, torn.index < last.size {
            throw AuditError(torn, below: last.size, in: directory)
        }
        guard rebuilt.size == last.size, rebuilt.root == last.root else {
            throw AuditError(contradicting: last, rebuilt.frontier, in: directory)
        }
        reader = try JournalReader(directory: directory)
        while edge.size < last.size, let entry = try reader.next() {
            for file in try edge.append(entry.bytes, leaf: Merkle.leaf(entry.bytes)) { try writer.write(file) }
        }
        for file in edge.partials { try writer.write(file) }
        try writer.finish()
        position = reader.position
        hasRebuilt = true
    }
}

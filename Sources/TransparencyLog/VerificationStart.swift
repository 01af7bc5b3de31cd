/// Where the entries come from that are verified.
public enum EntrySource: String, Sendable {
    /// The journal.
    case journal
    /// The bundles among the tiles: the folder is a mirror, which has no journal.
    case tiles
}

/// What is read of a log: from its first entry on, or from a kept checkpoint whose tree its tiles have.
struct VerificationStart {
    /// Whether the folder has a journal.
    let source: EntrySource
    /// The tree before the first chunk that is read.
    private(set) var edge = TileEdge()
    /// The size of the kept checkpoint that vouches for what is not read; 0 when all is.
    private(set) var since: UInt64 = 0
    private(set) var reader: ChunkReader

    /// - Throws: ``LogReadError`` when the folder has neither a journal nor tiles with a checkpoint.
    init(directory: String, key: VerifierKey?, since kept: KeptCheckpoint?) throws {
        let published = Self.published(directory)
        if published != nil, try !Files.isFolder("\(directory)/\(LogLayout.journal)"),
            try Files.isFolder("\(directory)/\(Tile.folder)")
        {
            source = .tiles
        } else {
            _ = try LogLayout.segments(in: directory)
            source = .journal
        }
        reader =
            source == .journal
            ? ChunkReader(journalIn: directory)
            : ChunkReader(bundlesIn: directory, from: 0, to: published ?? 0)
        if let kept, let key, let published { skip(to: kept, key, directory, published) }
    }

    /// When the tiles have another tree there, or the journal does not reach so far, all is read: that tells what is wrong.
    private mutating func skip(to kept: KeptCheckpoint, _ key: VerifierKey, _ directory: String, _ published: UInt64) {
        guard let checkpoint = try? SignedCheckpoint(kept.bytes, verifiedBy: key).checkpoint,
            checkpoint.size <= published,
            let edge = try? TileReader(directory: directory).edge(ofSize: checkpoint.size, inTreeOf: published),
            edge.root == checkpoint.root
        else { return }
        let start = edge.aligned
        switch source {
        case .tiles: reader = ChunkReader(bundlesIn: directory, from: start.size, to: published)
        case .journal:
            guard let journal = try? JournalReader(directory: directory, from: start.size),
                journal.position.index == start.size
            else { return }
            reader = ChunkReader(continuing: journal)
        }
        self.edge = start
        since = checkpoint.size
    }

    /// The size that a mirror's bundles and tiles are for. Nothing is verified yet: a wrong one is a bad checkpoint.
    private static func published(_ directory: String) -> UInt64? {
        guard let bytes = try? Files.read("\(directory)/\(LogLayout.checkpoint)", limit: SignedNote.maxBytes),
            let note = try? SignedNote(bytes)
        else { return nil }
        return try? Checkpoint(text: note.text).size
    }
}

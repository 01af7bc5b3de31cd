import Glibc
import TransparencyLog

/// The writing half of the log, synchronous: its owner calls it from one thread. Every operation takes the log's
/// lock, reads what other processes appended meanwhile, and only then acts.
final class JournalWriter {
    private let directory: String
    private let files: any LogFiles
    private let lock: FileLock
    private let spare: SpareSegment
    private let store: CheckpointStore
    private var segment: Segment
    private var position: JournalPosition
    /// Where the entries begin that were not signed when the log was opened.
    private var signedPosition = JournalPosition.start
    /// The tree over all durable entries.
    private var frontier = Frontier()
    /// What was cut off the end when the log was opened.
    private(set) var recovered: TornTail?

    var size: UInt64 { frontier.size }
    var verifierKey: VerifierKey { store.key.verifier }

    /// Opens the log, or creates it; either everything a run needs is there afterwards, or it throws.
    init(directory: String, origin: String, anchor: String?, files: any LogFiles) throws {
        self.directory = directory
        self.files = files
        for folder in ["", "/journal", "/checkpoints", "/blobs", "/keys", "/tmp", "/runs"] {
            try files.createFolder(directory + folder)
        }
        if let anchor { try files.createFolder(files.parent(of: anchor)) }
        lock = try FileLock("\(directory)/lock", files: files)
        spare = SpareSegment(directory: directory, files: files)
        (store, position, segment) = try lock.exclusively { [spare] in
            BlobStore.removeLeftovers(directory)
            let first = try LogLayout.segments(in: directory).first
            let isNew = try first == nil && !CheckpointStore.hasAny(directory, anchor: anchor)
            let key = try LogKey.load(directory: directory, origin: origin, isNew: isNew, files: files)
            let segment = try first == nil ? spare.take(for: 0) : nil
            try spare.ensure()
            let start = "\(directory)/\(LogLayout.segment(startingAt: 0))"
            return (
                CheckpointStore(directory: directory, anchor: anchor, key: key, files: files), .start,
                try segment ?? Segment(start, files: files)
            )
        }
        try lock.exclusively { try replay() }
    }

    /// Appends the entries durably; returns the index of the first.
    /// When it throws, entries below `size` are durable and nothing is known of the others.
    func append(_ entries: [[UInt8]], firstIndex: (UInt64) -> Void) throws {
        try lock.exclusively {
            try catchUp()
            firstIndex(size)
            var rest = entries[...]
            while !rest.isEmpty { rest = try writeBatch(rest) }
        }
    }

    /// Signs the size and root of what is durable, unless that was signed already.
    func checkpoint() throws -> SignedCheckpoint {
        try lock.exclusively {
            try catchUp()
            if let last = try store.last(), last.checkpoint.size >= size {
                guard last.checkpoint.size == size, last.checkpoint.root == frontier.root else {
                    throw contradiction(last.checkpoint)
                }
                return last
            }
            return try store.sign(size: size, root: frontier.root)
        }
    }

    /// Reads what others appended.
    func refresh() throws {
        try lock.exclusively { try catchUp() }
    }

    /// Throws when there is no room for another segment.
    func ensureSpace() throws {
        try lock.exclusively { try spare.ensure() }
    }

    // MARK: - Reading

    /// Reads the whole log once, and compares it with what was signed last.
    private func replay() throws {
        let last = try store.last()?.checkpoint
        try readOn(signed: last)
        if let last, last.size > size { throw contradiction(last) }
        // An earlier process may have died between write and sync, or had its sync fail, after which the kernel may
        // call pages clean that never reached the disk. Writing what is not signed again makes it durable.
        let start = signedPosition.segment == position.segment ? signedPosition.offset : 0
        try segment.write(try segment.read(position.offset - start, at: start), at: start)
        try segment.synchronize()
    }

    /// What others wrote since; a look at four bytes and one name when nobody did.
    private func catchUp() throws {
        let following = "\(directory)/\(LogLayout.segment(startingAt: size))"
        if try segment.isEnd(position.offset), position.offset == 0 || access(following, F_OK) != 0 { return }
        try readOn(signed: nil)
        // Others answer for their own entries only once they are synced; signing and appending after them must not
        // come before that.
        try segment.synchronize()
    }

    private func readOn(signed: Checkpoint?) throws {
        var reader = try JournalReader(directory: directory, at: position)
        try compare(signed)
        while let entry = try reader.next() {
            if reader.position.segment != position.segment { try enter(reader.position.segment) }
            position = reader.position
            frontier.append(Merkle.leaf(entry.bytes))
            try compare(signed)
        }
        if reader.position.segment != position.segment { try enter(reader.position.segment) }
        position = reader.position
        if let torn = reader.tornTail { try cut(torn) }
    }

    private func enter(_ index: UInt64) throws {
        try segment.synchronize()
        segment = try Segment("\(directory)/\(LogLayout.segment(startingAt: index))", files: files)
    }

    private func compare(_ signed: Checkpoint?) throws {
        guard let signed, signed.size == size else { return }
        guard signed.root == frontier.root else { throw contradiction(signed) }
        signedPosition = position
    }

    /// Zeroes a torn tail. Nobody was told that it is durable, so no effect followed from it.
    private func cut(_ torn: TornTail) throws {
        if let last = try store.last()?.checkpoint, last.size > torn.index {
            throw AuditError(
                .damaged,
                "\(directory): entry \(torn.index) was signed (size \(last.size)) and is now damaged: \(torn). "
                    + "Restore the segment from a copy; nothing is cut off below a signed size")
        }
        try segment.write([UInt8](repeating: 0, count: Int(torn.length)), at: position.offset)
        try segment.synchronize()
        recovered = torn
    }

    private func contradiction(_ signed: Checkpoint) -> AuditError {
        AuditError(
            .damaged,
            "\(directory): the log has \(size) entries with root \(frontier.root), but size \(signed.size) "
                + "with root \(signed.root) is signed: entries were lost or exchanged, or the folder was set back to an "
                + "older copy. Verify it and restore it from a copy; nothing is appended")
    }

    // MARK: - Writing

    /// As many entries as fit into one write and this segment, then one fdatasync; the rest is returned.
    private func writeBatch(_ entries: ArraySlice<[UInt8]>) throws -> ArraySlice<[UInt8]> {
        var bytes: [UInt8] = []
        var leaves: [TreeHash] = []
        for entry in entries {
            let length = bytes.count + JournalFormat.headerSize + entry.count
            guard length <= JournalFormat.maxBatchSize, position.offset + length <= segment.capacity else { break }
            bytes += JournalFormat.record(JournalEntry(index: size + UInt64(leaves.count), bytes: entry))
            leaves.append(Merkle.leaf(entry))
        }
        guard !leaves.isEmpty else {
            try rotate()
            return entries
        }
        try segment.write(bytes, at: position.offset)
        try segment.synchronize()
        position.offset += bytes.count
        for leaf in leaves { frontier.append(leaf) }
        position.index = size
        return entries.dropFirst(leaves.count)
    }

    /// To a new segment. That there is no room for yet another spare stops the next run, not this one.
    private func rotate() throws {
        segment = try spare.take(for: size)
        position = JournalPosition(segment: size, offset: 0, index: size)
        do {
            try spare.ensure()
        } catch let error as AuditError where error.code == .noSpace {}
    }
}

import Glibc
import Synchronization
import TransparencyLog

/// What was written, and is durable once `segment` is synced.
struct UnsyncedBatch: Sendable {
    let segment: Segment
    /// The indices of its entries.
    let entries: Range<UInt64>

    var first: UInt64 { entries.lowerBound }
}

/// How far a log's writing is: known without the writer's turn, so that who has synced something need not wait to say so.
final class WritingState: Sendable {
    private let number = Atomic<UInt64>(0)
    private let tookSpare = Atomic(false)

    /// The number of durable entries.
    var durable: UInt64 { number.load(ordering: .acquiring) }

    /// So many are, or more.
    func advance(to entries: UInt64) { number.max(entries, ordering: .acquiringAndReleasing) }

    /// The spare segment was taken.
    func needSpare() { tookSpare.store(true, ordering: .releasing) }

    /// Whether the next segment is to be made; asked once for each that was taken.
    func takeNeedOfSpare() -> Bool { tookSpare.exchange(false, ordering: .acquiringAndReleasing) }
}

/// The writing half of the log, synchronous: it is called from one thread at a time. Every operation takes the log's
/// lock, reads what other processes appended meanwhile, and only then acts. It signs nothing: see ``Publisher``.
final class JournalWriter {
    private let directory: String
    private let files: any LogFiles
    private let lock: FileLock
    private let spare: SpareSegment
    private let store: CheckpointStore
    private let start: LogStart
    private let publishing: FileLock
    private var segment: Segment
    private var position: JournalPosition
    /// The number of entries, the last of which may not be durable yet.
    private var size: UInt64
    private let state: WritingState
    /// What was cut off the end when the log was opened.
    private(set) var recovered: TornTail?

    /// Whether the tiles had to be made again when the log was opened.
    var hasRebuiltTiles: Bool { start.hasRebuilt }

    /// Opens the log, or creates it; either everything a run needs is there afterwards, or it throws.
    init(keys: LogKeys, anchor: String?, state: WritingState) throws {
        let (directory, files) = (keys.directory, keys.files)
        self.directory = directory
        self.files = files
        self.state = state
        for folder in ["", "/journal", "/checkpoints", "/blobs", "/keys", "/tmp", "/runs"] {
            try files.createFolder(directory + folder)
        }
        if let anchor { try files.createFolder(files.parent(of: anchor)) }
        lock = try FileLock("\(directory)/lock", files: files)
        publishing = try FileLock("\(directory)/publish.lock", files: files)
        spare = try SpareSegment(directory: directory, files: files)
        (store, start, segment) = try lock.exclusively { [spare, publishing] in
            BlobStore.removeLeftovers(directory)
            let first = try LogLayout.segments(in: directory).first
            let isNew = try first == nil && !CheckpointStore.hasAny(directory, anchor: anchor)
            var store = CheckpointStore(anchor: anchor, key: try keys.load(isNew: isNew), keys: keys)
            let start = try publishing.exclusively {
                try store.settle()
                let last = try store.last()
                let start = try LogStart(directory: directory, last: last?.checkpoint, files: files)
                if let last { try store.finish(last) }
                return start
            }
            let segment = try first == nil ? spare.take(for: 0) : nil
            try spare.ensure()
            let path = "\(directory)/\(LogLayout.segment(startingAt: start.position.segment))"
            return (store, start, try segment ?? Segment(path, files: files))
        }
        position = start.position
        size = start.edge.size
        state.advance(to: size)
        try lock.exclusively { try replay() }
    }

    /// What makes tiles and checkpoints of the entries of this log.
    func publisher() throws -> Publisher {
        try Publisher(directory: directory, files: files, lock: publishing, store: store, start: start)
    }

    /// Appends an entry when there is none yet: of several processes only one does.
    func begin(with first: (VerifierKey) throws -> [UInt8]) throws {
        guard size == 0 else { return }
        try lock.exclusively {
            try catchUp()
            guard size == 0 else { return }
            try writeWhole([try first(store.key.verifier)])
            try synchronize()
        }
    }

    /// Writes entries with contiguous indices. When it throws, nothing is known of them.
    ///
    /// The kernel tells each descriptor once that a write failed, and only of writes after it was opened, unless nobody was
    /// told before. So who syncs the batch does it with a descriptor of its own, which is open before the batch is written;
    /// or, for a new segment, before anybody else can sync that.
    /// - Parameter own: what the caller synced last, used again where it is the same segment's.
    func write(_ entries: [[UInt8]], syncedBy own: Segment?) throws -> UnsyncedBatch {
        try lock.exclusively {
            try catchUp()
            let first = size
            let before = try current(own)
            try writeWhole(entries)
            return UnsyncedBatch(segment: try current(before), entries: first..<size)
        }
    }

    private func current(_ own: Segment?) throws -> Segment {
        if let own, own.path == segment.path { return own }
        return try Segment(segment.path, files: files)
    }

    /// Reads what others appended; gives the number of durable entries.
    func refresh() throws -> UInt64 {
        try lock.exclusively { try catchUp() }
        return state.durable
    }

    /// Throws when there is no room for another segment.
    func ensureSpace() throws {
        try lock.exclusively { try spare.ensure() }
    }

    // MARK: - Reading

    /// Reads what follows the last checkpoint.
    private func replay() throws {
        try readOn()
        // An earlier process may have died between write and sync, or had its sync fail, after which the kernel may
        // call pages clean that never reached the disk. Writing what is not signed again makes it durable.
        let from = start.position.segment == position.segment ? start.position.offset : 0
        try segment.write(try segment.read(position.offset - from, at: from), at: from)
        try synchronize()
    }

    /// What others wrote since; a look at four bytes and one name when nobody did.
    private func catchUp() throws {
        let following = "\(directory)/\(LogLayout.segment(startingAt: size))"
        if try segment.isEnd(position.offset), try position.offset == 0 || !Files.exists(following) { return }
        try readOn()
        // Others answer for their own entries only once they are synced; signing and appending after them must not
        // come before that.
        try synchronize()
    }

    private func readOn() throws {
        var reader = try JournalReader(directory: directory, at: position)
        while try reader.next() != nil {
            if reader.position.segment != position.segment { try enter(reader.position.segment) }
            position = reader.position
            size = position.index
        }
        if reader.position.segment != position.segment { try enter(reader.position.segment) }
        position = reader.position
        if let torn = reader.tornTail { try cut(torn) }
    }

    private func enter(_ index: UInt64) throws {
        try segment.synchronize()
        segment = try Segment("\(directory)/\(LogLayout.segment(startingAt: index))", files: files)
    }

    /// Zeroes a torn tail. Nobody was told that it is durable, so no effect followed from it.
    private func cut(_ torn: TornTail) throws {
        if let last = try store.last()?.checkpoint, last.size > torn.index {
            throw AuditError(torn, below: last.size, in: directory)
        }
        try segment.write([UInt8](repeating: 0, count: Int(torn.length)), at: position.offset)
        try segment.synchronize()
        recovered = torn
    }

    // MARK: - Writing

    /// All in as many writes as it takes; only the last is not synced.
    private func writeWhole(_ entries: [[UInt8]]) throws {
        var rest = try writeBatch(entries[...])
        while !rest.isEmpty {
            try synchronize()
            rest = try writeBatch(rest)
        }
    }

    /// As many entries as fit into one write and this segment; the rest is returned.
    private func writeBatch(_ entries: ArraySlice<[UInt8]>) throws -> ArraySlice<[UInt8]> {
        // Two may be at the disk at a time.
        let room = min(JournalFormat.maxBatchSize / 2, segment.capacity - position.offset)
        var (length, count) = (0, 0)
        for entry in entries {
            let next = length + JournalFormat.headerSize + entry.count
            guard next <= room else { break }
            (length, count) = (next, count + 1)
        }
        guard count > 0 else {
            try rotate()
            return entries
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        for (number, entry) in entries.prefix(count).enumerated() {
            JournalFormat.append(entry, index: size + UInt64(number), to: &bytes)
        }
        try segment.write(bytes, at: position.offset)
        position.offset += length
        size += UInt64(count)
        position.index = size
        return entries.dropFirst(count)
    }

    private func synchronize() throws {
        try segment.synchronize()
        state.advance(to: size)
    }

    /// To a new segment, once all is durable: only of the last one the end may be torn. Whoever publishes makes the one after
    /// it, so that appending does not wait for megabytes of zeroes.
    private func rotate() throws {
        if state.durable < size { try synchronize() }
        segment = try spare.take(for: size)
        state.needSpare()
        position = JournalPosition(segment: size, offset: 0, index: size)
    }
}

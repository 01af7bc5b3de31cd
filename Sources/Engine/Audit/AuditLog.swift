public import TransparencyLog

/// The audit log, which is also the write-ahead journal: an entry is durable when `append` returns.
///
/// It runs on threads of its own, since it blocks in fdatasync. Several processes may have the same log open.
/// After the first failed write or sync it is poisoned: a failed sync says nothing about what is on the disk, so
/// nothing more is accepted or signed until the log is opened, and thereby read, again.
public actor AuditLog {
    private let thread: JournalThread
    private let writer: GuardedWriter
    private nonisolated let queue = AppendQueue()
    private let keys: LogKeys
    /// The log's folder.
    public nonisolated let directory: String
    /// The name of the log and of its key.
    public nonisolated let origin: String
    /// Contents too long, or too private, for an entry.
    public nonisolated let blobs: BlobStore

    /// The log's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.executor }

    /// Opens a log, or creates it with a new key.
    ///
    /// - Parameters:
    ///   - directory: its folder; made with mode 0700 when missing.
    ///   - origin: a schema-less URL that names it, such as `audit.example/executor/a`.
    ///   - anchor: a file outside `directory` that holds a copy of the last checkpoint; a log that is behind it is
    ///     refused.
    ///   - pace: when tiles and checkpoints are made of what is durable.
    ///   - files: the system calls.
    ///   - agent: who is asked for signatures where the log's key is not in its folder.
    ///   - first: makes the entry that a log without any begins with, whoever opens it first.
    /// - Throws: `AuditError` when the disk is full, the folder not writable, the key out of reach, or the log damaged or
    ///   behind what was signed. Room for the first two segments is allocated here, so that a full disk shows before anything runs.
    public static func open(
        directory: String, origin: String, anchor: String? = nil, pace: PublishPace = .standard,
        files: any LogFiles = SystemFiles(), agent: SigningAgent = .ofEnvironment,
        first: (@Sendable (VerifierKey) throws -> [UInt8])? = nil
    ) async throws -> AuditLog {
        let thread = try JournalThread()
        let keys = LogKeys(directory: directory, origin: origin, files: files, agent: agent)
        let log = AuditLog(directory: directory, origin: origin, thread: thread, keys: keys)
        try await log.load(anchor: anchor, pace: pace, first: first)
        return log
    }

    private init(directory: String, origin: String, thread: JournalThread, keys: LogKeys) {
        self.directory = directory
        self.origin = origin
        self.thread = thread
        self.keys = keys
        writer = GuardedWriter(directory)
        blobs = BlobStore(directory: directory, thread: thread, files: keys.files)
    }

    deinit { stop() }

    private func load(
        anchor: String?, pace: PublishPace, first: (@Sendable (VerifierKey) throws -> [UInt8])?
    ) async throws {
        let (writer, keys) = (writer, keys)
        try await withCheckedThrowingContinuation { (opened: CheckedContinuation<Void, any Error>) in
            let lane = AppendLane(0, of: queue, writer: writer) {
                opened.resume(
                    with: Result { try writer.open(keys: keys, anchor: anchor, pace: pace, first: first) })
            }
            do { try startThread(lane) } catch { opened.resume(throwing: error) }
        }
        for lane in 1..<AppendQueue.lanes {
            try startThread(AppendLane(lane, of: queue, writer: writer))
        }
    }

    /// The public key that verifies this log's checkpoints.
    public var verifierKey: VerifierKey {
        get throws {
            try writer.check()
            return try published().verifierKey
        }
    }

    /// What was cut off the end when the log was opened, for the caller to record: an unfinished write.
    public var recovered: TornTail? { writer.look(\.recovered) ?? nil }

    /// Whether the tiles were missing or wrong when the log was opened, and were made again from the journal.
    public var hasRebuiltTiles: Bool { writer.look(\.hasRebuiltTiles) ?? false }

    /// The number of entries, those of other processes included.
    public var size: UInt64 {
        get throws {
            try writer.perform { try $0.refresh() }
        }
    }

    /// Appends an entry of 1...65,535 bytes and returns its index, once it is durable.
    public nonisolated func append(_ entry: [UInt8]) async throws -> UInt64 {
        try await append([entry]).lowerBound
    }

    /// Appends entries with contiguous indices, once all are durable. When it throws, it is unknown how many are.
    public nonisolated func append(_ entries: [[UInt8]]) async throws -> Range<UInt64> {
        for entry in entries where entry.isEmpty || entry.count > JournalFormat.maxEntrySize {
            throw AuditError(
                .invalid,
                "an entry has 1 to \(JournalFormat.maxEntrySize) bytes, this one \(entry.count): "
                    + "put what is longer into a blob")
        }
        // All who come while a batch is written are the next batch: one fdatasync for all of them.
        return try await withUnsafeThrowingContinuation { continuation in
            if queue.add(AppendTicket(entries: entries, continuation: continuation)) { return }
            continuation.resume(throwing: AuditError(.closed, "the log \(directory) is closed"))
        }
    }

    /// Publishes what is durable: tiles, then a signed checkpoint of all of it, or of more when others append.
    public func checkpoint() async throws -> SignedCheckpoint {
        let size = try size
        return try await published().publish(upTo: size)
    }

    /// Changes the log's key: an entry names the old one and the new one, a checkpoint over it is signed by both, and every
    /// later one by the new one alone. The old secret key is deleted last.
    ///
    /// - Parameters:
    ///   - name: a key that ssh-agent holds, as ``SigningAgent`` finds it; nil: the key that was prepared, else a new one.
    ///   - entry: the entry's bytes, from the old key and the new one.
    /// - Returns: the checkpoint with both signatures.
    /// - Throws: ``AuditError`` when it was not done to its end. Then the log has the one key or the other: opened again, it
    ///   has the new one if both had signed. Otherwise the new one waits for the next attempt.
    public func rotateKey(
        keptAs name: String? = nil, entry: @Sendable (_ old: VerifierKey, _ new: VerifierKey) throws -> [UInt8]
    ) async throws -> SignedCheckpoint {
        // Whoever has changed the key meanwhile is followed first.
        _ = try await checkpoint()
        let new = try keys.next(keptAs: name)
        let succession = Succession(old: try verifierKey, new: new)
        let index = try await append(entry(succession.old, succession.new))
        return try await published().publish(upTo: index + 1, succession)
    }

    /// The public half of the key that `rotateKey` will take; made now, and kept until then, when there is none.
    public static func nextKey(
        directory: String, origin: String, keptAs name: String? = nil, agent: SigningAgent = .ofEnvironment
    ) throws -> VerifierKey {
        try LogKeys(directory: directory, origin: origin, files: SystemFiles(), agent: agent).next(keptAs: name)
    }

    private func published() throws -> PublishLoop {
        guard let publishing = writer.publishing else { throw AuditError(.closed, "the log \(directory) is closed") }
        return publishing
    }

    /// To call before a run starts: throws when the disk has no room for another segment.
    public func ensureSpace() throws { try writer.ensureSpace() }

    /// At most `limit` entries from `index` on, whoever wrote them.
    public func entries(from index: UInt64, limit: Int) throws -> [JournalEntry] {
        var entries: [JournalEntry] = []
        do {
            var reader = try JournalReader(directory: directory, from: index)
            while entries.count < limit, let entry = try reader.next() { entries.append(entry) }
        } catch {
            throw AuditError(explaining: error, in: directory)
        }
        return entries
    }

    /// Closes the files. Everything appended is durable already.
    public func close() { stop() }

    private nonisolated func stop() {
        queue.stop()
        writer.close()
    }
}

import Core
import Engine
import GRDB
import TransparencyLog

/// One use of the index. On a thread of its own, since it blocks in reads of the journal, in SQLite and in the wait for its turn.
actor IndexSession {
    private let thread: JournalThread
    private let directory: String
    private let patience: Duration
    private let tell: @Sendable (String) -> Void
    private let blobs: BlobStore

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.executor }

    init(_ directory: String, _ patience: Duration, _ tell: @escaping @Sendable (String) -> Void) throws {
        self.directory = directory
        self.patience = patience
        self.tell = tell
        thread = try JournalThread()
        blobs = try BlobStore(directory: directory)
    }

    func search(_ filter: EntryFilter, last: Int?) async throws -> LogExcerpt {
        try await withIndex { database in
            var search = IndexSearch(directory: self.directory, blobs: self.blobs, database: database)
            return try await search.entries(filter, last: last)
        }
    }

    func rebuild() async throws -> UInt64 {
        try await withIndex(fromNothing: true) { try $0.state()?.size ?? 0 }
    }

    /// Calls `body` with the index brought up to date, and again with one made from nothing when the first does not fit the log.
    private func withIndex<Result>(
        fromNothing: Bool = false, _ body: (IndexDatabase) async throws -> Result
    ) async throws -> Result {
        let place = try IndexPlace(ofLog: directory)
        let lock = try IndexLock(place, patience: patience)
        defer { withExtendedLifetime(lock) {} }
        do {
            if fromNothing { try place.remove() }
            do {
                return try await attempt(place, body)
            } catch let fault as IndexFault {
                tell("\(place.path): the log's search index is made again: \(fault.reason)")
                try place.remove()
                return try await attempt(place, body)
            }
        } catch let fault as IndexFault {
            try place.remove()
            throw IndexError("\(place.path): \(fault.reason), though it was just made")
        } catch let error as DatabaseError {
            throw IndexError("\(place.path): \(error.message ?? "\(error.resultCode)")")
        }
    }

    private func attempt<Result>(_ place: IndexPlace, _ body: (IndexDatabase) async throws -> Result) async throws
        -> Result
    {
        do {
            let database = try IndexDatabase(place, isNew: try place.create())
            do {
                try await update(database)
                let result = try await body(database)
                try database.close()
                return result
            } catch {
                try? database.close()
                throw error
            }
        } catch let error as DatabaseError {
            if let fault = IndexFault(error) { throw fault }
            throw error
        }
    }

    private func update(_ database: IndexDatabase) async throws {
        let tree = LogTree(directory: directory)
        if let state = try database.state() {
            let frontier = try check(state, tree)
            try await checkBlobs(database)
            do {
                _ = try await extend(database, from: state, frontier)
            } catch is JournalError {
                // Whether the journal is damaged, or has other segments than it had, shows when it is read from its beginning.
                throw IndexFault(reason: "the journal does not go on where it was read last")
            }
        } else {
            let state = try await extend(database, from: IndexState(logKey: tree.key), Frontier())
            guard try tree.frontier(ofSize: state.size)?.root == state.root else {
                throw IndexError(
                    "\(directory): the journal does not have the root that its tiles have: "
                        + "`belay audit verify` says more")
            }
        }
    }

    /// The log's tree at the index's size, when it is the index's tree.
    private func check(_ state: IndexState, _ tree: LogTree) throws -> Frontier {
        guard state.logKey == tree.key else { throw IndexFault(reason: "the log has another key") }
        guard let frontier = try tree.frontier(ofSize: state.size), frontier.root == state.root else {
            throw IndexFault(reason: "it does not have the log's root at \(state.size) entries")
        }
        return frontier
    }

    /// Words of a blob that was erased go with the whole file: SQLite keeps what it deletes in places that are hard to know.
    private func checkBlobs(_ database: IndexDatabase) async throws {
        var last: Int64 = -1
        while true {
            let batch = try database.blobs(after: last, limit: 1000)
            for (_, blob) in batch where await blobs.has(blob.reference) != blob.isThere {
                let what = blob.isThere ? "has been erased" : "is there again"
                throw IndexFault(reason: "the blob \(blob.reference.commitment) \(what)")
            }
            guard let number = batch.last?.number else { return }
            last = number
        }
    }

    /// Adds what the journal has beyond `state`, in batches; gives how far the index goes then.
    private func extend(
        _ database: IndexDatabase, from state: IndexState, _ frontier: Frontier
    ) async throws -> IndexState {
        var (state, frontier) = (state, frontier)
        var reader = try JournalReader(directory: directory, at: state.position)
        while true {
            let rows = try await batch(&reader, &frontier)
            if rows.isEmpty, state.size > 0 { return state }
            state.size = frontier.size
            state.root = frontier.root
            state.position = reader.position
            try database.add(rows, state)
            if rows.isEmpty { return state }
        }
    }

    private func batch(_ reader: inout JournalReader, _ frontier: inout Frontier) async throws -> [IndexRow] {
        var rows: [IndexRow] = []
        var bytes = 0
        while rows.count < 2000, bytes < 8 << 20, let entry = try reader.next() {
            let record = try await IndexedRecord(entry, blobs: blobs)
            let row = IndexRow(
                record, segment: reader.position.segment, end: reader.position.offset, blob: try await blob(of: record))
            rows.append(row)
            frontier.append(row.place.leaf)
            bytes += row.text.utf8.count
        }
        return rows
    }

    /// The blob that an entry's event is in.
    private func blob(of entry: IndexedRecord) async throws -> IndexedBlob? {
        guard let name = entry.record.blob, try JSON.decode(LogRecord.self, from: entry.bytes).event == nil else {
            return nil
        }
        let reference = BlobReference(name)
        // One that was read back was there. Should it be gone by now, the next use finds out.
        let isThere = if entry.record.event != nil { true } else { await blobs.has(reference) }
        return IndexedBlob(reference: reference, isThere: isThere)
    }
}

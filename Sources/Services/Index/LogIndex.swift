public import Core
public import Engine

/// Entries of a log, and the plans of their runs where the log has them.
public struct LogExcerpt: Sendable {
    /// In the log's order.
    public let entries: [IndexedRecord]
    /// Run → its plan; at least of the runs that the entries belong to.
    public let plans: [String: Plan]

    /// Collects both.
    public init(entries: [IndexedRecord], plans: [String: Plan]) {
        self.entries = entries
        self.plans = plans
    }
}

/// The search index of a log: an SQLite file beside the log's folder, `FOLDER.index.sqlite`, made from the journal alone and no evidence
/// of anything. It may be removed at any time.
///
/// Each use brings it up to date first. Before that it is held against the log: it goes on only where its root at its size is the log's.
/// Otherwise, when a blob that it was made from is there no more, or when it is damaged, it is made again from nothing.
public struct LogIndex: Sendable {
    private let directory: String
    private let patience: Duration

    /// The index of the log in a folder.
    /// - Parameter patience: how long to wait for another process that uses it.
    public init(log directory: String, patience: Duration = .seconds(10)) {
        self.directory = directory
        self.patience = patience
    }

    /// The entries that a filter admits, exactly those that reading the whole log would give.
    ///
    /// - Parameters:
    ///   - last: only so many, the last ones.
    ///   - tell: gets a sentence when the index had to be made again, and why.
    /// - Throws: ``IndexError`` when there can be no index here; a `JournalError` for a damaged journal, or a `DecodingError` for an entry
    ///   that is not ours.
    public func search(
        _ filter: EntryFilter, last: Int? = nil, tell: @escaping @Sendable (String) -> Void
    ) async throws -> LogExcerpt {
        try await IndexSession(directory, patience, tell).search(filter, last: last)
    }

    /// Makes it from nothing; gives the number of entries.
    /// - Throws: as ``search(_:last:tell:)`` does.
    public func rebuild() async throws -> UInt64 {
        try await IndexSession(directory, patience) { _ in }.rebuild()
    }
}

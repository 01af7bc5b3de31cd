import Engine
import Foundation
import GRDB
import TransparencyLog

/// The SQLite file. Used on a thread that may block.
final class IndexDatabase {
    /// Of the tables and of what stands in them; another one is not read.
    static let version = 1
    private let queue: DatabaseQueue

    /// - Parameter isNew: the file is empty, and gets its tables.
    init(_ place: IndexPlace, isNew: Bool) throws {
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            // Should somebody have changed the file, its schema runs nothing. What is deleted is overwritten.
            try database.execute(
                sql: "PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON; PRAGMA synchronous = NORMAL")
        }
        queue = try DatabaseQueue(path: place.path, configuration: configuration)
        if isNew { try queue.write { try $0.execute(sql: Self.schema) } }
    }

    // Keys are IndexKey's. Of a run's plan only what filters ask for is kept, once for each run and not in each of its entries: so an
    // entry is found by its plan wherever in the log the plan is. The texts are kept as sets of trigrams alone: no bytes of an entry are
    // in the file.
    private static let schema = """
        CREATE TABLE state (
            id INTEGER PRIMARY KEY CHECK (id = 1), logKey TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL,
            segment INTEGER NOT NULL, offset INTEGER NOT NULL) STRICT;
        CREATE TABLE entries (
            number INTEGER PRIMARY KEY, segment INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
            leaf BLOB NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL, run TEXT, node TEXT, type TEXT NOT NULL,
            step INTEGER, outcome TEXT) STRICT;
        CREATE INDEX entriesByTime ON entries (at);
        CREATE INDEX entriesByPerson ON entries (by);
        CREATE INDEX entriesByRun ON entries (run);
        CREATE INDEX entriesByNode ON entries (node);
        CREATE INDEX entriesByType ON entries (type);
        CREATE INDEX entriesByOutcome ON entries (outcome) WHERE outcome IS NOT NULL;
        CREATE TABLE blobs (
            number INTEGER PRIMARY KEY, commitment TEXT NOT NULL, length INTEGER NOT NULL, isThere INTEGER NOT NULL) STRICT;
        CREATE TABLE plans (number INTEGER PRIMARY KEY, run TEXT, runbook TEXT) STRICT;
        CREATE INDEX plansByRun ON plans (run);
        CREATE INDEX plansByRunbook ON plans (runbook);
        CREATE TABLE steps (run TEXT, node TEXT NOT NULL, step INTEGER NOT NULL, action TEXT NOT NULL) STRICT;
        CREATE INDEX stepsByRun ON steps (run, node, step, action);
        CREATE VIRTUAL TABLE texts USING fts5(
            text, content='', columnsize=0, detail=none, tokenize='trigram case_sensitive 1');
        PRAGMA user_version = \(version);
        """

    func close() throws { try queue.close() }

    /// How far it goes; nil when it was just made.
    /// - Throws: ``IndexFault`` when it is of another version.
    func state() throws -> IndexState? {
        try queue.read { database in
            guard try Int.fetchOne(database, sql: "PRAGMA user_version") == Self.version else {
                throw IndexFault(reason: "it was made by another version of Belay")
            }
            let sql = "SELECT logKey, size, root, segment, offset FROM state"
            return try Row.fetchOne(database, sql: sql).map { try IndexState(row: $0) }
        }
    }

    /// Adds entries and says how far it goes then: all or nothing.
    func add(_ rows: [IndexRow], _ state: IndexState) throws {
        try queue.write { database in
            for row in rows { try Self.add(row, to: database) }
            let sql = "INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, ?, ?)"
            try database.execute(sql: sql, arguments: state.arguments)
        }
    }

    private static func add(_ row: IndexRow, to database: Database) throws {
        let number = Int64(row.place.position.index)
        try database.cachedStatement(sql: "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").execute(
            arguments: [
                number, Int64(row.place.position.segment), row.place.position.offset, row.place.length,
                Data(row.place.leaf.bytes), row.at, row.by, row.run, row.node, row.type, row.step, row.outcome,
            ])
        try database.cachedStatement(sql: "INSERT INTO texts (rowid, text) VALUES (?, ?)")
            .execute(arguments: [number, row.text])
        if let blob = row.blob {
            try database.cachedStatement(sql: "INSERT INTO blobs VALUES (?, ?, ?, ?)").execute(
                arguments: [
                    number, IndexKey.key(blob.reference.commitment), Int64(clamping: blob.reference.length),
                    blob.isThere,
                ])
        }
        guard let plan = row.plan else { return }
        try database.cachedStatement(sql: "INSERT INTO plans VALUES (?, ?, ?)")
            .execute(arguments: [number, row.run, plan.runbook])
        for step in plan.steps {
            try database.cachedStatement(sql: "INSERT INTO steps VALUES (?, ?, ?, ?)")
                .execute(arguments: [row.run, step.node, step.number, step.action])
        }
    }

    /// The newest `limit` entries below an index that fit, the newest first.
    func places(_ query: IndexQuery, below: UInt64, limit: Int) throws -> [EntryPlace] {
        let conditions = (query.conditions + ["number < ?"]).joined(separator: " AND ")
        return try places(
            "WHERE \(conditions) ORDER BY number DESC LIMIT ?", query.arguments + [Int64(clamping: below), limit])
    }

    /// The entries by which a run came into the log, and those of runs with the same key.
    func origins(ofRun run: String) throws -> [EntryPlace] {
        try places("WHERE number IN (SELECT number FROM plans WHERE run = ?) ORDER BY number", [IndexKey.key(run)])
    }

    private func places(_ rest: String, _ arguments: [any DatabaseValueConvertible]) throws -> [EntryPlace] {
        try queue.read { database in
            let sql = "SELECT number, segment, offset, length, leaf FROM entries \(rest)"
            return try Row.fetchAll(database, sql: sql, arguments: StatementArguments(arguments.map(Optional.some))).map
            {
                try EntryPlace(row: $0)
            }
        }
    }

    /// The blobs that events are in, `limit` of them after that of an entry.
    func blobs(after number: Int64, limit: Int) throws -> [(number: Int64, blob: IndexedBlob)] {
        try queue.read { database in
            let sql = "SELECT number, commitment, length, isThere FROM blobs WHERE number > ? ORDER BY number LIMIT ?"
            return try Row.fetchAll(database, sql: sql, arguments: [number, limit]).map { row in
                let reference = BlobReference(
                    commitment: try row.value(1), length: UInt64(clamping: try row.value(2) as Int64))
                return (try row.value(0), IndexedBlob(reference: reference, isThere: try row.value(3)))
            }
        }
    }
}

/// How far an index goes.
struct IndexState: Equatable {
    /// The public key of the log, as its folder has it; empty where it has none.
    let logKey: String
    /// Entries indexed.
    var size: UInt64
    /// Of the tree of these.
    var root: TreeHash
    /// Where the journal goes on.
    var position: JournalPosition

    init(logKey: String) {
        self.logKey = logKey
        size = 0
        root = Merkle.emptyRoot
        position = .start
    }

    fileprivate init(row: Row) throws {
        guard let root = TreeHash(try row.value(2) as Data) else { throw IndexFault.wrongValue }
        logKey = try row.value(0)
        size = try row.number(1)
        self.root = root
        position = JournalPosition(segment: try row.number(3), offset: Int(try row.number(4)), index: size)
    }

    fileprivate var arguments: StatementArguments {
        [logKey, Int64(size), Data(root.bytes), Int64(position.segment), position.offset]
    }
}

extension EntryPlace {
    fileprivate init(row: Row) throws {
        let length = Int(try row.number(3))
        guard let leaf = TreeHash(try row.value(4) as Data), 1...JournalFormat.maxEntrySize ~= length else {
            throw IndexFault.wrongValue
        }
        let position = JournalPosition(
            segment: try row.number(1), offset: Int(try row.number(2)), index: try row.number(0))
        self.init(position: position, length: length, leaf: leaf)
    }
}

extension IndexFault {
    fileprivate static let wrongValue = IndexFault(reason: "it is damaged (a value is none that Belay writes)")
}

extension Row {
    // GRDB's own accessors end the process when a column is not what it should be.
    fileprivate func value<Value: DatabaseValueConvertible>(_ column: Int) throws -> Value {
        guard let value = Value.fromDatabaseValue(self[column] as DatabaseValue) else { throw IndexFault.wrongValue }
        return value
    }

    /// Not below 0.
    fileprivate func number(_ column: Int) throws -> UInt64 {
        guard let number = UInt64(exactly: try value(column) as Int64) else { throw IndexFault.wrongValue }
        return number
    }
}

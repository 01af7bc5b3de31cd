public import Core
public import TransparencyLog

/// The audit log in the words of runs: events in, records out, blobs where an entry would be too long.
public struct RunLog: Sendable {
    /// The log beneath.
    public let log: AuditLog
    private let clock: any Clock
    private let redactor: Redactor

    /// Opens the log of a project, making it on first use, and records what a crash had left to be mended. The last checkpoint
    /// is kept beside the folder too: a folder that was set back to an older copy is refused.
    /// - Throws: ``AuditError`` when it cannot be written: then nothing may start (law 1).
    public static func open(
        directory: String, origin: String, clock: any Clock, by holder: String, agent: SigningAgent = .ofEnvironment
    ) async throws -> RunLog {
        let log = try await AuditLog.open(
            directory: directory, origin: origin, anchor: anchor(of: directory), agent: agent
        ) { key in
            let beginning = LogBeginning(origin: origin, key: key.description)
            return try JSON.encode(
                LogRecord(at: clock.now(), by: holder, run: nil, node: nil, event: .began(beginning)))
        }
        let runLog = RunLog(log: log, clock: clock, redactor: Redactor())
        let (torn, rebuilt) = (await log.recovered, await log.hasRebuiltTiles)
        if torn != nil || rebuilt {
            let open = OpenIntent.all(in: try await runLog.records().map { ($0.index, $0.record) })
            let recovery = LogRecovery(tornBytes: torn.map { Int($0.length) } ?? 0, rebuiltTiles: rebuilt, open: open)
            try await runLog.append(.recoveredLog(recovery), by: holder, run: nil)
        }
        return runLog
    }

    /// Where the last checkpoint of a log is kept outside its folder.
    public static func anchor(of directory: String) -> String { directory + ".checkpoint" }

    /// The log's name and key, as plans carry them.
    public var reference: LogReference {
        get async throws { LogReference(origin: log.origin, key: try await log.verifierKey.description) }
    }

    /// The same log for events that these secrets may be in.
    func hiding(_ secrets: [String]) -> RunLog {
        RunLog(log: log, clock: clock, redactor: Redactor(declared: secrets))
    }

    /// Appends an event; returns once it is durable, its blob first. See ``RecordWriter``.
    @discardableResult
    public func append(
        _ event: LogEvent, by: String, run: String?, node: String? = nil, annotate: (inout LogRecord) -> Void = { _ in }
    ) async throws -> EntryName {
        try await writer.append(event, by: by, run: run, node: node, annotate: annotate)
    }

    /// What makes entries of events.
    var writer: RecordWriter { RecordWriter(entries: log, clock: clock, redactor: redactor) }

    /// Changes the log's key, with an entry that says so and why.
    func rotateKey(keptAs name: String?, reason: String, by holder: String) async throws -> SignedCheckpoint {
        let clock = clock
        return try await log.rotateKey(keptAs: name) { old, new in
            let rotation = KeyRotation(old: old.description, new: new.description, reason: reason)
            return try JSON.encode(
                LogRecord(at: clock.now(), by: holder, run: nil, node: nil, event: .keyRotated(rotation)))
        }
    }

    /// All records with their indices, events in blobs read back.
    public func records() async throws -> [IndexedRecord] {
        try await RecordReader(directory: log.directory).records()
    }
}

/// A record and where it stands in the log.
public struct IndexedRecord: Sendable {
    /// Its index.
    public var index: UInt64
    /// The record; `event` is nil only when its blob is gone.
    public var record: LogRecord
    /// Its bytes, as hashed.
    public var bytes: [UInt8]

    package init(index: UInt64, record: LogRecord, bytes: [UInt8]) {
        self.index = index
        self.record = record
        self.bytes = bytes
    }

    /// Reads an entry, and its event from its blob when it is in one.
    /// - Throws: a `DecodingError` for an entry that is not ours.
    public init(_ entry: JournalEntry, blobs: BlobStore) async throws {
        var record = try JSON.decode(LogRecord.self, from: entry.bytes)
        if record.event == nil, let blob = record.blob, let body = try? await blobs.get(BlobReference(blob)) {
            record.event = try JSON.decode(LogEvent.self, from: body)
        }
        self.init(index: entry.index, record: record, bytes: entry.bytes)
    }
}

extension BlobReference {
    /// The blob that an entry names.
    public init(_ blob: BlobName) {
        // A length below 0 is no blob's, and fits none.
        self.init(commitment: blob.commitment, length: UInt64(clamping: blob.length))
    }
}

/// Reads the records of a log without being able to write it, and while others write.
public struct RecordReader: Sendable {
    private let directory: String

    /// A reader of the log in a folder.
    public init(directory: String) {
        self.directory = directory
    }

    /// All records so far; none when there is no log yet.
    /// - Throws: a `JournalError` for a damaged journal, or a `DecodingError` for an entry that is not ours.
    @concurrent public func records() async throws -> [IndexedRecord] { try await records { _ in true } }

    /// Those records whose bytes may be what is looked for.
    @concurrent func records(where isWanted: @Sendable ([UInt8]) -> Bool) async throws -> [IndexedRecord] {
        var reader = try JournalReader(directory: directory)
        let blobs = try BlobStore(directory: directory)
        var records: [IndexedRecord] = []
        while let entry = try reader.next() {
            guard isWanted(entry.bytes) else { continue }
            records.append(try await IndexedRecord(entry, blobs: blobs))
        }
        return records
    }
}

package import Core
import TransparencyLog

/// Where entries and blobs go: the audit log, and in a simulation a disk of its own.
package protocol EntryStore: Sendable {
    /// Returns once the entry is durable, with its index.
    func append(_ entry: [UInt8]) async throws -> UInt64
    /// Returns once the content is durable; an entry may name it then.
    func keep(_ content: [UInt8]) async throws -> BlobReference
}

extension AuditLog: EntryStore {
    package nonisolated func keep(_ content: [UInt8]) async throws -> BlobReference { try await blobs.put(content) }
}

/// Makes entries of events, and blobs of what an entry cannot hold.
package struct RecordWriter: Sendable {
    private let entries: any EntryStore
    private let clock: any Clock
    private let redactor: Redactor

    // Of the 65,535 bytes an entry may have, the rest is for the record around the event: a reason alone may be 6,000 as JSON.
    private static let inlineLimit = 52_000
    // Of what a node printed, in bytes.
    private static let outputLimit = 4096

    package init(entries: any EntryStore, clock: any Clock, redactor: Redactor = Redactor()) {
        self.entries = entries
        self.clock = clock
        self.redactor = redactor
    }

    /// The same for events that these secrets may be in.
    func hiding(_ secrets: [String]) -> RecordWriter {
        RecordWriter(entries: entries, clock: clock, redactor: Redactor(declared: secrets))
    }

    /// Appends an event; returns once it is durable, its blob first.
    ///
    /// What is hashed has no secret in it: an event with one, or too long a one, is kept as a blob, which can be erased.
    /// - Parameter annotate: adds what stands beside the event.
    @discardableResult
    package func append(
        _ event: LogEvent, by: String, run: String?, node: String? = nil, annotate: (inout LogRecord) -> Void = { _ in }
    ) async throws -> EntryName {
        var record = LogRecord(at: clock.now(), by: by, run: run, node: node, event: event)
        annotate(&record)
        let body = try JSON.encode(event)
        if let shown = try shown(of: event, body) {
            let blob = try await entries.keep(body)
            record.event = nil
            record.shown = try JSON.encode(shown).count > Self.inlineLimit ? nil : shown
            record.blob = BlobName(commitment: blob.commitment, length: Int(blob.length))
        }
        let bytes = try JSON.encode(record)
        return EntryName(index: try await entries.append(bytes), leaf: Merkle.leaf(bytes).hex)
    }

    // Nil when the event may stand in the entry as it is.
    private func shown(of event: LogEvent, _ body: [UInt8]) throws -> JSONTree? {
        let tree = try JSON.decode(JSONTree.self, from: body)
        var shown = redactor.redact(tree)
        if case .run(.outcome) = event { shown = shown.cut(to: Self.outputLimit) }
        return shown == tree && body.count <= Self.inlineLimit ? nil : shown
    }
}

import Core
import Engine
import Foundation
import Services
import TransparencyLog

extension RunStore {
    /// Run → its plan.
    var plans: [String: Plan] { Dictionary(runs.map { ($0.id, $0.plan) }, uniquingKeysWith: { first, _ in first }) }
}

/// Reading the project's log, for which its folder need not be writable.
extension Workspace {
    /// Every record as it may be shown; none before the first plan was made.
    func records() async throws -> [IndexedRecord] { try await wholeRecords().shown }

    /// The same with what was kept out of the log.
    func wholeRecords() async throws -> [IndexedRecord] {
        guard FileManager.default.fileExists(atPath: logDirectory) else { return [] }
        return try await RecordReader(directory: logDirectory).records()
    }

    /// The entries that a filter admits, by the log's index, or by reading all of the log where there is none.
    /// - Parameter last: only so many, the last ones.
    func excerpt(_ filter: EntryFilter, last: Int? = nil, _ terminal: Terminal) async throws -> LogExcerpt {
        guard filter != EntryFilter() || last != nil, FileManager.default.fileExists(atPath: logDirectory) else {
            return try await scan(filter, last: last)
        }
        do {
            let found = try await LogIndex(log: logDirectory).search(filter, last: last) {
                terminal.complain($0.printable)
            }
            return LogExcerpt(entries: found.entries.shown, plans: found.plans)
        } catch let error as IndexError {
            terminal.complain("\(error); the log itself is read instead".printable)
            return try await scan(filter, last: last)
        }
    }

    private func scan(_ filter: EntryFilter, last: Int?) async throws -> LogExcerpt {
        let all = try await wholeRecords()
        let plans = RunStore(all).plans
        let admitted = all.filter { entry in filter.admits(entry, plan: entry.record.run.flatMap { plans[$0] }) }
        return LogExcerpt(entries: Array(admitted.suffix(last ?? admitted.count)).shown, plans: plans)
    }

    /// Every run.
    func store() async throws -> RunStore { RunStore(try await records()) }

    /// Every run in brief, and whether a process drives it now.
    func summaries() async throws -> [RunSummary] {
        // As they are: a run whose plan cannot be read without its secrets must not be missing where somebody looks for trouble.
        let store = try await RunStore(wholeRecords())
        let changes = store.temporaryChanges()
        return try store.runs.map { run in
            let isHeld = run.isOpen ? try RunLock.isHeld(run: run.id, in: logDirectory) : false
            return RunSummary(run, isHeld: isHeld, change: changes[run.id])
        }
    }
}

extension Workspace {
    /// Logs that entries are about to be shown, unless the project says otherwise. Who may not write the log may read it all
    /// the same, and is told that nobody will know.
    func logReading(of entries: Int, _ terminal: Terminal) async {
        guard configuration.log.reads, FileManager.default.fileExists(atPath: logDirectory) else { return }
        do {
            try await Belay.logReading(self, LogReading(command: terminal.arguments, entries: entries))
        } catch {
            terminal.complain("this reading is not in the log: \("\(error)".printable)")
        }
    }
}

/// An entry whose bytes were read and say nothing to this version.
struct UnreadableEntry: Error, Sendable, Hashable {
    /// Its index.
    let index: UInt64
    /// Whether the log is what was written: then the entry is of another version.
    let logVerifies: Bool

    var message: String {
        "entry \(index) cannot be read by this version of Belay (it was written by another version or is damaged)"
    }

    /// The first one of a log; nil when there is none.
    @concurrent static func first(in directory: String) async throws -> UnreadableEntry? {
        var reader = try JournalReader(directory: directory)
        let blobs = try BlobStore(directory: directory)
        while let entry = try reader.next() {
            guard await !isReadable(entry.bytes, blobs) else { continue }
            let report = try? LogVerifier.verify(directory: directory)
            return UnreadableEntry(index: entry.index, logVerifies: report?.isIntact == true)
        }
        return nil
    }

    private static func isReadable(_ bytes: [UInt8], _ blobs: BlobStore) async -> Bool {
        guard let record = try? JSON.decode(LogRecord.self, from: bytes) else { return false }
        guard record.event == nil, let blob = record.blob else { return true }
        let name = BlobReference(commitment: blob.commitment, length: UInt64(blob.length))
        guard let body = try? await blobs.get(name) else { return true }  // erased, which is allowed
        return (try? JSON.decode(LogEvent.self, from: body)) != nil
    }
}

extension GlobalOptions {
    /// The same error, or the entry of the project's log that is the cause of it.
    func locating(_ error: any Error) async -> any Error {
        guard error is DecodingError, let directory = try? await workspace().logDirectory,
            let entry = try? await UnreadableEntry.first(in: directory)
        else { return error }
        return entry
    }
}

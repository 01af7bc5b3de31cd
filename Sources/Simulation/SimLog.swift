import Core
import Engine
import TransparencyLog

/// The audit log of one host on its disk: written, then synced, and after a loss of power no more than was synced is sure.
///
/// The queue, the segments and the publisher of the real log are not in it: their faults are `AuditFaultTests`. What is here is
/// what the run machine relies on, an entry that is durable when `append` returns. In a world with `bytes` entries are made,
/// framed, torn and read back by the code that does so on a real disk; else they are kept as values, which is faster.
// @unchecked: the loop's one thread alone touches it.
final class SimLog: @unchecked Sendable {
    struct Entry {
        var record: LogRecord
        /// Empty in a world without bytes.
        var bytes: [UInt8]
    }

    let number: Int
    let hasBytes: Bool
    private(set) var entries: [Entry] = []
    /// So many are durable.
    private(set) var durable = 0
    /// What is too long for an entry, by its name; durable before an entry names it.
    var blobs: [String: [UInt8]] = [:]
    /// Runs that a living process works on.
    var locks: [String: Executor] = [:]
    /// Who has the turn to begin a run.
    var ledger: Executor?
    /// Set when host and log are gone for good.
    var isLost = false

    init(_ number: Int, hasBytes: Bool) {
        self.number = number
        self.hasBytes = hasBytes
    }

    func add(_ record: LogRecord, _ bytes: [UInt8]) -> Int {
        entries.append(Entry(record: record, bytes: bytes))
        return entries.count - 1
    }

    func sync(through index: Int) { durable = max(durable, min(index + 1, entries.count)) }

    /// As another process reads it now: what is written and not synced is there, too.
    var records: [IndexedRecord] {
        entries.enumerated().map { IndexedRecord(index: UInt64($0), record: $1.record, bytes: $1.bytes) }
    }

    /// The events of a run that are durable, newest first.
    func durableEvents(of run: String, _ node: String?) -> some Sequence<Event> {
        entries[..<durable].reversed().lazy.compactMap { entry -> Event? in
            guard entry.record.run == run, entry.record.node == node, case .run(let event)? = entry.record.event else {
                return nil
            }
            return event
        }
    }

    /// The power was lost: of what was not synced a part remains, cut anywhere.
    /// - Returns: why the log cannot be read again; nil when it can.
    func losePower(_ chance: Chance) -> String? {
        let pending = entries.count - durable
        guard hasBytes else {
            entries.removeLast(pending - chance.below(pending + 1, .kept, number))
            return nil
        }
        return reread(cut: chance)
    }

    func restored(_ entry: [UInt8]) throws -> LogRecord {
        var record = try JSON.decode(LogRecord.self, from: entry)
        if record.event == nil, let blob = record.blob.flatMap({ blobs[$0.commitment] }) {
            record.event = try JSON.decode(LogEvent.self, from: blob)
        }
        return record
    }

    /// Reads all of it from its bytes, as a new process does.
    func reread(cut chance: Chance? = nil) -> String? {
        guard hasBytes else { return nil }
        var disk: [UInt8] = []
        var synced = 0
        for (index, entry) in entries.enumerated() {
            JournalFormat.append(entry.bytes, index: UInt64(index), to: &disk)
            if index + 1 == durable { synced = disk.count }
        }
        if let chance, disk.count > synced {
            disk.removeLast(disk.count - synced - chance.below(disk.count - synced + 1, .kept, number))
        }
        var read: [Entry] = []
        var offset = 0
        while case .record(let entry, let end) = JournalFormat.scan(disk, at: offset) {
            guard entry.index == UInt64(read.count), let record = try? restored(entry.bytes) else {
                return "entry \(read.count) does not come back as it was written"
            }
            read.append(Entry(record: record, bytes: entry.bytes))
            offset = end
        }
        guard read.count >= durable else { return "\(durable) entries were durable, and \(read.count) are left" }
        entries = read
        return nil
    }
}

/// The end of one process's journal at its log: where its entries become durable, or it dies.
// @unchecked: the loop's one thread alone touches it.
struct SimEntries: EntryStore, @unchecked Sendable {
    let world: World
    let executor: Executor

    func append(_ entry: [UInt8]) async throws -> UInt64 {
        UInt64(try await write(try executor.log.restored(entry), entry))
    }

    func keep(_ content: [UInt8]) async throws -> BlobReference {
        let name = Digest.sha256(content)
        executor.log.blobs[name] = content
        return BlobReference(commitment: name, length: UInt64(content.count))
    }

    /// Durable when it returns.
    func write(_ record: LogRecord, _ bytes: [UInt8]) async throws -> Int {
        let (chance, log) = (world.chance, executor.log)
        guard !executor.isPoisoned else { throw SimFailure("the log takes no more entries") }
        try world.live(executor, .killBeforeWrite)
        if chance.strikes(.diskFull, log.number) {
            executor.isPoisoned = true
            throw SimFailure("no space left on device")
        }
        let index = log.add(record, bytes)
        await world.loop.sleep(chance.seconds(0.001...0.02, .disk, log.number))
        await world.wake(executor)
        try world.live(executor, .killBeforeSync)
        if chance.strikes(.syncFails, log.number) {
            // It may be on the disk, and nobody knows.
            executor.isPoisoned = true
            throw SimFailure("fdatasync: input/output error")
        }
        // The power was lost meanwhile: it is not there any more.
        guard index < log.entries.count else { throw Ended() }
        log.sync(through: index)
        world.oracle.recorded(record, log)
        try world.live(executor, .killAfterSync)
        return index
    }
}

struct SimFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The journal of one process where entries are kept as values; with bytes it is the executor's own.
// @unchecked: the loop's one thread alone touches it.
struct SimJournal: Journal, @unchecked Sendable {
    let entries: SimEntries

    @discardableResult
    func append(_ event: Event, run: String, node: String?) async throws -> EntryName? {
        let record = LogRecord(
            at: entries.world.timestamp, by: entries.executor.holder, run: run, node: node, event: .run(event))
        return EntryName(index: UInt64(try await entries.write(record, [])), leaf: "")
    }
}

import Core
import Engine
import TransparencyLog

/// An entry as the index holds it.
struct IndexRow: Sendable {
    let place: EntryPlace
    let at: Int64
    let by: String
    let run: String?
    let node: String?
    let type: String
    let step: Int?
    /// As it is compared.
    let outcome: String?
    /// In small letters.
    let text: String
    /// The blob that its event is in.
    let blob: IndexedBlob?
    /// Set for an entry by which a run came into the log.
    let plan: IndexedPlan?

    /// - Parameters:
    ///   - segment: the first index of the segment that the entry is in.
    ///   - end: where in it the entry's record ends, in bytes.
    init(_ entry: IndexedRecord, segment: UInt64, end: Int, blob: IndexedBlob?) {
        let record = entry.record
        place = EntryPlace(
            position: JournalPosition(
                segment: segment, offset: end - JournalFormat.headerSize - entry.bytes.count, index: entry.index),
            length: entry.bytes.count, leaf: Merkle.leaf(entry.bytes))
        at = record.at.milliseconds
        by = IndexKey.key(record.by)
        run = record.run.map(IndexKey.key)
        node = record.node.map(IndexKey.key)
        type = IndexKey.key(record.type)
        let facts = EntryFacts(record, plan: nil)
        step = facts.stepIndex
        outcome = facts.outcome.map { IndexKey.key(EntryFilter.plain($0)) }
        text = Self.searchable(EntryFilter.texts(of: entry).joined(separator: "\n"))
        self.blob = blob
        plan = IndexedPlan(entry)
    }

    /// At a NUL SQLite takes a text for ended; nobody looks for one.
    private static func searchable(_ text: String) -> String {
        guard text.utf8.contains(0) else { return text }
        return String(decoding: text.utf8.map { $0 == 0 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    }
}

/// Where an entry lies in the journal, and what it must be.
struct EntryPlace: Sendable {
    let position: JournalPosition
    /// Bytes of it.
    let length: Int
    let leaf: TreeHash
}

/// A blob that an entry's event is in.
struct IndexedBlob: Sendable {
    let reference: BlobReference
    /// Whether it was on this disk.
    let isThere: Bool
}

/// What a run's first entry says of all its others.
struct IndexedPlan: Sendable {
    struct Step: Hashable, Sendable {
        let node: String
        let number: Int
        let action: String
    }

    /// Nil where this version cannot read the plan.
    let runbook: String?
    let steps: Set<Step>

    init?(_ entry: IndexedRecord) {
        switch entry.record.event {
        case .planned, .adopted: break
        default: return nil
        }
        let plan = RunStore([entry]).runs.first?.plan
        runbook = (plan?.runbook.name).map(IndexKey.key)
        steps = Set(
            (plan?.nodes ?? []).flatMap { node in
                node.steps.enumerated().map {
                    Step(node: IndexKey.key(node.name), number: $0, action: IndexKey.key($1.action))
                }
            })
    }
}

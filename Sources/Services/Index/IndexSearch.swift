import Core
import Engine
import TransparencyLog

/// Reads the entries that the index finds, from the newest backwards, and filters them again.
struct IndexSearch {
    private let directory: String
    private let blobs: BlobStore
    private let database: IndexDatabase
    private var plans: [String: Plan?] = [:]

    init(directory: String, blobs: BlobStore, database: IndexDatabase) {
        self.directory = directory
        self.blobs = blobs
        self.database = database
    }

    mutating func entries(_ filter: EntryFilter, last: Int?) async throws -> LogExcerpt {
        let query = IndexQuery(filter)
        var found: [IndexedRecord] = []
        var (below, limit) = (UInt64.max, 256)
        while true {
            let places = try database.places(query, below: below, limit: limit)
            for place in places where found.count < last ?? .max {
                let entry = try await read(place)
                if filter.admits(entry, plan: try await plan(of: entry)) { found.append(entry) }
            }
            guard places.count == limit, found.count < last ?? .max, let lowest = places.last else { break }
            below = lowest.position.index
            // Larger steps as it goes on: each asks anew.
            limit = min(2 * limit, 16_384)
        }
        return LogExcerpt(entries: found.reversed(), plans: plans.compactMapValues { $0 })
    }

    private func read(_ place: EntryPlace) async throws -> IndexedRecord {
        guard let entry = try? JournalEntry(in: directory, at: place.position, length: place.length),
            Merkle.leaf(entry.bytes) == place.leaf
        else { throw IndexFault(reason: "entry \(place.position.index) is not where it was, or another one") }
        return try await IndexedRecord(entry, blobs: blobs)
    }

    private mutating func plan(of entry: IndexedRecord) async throws -> Plan? {
        guard let run = entry.record.run else { return nil }
        if let known = plans[run] { return known }
        var origins: [IndexedRecord] = []
        for place in try database.origins(ofRun: run) { origins.append(try await read(place)) }
        let plan = RunStore(origins).runs.first { $0.id == run }?.plan
        plans[run] = .some(plan)
        return plan
    }
}

/// Entries that share a bundle, as its bytes: up to 256, of which the first has a multiple of 256 as its index.
struct EntryChunk: Sendable {
    /// The index of the first.
    private(set) var first: UInt64 = 0
    /// Each entry behind its length.
    private(set) var bundle: [UInt8] = []
    /// How many there are.
    private(set) var count = 0

    var isFull: Bool { count == Tile.fullWidth }

    /// None yet.
    init() {}

    /// Those of a bundle that was read from somewhere.
    init(first: UInt64, bundle: [UInt8], count: Int) throws(FormatError) {
        _ = try EntryBundle.places(bundle, count: count)
        self.first = first
        self.bundle = bundle
        self.count = count
    }

    /// None any more, and the next one is `first`; the room for them stays.
    mutating func removeAll(first: UInt64) {
        self.first = first
        bundle.removeAll(keepingCapacity: true)
        count = 0
    }

    /// One more, of at most 65,535 bytes.
    mutating func append(_ entry: UnsafeRawBufferPointer) {
        bundle.append(UInt8(entry.count >> 8))
        bundle.append(UInt8(entry.count & 0xFF))
        bundle.append(contentsOf: entry.assumingMemoryBound(to: UInt8.self))
        count += 1
    }

    /// Lends each entry to `body`, in order.
    func forEach(_ body: (UnsafeRawBufferPointer) -> Void) {
        bundle.withUnsafeBytes { bytes in
            var offset = 0
            for _ in 0..<count {
                let end = offset + 2 + Int(bytes[offset]) << 8 + Int(bytes[offset + 1])
                body(UnsafeRawBufferPointer(rebasing: bytes[(offset + 2)..<end]))
                offset = end
            }
        }
    }
}

/// Gives a log's entries in chunks, in their order: from its journal, or in a mirror, which has none, from its bundles.
struct ChunkReader: Sendable {
    private enum Source {
        case journal(JournalReader)
        case bundles(TileReader, size: UInt64)
        case nothing
    }

    private var source: Source
    private var index: UInt64 = 0
    private var isEnded = false
    /// Why the entry after the last chunk cannot be read; nil when the log was read to its end.
    private(set) var damage: (any Error)?
    /// What an unfinished write left at the end of the journal.
    private(set) var tornTail: TornTail?

    /// All of a journal.
    init(journalIn directory: String) {
        do {
            source = .journal(try JournalReader(directory: directory))
        } catch {
            source = .nothing
            damage = error
        }
    }

    /// What a journal has from where `reader` stands, at an index that is a multiple of 256.
    init(continuing reader: JournalReader) {
        source = .journal(reader)
        index = reader.position.index
    }

    /// A mirror's entries from `first`, a multiple of 256, to the size that is published.
    init(bundlesIn directory: String, from first: UInt64, to size: UInt64) {
        source = .bundles(TileReader(directory: directory), size: size)
        index = first
    }

    /// Makes it the next chunk; false at the end, and where nothing more can be read.
    mutating func next(_ chunk: inout EntryChunk) -> Bool {
        guard !isEnded else { return false }
        chunk.removeAll(first: index)
        do {
            try fill(&chunk)
        } catch {
            damage = error
        }
        // A journal that grows meanwhile is not read on: the next chunk would not begin where a bundle does.
        isEnded = !chunk.isFull
        index += UInt64(chunk.count)
        return chunk.count > 0
    }

    private mutating func fill(_ chunk: inout EntryChunk) throws {
        switch source {
        case .nothing: break
        case .journal(var reader):
            // Kept by one only, it can use its room again.
            source = .nothing
            defer {
                tornTail = reader.tornTail
                source = .journal(reader)
            }
            _ = try reader.visit(Tile.fullWidth - chunk.count) { chunk.append($0) }
        case .bundles(let tiles, let size):
            guard index < size else { return }
            let tile = Tile(.entries, index / 256, Int(min(256, size - index)))
            do {
                chunk = try EntryChunk(first: index, bundle: try tiles.read(tile), count: tile.width)
            } catch {
                throw BundleError(tile: tile, isMissing: error is LogReadError, what: "\(error)")
            }
        }
    }
}

/// A bundle that a mirror's entries cannot be read from.
struct BundleError: Error {
    let tile: Tile
    let isMissing: Bool
    let what: String
}

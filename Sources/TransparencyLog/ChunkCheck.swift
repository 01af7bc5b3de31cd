/// What a chunk of entries says by itself, whatever came before it.
struct CheckedChunk: Sendable {
    /// The index of the first entry.
    let first: UInt64
    /// The tree of these entries alone.
    fileprivate(set) var tree = Frontier()
    /// The same at each size of the log that a checkpoint was signed for.
    fileprivate(set) var marks: [Frontier] = []
    /// The entries that are not I-JSON.
    fileprivate(set) var findings: [EntryFinding] = []
    /// What the order of events depends on.
    fileprivate(set) var events = OrderedEvents()
    /// Changes of the log's key.
    fileprivate(set) var rotations: [KeyRotationEntry] = []
    /// What its tiles are against the files.
    fileprivate(set) var tiles: [TileComparison] = []

    var count: Int { Int(tree.size) }

    fileprivate init(first: UInt64) { self.first = first }
}

/// The part of the verification that needs no order, and so can be done on any core.
struct ChunkCheck: Sendable {
    /// The sizes of the log at which its root will be asked for, ascending, each once.
    private let sizes: [UInt64]
    private let tiles: TileListing

    init(sizes: [UInt64], tiles: TileListing) {
        self.sizes = Set(sizes).sorted()
        self.tiles = tiles
    }

    /// Hashes and scans each entry, and compares the bundle and the tile of leaf hashes.
    func check(_ chunk: EntryChunk) -> CheckedChunk {
        var result = CheckedChunk(first: chunk.first)
        var leaves: [TreeHash] = []
        leaves.reserveCapacity(chunk.count)
        var marks = sizesWithin(chunk)
        var scanner = JSONScanner()
        chunk.forEach { entry in
            let leaf = Merkle.leaf(entry)
            leaves.append(leaf)
            scan(entry, leaf, &scanner, into: &result)
            result.tree.append(leaf)
            if marks.first == chunk.first + result.tree.size {
                marks.removeFirst()
                result.marks.append(result.tree)
            }
        }
        if !tiles.isEmpty { result.tiles = compare(chunk, leaves) }
        return result
    }

    private func scan(
        _ entry: UnsafeRawBufferPointer, _ leaf: TreeHash, _ scanner: inout JSONScanner, into result: inout CheckedChunk
    ) {
        let index = result.first + result.tree.size
        do throws(JSONDefect) {
            try scanner.scan(entry)
            result.events.add(scanner, index: index, leaf: leaf)
            if let rotation = KeyRotationEntry(entry, index: index) { result.rotations.append(rotation) }
        } catch {
            result.findings.append(EntryFinding(index: index, defect: error))
        }
    }

    private func sizesWithin(_ chunk: EntryChunk) -> ArraySlice<UInt64> {
        let (first, end) = (chunk.first, chunk.first + UInt64(chunk.count))
        var (low, high) = (0, sizes.count)
        while low < high {
            let middle = (low + high) / 2
            if sizes[middle] > first { high = middle } else { low = middle + 1 }
        }
        return sizes[low...].prefix { $0 <= end }
    }

    private func compare(_ chunk: EntryChunk, _ leaves: [TreeHash]) -> [TileComparison] {
        let contents: [(Tile.Content, [UInt8])] = [
            (.entries, chunk.bundle), (.hashes(level: 0), TreeHash.bytes(of: leaves)),
        ]
        return contents.map { content, bytes in
            tiles.compare(TileFile(tile: Tile(content, chunk.first / 256, chunk.count), bytes: bytes))
        }
    }
}

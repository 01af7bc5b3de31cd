/// A tile and its bytes.
public struct TileFile: Sendable, Equatable {
    /// Where it belongs.
    public let tile: Tile
    /// What it holds.
    public let bytes: [UInt8]
}

/// The right edge of a tiled log: the tiles that are not yet full. From it every next tile follows, and the tree's root.
public struct TileEdge: Sendable, Equatable {
    /// The number of entries.
    public private(set) var size: UInt64 = 0
    /// The bundle that is not yet full.
    private var bundle: [UInt8] = []
    /// Of each level the hashes of the tile that is not yet full, lowest first.
    private var levels: [[TreeHash]] = []

    /// The empty log.
    public init() {}

    /// The edge of a log of `size` entries as its tiles have it.
    ///
    /// - Parameter read: the bytes of a tile, exactly `width` of what it holds.
    /// - Throws: what `read` throws, and ``FormatError`` when bundle and hashes contradict each other. That the edge is the right
    ///   one only `root` tells, compared with a checkpoint.
    public init(size: UInt64, read: (Tile) throws -> [UInt8]) throws {
        self.size = size
        for tile in Tile.partials(ofSize: size) {
            let bytes = try read(tile)
            switch tile.content {
            case .entries: bundle = bytes
            case .hashes(let level):
                while levels.count <= level { levels.append([]) }
                levels[level] = try Self.hashes(bytes, of: tile)
            }
        }
        let leaves = try EntryBundle.entries(bundle, count: Int(size % 256)).map { Merkle.leaf($0) }
        guard leaves == levels.first ?? [] else {
            throw FormatError("the last entries in the bundle are not those whose hashes are in tile/0")
        }
    }

    /// Appends an entry of at most 65,535 bytes; gives the tiles that it completed.
    public mutating func append(_ entry: [UInt8], leaf: TreeHash) throws(FormatError) -> [TileFile] {
        try EntryBundle.append(entry, to: &bundle)
        var files: [TileFile] = []
        let index = size / 256
        size += 1
        if size % 256 == 0 {
            files.append(TileFile(tile: Tile(.entries, index, Tile.fullWidth), bytes: bundle))
            bundle.removeAll(keepingCapacity: true)
        }
        add(leaf, level: 0, index: index, to: &files)
        return files
    }

    /// The edge before the entries whose bundle is not full.
    var aligned: TileEdge {
        var edge = self
        edge.size = size / 256 * 256
        edge.bundle = []
        if !levels.isEmpty { edge.levels[0] = [] }
        return edge
    }

    /// Appends a whole bundle by the root over its leaves, to an edge without a bundle that is not full; gives the tiles above
    /// level 0 that it completed.
    mutating func append(subtree root: TreeHash) -> [TileFile] {
        var files: [TileFile] = []
        let index = size / 256
        size += 256
        add(root, level: 1, index: index, to: &files)
        return files
    }

    private mutating func add(_ hash: TreeHash, level: Int, index: UInt64, to files: inout [TileFile]) {
        while levels.count <= level { levels.append([]) }
        levels[level].append(hash)
        guard levels[level].count == Tile.fullWidth else { return }
        let tile = Tile(.hashes(level: level), index, Tile.fullWidth)
        files.append(TileFile(tile: tile, bytes: TreeHash.bytes(of: levels[level])))
        let root = Merkle.root(of: levels[level])
        levels[level].removeAll(keepingCapacity: true)
        add(root, level: level + 1, index: index / 256, to: &files)
    }

    /// The tiles that are not yet full, as they are published with this size.
    public var partials: [TileFile] {
        Tile.partials(ofSize: size).map { tile in
            switch tile.content {
            case .entries: TileFile(tile: tile, bytes: bundle)
            case .hashes(let level): TileFile(tile: tile, bytes: TreeHash.bytes(of: levels[level]))
            }
        }
    }

    /// The same tree without its tiles.
    public var frontier: Frontier {
        var subtrees: [TreeHash] = []
        for hashes in levels.reversed() {
            // The hashes of a level are perfect subtrees of one size; each bit of their number is one of the frontier's.
            var rest = hashes[...]
            while !rest.isEmpty {
                let width = 1 << (Int.bitWidth - 1 - rest.count.leadingZeroBitCount)
                subtrees.append(Merkle.root(of: rest.prefix(width)))
                rest = rest.dropFirst(width)
            }
        }
        return Frontier(size: size, subtrees: subtrees)
    }

    /// MTH of the entries so far.
    public var root: TreeHash { frontier.root }

    static func hashes(_ bytes: [UInt8], of tile: Tile) throws(FormatError) -> [TreeHash] {
        guard bytes.count == tile.width * 32 else {
            throw FormatError("\(tile) has \(bytes.count) bytes, not \(tile.width * 32)")
        }
        return stride(from: 0, to: bytes.count, by: 32).compactMap { TreeHash(bytes[$0..<($0 + 32)]) }
    }
}

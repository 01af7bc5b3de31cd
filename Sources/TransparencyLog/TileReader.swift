/// Reads the tiles of a log's folder.
public struct TileReader: Sendable {
    // A full bundle of the longest entries.
    static let maxBytes = Tile.fullWidth * (EntryBundle.maxEntrySize + 2)
    private let directory: String

    /// Of the log in this folder.
    public init(directory: String) {
        self.directory = directory
    }

    /// A tile's bytes; where a partial one is gone, the beginning of the full one that took its place.
    /// - Throws: ``LogReadError`` when neither is there or readable, ``FormatError`` when it holds less.
    public func read(_ tile: Tile) throws -> [UInt8] {
        if let bytes = try Files.read("\(directory)/\(tile)", limit: Self.maxBytes) { return bytes }
        guard !tile.isFull, let bytes = try Files.read("\(directory)/\(tile.full)", limit: Self.maxBytes) else {
            throw LogReadError(path: "\(directory)/\(tile)", reason: "the tile is missing")
        }
        return try Self.beginning(of: bytes, as: tile)
    }

    /// A tile's bytes from those of a wider one in the same place.
    private static func beginning(of bytes: [UInt8], as tile: Tile) throws(FormatError) -> [UInt8] {
        switch tile.content {
        case .hashes: return Array(bytes.prefix(tile.width * 32))
        case .entries:
            var bundle: [UInt8] = []
            for entry in try EntryBundle.entries(bytes, count: tile.width, isWhole: false) {
                try EntryBundle.append(entry, to: &bundle)
            }
            return bundle
        }
    }

    /// The edge of the log at a size, from its tiles.
    public func edge(ofSize size: UInt64) throws -> TileEdge {
        try TileEdge(size: size) { try read($0) }
    }

    /// The edge that the log had at a size which need not have been published, from the tiles of a published one.
    public func edge(ofSize size: UInt64, inTreeOf published: UInt64) throws -> TileEdge {
        try TileEdge(size: size) { tile in
            let wider = tile.widest(inTreeOf: published)
            return try Self.beginning(of: try read(wider), as: tile)
        }
    }

    /// The leaf hashes of the 256 entries from `256 * index` on, or of the first `width` of them.
    public func leaves(_ index: UInt64, width: Int = Tile.fullWidth) throws -> [TreeHash] {
        let tile = Tile(.hashes(level: 0), index, width)
        return try TileEdge.hashes(try read(tile), of: tile)
    }
}

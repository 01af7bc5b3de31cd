/// The tiles in a log's folder, to be compared with those that its entries make: each byte of each file, whatever the size of
/// the tree it was published for, and that none is missing or too many.
struct TileListing: Sendable {
    fileprivate struct Place: Hashable {
        let content: Tile.Content
        let index: UInt64

        init(_ tile: Tile) {
            content = tile.content
            index = tile.index
        }
    }

    fileprivate let directory: String
    /// Of each place the widths of the files there.
    fileprivate private(set) var files: [Place: [Int]] = [:]
    /// Names that are no tile's.
    fileprivate private(set) var strays: [String] = []

    /// Lists the tiles; to be done after the checkpoints are read, so that a log in use has the tiles of each of them.
    init(directory: String) throws {
        self.directory = directory
        try list(Tile.folder)
    }

    var isEmpty: Bool { files.isEmpty && strays.isEmpty }

    private mutating func list(_ folder: String) throws {
        for (name, isFolder) in try Files.contents("\(directory)/\(folder)") ?? [] {
            let path = "\(folder)/\(name)"
            if isFolder {
                try list(path)
            } else if let tile = Tile(path: path) {
                files[Place(tile), default: []].append(tile.width)
            } else {
                strays.append(path)
            }
        }
    }

    /// All files of a place against the tile with the most that is known there.
    func compare(_ whole: TileFile) -> TileComparison {
        var result = TileComparison()
        let widths = files[Place(whole.tile)] ?? []
        if whole.tile.isFull, !widths.contains(Tile.fullWidth) { result.missing = whole.tile }
        for width in widths.sorted() where width <= whole.tile.width {
            let tile = Tile(whole.tile.content, whole.tile.index, width)
            do {
                let expected = whole.expected(of: tile)
                let limit = TileReader.maxBytes
                switch try Files.difference("\(directory)/\(tile)", from: expected, limit: limit) {
                case nil: result.checked += 1
                // A partial tile may go while this runs: the full one is in its place.
                case .missing: break
                case .size(let size):
                    result.wrong.append(
                        (tile, "\(tile) has \(size) bytes, and \(expected.count) follow from the entries"))
                case .byte(let at):
                    result.wrong.append((tile, "\(tile) is not what follows from the entries, from byte \(at) on"))
                }
            } catch {
                result.wrong.append((tile, "\(error)"))
            }
        }
        return result
    }
}

/// How the files in one tile's place are against what the entries make.
struct TileComparison: Sendable {
    /// Files that are what follows from the entries.
    fileprivate(set) var checked = 0
    /// Those that are not, and how.
    fileprivate(set) var wrong: [(tile: Tile, what: String)] = []
    /// The full tile, when there is no file of it.
    fileprivate(set) var missing: Tile?
}

/// Collects what is found about a log's tiles, in the order of its entries.
struct TileCheck: Sendable {
    private static let maxFailures = 100
    private let listing: TileListing
    private let source: EntrySource
    /// The hashes above level 0, of chunks that are full.
    private var edge: TileEdge
    private var missing: [Tile] = []
    /// Of a bundle that is not full: of no interest when the entries after it cannot be read.
    private var last: [TileComparison] = []
    private(set) var failures: [VerificationFailure] = []
    /// Files that are what the entries make.
    private(set) var checked = 0

    /// - Parameters:
    ///   - edge: of the tree before the first chunk, a multiple of 256 entries.
    ///   - source: where the entries come from.
    init(_ listing: TileListing, from edge: TileEdge, source: EntrySource) {
        self.listing = listing
        self.edge = edge
        self.source = source
        for path in listing.strays { fail(.strayFile, path, what: "\(path) is not the name of a tile") }
    }

    /// The next chunk.
    mutating func add(_ chunk: CheckedChunk) {
        guard !listing.isEmpty else { return }
        guard chunk.count == Tile.fullWidth else { return last = chunk.tiles }
        for comparison in chunk.tiles { settle(comparison) }
        for file in edge.append(subtree: chunk.tree.root) { settle(listing.compare(file)) }
    }

    /// After the last entry of `size`; `signed` of them have a good checkpoint.
    mutating func end(size: UInt64, signed: UInt64) {
        guard !listing.isEmpty else { return }
        for comparison in last + edge.partials.map(listing.compare) { settle(comparison) }
        let needed = missing + Tile.partials(ofSize: signed).filter(isMissing)
        for tile in needed where tile.exists(inTreeOf: signed) {
            fail(
                .missingTile, "\(tile)", tile,
                what: "\(tile) is missing, which the tree of \(signed) signed entries has")
        }
        for (place, widths) in listing.files.sorted(by: { $0.key.index < $1.key.index }) {
            for tile in widths.map({ Tile(place.content, place.index, $0) }) where !tile.exists(inTreeOf: size) {
                fail(.strayFile, "\(tile)", what: "\(tile) is a tile of a log with more than these \(size) entries")
            }
        }
    }

    private func isMissing(_ tile: Tile) -> Bool {
        // Found and compared, or found and gone meanwhile because the full one is there.
        (try? TileReader(directory: listing.directory).read(tile)) == nil
    }

    private mutating func settle(_ comparison: TileComparison) {
        checked += comparison.checked
        if let tile = comparison.missing { missing.append(tile) }
        for (tile, what) in comparison.wrong { fail(.wrongTile, "\(tile)", tile, what: what) }
    }

    private mutating func fail(_ kind: VerificationFailure.Kind, _ file: String, _ tile: Tile? = nil, what: String) {
        guard failures.count < Self.maxFailures else { return }
        failures.append(VerificationFailure(kind, entries: tile?.entries, file: file, what: what, meaning: meaning))
    }

    private var meaning: String {
        switch source {
        case .journal:
            "The journal is what counts, and was verified apart; but whoever reads the tiles is told something else. "
                + "Remove the file: opened by its writer, the log makes its tiles again."
        case .tiles:
            "This folder has no journal that would tell which file is wrong, and whoever reads it is told something else. "
                + "Get the file again from the log, or from another copy."
        }
    }
}

extension TileFile {
    /// What a narrower tile in this one's place has, or the same.
    fileprivate func expected(of narrower: Tile) -> ArraySlice<UInt8> { bytes[..<end(of: narrower.width)] }

    /// Where its first so many end.
    private func end(of width: Int) -> Int {
        guard width < tile.width else { return bytes.count }
        guard tile.content == .entries else { return width * 32 }
        var end = 0
        for _ in 0..<width { end += 2 + Int(bytes[end]) << 8 + Int(bytes[end + 1]) }
        return end
    }
}

extension Tile {
    /// The entries that it holds, or that are below its hashes.
    var entries: Range<UInt64>? {
        let level = if case .hashes(let level) = content { level } else { 0 }
        guard level < 7 else { return nil }
        let (first, overflows) = (index * 256).multipliedReportingOverflow(by: 1 << UInt64(8 * level))
        return overflows ? nil : first..<(first + UInt64(width) << UInt64(8 * level))
    }
}

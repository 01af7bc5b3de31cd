/// Compares the tiles in a log's folder with those that its entries make: each byte of each file, whatever the size of
/// the tree it was published for, and that none is missing or too many.
struct TileCheck {
    private struct Place: Hashable {
        let content: Tile.Content
        let index: UInt64

        init(_ tile: Tile) {
            content = tile.content
            index = tile.index
        }
    }

    private static let maxFailures = 100
    private let directory: String
    private var edge = TileEdge()
    /// Of each place the widths of the files there, until they are compared.
    private var files: [Place: [Int]] = [:]
    private var missing: [Tile] = []
    private(set) var failures: [VerificationFailure] = []
    /// Files that are what the entries make.
    private(set) var checked = 0

    /// Lists the tiles; to be done after the checkpoints are read, so that a log in use has the tiles of each of them.
    init(directory: String) throws {
        self.directory = directory
        try list(Tile.folder)
    }

    private var isEmpty: Bool { files.isEmpty && checked == 0 && failures.isEmpty }

    private mutating func list(_ folder: String) throws {
        for name in try Files.list("\(directory)/\(folder)") ?? [] {
            let path = "\(folder)/\(name)"
            if try Files.isFolder("\(directory)/\(path)") {
                try list(path)
            } else if let tile = Tile(path: path) {
                files[Place(tile), default: []].append(tile.width)
            } else {
                fail(.strayFile, path, what: "\(path) is not the name of a tile")
            }
        }
    }

    /// The next entry. One that no bundle can carry is reported by whoever reads the journal.
    mutating func add(_ entry: [UInt8], leaf: TreeHash) {
        guard !isEmpty, let full = try? edge.append(entry, leaf: leaf) else { return }
        for file in full { compare(file) }
    }

    /// After the last entry; `signed` of them have a good checkpoint.
    mutating func end(signed: UInt64) {
        guard !isEmpty else { return }
        for file in edge.partials { compare(file) }
        let needed = missing.filter { $0.isFull } + Tile.partials(ofSize: signed).filter(isMissing)
        for tile in needed where tile.exists(inTreeOf: signed) {
            fail(
                .missingTile, "\(tile)", tile,
                what: "\(tile) is missing, which the tree of \(signed) signed entries has")
        }
        for (place, widths) in files.sorted(by: { $0.key.index < $1.key.index }) {
            for width in widths {
                let tile = Tile(place.content, place.index, width)
                fail(
                    .strayFile, "\(tile)", what: "\(tile) is a tile of a log with more than these \(edge.size) entries")
            }
        }
    }

    private func isMissing(_ tile: Tile) -> Bool {
        // Found and compared, or found and gone meanwhile because the full one is there.
        (try? TileReader(directory: directory).read(tile)) == nil
    }

    /// All files of a place against the tile with the most that is known there.
    private mutating func compare(_ whole: TileFile) {
        let place = Place(whole.tile)
        let widths = files.removeValue(forKey: place) ?? []
        if whole.tile.isFull, !widths.contains(Tile.fullWidth) { missing.append(whole.tile) }
        for width in widths.sorted() {
            let tile = Tile(place.content, place.index, width)
            guard width <= whole.tile.width else {
                files[place, default: []].append(width)
                continue
            }
            compare(tile, with: whole.prefix(width))
        }
    }

    private mutating func compare(_ tile: Tile, with expected: [UInt8]) {
        do {
            // A partial tile may go while this runs: the full one is in its place.
            guard let bytes = try Files.read("\(directory)/\(tile)", limit: TileReader.maxBytes) else { return }
            guard bytes != expected else { return checked += 1 }
            fail(.wrongTile, "\(tile)", tile, what: Self.difference(tile, bytes, expected))
        } catch {
            fail(.wrongTile, "\(tile)", tile, what: "\(error)")
        }
    }

    private static func difference(_ tile: Tile, _ bytes: [UInt8], _ expected: [UInt8]) -> String {
        guard bytes.count == expected.count else {
            return "\(tile) has \(bytes.count) bytes, and \(expected.count) follow from the entries"
        }
        let at = zip(bytes, expected).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
        return "\(tile) is not what follows from the entries, from byte \(at) on"
    }

    private mutating func fail(_ kind: VerificationFailure.Kind, _ file: String, _ tile: Tile? = nil, what: String) {
        guard failures.count < Self.maxFailures else { return }
        failures.append(
            VerificationFailure(
                kind, entries: tile?.entries, file: file, what: what,
                meaning:
                    "The journal is what counts, and was verified apart; but whoever reads the tiles is told something "
                    + "else. Remove the file: opened by its writer, the log makes its tiles again."))
    }
}

extension TileFile {
    /// The bytes of the tile while it held only so many.
    fileprivate func prefix(_ width: Int) -> [UInt8] {
        guard width < tile.width else { return bytes }
        guard tile.content == .entries else { return Array(bytes.prefix(width * 32)) }
        var end = 0
        for _ in 0..<width { end += 2 + Int(bytes[end]) << 8 + Int(bytes[end + 1]) }
        return Array(bytes.prefix(end))
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

import Crypto
import Testing

@testable import TransparencyLog

@Suite("tiles")
struct TileTests {
    @Test("a tile has one path, and the path one tile", arguments: Vectors.tiles.paths)
    func paths(_ vector: TileVectors.Path) {
        let tile = Tile(vector.level.content, vector.index, vector.width)
        #expect(tile.description == vector.path)
        #expect(Tile(path: vector.path) == tile)
    }

    @Test("another spelling is no tile", arguments: Vectors.tiles.bad_paths)
    func badPaths(_ path: String) {
        #expect(Tile(path: path) == nil)
    }

    @Test("entries make the known bundle, and it gives them back", arguments: Vectors.tiles.bundles)
    func bundles(_ vector: TileVectors.Bundle) throws {
        let entries = try vector.entries.map { try #require(Hex.decode($0.utf8)) }
        var bundle: [UInt8] = []
        for entry in entries { try EntryBundle.append(entry, to: &bundle) }
        #expect(Hex.encode(bundle) == vector.bundle)
        #expect(try EntryBundle.entries(bundle, count: entries.count) == entries)
        #expect(throws: FormatError.self) { try EntryBundle.entries(bundle, count: entries.count + 1) }
        #expect(throws: FormatError.self) { try EntryBundle.entries(bundle, count: entries.count - 1) }
    }

    @Test("a bundle that ends amid an entry or its length is refused", arguments: Vectors.tiles.bad_bundles)
    func badBundles(_ hex: String) throws {
        let bytes = try #require(Hex.decode(hex.utf8))
        for count in 1...3 { #expect(throws: FormatError.self) { try EntryBundle.entries(bytes, count: count) } }
    }

    @Test("the longest entry fits, a longer one does not")
    func longest() throws {
        let vector = Vectors.tiles.bundle_len_65535
        let entry = [UInt8](repeating: 0x41, count: 65_535)
        var bundle: [UInt8] = []
        try EntryBundle.append(entry, to: &bundle)
        #expect(Hex.encode(bundle[..<2]) == vector.prefix && Hex.encode(SHA256.hash(data: bundle)) == vector.sha256)
        #expect(Merkle.leaf(entry).hex == vector.leaf_hash)
        #expect(throws: FormatError.self) { try EntryBundle.append(entry + [0x41], to: &bundle) }
    }

    @Test("a growing log has exactly the known tiles", arguments: Vectors.tiles.trees)
    func trees(_ vector: TileVectors.Tree) throws {
        var edge = TileEdge()
        var files: [String: [UInt8]] = [:]
        for number in 0..<vector.size {
            let entry = Array(String(number).utf8)
            for file in try edge.append(entry, leaf: Merkle.leaf(entry)) { files[file.tile.description] = file.bytes }
        }
        for file in edge.partials { files[file.tile.description] = file.bytes }
        #expect(files.count == vector.count ?? vector.tiles.count)
        for known in vector.tiles {
            let bytes = try #require(files[known.path], "\(known.path)")
            #expect(bytes.count == known.bytes && Hex.encode(SHA256.hash(data: bytes)) == known.sha256, "\(known.path)")
        }
        for path in files.keys { #expect(Tile(path: path)?.exists(inTreeOf: UInt64(vector.size)) == true, "\(path)") }
        #expect(edge.root == Merkle.root(of: decimalLeaves(vector.size)))
    }

    @Test("the edge is read back from the tiles, and goes on as if it had never stopped")
    func edge() throws {
        var edge = TileEdge()
        var files: [Tile: [UInt8]] = [:]
        for number in 0..<66_000 {
            if [1, 255, 256, 257, 600, 65_535, 65_536, 65_537].contains(number) {
                for file in edge.partials { files[file.tile] = file.bytes }
                #expect(try TileEdge(size: edge.size) { try #require(files[$0]) } == edge)
            }
            let entry = Array(String(number).utf8)
            for file in try edge.append(entry, leaf: Merkle.leaf(entry)) { files[file.tile] = file.bytes }
        }
        var frontier = Frontier()
        for leaf in decimalLeaves(66_000) { frontier.append(leaf) }
        #expect(edge.frontier == frontier)
    }

    @Test("an edge whose bundle and hashes contradict each other is refused")
    func contradiction() throws {
        var edge = TileEdge()
        for number in 0..<3 { _ = try edge.append([UInt8(number)], leaf: Merkle.leaf([UInt8(number)])) }
        let files = Dictionary(uniqueKeysWithValues: edge.partials.map { ($0.tile, $0.bytes) })
        for (tile, bytes) in files {
            let others = [Array(bytes.dropLast()), bytes.dropLast() + [bytes[bytes.count - 1] ^ 1], bytes + [0]]
            for other in others {
                #expect(throws: FormatError.self) {
                    try TileEdge(size: 3) { $0 == tile ? other : try #require(files[$0]) }
                }
            }
        }
    }

    @Test("a tree has the tiles that it reaches into, and no others")
    func exists() {
        #expect(Tile(.hashes(level: 0), 0, 5).exists(inTreeOf: 5))
        #expect(!Tile(.hashes(level: 0), 0, 6).exists(inTreeOf: 5))
        #expect(!Tile(.entries, 1, 1).exists(inTreeOf: 256))
        #expect(Tile(.hashes(level: 1), 0, 1).exists(inTreeOf: 256))
        #expect(!Tile(.hashes(level: 1), 0, 2).exists(inTreeOf: 511))
        #expect(!Tile(.hashes(level: 63), .max, 1).exists(inTreeOf: .max))
    }

    @Test("the tiles of a published size have the edge of every smaller one", arguments: [1, 255, 256, 257, 700])
    func smallerEdges(published: Int) throws {
        let log = try LogFixture(700)
        try log.tile(published)
        let tiles = TileReader(directory: log.directory)
        var frontier = Frontier()
        for size in 0...published {
            #expect(try tiles.edge(ofSize: UInt64(size), inTreeOf: UInt64(published)).frontier == frontier)
            if size < published { frontier.append(Merkle.leaf(log.entries[size])) }
        }
    }
}

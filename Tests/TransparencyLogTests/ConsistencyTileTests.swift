import Testing

@testable import TransparencyLog

@Suite("consistency proofs from tiles")
struct ConsistencyTileTests {
    @Test("every pair of sizes of a small log has the proof that its leaves give")
    func everyPair() throws {
        let tiles = try HashTiles(40, published: Set(1...40))
        let reader = TileReader(directory: tiles.directory)
        for new in 1...40 {
            for old in 0...new {
                let expected = ConsistencyProof(oldSize: old, leaves: Array(tiles.leaves[..<new]))
                #expect(try reader.consistencyProof(from: UInt64(old), to: UInt64(new)) == expected, "\(old) → \(new)")
            }
        }
    }

    @Test("where a level begins, ends and is cut, up to 70,000 entries, proofs are those of the leaves and verify")
    func large() throws {
        let sizes = [1, 255, 256, 257, 511, 512, 600, 4_096, 10_007, 65_535, 65_536, 65_537, 66_000, 70_000]
        let tiles = try HashTiles(70_000, published: Set(sizes))
        let reader = TileReader(directory: tiles.directory)
        let roots = Dictionary(uniqueKeysWithValues: sizes.map { ($0, Merkle.root(of: tiles.leaves[..<$0])) })
        for new in sizes {
            for old in sizes where old <= new {
                let proof = try reader.consistencyProof(from: UInt64(old), to: UInt64(new))
                let verifies = try proof.verify(
                    oldSize: UInt64(old), oldRoot: #require(roots[old]), newSize: UInt64(new),
                    newRoot: #require(roots[new]))
                #expect(verifies, "\(old) → \(new)")
            }
        }
        for old in stride(from: 1, to: 70_000, by: 6_373) {
            let expected = ConsistencyProof(oldSize: old, leaves: tiles.leaves)
            #expect(try reader.consistencyProof(from: UInt64(old), to: 70_000) == expected, "\(old)")
        }
    }

    @Test("a partial tile whose full one took its place is read from that; a missing one is named")
    func missing() throws {
        let tiles = try HashTiles(600, published: [300])
        let reader = TileReader(directory: tiles.directory)
        try tiles.remove("tile/0/001.p/44")
        let expected = ConsistencyProof(oldSize: 7, leaves: Array(tiles.leaves[..<300]))
        #expect(try reader.consistencyProof(from: 7, to: 300) == expected)
        try tiles.remove("tile/0/001")
        let error = #expect(throws: LogReadError.self) { try reader.consistencyProof(from: 7, to: 300) }
        #expect(error?.path.hasSuffix("tile/0/001.p/44") == true)
    }

    @Test("a log is no extension of a longer one")
    func wrongWay() throws {
        let tiles = try HashTiles(3, published: [])
        #expect(throws: FormatError.self) {
            try TileReader(directory: tiles.directory).consistencyProof(from: 4, to: 3)
        }
    }
}

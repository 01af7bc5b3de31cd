import Testing

@testable import TransparencyLog

@Suite("inclusion proofs from tiles")
struct InclusionTileTests {
    @Test("every entry of every size of a small log has the proof that its leaves give")
    func every() throws {
        let tiles = try HashTiles(40, published: Set(1...40))
        let reader = TileReader(directory: tiles.directory)
        for size in 1...40 {
            let leaves = Array(tiles.leaves[..<size])
            for index in 0..<size {
                let proof = try reader.inclusionProof(of: UInt64(index), inTreeOf: UInt64(size))
                #expect(proof == InclusionProof(index: index, leaves: leaves), "\(index) of \(size)")
            }
            #expect(try reader.root(ofFirst: UInt64(size), inTreeOf: 40) == Merkle.root(of: leaves))
        }
    }

    @Test("where a level begins, ends and is cut, up to 70,000 entries, proofs verify against the leaves' root")
    func large() throws {
        let sizes = [1, 2, 255, 256, 257, 512, 10_007, 65_535, 65_536, 65_537, 70_000]
        let tiles = try HashTiles(70_000, published: Set(sizes))
        let reader = TileReader(directory: tiles.directory)
        for size in sizes {
            let root = Merkle.root(of: tiles.leaves[..<size])
            #expect(try reader.root(ofFirst: UInt64(size), inTreeOf: 70_000) == root)
            for index in [0, 1, 254, 255, 256, 257, size / 2, 65_535, 65_536, size - 1] where index < size {
                let proof = try reader.inclusionProof(of: UInt64(index), inTreeOf: UInt64(size))
                let (leaf, other) = (tiles.leaves[index], tiles.leaves[(index + 1) % 70_000])
                #expect(
                    proof.verify(leaf: leaf, index: UInt64(index), size: UInt64(size), root: root), "\(index)/\(size)")
                #expect(!proof.verify(leaf: other, index: UInt64(index), size: UInt64(size), root: root))
            }
        }
    }

    @Test("an entry beyond the tree, and a tree beyond the tiles, are refused with the reason")
    func beyond() throws {
        let reader = TileReader(directory: try HashTiles(300, published: []).directory)
        #expect(throws: FormatError.self) { try reader.inclusionProof(of: 300, inTreeOf: 300) }
        #expect(throws: FormatError.self) { try reader.root(ofFirst: 301, inTreeOf: 300) }
        #expect(throws: LogReadError.self) { try reader.inclusionProof(of: 0, inTreeOf: 301) }
        #expect(try reader.root(ofFirst: 0, inTreeOf: 300) == Merkle.emptyRoot)
    }

    @Test("a proof file is made of an entry that the tiles have, and of no other")
    func proofFile() throws {
        let log = try LogFixture(300, checkpoints: [300])
        try log.tile(300)
        let reader = TileReader(directory: log.directory)
        let signed = try SignedCheckpoint(log.read(LogLayout.checkpoint), verifiedBy: log.key.verifier)
        for index in [0, 255, 256, 299] {
            let entry = JournalEntry(index: UInt64(index), bytes: log.entries[index])
            let proof = try LogProof(reader.proof(of: entry, under: signed, extra: entry.bytes).bytes)
            #expect(proof.extra == entry.bytes)
            let proven = try proof.verify(entry: entry.bytes, logs: [log.key.verifier], policy: .noWitnesses)
            #expect(proven.index == UInt64(index) && proven.size == 300)
        }
        let wrong = JournalEntry(index: 7, bytes: log.entries[8])
        let error = #expect(throws: FormatError.self) { try reader.proof(of: wrong, under: signed) }
        #expect(error?.description.contains("entry 7 of the journal is not what the tiles") == true)
    }
}

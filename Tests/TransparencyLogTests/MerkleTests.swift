import Crypto
import Testing

@testable import TransparencyLog

@Suite("RFC 6962 tree")
struct MerkleTests {
    let vectors = Vectors.merkle

    @Test("hashes of the reference leaves and of a node")
    func hashes() {
        #expect(Merkle.emptyRoot == hash(vectors.empty_root))
        #expect(Frontier().root == Merkle.emptyRoot)
        for leaf in vectors.leaf_hashes { #expect(Merkle.leaf(Hex.decode(leaf.data.utf8)!).hex == leaf.hash) }
        let node = vectors.node
        #expect(Merkle.node(hash(node.left), hash(node.right)).hex == node.hash)
    }

    @Test("hashes of entries of all lengths, and of nodes, are those of another library")
    func otherLibrary() {
        let bytes = (0..<65_536).map { _ in UInt8.random(in: 0...255) }
        for count in Array(0...200) + [511, 512, 4095, 4096, 65_535, 65_536] {
            let expected = SHA256.hash(data: [0] + bytes[..<count])
            #expect(Merkle.leaf(Array(bytes[..<count])) == TreeHash(digest: expected), "\(count) bytes")
        }
        for start in 0..<100 {
            let (left, right) = (bytes[start..<(start + 32)], bytes[(start + 32)..<(start + 64)])
            let node = TreeHash(left).flatMap { left in TreeHash(right).map { Merkle.node(left, $0) } }
            #expect(node == TreeHash(digest: SHA256.hash(data: [1] + left + right)))
        }
    }

    @Test("a frontier has the root of every size of the reference tree")
    func referenceRoots() {
        var frontier = Frontier()
        for (size, root) in vectors.reference_roots.enumerated() {
            #expect(frontier.root.hex == root)
            #expect(frontier.size == UInt64(size))
            if size < vectors.leaf_hashes.count { frontier.append(hash(vectors.leaf_hashes[size].hash)) }
        }
    }

    @Test("a frontier streams through all known roots up to 70,000 leaves")
    func decimalRoots() {
        let roots = Dictionary(uniqueKeysWithValues: vectors.decimal_roots.map { ($0.size, $0.root) })
        var frontier = Frontier()
        var compared = 0
        for leaf in decimalLeaves(70_000) {
            frontier.append(leaf)
            guard let root = roots[Int(frontier.size)] else { continue }
            #expect(frontier.root.hex == root, "size \(frontier.size)")
            compared += 1
        }
        #expect(compared == 16)
    }

    @Test("inclusion proofs, good and bad", arguments: Vectors.merkle.inclusion)
    func inclusion(_ vector: MerkleVectors.Inclusion) {
        let proof = InclusionProof(hashes: vector.proof.map(hash))
        let result = proof.verify(
            leaf: hash(vector.leaf_hash), index: vector.index, size: vector.size, root: hash(vector.root))
        #expect(result == vector.valid)
    }

    @Test("consistency proofs, good and bad", arguments: Vectors.merkle.consistency)
    func consistency(_ vector: MerkleVectors.Consistency) {
        let proof = ConsistencyProof(hashes: vector.proof.map(hash))
        let result = proof.verify(
            oldSize: vector.old, oldRoot: hash(vector.old_root), newSize: vector.new, newRoot: hash(vector.new_root))
        #expect(result == vector.valid)
    }

    @Test("generated proofs verify, and fail for any other index, size or root")
    func generated() throws {
        let leaves = decimalLeaves(21)
        for size in 1...leaves.count {
            let tree = Array(leaves[..<size])
            let root = Merkle.root(of: tree)
            for index in 0..<size {
                let proof = try #require(InclusionProof(index: index, leaves: tree))
                let leaf = leaves[index]
                #expect(proof.verify(leaf: leaf, index: UInt64(index), size: UInt64(size), root: root))
                #expect(
                    !proof.verify(leaf: leaf, index: UInt64(index) ^ 1, size: UInt64(size), root: root) || size == 1)
                #expect(!proof.verify(leaf: root, index: UInt64(index), size: UInt64(size), root: leaf) || size == 1)
            }
            for old in 0...size {
                let oldRoot = Merkle.root(of: leaves[..<old])
                let proof = try #require(ConsistencyProof(oldSize: old, leaves: tree))
                #expect(
                    proof.verify(oldSize: UInt64(old), oldRoot: oldRoot, newSize: UInt64(size), newRoot: root))
                #expect(
                    !proof.verify(
                        oldSize: UInt64(old), oldRoot: hash(vectors.node.left), newSize: UInt64(size), newRoot: root))
            }
        }
        #expect(InclusionProof(index: 3, leaves: Array(leaves[..<3])) == nil)
        #expect(ConsistencyProof(oldSize: 4, leaves: Array(leaves[..<3])) == nil)
    }

    @Test("generated proofs are those of the vectors")
    func generatedEqual() throws {
        let leaves = decimalLeaves(70_000)
        // The valid proof "for 601" is that of 600: it shows that a proof does not authenticate the size.
        for vector in vectors.inclusion where vector.valid && vector.size != 601 {
            let proof = try #require(
                InclusionProof(index: Int(vector.index), leaves: Array(leaves[..<Int(vector.size)])))
            #expect(proof.hashes.map(\.hex) == vector.proof)
        }
        for vector in vectors.consistency where vector.valid {
            let proof = try #require(
                ConsistencyProof(oldSize: Int(vector.old), leaves: Array(leaves[..<Int(vector.new)])))
            #expect(proof.hashes.map(\.hex) == vector.proof)
        }
    }

    @Test("the vectors are all there")
    func complete() {
        #expect(vectors.leaf_hashes.count == 8 && vectors.reference_roots.count == 9)
        #expect(vectors.inclusion.count(where: \.valid) == 20 && vectors.inclusion.count == 28)
        #expect(vectors.consistency.count(where: \.valid) == 18 && vectors.consistency.count == 26)
    }

    @Test("a proof of more than 63 hashes is refused")
    func tooLong() {
        let hashes = Array(repeating: Merkle.emptyRoot, count: 64)
        #expect(
            !InclusionProof(hashes: hashes)
                .verify(leaf: Merkle.emptyRoot, index: 0, size: .max, root: Merkle.emptyRoot))
    }
}

import Testing

@testable import TransparencyLog

@Suite("checkpoints")
struct CheckpointTests {
    @Test("bodies, good and bad", arguments: Vectors.checkpoint.bodies)
    func bodies(_ vector: CheckpointVectors.Body) throws {
        guard vector.valid else {
            #expect(throws: FormatError.self) { try Checkpoint(text: vector.body) }
            return
        }
        let checkpoint = try Checkpoint(text: vector.body)
        #expect(checkpoint.origin == vector.origin)
        #expect(checkpoint.size == vector.size)
        #expect(checkpoint.root.hex == vector.root)
        #expect(checkpoint.extensions == vector.extensions ?? [])
        #expect(checkpoint.text == vector.body)
    }

    @Test("the vectors are all there")
    func complete() {
        #expect(Vectors.checkpoint.bodies.count(where: \.valid) == 3 && Vectors.checkpoint.bodies.count == 17)
    }

    @Test("signing the tree of 600 leaves gives the known note")
    func sign() throws {
        let vectors = Vectors.checkpoint
        let key = try SigningKey(skey: #require(vectors.log_key.skey))
        let root = Merkle.root(of: decimalLeaves(600))
        let checkpoint = try Checkpoint(origin: key.verifier.name, size: 600, root: root)
        let signed = try SignedCheckpoint(checkpoint, signedBy: key)
        #expect(signed.note.bytes == Array(vectors.signed.utf8))
        #expect(try SignedCheckpoint(Array(vectors.signed.utf8), verifiedBy: key.verifier) == signed)
    }

    @Test("cosignatures beside the log's signature are ignored")
    func cosigned() throws {
        let note = Array(Vectors.cosignature.cosigned_checkpoint.utf8)
        let signed = try SignedCheckpoint(note, verifiedBy: VerifierKey(Vectors.checkpoint.log_key.vkey))
        #expect(signed.checkpoint.size == 600)
        #expect(signed.note.signatures.count == 3)
    }

    @Test("a checkpoint of another log is refused even when the key signed it")
    func otherOrigin() throws {
        let key = try SigningKey(skey: #require(Vectors.checkpoint.log_key.skey))
        let checkpoint = try Checkpoint(origin: "other.example/log", size: 0, root: Merkle.emptyRoot)
        let note = try SignedNote(text: checkpoint.text, signedBy: key)
        #expect(throws: FormatError.self) { try SignedCheckpoint(note.bytes, verifiedBy: key.verifier) }
    }

    @Test("a size that cannot be written is not signed")
    func unwritable() {
        #expect(throws: FormatError.self) { try Checkpoint(origin: "a", size: 1 << 63, root: Merkle.emptyRoot) }
        #expect(throws: FormatError.self) { try Checkpoint(origin: "", size: 1, root: Merkle.emptyRoot) }
    }
}

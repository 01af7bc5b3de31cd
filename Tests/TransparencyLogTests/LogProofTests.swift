import Testing

@testable import TransparencyLog

@Suite("log proofs")
struct LogProofTests {
    let vectors = Vectors.proof

    func policy() throws -> WitnessPolicy { try WitnessPolicy(Array(vectors.policy.utf8)) }

    func verify(_ bytes: [UInt8], entry: [UInt8]? = nil, _ other: WitnessPolicy? = nil) throws -> ProvenEntry {
        let data = try entry ?? #require(Hex.decode(vectors.leaf_data_hex.utf8))
        return try LogProof(bytes).verify(
            entry: data, logs: [VerifierKey(vectors.log_vkey)], policy: other ?? policy())
    }

    @Test("the known proof says what it proves, with and without extra data")
    func valid() throws {
        let data = try #require(Hex.decode(vectors.leaf_data_hex.utf8))
        #expect(Merkle.leaf(data).hex == vectors.leaf_hash)
        for text in [vectors.proof, vectors.proof_with_extra] {
            let proven = try verify(Array(text.utf8))
            #expect(proven.origin == Vectors.checkpoint.log_key.name)
            #expect(proven.index == vectors.index && proven.size == vectors.size)
            #expect(proven.cosigners.map(\.key.description) == vectors.witness_vkeys)
            #expect(proven.cosigners.map(\.time) == [1_760_000_600, 1_760_000_601])
            #expect(try LogProof(Array(text.utf8)).bytes == Array(text.utf8))
        }
        #expect(try LogProof(Array(vectors.proof.utf8)).extra == nil)
        let extra = try #require(LogProof(Array(vectors.proof_with_extra.utf8)).extra)
        #expect(Hex.encode(extra) == vectors.extra_hex)
    }

    @Test("bad proofs are refused", arguments: Vectors.proof.negative)
    func negative(_ vector: ProofVectors.Negative) throws {
        #expect(Vectors.proof.negative.count == 8)
        #expect(throws: FormatError.self) { try verify(Array(vector.proof.utf8)) }
    }

    @Test("a proof that is made is that of the vectors")
    func make() throws {
        let leaves = decimalLeaves(600)
        let checkpoint = try SignedCheckpoint(
            Array(Vectors.cosignature.cosigned_checkpoint.utf8), verifiedBy: VerifierKey(vectors.log_vkey))
        let inclusion = try #require(InclusionProof(index: 256, leaves: leaves))
        let proof = try LogProof(index: 256, inclusion: inclusion, checkpoint: checkpoint)
        #expect(proof.bytes == Array(vectors.proof.utf8))
        let extra = try LogProof(
            index: 256, inclusion: inclusion, checkpoint: checkpoint, extra: Hex.decode(vectors.extra_hex.utf8))
        #expect(extra.bytes == Array(vectors.proof_with_extra.utf8))
        #expect(throws: FormatError.self) {
            try LogProof(index: 600, inclusion: inclusion, checkpoint: checkpoint)
        }
    }

    @Test("no byte of a proof can be changed, left out or doubled")
    func everyByte() throws {
        // A small one, so that every byte has its turn.
        let (log, witness) = (try CosignatureTests.log(), try CosignatureTests.witness(0))
        let leaves = decimalLeaves(2)
        let checkpoint = try Checkpoint(origin: log.verifier.name, size: 2, root: Merkle.root(of: leaves))
        let line = try Cosignature(of: checkpoint, at: 1, by: witness).line(by: witness.verifier)
        let signed = try SignedCheckpoint(checkpoint, signedBy: log).adding([line], by: [witness.verifier])
        let inclusion = try #require(InclusionProof(index: 1, leaves: leaves))
        let bytes = try LogProof(index: 1, inclusion: inclusion, checkpoint: signed).bytes
        let policy = try WitnessPolicy(Array("witness w \(witness)\nquorum w\n".utf8))
        #expect(try verify(bytes, entry: Array("1".utf8), policy).cosigners.count == 1)
        for position in bytes.indices {
            var (changed, shorter, longer) = (bytes, bytes, bytes)
            changed[position] ^= 1
            shorter.remove(at: position)
            longer.insert(bytes[position], at: position)
            for bad in [changed, shorter, longer] {
                #expect(throws: FormatError.self, "byte \(position)") {
                    try verify(bad, entry: Array("1".utf8), policy)
                }
            }
        }
    }

    @Test("a log of one entry needs no hashes")
    func single() throws {
        let log = try CosignatureTests.log()
        let checkpoint = try Checkpoint(origin: log.verifier.name, size: 1, root: Merkle.leaf([1, 2]))
        let proof = try LogProof(
            index: 0, inclusion: InclusionProof(hashes: []),
            checkpoint: SignedCheckpoint(checkpoint, signedBy: log))
        #expect(try verify(proof.bytes, entry: [1, 2], .noWitnesses).cosigners.isEmpty)
        #expect(throws: FormatError.self) { try verify(proof.bytes, entry: [1], .noWitnesses) }
    }

    @Test("another entry, another log, or too few witnesses are refused with the reason")
    func reasons() throws {
        let bytes = Array(vectors.proof.utf8)
        func reason(_ body: () throws -> ProvenEntry) -> String {
            (#expect(throws: FormatError.self) { _ = try body() })?.description ?? ""
        }
        #expect(reason { try verify(bytes, entry: Array("257".utf8)) }.contains("not number 256 of the log"))
        let data = try #require(Hex.decode(vectors.leaf_data_hex.utf8))
        let other = try VerifierKey(Vectors.note.keys[1].vkey)
        let proof = try LogProof(bytes)
        #expect(reason { try proof.verify(entry: data, logs: [other], policy: policy()) }.contains("known key"))
        #expect(reason { try proof.verify(entry: data, logs: [], policy: policy()) }.contains("known key"))
        let uncosigned = vectors.proof.split(separator: "— witness", maxSplits: 1)[0]
        #expect(reason { try verify(Array(uncosigned.utf8)) }.contains("cosigned by no known witness"))
        #expect(try verify(Array(uncosigned.utf8), .noWitnesses).size == 600)
        let one = vectors.proof.split(separator: "— witness.example/w2")[0]
        #expect(reason { try verify(Array(one.utf8)) }.contains("cosigned by witness.example/w1"))
    }

    @Test("a checkpoint signed by the key of another accepted log is refused")
    func otherOrigin() throws {
        let log = try CosignatureTests.log()
        let other = try SigningKey(name: "other.example/log", seed: Array(repeating: 3, count: 32))
        let checkpoint = try Checkpoint(origin: log.verifier.name, size: 1, root: Merkle.leaf([1]))
        let signed = try SignedCheckpoint(checkpoint, signedBy: other)
        let proof = try LogProof(index: 0, inclusion: InclusionProof(hashes: []), checkpoint: signed)
        #expect(throws: FormatError.self) {
            try proof.verify(entry: [1], logs: [other.verifier, log.verifier], policy: .noWitnesses)
        }
    }

    @Test("more than 63 hashes, or a file without end, are not read")
    func bounds() throws {
        let hash = Merkle.emptyRoot.base64 + "\n"
        let checkpoint = Vectors.checkpoint.signed
        func proof(_ hashes: Int) -> [UInt8] {
            Array("c2sp.org/tlog-proof@v1\nindex 0\n\(String(repeating: hash, count: hashes))\n\(checkpoint)".utf8)
        }
        #expect(try LogProof(proof(63)).inclusion.hashes.count == 63)
        #expect(throws: FormatError.self) { try verify(proof(64)) }
        #expect(throws: FormatError.self) { try LogProof(proof(200)) }
        #expect(throws: FormatError.self) { try LogProof([UInt8](repeating: 0x41, count: LogProof.maxBytes + 1)) }
    }
}

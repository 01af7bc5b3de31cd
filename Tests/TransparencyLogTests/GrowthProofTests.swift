import Testing

@testable import TransparencyLog

@Suite("proofs that a log has only grown")
struct GrowthProofTests {
    private let log: LogFixture
    private let sizes = [0, 1, 7, 8, 20, 30]

    init() throws {
        log = try LogFixture(30, checkpoints: sizes)
        try log.tile(1, 7, 8, 20, 30)
    }

    private func note(_ size: Int) throws -> SignedNote {
        try SignedNote(log.read("\(LogLayout.checkpoints)/\(LogLayout.name(of: UInt64(size)))"))
    }

    private func signed(_ size: Int) throws -> SignedCheckpoint {
        try SignedCheckpoint(note(size).bytes, verifiedBy: log.key.verifier)
    }

    private func proof(_ old: Int, _ new: Int) throws -> [UInt8] {
        try TileReader(directory: log.directory).proof(from: signed(old).checkpoint, to: signed(new)).bytes
    }

    private func verify(_ bytes: [UInt8], from old: Int, _ policy: WitnessPolicy = .noWitnesses) throws -> Checkpoint {
        try GrowthProof(bytes).verify(old: note(old), logs: [log.key.verifier], policy: policy).checkpoint
    }

    @Test("between any two signed sizes it verifies, from the older checkpoint and no other")
    func roundTrip() throws {
        for new in sizes {
            for old in sizes where old <= new {
                let bytes = try proof(old, new)
                #expect(GrowthProof.isMeant(by: bytes))
                #expect(try GrowthProof(bytes).bytes == bytes)
                #expect(try verify(bytes, from: old).size == UInt64(new))
                for other in sizes where other != old {
                    #expect(throws: FormatError.self) { try verify(bytes, from: other) }
                }
            }
        }
    }

    @Test("it is what a witness is sent")
    func witnessForm() throws {
        let consistency = try GrowthProof(proof(7, 30)).consistency
        #expect(try WitnessRequest(oldSize: 7, proof: consistency, checkpoint: signed(30)).body == proof(7, 30))
    }

    @Test("no byte of it can be changed, left out or doubled")
    func everyByte() throws {
        let bytes = try proof(7, 20)
        for position in bytes.indices {
            var (changed, shorter, longer) = (bytes, bytes, bytes)
            changed[position] ^= 1
            shorter.remove(at: position)
            longer.insert(bytes[position], at: position)
            for bad in [changed, shorter, longer] {
                #expect(throws: FormatError.self, "byte \(position)") { try verify(bad, from: 7) }
            }
        }
    }

    @Test("a checkpoint of another history, another key, and a lack of witnesses are refused with the reason")
    func reasons() throws {
        func reason(_ body: () throws -> Void) -> String {
            (#expect(throws: FormatError.self) { try body() })?.description ?? ""
        }

        let bytes = try proof(7, 30)
        let others = log.entries.map { $0 + [0x20] }
        try log.sign(7, entries: others, as: "checkpoints/other")
        let other = try SignedNote(log.read("checkpoints/other"))
        let made = try GrowthProof(bytes)
        #expect(
            reason { _ = try made.verify(old: other, logs: [log.key.verifier], policy: .noWitnesses) }
                .contains("do not begin with the 7"))
        #expect(
            reason {
                _ = try TileReader(directory: log.directory).proof(from: Checkpoint(text: other.text), to: signed(30))
            }
            .contains("was rewritten"))
        let key = try CosignatureTests.log().verifier
        #expect(reason { _ = try made.verify(old: note(7), logs: [key], policy: .noWitnesses) }.contains("known key"))
        let policy = try WitnessPolicy(Array("witness w \(CosignatureTests.witness(0))\nquorum w\n".utf8))
        #expect(reason { _ = try verify(bytes, from: 7, policy) }.contains("lacks the policy's quorum"))
    }
}

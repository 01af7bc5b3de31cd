import Testing

@testable import TransparencyLog

@Suite("cosignatures")
struct CosignatureTests {
    let vectors = Vectors.cosignature

    static func log() throws -> SigningKey { try SigningKey(skey: #require(Vectors.checkpoint.log_key.skey)) }

    static func witness(_ number: Int) throws -> SigningKey {
        let key = Vectors.cosignature.witness_keys[number]
        return try SigningKey(name: key.name, type: .witness, seed: Hex.decode(key.seed.utf8)!)
    }

    static func signed() throws -> SignedCheckpoint {
        try SignedCheckpoint(Array(Vectors.checkpoint.signed.utf8), verifiedBy: log().verifier)
    }

    static func mlDSA44() throws -> VerifierKey {
        try VerifierKey(name: "witness.example/pq", type: .witnessMLDSA44, publicKey: Array(repeating: 5, count: 1312))
    }

    func keys() throws -> [VerifierKey] { try vectors.witness_keys.map { try VerifierKey(witness: $0.vkey) } }

    @Test("witness keys read back as they are written, with the id of type 04")
    func witnessKeys() throws {
        #expect(vectors.witness_keys.count == 2 && vectors.negative.count == 5)
        for (number, key) in vectors.witness_keys.enumerated() {
            let read = try VerifierKey(witness: key.vkey)
            #expect(read.type == .witness && "0x\(read.type.code)" == key.type)
            #expect(Hex.encode(read.id) == key.key_id && Hex.encode(read.publicKey) == key.public)
            #expect(read.description == key.vkey)
            #expect(try Self.witness(number).verifier == read)
        }
    }

    @Test("a log's key is not read as a witness's, nor a witness's as a log's")
    func keyTypes() throws {
        #expect(throws: FormatError.self) { try VerifierKey(witness: Vectors.checkpoint.log_key.vkey) }
        for key in vectors.witness_keys { #expect(throws: FormatError.self) { try VerifierKey(key.vkey) } }
        let text = try Self.mlDSA44().description
        #expect(try VerifierKey(witness: text) == Self.mlDSA44())
        #expect(throws: FormatError.self) { try VerifierKey(text) }
        #expect(throws: FormatError.self) {
            try VerifierKey(name: "w", type: .witnessMLDSA44, publicKey: Array(repeating: 5, count: 32))
        }
    }

    @Test("cosigning gives the bytes of the vectors")
    func create() throws {
        let signed = try Self.signed()
        var lines: [NoteSignature] = []
        for number in 0..<2 {
            let key = try Self.witness(number)
            let time = vectors.timestamp + UInt64(number)
            lines.append(try Cosignature(of: signed.checkpoint, at: time, by: key).line(by: key.verifier))
        }
        #expect(Hex.encode(lines[0].keyID + lines[0].signature) == vectors.signature_payload_hex)
        let all = try signed.adding(lines, by: keys())
        #expect(all.note.bytes == Array(vectors.cosigned_checkpoint.utf8))
        #expect(try all.cosigners(among: keys()).map(\.time) == [vectors.timestamp, vectors.timestamp + 1])
    }

    @Test("the signed message is that of the vectors")
    func message() throws {
        let payload = try #require(Hex.decode(vectors.signature_payload_hex.utf8))
        let cosignature = try Cosignature(payload: Array(payload.dropFirst(4)))
        let message = try #require(Hex.decode(vectors.message_hex.utf8))
        #expect(try keys()[0].isValid(cosignature.signature, for: message))
        #expect(try cosignature.isValid(by: keys()[0], for: Self.signed().checkpoint))
        #expect(try !cosignature.isValid(by: keys()[1], for: Self.signed().checkpoint))
    }

    @Test("bad cosignatures reject the checkpoint", arguments: Vectors.cosignature.negative)
    func negative(_ vector: CosignatureVectors.Negative) throws {
        let signed = try SignedCheckpoint(Array(vector.note.utf8), verifiedBy: Self.log().verifier)
        #expect(throws: FormatError.self) { try signed.cosigners(among: keys()) }
        let lines = Array(signed.note.signatures.dropFirst())
        #expect(throws: FormatError.self) { try Self.signed().adding(lines, by: keys()) }
        #expect(throws: FormatError.self, "nor may a bad line stand in a good one's place") {
            let key = try Self.witness(0)
            let line = try Cosignature(of: signed.checkpoint, at: 1, by: key).line(by: key.verifier)
            return try signed.adding([line], by: keys())
        }
    }

    @Test("no time outside 1 ..< 2^63 is cosigned or read", arguments: [0, 1 << 63, UInt64.max])
    func times(_ time: UInt64) throws {
        let key = try Self.witness(0)
        let checkpoint = try Self.signed().checkpoint
        #expect(throws: FormatError.self) { try Cosignature(of: checkpoint, at: time, by: key) }
        let bytes = withUnsafeBytes(of: time.bigEndian) { Array($0) }
        let error = #expect(throws: FormatError.self) {
            try Cosignature(payload: bytes + [UInt8](repeating: 1, count: 64))
        }
        #expect(error?.description.contains("time") == true)
        let last = try Cosignature(of: checkpoint, at: 1 << 63 - 1, by: key)
        #expect(try Cosignature(payload: last.line(by: key.verifier).signature) == last)
    }

    @Test("a key signs only what its type is for")
    func roles() throws {
        let (log, witness) = (try Self.log(), try Self.witness(0))
        let checkpoint = try Self.signed().checkpoint
        #expect(throws: FormatError.self) { try Cosignature(of: checkpoint, at: 1, by: log) }
        #expect(throws: FormatError.self) { try SignedNote(text: checkpoint.text, signedBy: witness) }
        // The same seed under both types: a cosignature must not pass for the log's signature.
        let twin = try SigningKey(name: "twin.example", type: .witness, seed: Array(repeating: 9, count: 32))
        let asLog = try SigningKey(name: "twin.example", seed: Array(repeating: 9, count: 32)).verifier
        let cosignature = try Cosignature(of: checkpoint, at: 1, by: twin)
        #expect(!cosignature.isValid(by: asLog, for: checkpoint))
        let plain = try twin.sign(Array(checkpoint.text.utf8))
        let line = NoteSignature(name: twin.verifier.name, keyID: twin.verifier.id, signature: plain)
        let note = try Self.signed().note.appending([line])
        #expect(throws: FormatError.self) { try note.verified(by: [twin.verifier]) }
    }

    @Test("lines by unknown keys are left out, repeated ones kept once, the log's own stays first")
    func adding() throws {
        let signed = try Self.signed()
        let (first, second) = (try Self.witness(0), try Self.witness(1))
        func line(_ key: SigningKey, _ time: UInt64) throws -> NoteSignature {
            try Cosignature(of: signed.checkpoint, at: time, by: key).line(by: key.verifier)
        }
        let once = try signed.adding([line(second, 5), line(first, 6)], by: [first.verifier])
        #expect(once.note.signatures == [signed.note.signatures[0], try line(first, 6)])
        let again = try once.adding([line(first, 7), line(second, 8), line(second, 9)], by: keys())
        #expect(again.note.signatures == once.note.signatures + [try line(second, 8)])
        #expect(try SignedNote(again.note.bytes) == again.note)
        #expect(throws: FormatError.self) { try signed.adding([line(second, 5)], by: [first.verifier]) }
        #expect(throws: FormatError.self, "a log's line is no cosignature") {
            try signed.adding(signed.note.signatures, by: [Self.log().verifier])
        }
    }

    @Test("a signature of type 06 is ignored, as by an unknown key")
    func mlDSA44() throws {
        let signed = try Self.signed()
        let key = try Self.mlDSA44()
        let line = NoteSignature(name: key.name, keyID: key.id, signature: Array(repeating: 3, count: 8 + 2420))
        let note = try signed.note.appending([line])
        let read = try SignedCheckpoint(note.bytes, verifiedBy: Self.log().verifier)
        #expect(try read.cosigners(among: [key]).isEmpty)
        #expect(throws: FormatError.self) { try signed.adding([line], by: [key]) }
    }

    @Test("a note holds at most 100 signature lines")
    func cap() throws {
        let lines = (0..<100).map { NoteSignature(name: "w\($0)", keyID: [0, 0, 0, 1], signature: [1]) }
        #expect(throws: FormatError.self) { try Self.signed().note.appending(lines) }
        #expect(try Self.signed().note.appending(Array(lines.dropLast())).signatures.count == 100)
    }
}

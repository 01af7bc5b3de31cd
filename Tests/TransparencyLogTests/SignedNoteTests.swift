import Testing

@testable import TransparencyLog

@Suite("signed notes")
struct SignedNoteTests {
    @Test("notes, good and bad", arguments: Vectors.note.notes)
    func notes(_ vector: NoteVectors.Note) throws {
        let bytes = Hex.decode(vector.note_hex.utf8)!
        if let note = vector.note { #expect(Array(note.utf8) == bytes) }
        let keys = try vector.vkeys.map { try VerifierKey($0) }
        if vector.valid {
            let note = try SignedNote(bytes)
            #expect(try note.verified(by: keys) == keys)
            #expect(note.bytes == bytes)
        } else {
            #expect(throws: FormatError.self) { try SignedNote(bytes).verified(by: keys) }
        }
    }

    @Test("the vectors are all there")
    func complete() {
        #expect(Vectors.note.notes.count(where: \.valid) == 4 && Vectors.note.notes.count == 19)
        #expect(Vectors.note.keys.count == 2 && Vectors.note.bad_vkeys.count == 6)
    }

    @Test("keys read back as they are written", arguments: Vectors.note.keys)
    func keys(_ key: Key) throws {
        let signing = try SigningKey(name: key.name, seed: Hex.decode(key.seed.utf8)!)
        #expect(signing.skey == key.skey)
        #expect(signing.verifier.description == key.vkey)
        #expect(Hex.encode(signing.verifier.id) == key.key_id)
        #expect(Hex.encode(signing.verifier.publicKey) == key.public)
        #expect("0x\(signing.verifier.type.code)" == key.type)
        #expect(try SigningKey(skey: #require(key.skey)).verifier == VerifierKey(key.vkey))
        #expect("\(signing)" == key.vkey, "a signing key never shows its secret half")
    }

    @Test("bad verifier keys are refused", arguments: Vectors.note.bad_vkeys)
    func badKeys(_ vkey: String) {
        #expect(throws: FormatError.self) { try VerifierKey(vkey) }
    }

    @Test("a signing key whose parts do not fit is refused without showing it")
    func badSigningKey() throws {
        let skey = try #require(Vectors.note.keys[0].skey)
        for bad in [String(skey.dropLast(4)), String(skey.dropFirst()), skey.replacing("e7ee1f26", with: "e7ee1f27")] {
            let error = #expect(throws: FormatError.self) { try SigningKey(skey: bad) }
            #expect(error?.description.contains("AQCexJSn") == false)
        }
    }

    @Test("signing gives the bytes of the vectors", arguments: Vectors.note.keys)
    func sign(_ key: Key) throws {
        let vectors = try Vectors.note.notes.filter(\.valid).map { try SignedNote(Hex.decode($0.note_hex.utf8)!) }
        let own = try SigningKey(skey: #require(key.skey))
        let lines = vectors.flatMap(\.signatures).filter { $0.isBy(own.verifier) }
        #expect(!lines.isEmpty)
        for line in lines { #expect(try SignedNote(text: vectors[1].text, signedBy: own).signatures == [line]) }
    }

    @Test("a text that no note can carry is not signed", arguments: ["", "a", "a\u{7}\n"])
    func unsignable(_ text: String) throws {
        let key = try SigningKey(skey: #require(Vectors.note.keys[0].skey))
        #expect(throws: FormatError.self) { try SignedNote(text: text, signedBy: key) }
    }

    @Test("base64 has one spelling only", arguments: ["QQ", "QQ=", "QR==", "QQ==\n", "Q===", "QQ=A", "-_==", "===="])
    func base64(_ text: String) {
        #expect(Base64.decode(Array("QQ==".utf8)) == [0x41])
        #expect(Base64.decode(Array(text.utf8)) == nil)
    }
}

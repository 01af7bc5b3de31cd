import Testing

@testable import TransparencyLog

@Suite("signed notes")
struct SignedNoteTests {
    @Test("notes, good and bad", arguments: Vectors.note.notes)
    func notes(_ vector: NoteVectors.Note) throws {
        let bytes = Hex.decode(vector.note_hex.utf8)!
        let keys = try vector.vkeys.map { try VerifierKey($0) }
        if vector.valid {
            let note = try SignedNote(bytes)
            #expect(try note.verified(by: keys) == keys)
            #expect(note.bytes == bytes)
        } else {
            #expect(throws: FormatError.self) { try SignedNote(bytes).verified(by: keys) }
        }
    }

    @Test("keys read back as they are written", arguments: Vectors.note.keys)
    func keys(_ key: Key) throws {
        let signing = try SigningKey(name: key.name, seed: Hex.decode(key.seed.utf8)!)
        #expect(signing.skey == key.skey)
        #expect(signing.verifier.description == key.vkey)
        #expect(Hex.encode(signing.verifier.id) == key.key_id)
        #expect(try SigningKey(skey: key.skey).verifier == VerifierKey(key.vkey))
        #expect("\(signing)" == key.vkey, "a signing key never shows its secret half")
    }

    @Test("bad verifier keys are refused", arguments: Vectors.note.bad_vkeys)
    func badKeys(_ vkey: String) {
        #expect(throws: FormatError.self) { try VerifierKey(vkey) }
    }

    @Test("a signing key whose parts do not fit is refused without showing it")
    func badSigningKey() {
        let skey = Vectors.note.keys[0].skey
        for bad in [String(skey.dropLast(4)), String(skey.dropFirst()), skey.replacing("e7ee1f26", with: "e7ee1f27")] {
            let error = #expect(throws: FormatError.self) { try SigningKey(skey: bad) }
            #expect(error?.description.contains("AQCexJSn") == false)
        }
    }

    @Test("signing gives the bytes of the vectors")
    func sign() throws {
        let note = try SignedNote(Hex.decode(Vectors.note.notes[1].note_hex.utf8)!)
        #expect(try SignedNote(text: note.text, signedBy: SigningKey(skey: Vectors.note.keys[0].skey)) == note)
    }

    @Test("a text that no note can carry is not signed", arguments: ["", "a", "a\u{7}\n"])
    func unsignable(_ text: String) throws {
        let key = try SigningKey(skey: Vectors.note.keys[0].skey)
        #expect(throws: FormatError.self) { try SignedNote(text: text, signedBy: key) }
    }

    @Test("base64 has one spelling only", arguments: ["QQ", "QQ=", "QR==", "QQ==\n", "Q===", "QQ=A", "-_==", "===="])
    func base64(_ text: String) {
        #expect(Base64.decode(Array("QQ==".utf8)) == [0x41])
        #expect(Base64.decode(Array(text.utf8)) == nil)
    }
}

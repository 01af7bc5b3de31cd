import Testing

@testable import Core

@Suite struct AllowedSignersTests {
    private typealias Samples = ApprovalSamples

    @Test("a line gives the person, the groups and the key; a program is known by its group")
    func parse() throws {
        let signers = try Samples.signers()
        #expect(signers.signers.map(\.principal.name) == ["alice", "bob", "carol", "robot"])
        #expect(signers.signers.map(\.principal.kind) == [.human, .human, .human, .automation])
        #expect(signers.signers[1].principal.groups == ["lead", "sre"])
        #expect(signers.signers[2].aliases == ["alice@home"])
        #expect(signers.signers[0].key == (try Samples.key("alice")))
    }

    @Test("who signed follows from the key, for the namespaces of the line only")
    func lookup() throws {
        let signers = try Samples.signers()
        let key = try Samples.key("alice")
        #expect(try signers.signer(of: key, namespace: "belay-plan@v1", at: Samples.now).principal.name == "alice")
        #expect(throws: SignatureRefusal.self) { try signers.signer(of: key, namespace: "file", at: Samples.now) }
        let stranger = try Samples.key("dave")
        let refusal = #expect(throws: SignatureRefusal.self) {
            try signers.signer(of: stranger, namespace: "belay-plan@v1", at: Samples.now)
        }
        #expect(refusal?.code == .unknownKey)
    }

    @Test(
        "valid-after and valid-before are honoured",
        arguments: [
            ("valid-after=\"20261122Z\"", true), ("valid-after=\"202611221200Z\"", true),
            ("valid-after=\"20261122120001Z\"", false), ("valid-before=\"20261122120000Z\"", true),
            ("valid-before=\"20261122115959Z\"", false),
            ("valid-after=\"20260101Z\",valid-before=\"20270101Z\",namespaces=\"belay-plan@v1\"", true),
            ("VALID-BEFORE=\"20260101Z\"", false),
        ])
    func validity(options: String, isValid: Bool) throws {
        let line = "alice \(options) \(try Samples.keyLine("alice"))\n"
        let signers = try AllowedSigners.parse(Array(line.utf8), file: "f")
        let found = try? signers.signer(of: Samples.key("alice"), namespace: "belay-plan@v1", at: Samples.now)
        #expect((found != nil) == isValid)
    }

    @Test(
        "what OpenSSH would act on and Belay does not is refused, with line and column",
        arguments: [
            ("alice cert-authority KEY", "certificate authorities are not supported"),
            ("*@example.com KEY", "not a name"), ("!alice,bob KEY", "not a name"), ("\"alice\" KEY", "not a name"),
            ("alice, KEY", "not a name"), ("ali\u{e9} KEY", "not a name"), ("group:sre KEY", "nobody"),
            ("alice,group: KEY", "without a name"), ("alice namespaces=\"*\" KEY", "without wildcards"),
            ("alice namespaces=\"a,\" KEY", "without wildcards"), ("alice namespaces=belay KEY", "double quotes"),
            ("alice namespaces=\"a\",namespaces=\"b\" KEY", "given twice"),
            ("alice verify-required KEY", "an option of authorized_keys"),
            ("alice no-touch-required,namespaces=\"a\" KEY", "has to be touched"),
            ("alice touch-required KEY", "understood here"),
            ("alice valid-after=\"20261122\" KEY", "not a time in UTC"),
            ("alice valid-after=\"20260231Z\" KEY", "not a time in UTC"),
            ("alice valid-after=\"20270101Z\",valid-before=\"20260101Z\" KEY", "never valid"),
            ("alice namespaces=\"a KEY", "ends with a double quote"), ("alice", "understood here"),
            ("alice ssh-ed25519", "not a line with a public key"), ("alice ssh-ed25519 AAAA", "may sign"),
            ("alice ssh-rsa RAW", "of type ssh-ed25519"), ("alice ssh-dss AAAAB3NzaC1kc3M=", "understood here"),
        ])
    func refused(line: String, says: String) throws {
        let key = try Samples.keyLine("alice")
        let line = line.replacing("KEY", with: key).replacing("RAW", with: key.split(separator: " ")[1])
        let text = "# comment\n\(line)\n"
        let refusal = #expect(throws: Diagnostics.self) { try AllowedSigners.parse(Array(text.utf8), file: "f") }
        #expect(refusal?.description.contains(says) == true, "\(refusal?.description ?? "parsed")")
        #expect(refusal?.all.first?.location.line == 2 && refusal?.all.first?.location.column != nil)
    }

    @Test("a key on two lines would be two people: refused")
    func twice() throws {
        let key = try Samples.keyLine("alice")
        let refusal = #expect(throws: Diagnostics.self) {
            try AllowedSigners.parse(Array("alice \(key)\nbob \(key)\n".utf8), file: "f")
        }
        #expect(refusal?.description.contains("already on line 1") == true)
    }

    @Test(
        "fingerprints are those that ssh-keygen prints",
        arguments: [
            ("alice", "SHA256:Ku/j4NJLcaHq/mcMJLHwR5G0LKU/0hcZxjcbt+cIQMw"),
            ("carol", "SHA256:VX6ELAcPMxaGLKD/RoVUAKG3H0tqLlyuQSzz7WC7zH0"),
            ("dave", "SHA256:R8HYqLsWl8lrhhGmLpprEY1Ih/4cZHBFXe9OeYXW3Lk"),
        ])
    func fingerprint(who: String, fingerprint: String) throws {
        #expect(try Samples.key(who).fingerprint == fingerprint)
    }

    @Test("another encoding of the same RSA key is refused, else one key would be two identities")
    func canonical() throws {
        let blob = try Samples.key("dave").blob
        // type (4 + 7), then the exponent's length and 3 bytes: pad the exponent with a zero byte.
        var padded = blob
        padded.replaceSubrange(11..<15, with: [0, 0, 0, 4])
        padded.insert(0, at: 15)
        #expect(throws: SignatureRefusal.self) { try SSHPublicKey(blob: padded) }
        #expect(throws: SignatureRefusal.self) { try SSHPublicKey(blob: blob + [0]) }
        #expect(throws: SignatureRefusal.self) { try SSHPublicKey(blob: Array(blob.dropLast())) }
    }
}

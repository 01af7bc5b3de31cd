import Testing

@testable import Core

/// The signatures were made with `ssh-keygen -Y sign -n NAMESPACE message.txt`.
@Suite struct SSHSignatureTests {
    private typealias Samples = ApprovalSamples

    @Test("real signatures of each kind of key give key, namespace and hash", arguments: ["alice", "carol", "dave"])
    func real(who: String) throws {
        let signature = try SSHSignature(armored: Samples.bytes("message.\(who).sig"))
        #expect(try signature.publicKey == Samples.key(who))
        #expect(signature.namespace == "belay-plan@v1")
        #expect(signature.hashAlgorithm == "sha512")
    }

    @Test(
        "anything but the exact format is refused",
        arguments: [
            "", "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
            "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n",
            "-----BEGIN SSH SIGNATURE-----\n!!!!\n-----END SSH SIGNATURE-----\n", "-----BEGIN PGP SIGNATURE-----\n",
        ])
    func malformed(text: String) {
        let refusal = #expect(throws: SignatureRefusal.self) { try SSHSignature(armored: Array(text.utf8)) }
        #expect(refusal?.code == .malformed)
    }

    @Test("a cut, a longer and an overlong signature are refused, and no flipped byte crashes the reader")
    func hostile() throws {
        let armored = try Samples.text("message.alice.sig")
        let body = armored.split(separator: "\n").dropFirst().dropLast().joined()
        let blob = try #require(Base64.decode(body))
        func read(_ bytes: [UInt8]) throws -> SSHSignature {
            let text = Array(Base64.encode(bytes))
            let lines = stride(from: 0, to: text.count, by: 70).map { String(text[$0..<min($0 + 70, text.count)]) }
            let armor = ["-----BEGIN SSH SIGNATURE-----"] + lines + ["-----END SSH SIGNATURE-----", ""]
            return try SSHSignature(armored: Array(armor.joined(separator: "\n").utf8))
        }
        #expect(try read(blob).namespace == "belay-plan@v1")
        for count in 0..<blob.count {
            #expect(throws: SignatureRefusal.self) { try read(Array(blob.prefix(count))) }
        }
        #expect(throws: SignatureRefusal.self) { try read(blob + [0]) }
        #expect(throws: SignatureRefusal.self) { try read([UInt8](repeating: 65, count: 20_000)) }
        for index in blob.indices {
            var bytes = blob
            bytes[index] ^= 0xFF
            _ = try? read(bytes)
        }
    }

    @Test("a claim names the signer by key; a signature for another purpose proves nothing")
    func claim() throws {
        let signers = try Samples.signers()
        let message = try Samples.bytes("message.txt")
        let claim = try ClaimedSignature(
            armored: Samples.bytes("message.alice.sig"), over: message, namespace: SignatureNamespace.plan,
            signers: signers,
            at: Samples.now)
        #expect(claim.signer.principal.name == "alice")
        #expect(claim.verified().messageSha256 == Digest.sha256(message))
        for (file, namespace, code) in [
            ("message.bob.file.sig", SignatureNamespace.plan, SignatureRefusal.Code.wrongNamespace),
            ("message.alice.sig", SignatureNamespace.approval, .wrongNamespace),
            ("message.dave.sig", SignatureNamespace.plan, .unknownKey),
        ] {
            let refusal = #expect(throws: SignatureRefusal.self) {
                try ClaimedSignature(
                    armored: Samples.bytes(file), over: message, namespace: namespace, signers: signers, at: Samples.now
                )
            }
            #expect(refusal?.code == code)
        }
    }
}

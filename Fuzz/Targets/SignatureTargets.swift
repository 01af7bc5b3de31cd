import Core

private let now = Timestamp(milliseconds: 1_795_000_000_000)

/// The file's base64 hides its structure from the fuzzer, so that input is taken both ways.
func sshsig(_ bytes: [UInt8]) {
    signature(bytes)
    let body = Base64.encode(bytes)
    let lines = stride(from: 0, to: body.utf8.count, by: 70).map { start in
        String(decoding: body.utf8.dropFirst(start).prefix(70), as: UTF8.self)
    }
    let armour = ["-----BEGIN SSH SIGNATURE-----"] + lines + ["-----END SSH SIGNATURE-----", ""]
    signature(Array(armour.joined(separator: "\n").utf8))
    _ = try? SSHPublicKey(blob: bytes)
}

private func signature(_ armoured: [UInt8]) {
    guard let signature = try? SSHSignature(armored: armoured) else { return }
    expect(signature.namespace.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "a purpose is a printable word")
    expectSame(signature.publicKey)
    let line = "alice \(signature.publicKey.type) \(Base64.encode(signature.publicKey.blob))\n"
    guard let signers = try? AllowedSigners.parse(Array(line.utf8), file: "signers") else {
        return expect(false, "a key that signs can be allowed to")
    }
    let claimed = try? ClaimedSignature(
        armored: armoured, over: [], namespace: signature.namespace, signers: signers, at: now)
    expect((claimed != nil) == signature.isByPresentPerson, "a known key counts when its holder was there")
    let other = try? ClaimedSignature(
        armored: armoured, over: [], namespace: signature.namespace + "x", signers: signers, at: now)
    expect(other == nil, "a signature is for one purpose")
}

func allowedSigners(_ bytes: [UInt8]) {
    do throws(Diagnostics) {
        let signers = try AllowedSigners.parse(bytes, file: "signers").signers
        expect(Set(signers.map(\.key)).count == signers.count, "a key is one person's")
        for signer in signers {
            let names = [signer.principal.name] + signer.aliases + signer.principal.groups
            expect(names.allSatisfy(isWord), "names and groups are printable words")
            expectSame(signer)
        }
    } catch {
        check(error, of: bytes, file: "signers")
    }
}

private func isWord(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } }

/// The first byte says which.
func statement(_ bytes: [UInt8]) {
    let rest = Array(bytes.dropFirst())
    switch bytes.first {
    case UInt8(ascii: "a"):
        guard let approval = try? ApprovalStatement(bytes: rest) else { return }
        expect((try? ApprovalStatement(bytes: approval.encoded())) == approval, "a statement is read as it was meant")
    case UInt8(ascii: "r"):
        guard let resolution = try? Resolution(bytes: rest) else { return }
        expect((try? Resolution(bytes: resolution.encoded())) == resolution, "a statement is read as it was meant")
    case UInt8(ascii: "b"):
        guard let broken = try? BreakGlassStatement(bytes: rest) else { return }
        expect((try? BreakGlassStatement(bytes: broken.encoded())) == broken, "a statement is read as it was meant")
        expect(broken.fault(at: now)?.isEmpty != true, "what is wrong is said")
    case UInt8(ascii: "v"):
        guard let review = try? Review(bytes: rest) else { return }
        expect((try? Review(bytes: review.encoded())) == review, "a statement is read as it was meant")
    case UInt8(ascii: "k"):
        guard let keeping = try? Keeping(bytes: rest) else { return }
        expect((try? Keeping(bytes: keeping.encoded())) == keeping, "a statement is read as it was meant")
        let signed = SignedKeeping(statement: Payload(bytes: rest), signature: "s")
        let kept = try? signed.keeping(of: keeping.run, planSha256: nil, by: keeping.by)
        expect(kept == nil, "what nobody signed keeps nothing")
    default: return
    }
}

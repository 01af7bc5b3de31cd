/// A signature whose key is known and allowed, and which nobody has checked yet.
///
/// The cryptographic check is OpenSSH's: whoever has hands runs
/// `ssh-keygen -Y verify -f allowed_signers -I NAME -n NAMESPACE -s signature < message` and calls ``verified()`` when, and
/// only when, it exits 0. Nothing else makes a ``VerifiedSignature``, so the functions that decide cannot be handed less.
public struct ClaimedSignature: Sendable, Hashable {
    /// Whose key it claims to be made with.
    public let signer: Signer
    /// What it is for.
    public let namespace: String
    private let messageSha256: String

    /// Reads an armoured signature and finds its key.
    ///
    /// - Parameters:
    ///   - armored: the signature file's bytes.
    ///   - message: the bytes that are said to be signed.
    ///   - namespace: what the signature must be for, of ``SignatureNamespace``.
    ///   - signers: who may sign.
    ///   - now: when the key must be valid; give ssh-keygen the same (`-Overify-time=`).
    public init(
        armored: [UInt8], over message: [UInt8], namespace: String, signers: AllowedSigners, at now: Timestamp
    ) throws(SignatureRefusal) {
        let signature = try SSHSignature(armored: armored)
        guard signature.namespace == namespace else {
            throw SignatureRefusal(
                .wrongNamespace, "the signature is for '\(signature.namespace)', not for '\(namespace)'",
                remedy: "Sign again with '-n \(namespace)'")
        }
        signer = try signers.signer(of: signature.publicKey, namespace: namespace, at: now)
        // ssh-keygen reads the flags and does not ask for any: malware could sign while nobody looks.
        guard signature.isByPresentPerson else {
            throw SignatureRefusal(
                .notAllowed, "the security key of \(signer.principal.name) was not touched for this signature",
                remedy: "Sign again and touch it; a key made with 'no-touch-required' cannot sign here")
        }
        self.namespace = namespace
        messageSha256 = Digest.sha256(message)
    }

    /// The signature as a proof. Call it only after `ssh-keygen -Y verify` has accepted it.
    public func verified() -> VerifiedSignature {
        VerifiedSignature(signer: signer, namespace: namespace, messageSha256: messageSha256)
    }
}

/// A signature that OpenSSH has accepted.
public struct VerifiedSignature: Sendable, Hashable {
    /// Who signed.
    public let signer: Signer
    /// What it is for.
    public let namespace: String
    /// SHA-256 of what was signed, hex.
    public let messageSha256: String

    /// For `verified()` alone, and for tests of what comes after it.
    init(signer: Signer, namespace: String, messageSha256: String) {
        self.signer = signer
        self.namespace = namespace
        self.messageSha256 = messageSha256
    }
}

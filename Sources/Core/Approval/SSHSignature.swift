/// An SSH signature as `ssh-keygen -Y sign` writes it (OpenSSH PROTOCOL.sshsig), read just far enough to know whose key
/// and which purpose it claims. Whether it is good is for `ssh-keygen -Y verify` to say.
public struct SSHSignature: Sendable, Hashable {
    /// The key it claims to be made with.
    public let publicKey: SSHPublicKey
    /// What it is for.
    public let namespace: String
    /// `sha256` or `sha512`.
    public let hashAlgorithm: String
    /// False when a security key says that nobody touched it. Always true for other keys, which cannot tell.
    public let isByPresentPerson: Bool

    /// Longer armour is refused unread; an RSA-16384 signature takes 6 KiB.
    static let sizeLimit = 16 << 10

    /// Reads the armoured form.
    public init(armored: [UInt8]) throws(SignatureRefusal) {
        var reader = SSHWireReader(try Self.dearmor(armored))
        guard let magic = reader.take(6), magic == Array("SSHSIG".utf8) else {
            throw Self.fault("it lacks the magic SSHSIG")
        }
        guard reader.number() == 1 else { throw Self.fault("its version is not 1") }
        guard let key = reader.string() else { throw Self.fault("it lacks a public key") }
        publicKey = try SSHPublicKey(blob: key)
        guard let namespace = reader.text(), !namespace.isEmpty else { throw Self.fault("it has no namespace") }
        // Reserved for later by the format, which says to ignore what is in it; it is covered by the signature.
        guard reader.string() != nil else { throw Self.fault("it ends early") }
        guard let hash = reader.text(), ["sha256", "sha512"].contains(hash) else {
            throw Self.fault("its hash is neither sha256 nor sha512")
        }
        guard let signature = reader.string(), !signature.isEmpty else { throw Self.fault("it ends early") }
        guard reader.isAtEnd else { throw Self.fault("bytes follow its end") }
        self.namespace = namespace
        hashAlgorithm = hash
        isByPresentPerson = try publicKey.isOfSecurityKey ? Self.isTouched(signature) : true
    }

    /// OpenSSH PROTOCOL.u2f, SSH U2F signatures: type, signature, a byte of flags as the authenticator signed them (1 = user
    /// present), a counter; of WebAuthn more follows.
    private static func isTouched(_ signature: [UInt8]) throws(SignatureRefusal) -> Bool {
        var reader = SSHWireReader(signature)
        guard reader.text() != nil, reader.string() != nil, let flags = reader.take(1), reader.number() != nil else {
            throw fault("it lacks the flags and counter of a security key")
        }
        return flags[0] & 1 == 1
    }

    private static func dearmor(_ bytes: [UInt8]) throws(SignatureRefusal) -> [UInt8] {
        guard bytes.count <= sizeLimit else { throw fault("it has more than \(sizeLimit) bytes") }
        var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard lines.count >= 3, lines.first == "-----BEGIN SSH SIGNATURE-----",
            lines.last == "-----END SSH SIGNATURE-----"
        else { throw fault("the BEGIN or END line is missing") }
        let body = lines.dropFirst().dropLast()
        guard body.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 76 }), let blob = Base64.decode(body.joined()) else {
            throw fault("its body is not base64 in lines of at most 76")
        }
        return blob
    }

    private static func fault(_ reason: String) -> SignatureRefusal {
        SignatureRefusal(
            .malformed, "this is not an SSH signature: \(reason)", remedy: "Make one with 'ssh-keygen -Y sign'")
    }
}

import Crypto

/// A user's private key, parsed once and shared by all connections. Its secret never shows in a description.
public struct PrivateKey: Sendable {
    enum Secret: Sendable {
        case ed25519(Curve25519.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
        case p384(P384.Signing.PrivateKey)
        case p521(P521.Signing.PrivateKey)
    }

    /// The public half.
    public let publicKey: PublicKey
    let secret: Secret

    /// Reads an unencrypted key file in OpenSSH's format; the file must not be readable by others, as for ssh(1).
    /// Blocks on the file: call it once, before connecting.
    public init(path: String) throws(SSHError) {
        let file = try readFile(path, limit: 65536, what: "key file")
        guard file.mode & 0o077 == 0 else {
            throw SSHError(
                .keyUnreadable, .preparation, host: path, "others can read this private key",
                remedy: "chmod 600 the file; replace the key if others had access")
        }
        try self.init(text: String(decoding: file.bytes, as: UTF8.self), name: path)
    }

    /// The signature's inner part as libssh2 wants it: what follows the algorithm name (RFC 8709, RFC 5656 3.1.2).
    func sign(_ data: [UInt8]) throws -> [UInt8] {
        switch secret {
        case .ed25519(let key): try Array(key.signature(for: data))
        case .p256(let key): Self.ecdsa(try key.signature(for: data).rawRepresentation)
        case .p384(let key): Self.ecdsa(try key.signature(for: data).rawRepresentation)
        case .p521(let key): Self.ecdsa(try key.signature(for: data).rawRepresentation)
        }
    }

    private static func ecdsa(_ raw: some Collection<UInt8>) -> [UInt8] {
        let half = raw.count / 2
        return Wire.mpint(raw.prefix(half)) + Wire.mpint(raw.dropFirst(half))
    }
}

extension PrivateKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The public half.
    public var description: String { publicKey.description }
    /// The public half.
    public var debugDescription: String { description }
    /// Shows the public half only: a dump must not print the secret.
    public var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}

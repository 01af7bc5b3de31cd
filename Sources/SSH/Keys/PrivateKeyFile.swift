import Crypto
import FoundationEssentials

extension PrivateKey {
    /// Parses OpenSSH's private key format (openssh-portable, PROTOCOL.key), unencrypted, with one key in it.
    ///
    /// `name` stands for the key in errors.
    public init(text: String, name: String) throws(SSHError) {
        try self.init(container: Self.container(text, name), name: name)
    }

    /// Parses what the file's base64 stands for.
    package init(container: some Sequence<UInt8>, name: String) throws(SSHError) {
        let outer = try Self.outer(container, name)
        guard outer.cipher == "none" else { throw Self.encrypted(name) }
        publicKey = outer.publicKey
        secret = try Self.parse(outer.secrets, publicKey, name)
    }

    /// The public half of a private key file, which a passphrase does not hide.
    static func publicHalf(text: String, name: String) throws(SSHError) -> PublicKey {
        try outer(container(text, name), name).publicKey
    }

    private static func outer(
        _ container: some Sequence<UInt8>, _ name: String
    ) throws(SSHError) -> (cipher: String, publicKey: PublicKey, secrets: [UInt8]) {
        var reader = WireReader(container)
        guard reader.bytes(magic.count) == magic, let cipher = reader.text(), reader.string() != nil,
            reader.string() != nil, reader.uint32() == 1, let blob = reader.string(), let secrets = reader.string(),
            reader.isAtEnd
        else { throw damaged(name, "its outer structure is cut short or wrong") }
        guard let publicKey = PublicKey(blob: blob) else { throw damaged(name, "its public half is unreadable") }
        return (cipher, publicKey, secrets)
    }

    private static let magic = Array("openssh-key-v1\0".utf8)

    private static func container(_ text: String, _ name: String) throws(SSHError) -> Data {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimming(while: \.isWhitespace) }
        guard let first = lines.firstIndex(of: "-----BEGIN OPENSSH PRIVATE KEY-----"),
            let last = lines.firstIndex(of: "-----END OPENSSH PRIVATE KEY-----"), first < last
        else {
            if lines.contains(where: { $0.hasPrefix("-----BEGIN") && $0.contains("PRIVATE KEY") }) {
                throw SSHError(
                    .keyUnsupported, .preparation, host: name, "an old PEM private key, not OpenSSH's format",
                    remedy: "convert it (ssh-keygen -p -f FILE) or use ssh-agent")
            }
            throw damaged(name, "it has no OpenSSH private key in it")
        }
        guard let data = Data(base64Encoded: lines[(first + 1)..<last].joined()) else {
            throw damaged(name, "its base64 text is damaged")
        }
        return data
    }

    private static func parse(_ secrets: [UInt8], _ publicKey: PublicKey, _ name: String) throws(SSHError) -> Secret {
        var reader = WireReader(secrets)
        guard let check = reader.uint32(), check == reader.uint32(), reader.text() == publicKey.type else {
            throw damaged(name, "its two halves do not belong together")
        }
        let secret =
            publicKey.type == "ssh-ed25519"
            ? ed25519(&reader, publicKey) : try ecdsa(&reader, publicKey, name)
        guard let secret, reader.string() != nil else { throw damaged(name, "its \(publicKey.type) key is invalid") }
        return secret
    }

    private static func ed25519(_ reader: inout WireReader, _ publicKey: PublicKey) -> Secret? {
        guard let point = reader.string(), let pair = reader.string(), pair.count == 64,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: pair.prefix(32)),
            Array(key.publicKey.rawRepresentation) == point,
            publicKey.blob == Wire.string(Array("ssh-ed25519".utf8)) + Wire.string(point)
        else { return nil }
        return .ed25519(key)
    }

    private static func ecdsa(
        _ reader: inout WireReader, _ publicKey: PublicKey, _ name: String
    ) throws(SSHError) -> Secret? {
        let widths = ["nistp256": 32, "nistp384": 48, "nistp521": 66]
        let prefix = "ecdsa-sha2-"
        guard publicKey.type.hasPrefix(prefix), let width = widths[String(publicKey.type.dropFirst(prefix.count))]
        else { throw unsupported(name, publicKey.type) }
        guard let curve = reader.text(), publicKey.type == prefix + curve, let point = reader.string(),
            let scalar = reader.unsigned(width: width),
            publicKey.blob
                == Wire.string(Array(publicKey.type.utf8)) + Wire.string(Array(curve.utf8)) + Wire.string(point)
        else { return nil }
        return nistSecret(curve, scalar, point)
    }

    private static func nistSecret(_ curve: String, _ scalar: [UInt8], _ point: [UInt8]) -> Secret? {
        switch curve {
        case "nistp256":
            let key = try? P256.Signing.PrivateKey(rawRepresentation: scalar)
            return key.flatMap { Array($0.publicKey.x963Representation) == point ? .p256($0) : nil }
        case "nistp384":
            let key = try? P384.Signing.PrivateKey(rawRepresentation: scalar)
            return key.flatMap { Array($0.publicKey.x963Representation) == point ? .p384($0) : nil }
        default:
            let key = try? P521.Signing.PrivateKey(rawRepresentation: scalar)
            return key.flatMap { Array($0.publicKey.x963Representation) == point ? .p521($0) : nil }
        }
    }

    private static func damaged(_ name: String, _ cause: String) -> SSHError {
        SSHError(
            .keyUnreadable, .preparation, host: name, "not a usable private key: \(cause)",
            remedy: "check the path; ssh-keygen -y -f FILE should print its public half")
    }

    private static func encrypted(_ name: String) -> SSHError {
        SSHError(
            .keyEncrypted, .preparation, host: name, "this private key is protected by a passphrase",
            remedy: "load it into ssh-agent (ssh-add FILE) and authenticate through the agent")
    }

    private static func unsupported(_ name: String, _ type: String) -> SSHError {
        SSHError(
            .keyUnsupported, .preparation, host: name, "keys of type \(printable(type.utf8)) are not supported",
            remedy: "use an ed25519 or ecdsa key (ssh-keygen -t ed25519)")
    }
}

extension Substring {
    /// Without the characters at both ends that satisfy `predicate`.
    fileprivate func trimming(while predicate: (Character) -> Bool) -> String {
        var text = drop(while: predicate)
        while let last = text.last, predicate(last) { text.removeLast() }
        return String(text)
    }
}

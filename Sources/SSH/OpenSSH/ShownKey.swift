/// The host key that ssh was shown and was about to look up, as ssh itself tells a KnownHostsCommand (ssh_config(5)).
///
/// ssh's log cannot be believed in this: the node's banner and its SSH_MSG_DEBUG are printed among its lines, newlines
/// included. The arguments of this command come from ssh alone. When ssh goes on to authenticate, the node has proven
/// that it holds the key, and a known_hosts file has it (or the authority that certified it).
struct ShownKey: Sendable, Equatable {
    /// As it was shown, perhaps a certificate's.
    let type: String
    /// The key itself, also when it was shown in a certificate.
    let key: PublicKey
    /// Who has certified it, if it was shown in a certificate.
    let authority: PublicKey?
    /// Whom ssh takes the node for, after its configuration was applied.
    let host: String
    let port: UInt16

    static let limit = 1 << 20

    /// Type and fingerprint; a certificate's are those of the key in it, so that a renewed one is still the same.
    var hostKey: HostKey { HostKey(key) }

    /// A KnownHostsCommand that knows no key, but writes down what it is asked; then it does what the user's own one
    /// would have done, whose words are split and expanded by ssh in the same way.
    static func recorder(file: String, then own: String?) -> String {
        let script = #"echo "$1 $2 $3 $4 $5 $6" >>"$0" && shift 6 && { [ $# = 0 ] || exec "$@"; }"#
        return "/bin/sh -c '\(script)' \(file) %I %t %f %K %h %p" + (own.map { " " + $0 } ?? "")
    }

    /// The last key looked up by the host's name.
    init?(record: String) {
        let lines = record.split(separator: "\n").map { $0.split(separator: " ") }
        guard let line = lines.last(where: { $0.first == "HOSTNAME" }), line.count == 6, let port = UInt16(line[5]),
            let shown = PublicKey(base64: String(line[3])), shown.type == line[1]
        else { return nil }
        type = shown.type
        let certificate = type.hasSuffix(HostCertificate.suffix) ? HostCertificate(shown) : nil
        key = certificate?.key ?? shown
        authority = certificate?.authority
        // What ssh calls a certificate's fingerprint is that of its key.
        guard key.fingerprint == line[2] else { return nil }
        host = String(line[4])
        self.port = port
    }
}

/// What we need of a certificate of OpenSSH (PROTOCOL.certkeys); ssh has verified it.
struct HostCertificate {
    static let suffix = "-cert-v01@openssh.com"

    /// The key that it is about.
    let key: PublicKey
    /// Who has signed it.
    let authority: PublicKey

    /// How many fields a key has, besides its type's name.
    private static let fields = [
        "ssh-ed25519": 1, "sk-ssh-ed25519": 2, "ecdsa-sha2-nistp256": 2, "ecdsa-sha2-nistp384": 2,
        "ecdsa-sha2-nistp521": 2, "sk-ecdsa-sha2-nistp256": 3, "ssh-rsa": 2,
    ]

    init?(_ certificate: PublicKey) {
        let name = String(certificate.type.dropLast(Self.suffix.count))
        var reader = WireReader(certificate.blob)
        // Its type and a nonce, then the key's own fields.
        guard let count = Self.fields[name], reader.string() != nil, reader.string() != nil else { return nil }
        // The names of FIDO keys are OpenSSH's own.
        var blob = Wire.string(Array((name.hasPrefix("sk-") ? name + "@openssh.com" : name).utf8))
        for _ in 0..<count {
            guard let field = reader.string() else { return nil }
            blob += Wire.string(field)
        }
        // Serial and kind; name, principals; validity; options, extensions, reserved; then the signer.
        guard reader.bytes(12) != nil, reader.string() != nil, reader.string() != nil, reader.bytes(16) != nil,
            reader.string() != nil, reader.string() != nil, reader.string() != nil, let signer = reader.string(),
            let key = PublicKey(blob: blob), let authority = PublicKey(blob: signer)
        else { return nil }
        self.key = key
        self.authority = authority
    }
}

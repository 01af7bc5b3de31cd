/// One line of a known_hosts file: marker, names, type, key, comment; sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
struct KnownHostsLine {
    enum Names {
        case hashed(salt: [UInt8], hash: [UInt8])
        case patterns(HostPatterns)
    }

    let role: KnownHosts.Role
    let names: Names
    let key: PublicKey

    /// What the line's bytes say; nil when ssh(1) would make nothing of them either.
    init?(_ line: ArraySlice<UInt8>) {
        // Everything ends at a NUL where C reads it.
        var rest = Self.trimmed(line.prefix { $0 != 0 })
        guard let role = Self.role(&rest), let names = Self.names(Self.word(&rest)),
            let key = Self.key(type: Self.word(&rest), base64: Self.word(&rest))
        else { return nil }
        (self.role, self.names) = (role, names)
        // Who revokes a certificate revokes its key, as for ssh(1).
        self.key = role == .revoked ? key.certified ?? key : key
    }

    /// Nothing to read: blank, or a comment.
    static func isBlank(_ line: ArraySlice<UInt8>) -> Bool {
        let first = trimmed(line).first
        return first == nil || first == UInt8(ascii: "#") || first == 0
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> { line.drop(while: isSpace) }

    private static func word(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let word = rest.prefix { !isSpace($0) }
        rest = trimmed(rest[word.endIndex...])
        return word
    }

    /// At most one marker, and none that we do not know.
    private static func role(_ rest: inout ArraySlice<UInt8>) -> KnownHosts.Role? {
        guard rest.first == UInt8(ascii: "@") else { return .trusted }
        let marker = String(decoding: word(&rest), as: UTF8.self)
        guard rest.first != UInt8(ascii: "@") else { return nil }
        return switch marker {
        case "@revoked": .revoked
        case "@cert-authority": .authority
        default: nil
        }
    }

    private static func names(_ word: ArraySlice<UInt8>) -> Names? {
        let bar = UInt8(ascii: "|")
        guard word.first == bar else { return HostPatterns(word).map(Names.patterns) }
        let parts = word.split(separator: bar, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[1].elementsEqual("1".utf8), let salt = Base64.decode(parts[2]),
            let hash = Base64.decode(parts[3]), salt.count == 20, hash.count == 20
        else { return nil }
        return .hashed(salt: salt, hash: hash)
    }

    private static func key(type: ArraySlice<UInt8>, base64: ArraySlice<UInt8>) -> PublicKey? {
        // A carriage return at the line's end is of no account.
        guard let blob = Base64.decode(base64.filter { !(0x09...0x0D).contains($0) }),
            let key = PublicKey(blob: blob)?.normalized
        else { return nil }
        return type.elementsEqual(key.type.utf8) ? key : nil
    }
}

extension PublicKey {
    /// The key as it is compared: nil when it is not a key of its type (RFC 4253, 6.6; RFC 5656, 3.1; RFC 8709, 4). Of types
    /// that are not known here nothing is asked.
    var normalized: PublicKey? {
        var reader = WireReader(blob)
        guard reader.string() != nil else { return nil }
        switch type {
        case "ssh-ed25519": return reader.string()?.count == 32 && reader.isAtEnd ? self : nil
        case "ecdsa-sha2-nistp256": return isPoint(&reader, "nistp256", 32) ? self : nil
        case "ecdsa-sha2-nistp384": return isPoint(&reader, "nistp384", 48) ? self : nil
        case "ecdsa-sha2-nistp521": return isPoint(&reader, "nistp521", 66) ? self : nil
        case "ssh-rsa": return Self.rsa(&reader)
        default: return self
        }
    }

    /// The key that this certificate is for (openssh-portable, PROTOCOL.certkeys): after a nonce, its fields follow.
    var certified: PublicKey? {
        let suffix = "-cert-v01@openssh.com"
        guard type.hasSuffix(suffix) else { return nil }
        let plain = String(type.dropLast(suffix.count))
        var reader = WireReader(blob)
        guard reader.string() != nil, reader.string() != nil, let first = reader.string() else { return nil }
        let fields = plain == "ssh-ed25519" ? [first] : [first, reader.string() ?? []]
        return PublicKey(blob: Wire.string(Array(plain.utf8)) + fields.flatMap { Wire.string($0) })?.normalized
    }

    private func isPoint(_ reader: inout WireReader, _ curve: String, _ width: Int) -> Bool {
        reader.text() == curve && reader.string().map { $0.count == 2 * width + 1 && $0[0] == 4 } == true
            && reader.isAtEnd
    }

    /// Without superfluous zeros, which would make one key look like two; not under 1024 bits, as for ssh(1).
    private static func rsa(_ reader: inout WireReader) -> PublicKey? {
        guard let exponent = reader.positive(), let modulus = reader.positive(), reader.isAtEnd,
            PublicKey.bitWidth(modulus) >= 1024
        else { return nil }
        return PublicKey(blob: Wire.string(Array("ssh-rsa".utf8)) + Wire.mpint(exponent) + Wire.mpint(modulus))
    }

    static func bitWidth(_ magnitude: [UInt8]) -> Int {
        let digits = magnitude.drop { $0 == 0 }
        return digits.first.map { digits.count * 8 - $0.leadingZeroBitCount } ?? 0
    }
}

import Crypto
import Foundation

@testable import SSH

/// Makes known_hosts files, sound and unsound, out of few names, so that many lines match.
struct KnownHostsMaker {
    /// Names to look up.
    static let lookups = [
        "alpha", "beta", "gamma.example.org", "a.b.example.org", "10.0.0.1", "::1", "[alpha]:2222", "[::1]:2222",
        "[gamma.example.org]:22", "[10.0.0.1]:2222",
    ]
    private static let patterns = [
        "*", "*.example.org", "al?ha", "[*]:2222", "[alpha]:*", "10.0.0.*", "!alpha", "!*.example.org", "!10.0.0.?",
        "?",
        "a*a", "**", "[*.example.org]:22", "", "!", "!!alpha", "ALPHA", "Gamma.Example.ORG", "[ALPHA]:2222", "älpha",
        "zeta", String(repeating: "*", count: 1022), String(repeating: "*", count: 1023),
        "!" + String(repeating: "z", count: 1024), String(repeating: "z", count: 900),
    ]

    let keys: [PublicKey]
    private var random: SeededGenerator

    init(keys: [PublicKey], seed: UInt64) {
        self.keys = keys
        random = SeededGenerator(seed: seed)
    }

    mutating func file(lines: Int) -> String {
        let ending = random.chance(30) ? "\r\n" : "\n"
        return (0..<lines).map { _ in line() + ending }.joined()
    }

    private mutating func line() -> String {
        if random.chance(8) {
            return random.pick(["", " ", "\t", "# alpha", " #", "alpha", "alpha ssh-ed25519", "@revoked"])
        }
        let marker =
            random.chance(70)
            ? ""
            : random.pick(
                [
                    "@revoked ", "@revoked ", "@revoked \t", "@cert-authority ", "@other ", "@revoked @revoked ",
                    "@REVOKED ", "@ ",
                ])
        return random.pick(["", "", "", " ", "\t"]) + marker + names() + space() + key()
            + random.pick(["", "", " comment", "\tcomment # more", " alpha,beta", "  "])
    }

    private mutating func space() -> String { random.pick([" ", " ", " ", "\t", "  ", " \t "]) }

    // MARK: Names

    private mutating func names() -> String {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<3: random.pick(Self.lookups)
        case 3..<6: hashed()
        default:
            (0..<Int.random(in: 1...4, using: &random)).map { _ in
                random.chance(40) ? random.pick(Self.lookups) : random.pick(Self.patterns)
            }.joined(separator: ",")
        }
    }

    private mutating func hashed() -> String {
        let name = random.pick(Self.lookups)
        let salt = random.bytes(random.chance(90) ? 20 : random.pick([0, 19, 21, 64]))
        let shown = random.chance(95) ? name : name.uppercased()
        let hash = Data(HMAC<Insecure.SHA1>.authenticationCode(for: Data(shown.utf8), using: SymmetricKey(data: salt)))
        let text = "|1|\(Data(salt).base64EncodedString())|\(hash.base64EncodedString())"
        guard random.chance(15) else { return text }
        return random.pick([
            text + "|", text + "=", String(text.dropLast()), "|2" + text.dropFirst(2), text + "," + name,
            name + "," + text,
            text.replacingOccurrences(of: "=|", with: "|"), "|1|" + text, "||" + text.dropFirst(), "|", "|1|", "|1||",
            Self.respelled(text),
        ])
    }

    /// Base64 of the same value with bits set that do not count.
    private static func respelled(_ text: String) -> String {
        guard text.hasSuffix("="), let last = text.dropLast().last?.asciiValue else { return text }
        return text.dropLast(2) + String(UnicodeScalar(last + 1)) + "="
    }

    // MARK: Keys

    private mutating func key() -> String {
        let key = random.pick(keys)
        guard random.chance(20) else { return key.type + space() + key.base64 }
        return random.pick([
            "\(random.pick(keys).type) \(key.base64)", "\(key.type) \(key.base64.dropLast(3))",
            "\(key.type) \(key.base64.dropLast())", "\(key.type) \(key.base64)=",
            "\(key.type) \(Self.respelled(key.base64))",
            "\(key.type) #\(key.base64)", "\(key.type)", "", "# \(key.type) \(key.base64)", "1024 35 1234567890",
            "\(key.type.uppercased()) \(key.base64)", "\(key.type) \(Data(key.blob + [0]).base64EncodedString())",
            "\(key.type) \(Data(key.blob.dropLast()).base64EncodedString())", key.base64, "ED25519 \(key.base64)",
            Self.rsa(modulus: [0] + random.bytes(128)), Self.rsa(modulus: [0, 0, 0x80] + random.bytes(127)),
            Self.rsa(modulus: [0x80] + random.bytes(127)), Self.rsa(modulus: [0x7F] + random.bytes(127)),
            Self.rsa(modulus: [0x01] + random.bytes(127)), Self.rsa(modulus: []),
        ])
    }

    private static func rsa(modulus: [UInt8]) -> String {
        let blob = Wire.string(Array("ssh-rsa".utf8)) + Wire.string([1, 0, 1]) + Wire.string(modulus)
        return "ssh-rsa \(Data(blob).base64EncodedString())"
    }
}

import Crypto
import Foundation
import Testing

@testable import Core
@testable import Engine

/// Signatures as FIDO authenticators make them, checked by the real `ssh-keygen -Y verify`.
@Suite("security keys", .timeLimit(.minutes(5)))
struct SecurityKeyTests {
    private static let namespace = SignatureNamespace.approval
    private let message = Array("what was approved".utf8)
    private let now = SystemClock().now()

    private func verify(_ signature: [UInt8], _ key: StandInKey, over message: [UInt8]) async throws -> Signer {
        let line = "bob,group:sre \(key.type) \(Base64.encode(key.blob))\n"
        let signers = Guardrails.Signers(
            list: try AllowedSigners.parse(Array(line.utf8), file: "allowed_signers"), bytes: Array(line.utf8))
        return try await SSHKeygen().verify(
            signature, over: message, namespace: Self.namespace, signers: signers, at: now
        ).signer
    }

    private func refusal(
        _ signature: [UInt8], _ key: StandInKey, over message: [UInt8]
    ) async throws -> SignatureRefusal.Code? {
        await #expect(throws: SignatureRefusal.self) { _ = try await verify(signature, key, over: message) }?.code
    }

    @Test("a touched key's signature is its owner's", arguments: [StandInKey.ed25519(), .ecdsa()])
    func touched(key: StandInKey) async throws {
        let signature = try key.sign(message, Self.namespace, flags: 1)
        #expect(try await verify(signature, key, over: message).principal.name == "bob")
        #expect(try await refusal(signature, key, over: message + [10]) == .mismatch)
    }

    @Test(
        "one made without a touch is refused, and to claim the touch does not help",
        arguments: [StandInKey.ed25519(), .ecdsa()])
    func untouched(key: StandInKey) async throws {
        let untouched = try key.sign(message, Self.namespace, flags: 0)
        #expect(try await refusal(untouched, key, over: message) == .notAllowed)
        let claimed = try key.sign(message, Self.namespace, flags: 0, claiming: 1)
        #expect(try await refusal(claimed, key, over: message) == .mismatch)
    }

    @Test("a signature without flags and counter is none of a security key")
    func cut() async throws {
        let key = StandInKey.ed25519()
        let cut = try key.sign(message, Self.namespace, flags: 1, cutting: 5)
        #expect(try await refusal(cut, key, over: message) == .malformed)
    }
}

/// What stands in for an authenticator: a key in memory that signs what an authenticator signs (OpenSSH PROTOCOL.sshsig and
/// PROTOCOL.u2f): the application's hash, flags, a counter, and the hash of what SSH has it sign.
struct StandInKey: Sendable, CustomTestStringConvertible {
    let type: String
    /// The public key as SSH encodes it (PROTOCOL.u2f, SSH U2F key formats).
    let blob: [UInt8]
    private let signing: @Sendable ([UInt8]) throws -> [UInt8]

    private static let application = "ssh:"
    var testDescription: String { type }

    static func ed25519() -> StandInKey {
        let key = Curve25519.Signing.PrivateKey()
        let type = "sk-ssh-ed25519@openssh.com"
        let blob = string(type) + string(Array(key.publicKey.rawRepresentation)) + string(application)
        return StandInKey(type: type, blob: blob) { Array(try key.signature(for: $0)) }
    }

    static func ecdsa() -> StandInKey {
        let key = P256.Signing.PrivateKey()
        let type = "sk-ecdsa-sha2-nistp256@openssh.com"
        let point = Array(key.publicKey.x963Representation)
        let blob = string(type) + string("nistp256") + string(point) + string(application)
        return StandInKey(type: type, blob: blob) {
            let raw = Array(try key.signature(for: $0).rawRepresentation)
            return mpint(raw.prefix(32)) + mpint(raw.suffix(32))
        }
    }

    /// - Parameters:
    ///   - claiming: the flags that stand in the signature, when they are not those that were signed.
    ///   - cutting: so many bytes are missing at its end.
    func sign(
        _ message: [UInt8], _ namespace: String, flags: UInt8, claiming: UInt8? = nil, cutting: Int = 0
    ) throws -> [UInt8] {
        let counter: [UInt8] = [0, 0, 0, 7]
        let header = Self.string(namespace) + Self.string("") + Self.string("sha512")
        let signed = Array("SSHSIG".utf8) + header + Self.string(Array(SHA512.hash(data: message)))
        let asked =
            Array(SHA256.hash(data: Array(Self.application.utf8))) + [flags] + counter
            + Array(SHA256.hash(data: signed))
        let signature = Self.string(type) + Self.string(try signing(asked)) + [claiming ?? flags] + counter
        let blob =
            Array("SSHSIG".utf8) + [0, 0, 0, 1] + Self.string(self.blob) + header
            + Self.string(Array(signature.dropLast(cutting)))
        let text = Array(Base64.encode(blob))
        let lines = stride(from: 0, to: text.count, by: 70).map { String(text[$0..<min($0 + 70, text.count)]) }
        let armor = ["-----BEGIN SSH SIGNATURE-----"] + lines + ["-----END SSH SIGNATURE-----", ""]
        return Array(armor.joined(separator: "\n").utf8)
    }

    private static func string(_ text: String) -> [UInt8] { string(Array(text.utf8)) }

    private static func string(_ bytes: [UInt8]) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (24 - 8 * $0)) } + bytes
    }

    private static func mpint(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let digits = Array(bytes.drop { $0 == 0 })
        return string((digits.first ?? 0) >= 0x80 ? [0] + digits : digits)
    }
}

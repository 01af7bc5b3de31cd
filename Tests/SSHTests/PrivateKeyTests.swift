import Crypto
import Foundation
import Testing

@testable import SSH

@Suite("Private key files")
struct PrivateKeyTests {
    @Test(
        "keys made by ssh-keygen are read, and their signatures verify",
        arguments: [("ed25519", nil), ("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521)] as [(String, Int?)])
    func roundTrip(_ type: String, _ bits: Int?) async throws {
        let folder = try TemporaryFolder()
        // Repeated for ecdsa, because short scalars and high bits change the encoding.
        for index in 0..<(bits == nil ? 1 : 8) {
            let path = try await makeKey(folder, "key\(index)", type: type, bits: bits)
            let key = try PrivateKey(path: path)
            #expect(try key.publicKey == publicKey(path))
            try expectValid(try key.sign([1, 2, 3]), by: key)
        }
    }

    private func expectValid(_ signature: [UInt8], by key: PrivateKey) throws {
        let data: [UInt8] = [1, 2, 3]
        var reader = WireReader(signature)
        func raw(_ width: Int) throws -> [UInt8] {
            try requireValue(reader.unsigned(width: width)) + requireValue(reader.unsigned(width: width))
        }
        switch key.secret {
        case .ed25519(let key): #expect(key.publicKey.isValidSignature(signature, for: data))
        case .p256(let key):
            #expect(key.publicKey.isValidSignature(try .init(rawRepresentation: raw(32)), for: data))
        case .p384(let key):
            #expect(key.publicKey.isValidSignature(try .init(rawRepresentation: raw(48)), for: data))
        case .p521(let key):
            #expect(key.publicKey.isValidSignature(try .init(rawRepresentation: raw(66)), for: data))
        }
    }

    @Test("a fingerprint is the one ssh-keygen shows")
    func fingerprint() throws {
        let key = try #require(
            PublicKey(base64: "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"))
        #expect(key.description == "ssh-ed25519 SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA")
    }

    @Test("a passphrase-protected key says to use the agent")
    func encrypted() async throws {
        let folder = try TemporaryFolder()
        let path = try await makeKey(folder, "key", type: "ed25519", passphrase: "secret")
        let error = #expect(throws: SSHError.self) { try PrivateKey(path: path) }
        #expect(error?.code == .keyEncrypted)
        #expect(error?.remedy.contains("ssh-add") == true)
    }

    @Test("an RSA key is refused by name")
    func rsa() async throws {
        let folder = try TemporaryFolder()
        let path = try await makeKey(folder, "key", type: "rsa", bits: 2048)
        let error = #expect(throws: SSHError.self) { try PrivateKey(path: path) }
        #expect(error?.code == .keyUnsupported)
        #expect(error?.message.contains("ssh-rsa") == true)
    }

    @Test("a key file that others can read is refused")
    func permissions() async throws {
        let folder = try TemporaryFolder()
        let path = try await makeKey(folder, "key", type: "ed25519")
        chmod(path, 0o644)
        #expect(throws: SSHError.self) { try PrivateKey(path: path) }
    }

    @Test("a missing file and an old PEM file say what they are")
    func otherFiles() throws {
        let missing = #expect(throws: SSHError.self) { try PrivateKey(path: "/nonexistent/key") }
        #expect(missing?.message.contains("No such file") == true)
        let pem = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"
        #expect(throws: SSHError.self) { try PrivateKey(text: pem, name: "pem") }
    }

    @Test("a damaged file is refused at every length and every changed byte, and never crashes")
    func damaged() async throws {
        let folder = try TemporaryFolder()
        let path = try await makeKey(folder, "key", type: "ecdsa", bits: 256)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let data = try #require(Data(base64Encoded: text.split(separator: "\n").dropFirst().dropLast().joined()))
        for length in 0..<data.count - 20 { #expect(throws: SSHError.self) { try parse(data.prefix(length)) } }
        for index in data.indices {
            var changed = data
            changed[index] ^= 0x41
            // Comment and padding carry nothing: such a key is still the same key.
            if let key = try? parse(changed) { #expect(try key.publicKey == publicKey(path)) }
        }
    }

    private func parse(_ data: Data) throws -> PrivateKey {
        let body = data.base64EncodedString()
        return try PrivateKey(
            text: "-----BEGIN OPENSSH PRIVATE KEY-----\n\(body)\n-----END OPENSSH PRIVATE KEY-----\n", name: "test")
    }

    @Test("a description or dump never holds the secret")
    func secrecy() async throws {
        let folder = try TemporaryFolder()
        let key = try PrivateKey(path: try await makeKey(folder, "key", type: "ed25519"))
        var text = "\(key) \(String(reflecting: key)) \(Credentials.key(key))"
        dump(key, to: &text)
        guard case .ed25519(let secret) = key.secret else { throw Missing() }
        #expect(!text.contains("Curve25519"))
        #expect(!text.contains(secret.rawRepresentation.base64EncodedString()))
    }
}

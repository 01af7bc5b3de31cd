import Foundation
import Testing

@testable import SSH

/// What went wrong in libssh2 before, tried on the one that is linked. `./check-deep sanitize` runs this with its memory watched.
@Suite("Advisories of libssh2", .serialized, .timeLimit(.minutes(2)))
struct AdvisoryTests {
    private static let banner = Array("SSH-2.0-Test_1\r\n".utf8)

    /// A packet before any encryption, whatever length it claims to have (RFC 4253, section 6).
    private static func packet(_ payload: [UInt8], length: Int? = nil, padding: UInt8 = 4) -> [UInt8] {
        Wire.uint32(length ?? payload.count + 5) + [padding] + payload + [0, 0, 0, 0]
    }

    private static let lists = [
        "curve25519-sha256", "ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256", "none",
        "none", "", "",
    ]
    /// SSH_MSG_KEXINIT.
    private static func offer(_ lists: [String] = lists) -> [UInt8] {
        [20] + [UInt8](repeating: 7, count: 16) + lists.flatMap { Wire.string(Array($0.utf8)) } + [0, 0, 0, 0, 0]
    }

    struct Lie: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
    }

    private static let lengths = ([0, 1, 3, 35_001, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFB, 0xFFFF_FFFF] as [Int]).map {
        Lie(testDescription: "a packet of \($0) bytes", bytes: packet([UInt8](repeating: 20, count: 64), length: $0))
    }
    private static let paddings = [UInt8(64), 255].map {
        Lie(testDescription: "padding of \($0) in a packet of 16", bytes: packet([20], length: 12, padding: $0))
    }
    private static let offers = [
        Lie(
            testDescription: "a list of names longer than its packet",
            bytes: packet([20] + [UInt8](repeating: 7, count: 16) + Wire.uint32(0xFFFF_FFF0) + [0, 0, 0, 0])),
        Lie(
            testDescription: "a disconnect whose reason is longer than its packet",
            bytes: packet([1, 0, 0, 0, 2] + Wire.uint32(0xFFFF_FFFF) + [UInt8(ascii: "x")])),
        // A loop over as many extensions as a packet claims to have held up who read it.
        Lie(
            testDescription: "four billion extensions",
            bytes: packet(offer()) + packet([7] + Wire.uint32(0xFFFF_FFFF)) + packet([7] + Wire.uint32(0xFFFF_FFFF))),
        Lie(
            testDescription: "a group exchange of endless values",
            bytes: packet(offer(["diffie-hellman-group-exchange-sha256"] + lists.dropFirst()))
                + packet([31] + Wire.uint32(0xFFFF_FFFF) + Wire.uint32(0xFFFF_FFFF))),
        Lie(
            testDescription: "a debug message longer than its packet",
            bytes: packet(offer()) + packet([4, 1] + Wire.uint32(0xFFFF_FFFF) + [UInt8(ascii: "x")])),
        Lie(
            testDescription: "a key exchange of empty and endless values",
            bytes: packet(offer()) + packet([31] + Wire.uint32(0) + Wire.uint32(0xFFFF_FFFF) + Wire.uint32(7))),
    ]

    @Test(
        "what lies about its length before anybody is authenticated ends the connection, at its deadline at the latest",
        arguments: lengths + paddings + offers)
    func lie(_ lie: Lie) async throws {
        let server = try FakeServer(sends: Self.banner + lie.bytes)
        let loops = try LoopGroup(count: 1)
        var options = Options()
        options.handshakeTimeout = .seconds(3)
        let start = Instant.now
        let error = await #expect(throws: SSHError.self) {
            _ = try await SSHConnection.connect(
                to: Endpoint(host: "127.0.0.1", port: server.port, user: "u"), using: Credentials([]),
                knownHosts: KnownHosts(), options: options, on: loops)
        }
        // The loop was not kept from its timers: billions of turns of one take a minute and more. A loaded machine is slow, too.
        #expect(Instant.now - start < .seconds(50), "\(lie.testDescription)")
        #expect(
            error.map { [.banner, .keyExchange, .hostKey].contains($0.phase) } == true, "\(String(describing: error))")
        await loops.shutdown()
    }

    @Test("neither ChaCha20 nor encrypt-then-MAC nor anything with SHA-1 is offered, whatever libssh2 could do")
    func algorithms() {
        let all = LibSSH2.keyExchanges + LibSSH2.ciphers + LibSSH2.macs
        for word in ["chacha20", "-etm", "sha1", "-cbc", "arcfour", "md5", "ssh-dss", "none"] {
            #expect(!all.contains { $0.contains(word) }, "\(word)")
        }
        #expect(!LibSSH2.supported.isEmpty)
    }

    @Test(
        "of libssh2 only what runs commands is used: no SFTP, no SCP, no publickey subsystem, no X11, no agent forwarding"
    )
    func surface() throws {
        let sources = URL(fileURLWithPath: #filePath).appending(path: "../../../Sources").standardizedFileURL
            .resolvingSymlinksInPath()
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var used: Set<String> = []
        for case let file as URL in files where file.pathExtension == "swift" {
            used.formUnion(
                try String(contentsOf: file, encoding: .utf8).matches(of: /libssh2_\w+/).map { String($0.0) })
        }
        #expect(used.contains("libssh2_session_handshake"))
        for word in [
            "sftp", "scp", "publickey_init", "publickey_list", "x11", "request_auth_agent", "userauth_password",
            "userauth_hostbased", "knownhost", "agent_",
        ] {
            #expect(!used.contains { $0.contains(word) }, "\(word)")
        }
    }
}

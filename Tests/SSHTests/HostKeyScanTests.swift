import Foundation
import Testing

@testable import SSH

@Suite("Asking a real sshd for its host keys", .serialized, .timeLimit(.minutes(3)))
struct HostKeyScanTests {
    private func scan(_ endpoint: Endpoint, _ options: Options = Options()) async throws -> [PublicKey] {
        let loops = try LoopGroup(count: 1)
        do {
            let keys = try await HostKeyScan.keys(of: endpoint, options: options, on: loops)
            await loops.shutdown()
            return keys
        } catch {
            await loops.shutdown()
            throw error
        }
    }

    @Test("each key it has is shown, best first, and nobody logs in")
    func all() async throws {
        let server = try await TestServer(extra: "LogLevel VERBOSE")
        let expected = try ["ed25519", "ecdsa"].map { try publicKey("\(server.folder.path)/host_\($0)") }
        #expect(try await scan(server.endpoint) == expected)
        let log = try server.folder.read("log")
        #expect(!log.contains("Accepted") && !log.contains("Failed") && !log.contains("Postponed"))
    }

    @Test("types it does not have are left out")
    func some() async throws {
        let server = try await TestServer(hostKeys: ["ecdsa"])
        #expect(try await scan(server.endpoint) == [try publicKey("\(server.folder.path)/host_ecdsa")])
    }

    @Test("a node with no key exchange in common is said to have none, not to have no keys")
    func nothing() async throws {
        let server = try await TestServer(extra: "Ciphers chacha20-poly1305@openssh.com")
        let error = await #expect(throws: SSHError.self) { _ = try await scan(server.endpoint) }
        #expect(error?.code == .noCommonAlgorithm)
    }

    @Test("what cannot be reached, or does not speak SSH, is an error at once and not for each type")
    func unreachable() async throws {
        let refused = await #expect(throws: SSHError.self) {
            _ = try await scan(Endpoint(host: "127.0.0.1", port: try freePort(), user: "u"))
        }
        #expect(refused?.code == .unreachable)
        let fake = try FakeServer(sends: Array("Exceeded MaxStartups\r\n".utf8), closes: true)
        let banner = await #expect(throws: SSHError.self) {
            _ = try await scan(Endpoint(host: "127.0.0.1", port: fake.port, user: "u"))
        }
        #expect(banner?.phase == .banner)
    }
}

import Foundation
import Testing

@testable import SSH

@Suite("Connecting to a real sshd", .serialized, .timeLimit(.minutes(3)))
struct ConnectTests {
    private func connect(
        _ server: TestServer, _ credentials: Credentials, _ hosts: KnownHosts, endpoint: Endpoint? = nil
    ) async throws -> HostKey {
        let loops = try LoopGroup(count: 1)
        do {
            let connection = try await SSHConnection.connect(
                to: endpoint ?? server.endpoint, using: credentials, knownHosts: hosts, on: loops)
            await connection.close()
            await loops.shutdown()
            return connection.hostKey
        } catch {
            await loops.shutdown()
            throw error
        }
    }

    @Test(
        "each kind of user key logs in, and the verified host key is shown",
        arguments: [("ed25519", nil), ("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521)] as [(String, Int?)])
    func userKeys(_ type: String, _ bits: Int?) async throws {
        let server = try await TestServer()
        let path = try await makeKey(server.folder, "other", type: type, bits: bits)
        try server.authorize(path)
        let shown = try await connect(server, .key(PrivateKey(path: path)), server.knownHosts())
        #expect(try shown == HostKey(publicKey("\(server.folder.path)/host_ed25519")))
    }

    @Test(
        "a host known by ed25519 that also offers ecdsa, or the other way round, is verified by the known key",
        .acceptance(.hostKeys),
        arguments: OpenSSHVersion.available)
    func knownType(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version)
        for type in ["ed25519", "ecdsa"] {
            let shown = try await connect(server, .key(PrivateKey(path: server.userKey)), server.knownHosts([type]))
            #expect(try shown == HostKey(publicKey("\(server.folder.path)/host_\(type)")))
        }
    }

    @Test("a host name is resolved off the loop")
    func names() async throws {
        let server = try await TestServer()
        let endpoint = Endpoint(
            host: "localhost", port: server.port, user: server.endpoint.user, hostKeyAlias: "[127.0.0.1]:\(server.port)"
        )
        _ = try await connect(server, .key(PrivateKey(path: server.userKey)), server.knownHosts(), endpoint: endpoint)
    }

    @Test("an unknown host is refused before authentication, with its fingerprint")
    func unknownHost() async throws {
        let server = try await TestServer()
        let error = await #expect(throws: SSHError.self) {
            _ = try await connect(server, .key(PrivateKey(path: server.userKey)), KnownHosts())
        }
        #expect(error?.code == .hostUnknown)
        #expect(error?.phase == .hostKey)
        let shown = try publicKey("\(server.folder.path)/host_ed25519")
        #expect(error?.message.contains(shown.fingerprint) == true)
        #expect(try !server.folder.read("log").contains("Accepted publickey"))
    }

    @Test(
        "a changed host key is refused before authentication, with both fingerprints", .acceptance(.hostKeys),
        arguments: OpenSSHVersion.available)
    func changedHost(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version)
        var hosts = KnownHosts()
        let known = try publicKey(try await makeKey(server.folder, "old", type: "ed25519"))
        hosts.add("[127.0.0.1]:\(server.port) \(known.type) \(known.base64)", file: "test")
        let error = await #expect(throws: SSHError.self) {
            _ = try await connect(server, .key(PrivateKey(path: server.userKey)), hosts)
        }
        #expect(error?.code == .hostKeyMismatch)
        let shown = try publicKey("\(server.folder.path)/host_ed25519")
        #expect(error?.message.contains(shown.fingerprint) == true)
        #expect(error?.message.contains("\(known.fingerprint) (test:1)") == true)
        #expect(error?.remedy.contains("belay inventory trust") == true)
        #expect(try !server.folder.read("log").contains("Accepted publickey"))
    }

    @Test(
        "a revoked host key is refused although it is also trusted", .acceptance(.hostKeys),
        arguments: OpenSSHVersion.available)
    func revokedHost(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version)
        var hosts = try server.knownHosts()
        let key = try publicKey("\(server.folder.path)/host_ed25519")
        hosts.add("@revoked * \(key.type) \(key.base64)", file: "test")
        let error = await #expect(throws: SSHError.self) {
            _ = try await connect(server, .key(PrivateKey(path: server.userKey)), hosts)
        }
        #expect(error?.code == .hostKeyRevoked)
        #expect(error?.message.contains("@revoked (test:1): shown \(key); trusted: \(key) (test:1)") == true)
        #expect(error?.remedy.contains("belay inventory trust") == true)
    }

    @Test(
        "a host known by ed25519 that offers only ecdsa is refused as changed, with both fingerprints",
        .acceptance(.hostKeys),
        arguments: OpenSSHVersion.available)
    func otherTypeOnly(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version, hostKeys: ["ecdsa"])
        let error = await #expect(throws: SSHError.self) {
            _ = try await connect(server, .key(PrivateKey(path: server.userKey)), server.knownHosts(["ed25519"]))
        }
        #expect(error?.phase == .hostKey)
        #expect(error?.code == .hostKeyMismatch)
        let shown = try publicKey("\(server.folder.path)/host_ecdsa")
        #expect(error?.message.contains(shown.fingerprint) == true)
        let known = try publicKey("\(server.folder.path)/host_ed25519")
        #expect(error?.message.contains(known.fingerprint) == true)
    }

    @Test("a key that is not authorized is named in the error")
    func unauthorized() async throws {
        let server = try await TestServer()
        let path = try await makeKey(server.folder, "stranger", type: "ed25519")
        let error = await #expect(throws: SSHError.self) {
            _ = try await connect(server, .key(PrivateKey(path: path)), server.knownHosts())
        }
        #expect(error?.code == .authenticationFailed)
        #expect(error?.message.contains(try publicKey(path).fingerprint) == true)
    }

    @Test(
        "sshd at its MaxStartups is quoted", .acceptance(.refusalsBeforeTheBanner), arguments: OpenSSHVersion.available)
    func maxStartups(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version, extra: "MaxStartups 1:100:1")
        let other = try connectLoopback(server.port)
        defer { close(other) }
        // The place is taken once sshd has greeted its holder.
        var byte: UInt8 = 0
        #expect(recv(other, &byte, 1, 0) == 1)
        let error = await #expect(throws: SSHError.self) {
            _ = try await connect(server, .key(PrivateKey(path: server.userKey)), server.knownHosts())
        }
        #expect(error?.phase == .banner)
        // OpenSSH 10 has the same words for this and for a penalty.
        let words = version == .installed ? "Exceeded MaxStartups" : "Not allowed at this time"
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test(
        "OpenSSH 10's penalty after a failed login is quoted", .acceptance(.refusalsBeforeTheBanner),
        arguments: OpenSSHVersion.available.filter { $0 == .trixie })
    func penalty(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version, extra: "PerSourcePenalties authfail:60 noauth:60 min:1")
        let stranger = try PrivateKey(path: try await makeKey(server.folder, "stranger", type: "ed25519"))
        let refused = await #expect(throws: SSHError.self) {
            _ = try await connect(server, .key(stranger), server.knownHosts())
        }
        #expect(refused?.code == .authenticationFailed)
        let end = ContinuousClock.now + .seconds(30)
        var error: SSHError?
        repeat {
            // The penalty is there once sshd has seen that process end.
            error = await #expect(throws: SSHError.self) {
                _ = try await connect(server, .key(stranger), server.knownHosts())
            }
        } while error?.phase == .authentication && ContinuousClock.now < end
        #expect(error?.phase == .banner)
        #expect(error?.message.contains("Not allowed at this time") == true, "\(String(describing: error))")
    }

    @Test(
        "no more keys are tried than allowed, and a login uses one connection",
        .acceptance(.refusalsBeforeTheBanner), arguments: OpenSSHVersion.available)
    func fewKeys(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version, extra: "LogLevel VERBOSE\nMaxAuthTries 20")
        var keys: [Credentials.Method] = []
        for number in 0..<8 {
            keys.append(.key(try PrivateKey(path: await makeKey(server.folder, "stranger\(number)", type: "ed25519"))))
        }
        let credentials = Credentials(keys)
        let error = await #expect(throws: SSHError.self) {
            _ = try await connect(server, credentials, server.knownHosts())
        }
        #expect(error?.code == .authenticationFailed)
        #expect(
            try await eventually {
                try server.log.contains("Connection closed by") || server.log.contains("Disconnected from")
            })
        #expect(try server.log.components(separatedBy: "Failed publickey").count - 1 == Options().maxKeysTried)
        #expect(try server.log.components(separatedBy: "Connection from").count - 1 == 1)
    }

    @Test("a second key is tried after the first was refused")
    func secondKey() async throws {
        let server = try await TestServer()
        let stranger = try PrivateKey(path: try await makeKey(server.folder, "stranger", type: "ed25519"))
        let credentials = Credentials([.key(stranger), .key(try PrivateKey(path: server.userKey))])
        _ = try await connect(server, credentials, server.knownHosts())
    }

    @Test("an agent signs, for ed25519 and for ecdsa keys", arguments: ["ed25519", "ecdsa"])
    func agent(_ type: String) async throws {
        let server = try await TestServer()
        let path = try await makeKey(server.folder, "agent_key", type: type)
        try server.authorize(path)
        let agent = try await TestAgent(server.folder, keys: [path])
        _ = try await connect(server, .agent(socket: agent.socket), server.knownHosts())
        let only = Credentials([.agent(socket: agent.socket, only: [try publicKey(server.userKey)])])
        let error = await #expect(throws: SSHError.self) {
            _ = try await connect(server, only, server.knownHosts())
        }
        #expect(error?.code == .authenticationFailed)
    }

    @Test("an agent that is not there is named")
    func noAgent() async throws {
        let server = try await TestServer()
        let error = await #expect(throws: SSHError.self) {
            _ = try await connect(server, .agent(socket: "/nonexistent/agent"), server.knownHosts())
        }
        #expect(error?.code == .agentUnavailable)
        #expect(error?.phase == .authentication)
    }

    @Test(
        "endpoints with odd characters are refused before anything is sent", arguments: ["", "a b", "a\nb", "a\u{0}b"])
    func oddNames(_ name: String) async throws {
        let loops = try LoopGroup(count: 1)
        let error = await #expect(throws: SSHError.self) {
            _ = try await SSHConnection.connect(
                to: Endpoint(host: name, user: "u"), using: Credentials([]), knownHosts: KnownHosts(), on: loops)
        }
        #expect(error?.code == .invalidInput)
        await loops.shutdown()
    }
}

/// An ssh-agent of its own, ended by its process id.
final class TestAgent: Sendable {
    let socket: String
    private let process: ChildProcess

    init(_ folder: TemporaryFolder, keys: [String]) async throws {
        socket = "\(folder.path)/agent"
        process = try ChildProcess("/usr/bin/ssh-agent", ["-D", "-a", socket])
        let socket = socket
        guard try await eventually({ FileManager.default.fileExists(atPath: socket) }) else { throw Missing() }
        let environment = ["SSH_AUTH_SOCK": socket]
        // The socket is there before the agent listens on it: 2 stands for no agent, 1 for one without keys.
        while try await ChildProcess("/usr/bin/ssh-add", ["-l"], environment: environment).wait() == 2 {
            try await Task.sleep(for: .milliseconds(20))
        }
        for key in keys { try await runTool("/usr/bin/ssh-add", "-q", key, environment: environment) }
    }

    deinit { process.end() }
}

import Foundation
import Testing

@testable import SSH

/// A client over a configuration file, closed with its loops after `body`.
func withClient<T>(
    _ folder: TemporaryFolder, _ configuration: String, _ change: (inout SSHClient.Settings) -> Void = { _ in },
    _ body: (SSHClient) async throws -> T
) async throws -> T {
    var settings = SSHClient.Settings()
    settings.configuration = .file(try folder.write(configuration, to: "config-\(UUID().uuidString)"))
    change(&settings)
    let loops = try LoopGroup(count: 1)
    let client = SSHClient(settings, on: loops)
    let result: Result<T, any Error>
    do { result = .success(try await body(client)) } catch { result = .failure(error) }
    await client.close()
    await loops.shutdown()
    return try result.get()
}

extension TestServer {
    /// What ssh_config(5) says of this server under a name; its known hosts are a file of its own.
    func configuration(as name: String, _ extra: String = "", key: String? = nil) throws -> String {
        let host = try publicKey("\(folder.path)/host_ed25519")
        let known = try folder.write("[127.0.0.1]:\(port) \(host.type) \(host.base64)\n", to: "known_hosts")
        return """
            Host \(name)
              HostName 127.0.0.1
              Port \(port)
              IdentityFile \(key ?? userKey)
              IdentityAgent none
              UserKnownHostsFile \(known)
              GlobalKnownHostsFile none
              \(extra)

            """
    }
}

@Suite("A client that follows ssh's configuration", .serialized, .timeLimit(.minutes(3)))
struct ClientTests {
    private func hello(_ client: SSHClient, _ name: String, script: String = "echo $SSH_CONNECTION") async throws
        -> String
    {
        let connection = try await client.connect(to: Destination(name))
        let output = try await connection.run(script: script, timeLimit: .seconds(20))
        await connection.close()
        #expect(output.termination == .exited(0))
        return output.stdout.text
    }

    @Test("a host of the configuration is reached by its name, with its key and its known hosts")
    func byName() async throws {
        let server = try await TestServer()
        let configuration = try server.configuration(as: "web")
        let text = try await withClient(server.folder, configuration) {
            try await hello($0, "web", script: "echo hello")
        }
        #expect(text == "hello\n")
    }

    @Test("a chain of two jump hosts: the node is reached through both, and sees the second one's address")
    func twoJumps() async throws {
        let (first, second, node) = try await (TestServer(), TestServer(), TestServer())
        let configuration = try [
            first.configuration(as: "first"), second.configuration(as: "second"),
            node.configuration(as: "node", "ProxyJump first,second"),
        ].joined()
        try await withClient(node.folder, configuration) { client in
            let connection = try await client.connect(to: Destination("node"))
            #expect(try connection.hostKey == HostKey(publicKey("\(node.folder.path)/host_ed25519")))
            let big = try await connection.run(
                script: "head -c 3000000 /dev/zero", timeLimit: .seconds(60), outputLimit: 16)
            #expect(big.termination == .exited(0))
            #expect(big.stdout.length == 3_000_000)
            let input = String(repeating: ": 0123456789\n", count: 100_000)
            let long = try await connection.run(script: input + "echo done", timeLimit: .seconds(60))
            #expect(long.stdout.text == "done\n")
            await connection.close()
        }
        #expect(try second.folder.read("log").contains("Accepted publickey"))
        #expect(try first.folder.read("log").contains("Accepted publickey"))
    }

    @Test("many nodes behind one jump host share one session on it, and each has its own to the node")
    func sharedJump() async throws {
        let (jump, node) = try await (TestServer(), TestServer())
        let configuration = try jump.configuration(as: "jump") + node.configuration(as: "node", "ProxyJump jump")
        try await withClient(node.folder, configuration) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { _ = try await hello(client, "node", script: "head -c 100000 /dev/zero") }
                }
                try await group.waitForAll()
            }
        }
        #expect(try jump.folder.read("log").components(separatedBy: "Accepted publickey").count == 2)
        #expect(try node.folder.read("log").components(separatedBy: "Accepted publickey").count == 21)
    }

    @Test("a node that the jump host cannot reach is an error of the connection, which names the jump host")
    func deadEnd() async throws {
        let (jump, node) = try await (TestServer(), TestServer())
        let dead = try freePort()
        let configuration =
            try jump.configuration(as: "jump")
            + node.configuration(as: "node", "ProxyJump jump").replacingOccurrences(
                of: "Port \(node.port)", with: "Port \(dead)")
        let error = try await withClient(node.folder, configuration) { client in
            await #expect(throws: SSHError.self) { _ = try await client.connect(to: Destination("node")) }
        }
        #expect(error?.code == .unreachable)
        #expect(error?.phase == .connection)
        #expect(error?.message.contains("jump host") == true)
    }

    @Test(
        "a jump host that dies takes the connection along, with the reason; the next one is made through a new session")
    func jumpDies() async throws {
        let (jump, node) = try await (TestServer(), TestServer())
        let configuration = try jump.configuration(as: "jump") + node.configuration(as: "node", "ProxyJump jump")
        try await withClient(node.folder, configuration) { client in
            let connection = try await client.connect(to: Destination("node"))
            async let running = connection.run(
                script: "touch \(node.folder.path)/started; sleep 60", timeLimit: .seconds(60))
            let marker = node.folder.path + "/started"
            let hasStarted = try await eventually { FileManager.default.fileExists(atPath: marker) }
            #expect(hasStarted)
            try jump.killSessions()
            let output = try await running
            guard case .unknown = output.termination else {
                Issue.record("\(output.termination)")
                return
            }
            await connection.close()
            let text = try await hello(client, "node", script: "echo again")
            #expect(text == "again\n")
        }
    }

    @Test("a changed host key of the jump host ends it before the node is asked for anything")
    func changedJump() async throws {
        let (jump, node) = try await (TestServer(), TestServer())
        let configuration = try jump.configuration(as: "jump") + node.configuration(as: "node", "ProxyJump jump")
        let other = try publicKey(try await makeKey(jump.folder, "other", type: "ed25519"))
        _ = try jump.folder.write("[127.0.0.1]:\(jump.port) \(other.type) \(other.base64)\n", to: "known_hosts")
        let error = try await withClient(node.folder, configuration) { client in
            await #expect(throws: SSHError.self) { _ = try await client.connect(to: Destination("node")) }
        }
        #expect(error?.code == .hostKeyMismatch)
        #expect(error?.host.contains("\(jump.port)") == true)
        #expect(try !node.folder.read("log").contains("Connection from"))
    }

    @Test("ConnectTimeout of the configuration shortens what the caller can wait, and never lengthens it")
    func connectTimeout() async throws {
        let hole = try FakeServer(accepts: false)
        let queue = try hole.fillQueue()
        defer { for fd in queue { close(fd) } }
        let folder = try TemporaryFolder()
        // The other one is so long that the suite's limit would end it.
        for (configured, ours) in [("3600", Duration.milliseconds(400)), ("1", .seconds(3600))] {
            let text = "Host hole\n  HostName 127.0.0.1\n  Port \(hole.port)\n  ConnectTimeout \(configured)\n"
            try await withClient(folder, text, { $0.limits.tries = 1 }) { client in
                var options = Options()
                options.connectTimeout = ours
                let error = await #expect(throws: SSHError.self) {
                    _ = try await client.connect(to: Destination("hole"), options: options)
                }
                #expect(error?.code == .timedOut && error?.phase == .connection)
            }
        }
    }

    @Test("a passphrase is asked for once for many hosts, and only when a node would take the key")
    func lockedKey() async throws {
        let server = try await TestServer()
        let locked = try await makeKey(server.folder, "locked", type: "ed25519", passphrase: "right")
        let asked = server.folder.path + "/asked"
        let answer = try await server.folder.writeProgram("echo x >>\(asked)\necho right\n", to: "askpass")
        let configuration = try server.configuration(as: "web", key: locked)
        try await withClient(server.folder, configuration) { settings in
            settings.unlocker = KeyUnlocker(
                environment: ["SSH_ASKPASS": answer, "SSH_ASKPASS_REQUIRE": "force"])
        } _: { client in
            let refused = await #expect(throws: SSHError.self) { _ = try await client.connect(to: Destination("web")) }
            #expect(refused?.code == .authenticationFailed)
            #expect(!FileManager.default.fileExists(atPath: asked))
            try server.authorize(locked)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 { group.addTask { _ = try await hello(client, "web") } }
                try await group.waitForAll()
            }
        }
        #expect(try server.folder.read("asked") == "x\n")
    }

    @Test(
        "a wrong passphrase, and then none (ssh-add asks again until there is none), is an error that says what to do")
    func wrongPassphrase() async throws {
        let server = try await TestServer()
        let locked = try await makeKey(server.folder, "locked", type: "ed25519", passphrase: "right")
        try server.authorize(locked)
        let answer = try await server.folder.writeProgram(
            "[ -e \(server.folder.path)/asked ] || { touch \(server.folder.path)/asked; echo wrong; }\n",
            to: "askpass")
        let configuration = try server.configuration(as: "web", key: locked)
        let error = try await withClient(server.folder, configuration) { settings in
            settings.unlocker = KeyUnlocker(
                environment: ["SSH_ASKPASS": answer, "SSH_ASKPASS_REQUIRE": "force"])
        } _: { client in
            await #expect(throws: SSHError.self) { _ = try await client.connect(to: Destination("web")) }
        }
        #expect(error?.code == .keyEncrypted)
        #expect(error?.remedy.contains("ssh-add") == true)
    }

    @Test("a key file of the inventory that is not there is named; one of ssh's default names may be missing")
    func missingKeys() async throws {
        let server = try await TestServer()
        let configuration = try server.configuration(as: "web", "IdentityFile /no/such/default")
        try await withClient(server.folder, configuration) { client in
            let text = try await hello(client, "web", script: "echo hello")
            #expect(text == "hello\n")
            let error = await #expect(throws: SSHError.self) {
                let there = Destination("web", identityFiles: ["/no/such/key"])
                _ = try await client.connect(to: there)
            }
            #expect(error?.code == .keyUnreadable)
            #expect(error?.host == "/no/such/key")
        }
    }
}

import Foundation
import Testing

@testable import SSH

/// What OpenSSH is chosen for: each case is tried with the linked libssh2 too, so that the list is a measured one.
@Suite("What only OpenSSH can", .serialized, .timeLimit(.minutes(3)))
struct TransportLimitsTests {
    /// A node, the route to it, and the known_hosts text, which libssh2 gets too.
    private struct Node {
        let server: TestServer
        var route: Route
        let knownHosts: String

        init(_ server: TestServer, knownHosts: String? = nil) throws {
            self.server = server
            self.knownHosts = try knownHosts ?? server.knownHostsText()
            route = try server.route(knownHosts: self.knownHosts)
        }
    }

    private func overOpenSSH(_ node: Node) async throws -> ConnectionFacts {
        try await withOpenSSH(node.route) { connection in
            let output = try await connection.run(script: "echo in", timeLimit: .seconds(60))
            #expect(output.stdout.text == "in\n")
            return connection.facts
        }
    }

    /// The error of libssh2 on the same node with the same key; nil when it can.
    private func overLibSSH2(_ node: Node, key: String? = nil) async throws -> SSHError? {
        var hosts = KnownHosts()
        hosts.add(node.knownHosts, file: "test")
        let loops = try LoopGroup(count: 1)
        var failure: SSHError?
        do throws(SSHError) {
            let key = try PrivateKey(path: key ?? node.server.userKey)
            let connection = try await SSHConnection.connect(
                to: node.server.endpoint, using: .key(key), knownHosts: hosts, on: loops)
            await connection.close()
        } catch {
            failure = error
        }
        await loops.shutdown()
        return failure
    }

    @Test("a host known by its certificate authority only")
    func hostCertificate() async throws {
        let folder = try TemporaryFolder()
        let authority = try await makeKey(folder, "ca", type: "ed25519")
        let server = try await TestServer(extra: "HostCertificate \(folder.path)/host-cert.pub")
        try await certify(server, with: authority, into: folder, principals: "127.0.0.1")
        let key = try publicKey(authority)
        let node = try Node(server, knownHosts: "@cert-authority 127.0.0.1,[127.0.0.1]:* \(key.type) \(key.base64)\n")
        try await server.reload()
        let facts = try await overOpenSSH(node)
        #expect(try facts.hostKey == HostKey(publicKey("\(server.folder.path)/host_ed25519")))
        #expect(try await overLibSSH2(node)?.code == .hostKeyUnsupported)

        // The same authority, but the certificate is another host's: no other key is tried.
        try await certify(server, with: authority, into: folder, principals: "other")
        try await server.reload()
        let error = await refusal(of: node.route)
        #expect(error?.code == .hostKeyMismatch)
        #expect(error?.message.contains("principal") == true)

        // ssh itself would take the plain key of the same host's port 22.
        let plain = try server.knownHostsText().replacing("[127.0.0.1]:\(server.port)", with: "127.0.0.1")
        let foreign = try publicKey(try await makeKey(folder, "foreign", type: "ed25519"))
        let mixed = plain + "@cert-authority 127.0.0.1,[127.0.0.1]:* \(foreign.type) \(foreign.base64)\n"
        #expect(try await refusal(of: server.route(knownHosts: mixed))?.code == .hostKeyMismatch)
        let accepted = try server.logged("Accepted publickey").count

        // A certificate of an authority that is not on record.
        let stranger = try await makeKey(folder, "stranger", type: "ed25519")
        try await certify(server, with: stranger, into: folder, principals: "127.0.0.1")
        try await server.reload()
        let other = await refusal(of: node.route)
        #expect(other?.code == .hostKeyMismatch)
        #expect(other?.message.contains(key.fingerprint) == true, "\(String(describing: other))")
        #expect(try server.logged("Accepted publickey").count == accepted)
    }

    private func certify(
        _ server: TestServer, with authority: String, into folder: TemporaryFolder, principals: String
    ) async throws {
        let plain = try folder.write(try server.folder.read("host_ed25519.pub"), to: "host.pub")
        try await runTool(
            "/usr/bin/ssh-keygen", "-q", "-s", authority, "-I", "node", "-h", "-n", principals, "-V", "+1h", plain)
    }

    @Test("a user's certificate: the key itself is not authorized")
    func userCertificate() async throws {
        let folder = try TemporaryFolder()
        let authority = try await makeKey(folder, "ca", type: "ed25519")
        let server = try await TestServer(extra: "TrustedUserCAKeys \(authority).pub")
        var node = try Node(server)
        let key = try await makeKey(folder, "certified", type: "ed25519")
        try await runTool(
            "/usr/bin/ssh-keygen", "-q", "-s", authority, "-I", "user", "-n", NSUserName(), "-V", "+1h", key + ".pub")
        node.route.identityFiles = [key]
        node.route.certificateFiles = [key + "-cert.pub"]
        let facts = try await overOpenSSH(node)
        #expect(facts.authentication.contains("CERT"))
        #expect(try await overLibSSH2(node, key: key)?.code == .authenticationFailed)
    }

    @Test("an RSA user key")
    func userRSA() async throws {
        let server = try await TestServer()
        var node = try Node(server)
        let key = try await makeKey(server.folder, "rsa", type: "rsa", bits: 2048)
        try server.authorize(key)
        node.route.identityFiles = [key]
        #expect(try await overOpenSSH(node).authentication.contains("RSA"))
        #expect(try await overLibSSH2(node, key: key)?.code == .keyUnsupported)
    }

    @Test("a host that has only an RSA key")
    func hostRSA() async throws {
        let server = try await TestServer(hostKeys: ["rsa"])
        let node = try Node(server, knownHosts: server.knownHostsText(["rsa"]))
        let facts = try await overOpenSSH(node)
        #expect(try facts.hostKey == HostKey(publicKey("\(server.folder.path)/host_rsa")))
        #expect(try await overLibSSH2(node)?.code == .hostKeyUnsupported)
    }

    @Test(
        "a host with algorithms that libssh2 lacks, or that are left out of its list on purpose",
        arguments: [
            "Ciphers chacha20-poly1305@openssh.com", "Ciphers aes256-gcm@openssh.com",
            "KexAlgorithms sntrup761x25519-sha512@openssh.com",
        ])
    func algorithms(_ line: String) async throws {
        let node = try Node(try await TestServer(extra: line))
        _ = try await overOpenSSH(node)
        #expect(try await overLibSSH2(node)?.code == .noCommonAlgorithm)
    }

    @Test("an algorithm that OpenSSH lacks too is named, with what the node offers")
    func noAlgorithm() async throws {
        let server = try await TestServer(extra: "Ciphers aes128-ctr")
        var node = try Node(server)
        let config = try server.folder.write("Ciphers aes256-ctr\n", to: "config")
        node.route.configuration = .file(config)
        let error = await refusal(of: node.route)
        #expect(error?.code == .noCommonAlgorithm)
        #expect(error?.phase == .keyExchange)
        #expect(error?.message.contains("aes128-ctr") == true)
    }
}

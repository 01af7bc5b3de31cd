import Foundation
import Testing

@testable import SSH

@Suite("Deadlines and broken peers", .timeLimit(.minutes(2)))
struct DeadlineTests {
    // Only the deadline that a test is about is short: a loaded machine must not reach another one first.
    private func failure(
        _ port: UInt16, host: String = "127.0.0.1", connect: Duration = .seconds(60),
        handshake: Duration = .seconds(60)
    ) async throws -> SSHError? {
        let loops = try LoopGroup(count: 1)
        var options = Options()
        options.connectTimeout = connect
        options.handshakeTimeout = handshake
        let error = await #expect(throws: SSHError.self) {
            _ = try await SSHConnection.connect(
                to: Endpoint(host: host, port: port, user: "u"), using: Credentials([]), knownHosts: KnownHosts(),
                options: options, on: loops)
        }
        await loops.shutdown()
        return error
    }

    @Test("an address that swallows everything ends at the connect deadline", .acceptance(.brokenPeersEndInTime))
    func blackHole() async throws {
        let server = try FakeServer(accepts: false)
        let queue = try server.fillQueue()
        let error = try await failure(server.port, connect: .milliseconds(400))
        #expect(error?.code == .timedOut)
        #expect(error?.phase == .connection)
        for fd in queue { close(fd) }
    }

    @Test("a port where nobody listens is refused at once")
    func refused() async throws {
        let error = try await failure(try freePort())
        #expect(error?.code == .unreachable)
        #expect(error?.phase == .connection)
    }

    @Test("a name that cannot be is reported as such")
    func badName() async throws {
        let error = try await failure(22, host: "bad..name")
        #expect(error?.code == .nameNotFound)
        #expect(error?.phase == .resolution)
    }

    struct Peer: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let sends: String
        var manner = FakeServer.Manner.once
        var closes = false
        let code: SSHError.Code
        let phase: SSHError.Phase
        let shows: String
    }

    @Test(
        "a peer that does not finish its greeting ends at the deadline, and is quoted",
        .acceptance(.brokenPeersEndInTime, .refusalsBeforeTheBanner),
        arguments: [
            Peer(testDescription: "silent", sends: "", code: .timedOut, phase: .banner, shows: "sent nothing"),
            Peer(
                testDescription: "half", sends: "SSH-2.0-Open", code: .timedOut, phase: .banner, shows: "SSH-2.0-Open"),
            Peer(
                testDescription: "too many starts", sends: "Exceeded MaxStartups\r\n", closes: true,
                code: .connectionLost, phase: .banner, shows: "Exceeded MaxStartups"),
            Peer(
                testDescription: "slow loris", sends: "SSH-2.0-", manner: .drip, code: .timedOut, phase: .banner,
                shows: "SSH-2.0-SS"),
            Peer(
                testDescription: "endless lines", sends: "not yet\r\n", manner: .flood, code: .connectionLost,
                phase: .banner, shows: "a flood"),
            Peer(
                testDescription: "an endless line", sends: "SSH-2.0-", manner: .flood,
                code: .protocolFailure, phase: .keyExchange, shows: "libssh2"),
            Peer(
                testDescription: "penalty", sends: "Not allowed at this time\r\n", closes: true,
                code: .connectionLost, phase: .banner, shows: "Not allowed at this time"),
            Peer(
                testDescription: "closes", sends: "", closes: true, code: .connectionLost, phase: .banner,
                shows: "closed the connection"),
            Peer(
                testDescription: "banner only", sends: "SSH-2.0-Fake\r\n", code: .timedOut, phase: .keyExchange,
                shows: "deadline"),
            Peer(
                testDescription: "NUL", sends: "SSH\u{0}\r\n", code: .bannerRefused, phase: .banner,
                shows: #"SSH\x00"#),
        ])
    func greeting(_ peer: Peer) async throws {
        let server = try FakeServer(sends: Array(peer.sends.utf8), peer.manner, closes: peer.closes)
        let handshake: Duration = peer.code == .timedOut ? .seconds(2) : .seconds(60)
        let error = try await failure(server.port, handshake: handshake)
        #expect(error?.code == peer.code)
        #expect(error?.phase == peer.phase)
        #expect(error?.message.contains(peer.shows) == true, "\(String(describing: error))")
        #expect(error?.host == "u@127.0.0.1:\(server.port)")
    }

    @Test("an agent that never answers ends at the authentication deadline")
    func silentAgent() async throws {
        let server = try await TestServer()
        let path = "\(server.folder.path)/mute"
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0 && listen(listener, 1) == 0)
        let loops = try LoopGroup(count: 1)
        var options = Options()
        options.authenticationTimeout = .milliseconds(400)
        let error = await #expect(throws: SSHError.self) {
            _ = try await SSHConnection.connect(
                to: server.endpoint, using: .agent(socket: path), knownHosts: server.knownHosts(), options: options,
                on: loops)
        }
        #expect(error?.code == .timedOut)
        #expect(error?.phase == .authentication)
        await loops.shutdown()
    }

    @Test(
        "cancelling ends every phase promptly", .acceptance(.cancelledAnywhere),
        arguments: ["black hole", "banner", "key exchange"])
    func cancelling(_ phase: String) async throws {
        let server = try FakeServer(
            sends: phase == "key exchange" ? Array("SSH-2.0-Fake\r\n".utf8) : [], accepts: phase != "black hole")
        let queue = phase == "black hole" ? try server.fillQueue() : []
        let loops = try LoopGroup(count: 1)
        let endpoint = Endpoint(host: "127.0.0.1", port: server.port, user: "u")
        let task = Task {
            try await SSHConnection.connect(
                to: endpoint, using: Credentials([]), knownHosts: KnownHosts(), on: loops)
        }
        try await Task.sleep(for: .milliseconds(150))
        task.cancel()
        // Left alone, each phase would end at its deadline, as timed out.
        let error = await #expect(throws: SSHError.self) { _ = try await task.value }
        #expect(error?.code == .cancelled)
        await loops.shutdown()
        for fd in queue { close(fd) }
    }
}

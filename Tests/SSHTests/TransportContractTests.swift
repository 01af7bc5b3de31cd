import Crypto
import Foundation
import Testing

@testable import SSH

/// What every transport keeps, over a real sshd.
@Suite("The transports' contract", .serialized, .timeLimit(.minutes(5)))
struct TransportContractTests {
    private typealias Transport = TransportUnderTest

    private func run(
        _ transport: TransportUnderTest, _ script: String, limit: Duration = .seconds(60), outputLimit: Int = 1 << 20
    ) async throws -> Output {
        let server = try await TestServer()
        return try await transport.connected(to: server) {
            try await $0.run(script: script, timeLimit: limit, outputLimit: outputLimit)
        }
    }

    private func isAlive(_ pid: Int32) -> Bool { kill(pid, 0) == 0 }

    private func sha256(_ byte: Character, _ count: Int) throws -> [UInt8] {
        Array(SHA256.hash(data: [UInt8](repeating: try requireValue(byte.asciiValue), count: count)))
    }

    /// Ends the sshd process that serves the script, as an out-of-memory killer would.
    private let killServer = """
        p=$$
        while read -r name < /proc/$p/comm && [ "$name" != sshd ]; do p=$(awk '{print $4}' /proc/$p/stat); done
        kill -9 $p
        sleep 2
        """

    // MARK: Ends

    @Test("exit statuses come back, 255 too", arguments: TransportUnderTest.allCases, [0, 3, 124, 137, 255])
    func status(_ transport: TransportUnderTest, _ status: Int) async throws {
        let output = try await run(transport, "echo out; echo err >&2; exit \(status)")
        #expect(output.termination == (status == 137 ? .signaled("KILL") : .exited(status)))
        #expect(output.stdout.text == "out\n")
        #expect(output.stderr.text == "err\n")
    }

    @Test("a script killed by a signal is no exit status", arguments: TransportUnderTest.allCases)
    func signals(_ transport: TransportUnderTest) async throws {
        #expect(try await run(transport, "kill -9 $$").termination == .signaled("KILL"))
        #expect(try await run(transport, "kill -TERM $$").termination == .signaled("TERM"))
    }

    @Test("a killed wrapper is never an exit status", arguments: TransportUnderTest.allCases)
    func wrapperKilled(_ transport: TransportUnderTest) async throws {
        let output = try await run(
            transport, "p=$(awk '{print $4}' /proc/$PPID/stat); kill -9 $p; sleep 1; echo late")
        switch output.termination {
        case .signaled("KILL"), .unknown: break
        default: Issue.record("\(output.termination)")
        }
    }

    @Test("the time limit ends the script and its children on the node", arguments: TransportUnderTest.allCases)
    func timeLimit(_ transport: TransportUnderTest) async throws {
        let output = try await run(transport, "sleep 600 & echo $!; wait", limit: .seconds(3))
        #expect(output.termination == .timedOut)
        let pid = try requireValue(Int32(output.stdout.text.split(separator: "\n").first ?? ""))
        #expect(try await eventually { !isAlive(pid) })
    }

    @Test("a background process that keeps the streams open does not hold up the end", arguments: Transport.allCases)
    func background(_ transport: TransportUnderTest) async throws {
        let output = try await run(transport, "sleep 600 & echo $!; exit 4")
        #expect(output.termination == .exited(4))
        let pid = try requireValue(Int32(output.stdout.text.split(separator: "\n").first ?? ""))
        #expect(kill(pid, SIGKILL) == 0, "it is still there, so nobody waited for it")
    }

    @Test("a background process that floods a stream after the end does not hold it up", arguments: Transport.allCases)
    func flooding(_ transport: TransportUnderTest) async throws {
        let output = try await run(transport, "echo $$; yes & echo $! >&2; exit 4", outputLimit: 100)
        #expect(output.termination == .exited(4))
        kill(try requireValue(Int32(output.stderr.text.split(separator: "\n").first ?? "")), SIGKILL)
    }

    @Test("a killed sshd leaves the end unknown, and the connection says at once that it is lost")
    func lost() async throws {
        for transport in TransportUnderTest.allCases {
            let server = try await TestServer()
            try await transport.connected(to: server) { connection in
                // What sshd has read and not yet sent dies with it.
                let script = "echo begun\nsleep 1\n" + killServer
                let output = try await connection.run(script: script, timeLimit: .seconds(60))
                guard case .unknown(let reason) = output.termination else {
                    Issue.record("\(output.termination)")
                    return
                }
                #expect(reason.contains("connection"))
                #expect(output.stdout.text == "begun\n")
                let error = await #expect(throws: SSHError.self) {
                    _ = try await connection.run(script: "echo > \(server.folder.path)/ran", timeLimit: .seconds(5))
                }
                #expect(error?.code == .connectionLost)
                #expect(!FileManager.default.fileExists(atPath: "\(server.folder.path)/ran"))
            }
        }
    }

    // MARK: Data

    @Test("8 MB on both streams: drained together, bounded, counted and hashed", arguments: Transport.allCases)
    func bigOutput(_ transport: TransportUnderTest) async throws {
        let script = """
            head -c 8388608 /dev/zero | tr '\\0' 'e' >&2 &
            head -c 8388608 /dev/zero | tr '\\0' 'o'
            wait
            """
        let output = try await run(transport, script, outputLimit: 1000)
        #expect(output.termination == .exited(0))
        for (stream, byte) in [(output.stdout, Character("o")), (output.stderr, Character("e"))] {
            #expect(stream.head == [UInt8](repeating: try requireValue(byte.asciiValue), count: 1000))
            #expect(stream.length == 8_388_608)
            #expect(try stream.sha256 == sha256(byte, 8_388_608))
        }
    }

    @Test("a script of 200,000 bytes arrives whole", arguments: TransportUnderTest.allCases)
    func longScript(_ transport: TransportUnderTest) async throws {
        let filler = (0..<6000).map { "x\($0)='0123456789012345678901234567890'\n" }.joined()
        #expect(filler.utf8.count > 200_000)
        let output = try await run(transport, filler + "echo $x5999 end")
        #expect(output.stdout.text == "0123456789012345678901234567890 end\n")
    }

    @Test("all bytes come back as they are, ssh's escape character too", arguments: TransportUnderTest.allCases)
    func binary(_ transport: TransportUnderTest) async throws {
        let bytes = Array("\n~.\n~~\n~C\n".utf8) + (0...255).map(UInt8.init) + [0x1E, 0x30, 0x0A]
        let octal = bytes.map { "\\0" + String($0, radix: 8) }.joined()
        let output = try await run(transport, "printf '%b' '\(octal)'; printf '%b' '\(octal)' >&2")
        #expect(output.stdout.head == bytes)
        #expect(output.stderr.head == bytes)
    }

    @Test("noise from start-up files does not reach the output", arguments: TransportUnderTest.allCases)
    func noise(_ transport: TransportUnderTest) async throws {
        let server = try await TestServer(
            extra: "ForceCommand echo noise; echo noise >&2; eval \"$SSH_ORIGINAL_COMMAND\"")
        let output = try await transport.connected(to: server) {
            try await $0.run(script: "echo out", timeLimit: .seconds(60))
        }
        #expect(output.stdout.text == "out\n")
        #expect(output.stderr.text.isEmpty)
    }

    // MARK: Refusals

    @Test("a node that runs something else is reported with its words", arguments: TransportUnderTest.allCases)
    func forcedCommand(_ transport: TransportUnderTest) async throws {
        let server = try await TestServer(extra: "ForceCommand echo This account is not available; exit 1")
        let error = await #expect(throws: SSHError.self) {
            _ = try await transport.connected(to: server) { try await $0.run(script: "true", timeLimit: .seconds(60)) }
        }
        #expect(error?.code == .commandRefused)
        #expect(error?.message.contains("This account is not available") == true)
    }

    @Test("a node without room for a session is reported", arguments: TransportUnderTest.allCases)
    func noSessions(_ transport: TransportUnderTest) async throws {
        let server = try await TestServer(extra: "MaxSessions 0")
        let error = await #expect(throws: SSHError.self) {
            _ = try await transport.connected(to: server) { try await $0.run(script: "true", timeLimit: .seconds(60)) }
        }
        #expect(error?.code == .channelRefused)
        #expect(error?.remedy.contains("MaxSessions") == true)
    }

    @Test("sudo is used when asked for, and a password is never", arguments: TransportUnderTest.allCases)
    func sudo(_ transport: TransportUnderTest) async throws {
        let folder = try TemporaryFolder()
        _ = try await folder.writeProgram("[ \"$1 $2\" = '-n --' ] && . \(folder.path)/then\n", to: "sudo")
        let server = try await TestServer(extra: "SetEnv PATH=\(folder.path):/usr/bin:/bin")
        var options = Options()
        options.privilege = .sudo
        _ = try folder.write("shift 2; ROOT=yes exec \"$@\"", to: "then")
        let output = try await transport.connected(to: server, options: options) {
            try await $0.run(script: "echo $ROOT", timeLimit: .seconds(60))
        }
        #expect(output.stdout.text == "yes\n")
        _ = try folder.write("echo 'sudo: a password is required' >&2; exit 1", to: "then")
        let error = await #expect(throws: SSHError.self) {
            _ = try await transport.connected(to: server, options: options) {
                try await $0.run(script: "true", timeLimit: .seconds(60))
            }
        }
        #expect(error?.code == .sudoNeedsPassword)
    }

    // MARK: Identity

    @Test("the host key's type and fingerprint are known and right", arguments: TransportUnderTest.allCases)
    func hostKey(_ transport: TransportUnderTest) async throws {
        for type in ["ed25519", "ecdsa"] {
            let server = try await TestServer(extra: "Banner /etc/hostname")
            let facts = try await transport.connected(to: server, knownHosts: server.knownHostsText([type])) {
                $0.facts
            }
            #expect(try facts.hostKey == HostKey(publicKey("\(server.folder.path)/host_\(type)")))
            #expect(facts.server.hasPrefix("OpenSSH_"))
            #expect(facts.authentication.hasPrefix("publickey"))
            #expect(try facts.authentication.contains(publicKey(server.userKey).fingerprint))
        }
    }

    @Test("a host that is unknown, has another key or a revoked one is refused before authentication")
    func refusedHosts() async throws {
        for transport in TransportUnderTest.allCases {
            let server = try await TestServer()
            let shown = try publicKey("\(server.folder.path)/host_ed25519")
            let other = try publicKey(try await makeKey(server.folder, "other", type: "ed25519"))
            let good = try server.knownHostsText()
            let cases: [(String, SSHError.Code, [PublicKey])] = [
                ("", .hostUnknown, [shown]),
                // The same host's port 22 is another server.
                (good.replacing("[127.0.0.1]:\(server.port)", with: "127.0.0.1"), .hostUnknown, [shown]),
                (good.replacing(shown.base64, with: other.base64), .hostKeyMismatch, [shown, other]),
                (good + "@revoked * \(shown.type) \(shown.base64)\n", .hostKeyRevoked, [shown]),
            ]
            for (text, code, keys) in cases {
                let error = await #expect(throws: SSHError.self) {
                    _ = try await transport.connected(to: server, knownHosts: text) { $0.facts }
                }
                #expect(error?.code == code, "\(transport)")
                #expect(error?.phase == .hostKey)
                for key in keys { #expect(error?.message.contains(key.fingerprint) == true, "\(transport) \(code)") }
            }
            #expect(try server.logged("Accepted").isEmpty)
            #expect(try server.logged("Failed").isEmpty)
        }
    }

    @Test("a user whose key is not authorized is refused with the reason", arguments: TransportUnderTest.allCases)
    func unauthorized(_ transport: TransportUnderTest) async throws {
        let server = try await TestServer()
        _ = try server.folder.write("", to: "authorized_keys")
        let error = await #expect(throws: SSHError.self) {
            _ = try await transport.connected(to: server) { $0.facts }
        }
        #expect(error?.code == .authenticationFailed)
        #expect(error?.phase == .authentication)
    }

    @Test("each connect is a TCP connection and a handshake of its own", arguments: TransportUnderTest.allCases)
    func fresh(_ transport: TransportUnderTest) async throws {
        let server = try await TestServer(extra: "LogLevel VERBOSE")
        try await transport.connected(to: server) { first in
            try await transport.connected(to: server) { second in
                for connection in [first, second, first] {
                    _ = try await connection.run(script: "true", timeLimit: .seconds(60))
                }
            }
        }
        let ports = try server.logged("Connection from").compactMap { $0.split(separator: " port ").dropFirst().first }
        #expect(Set(ports).count == 2)
        #expect(ports.count == 2)
        #expect(try server.logged("Accepted publickey").count == 2)
    }

    // MARK: Many, and ending

    private func runMany(_ count: Int, on connection: SSHConnection) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<count {
                group.addTask {
                    let script =
                        "i=0; while [ $i -lt 200 ]; do echo line $i; i=$((i+1)); done; sleep 0.1; exit \(index)"
                    let output = try await connection.run(script: script, timeLimit: .seconds(120))
                    #expect(output.termination == .exited(index))
                    #expect(output.stdout.text.hasSuffix("line 199\n"))
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("20 scripts at once on one connection all run", arguments: TransportUnderTest.allCases)
    func many(_ transport: TransportUnderTest) async throws {
        let server = try await TestServer()
        try await transport.connected(to: server) { try await runMany(20, on: $0) }
    }

    @Test("a server with fewer sessions than we would use is found out", arguments: TransportUnderTest.allCases)
    func fewSessions(_ transport: TransportUnderTest) async throws {
        let server = try await TestServer(extra: "MaxSessions 3")
        try await transport.connected(to: server) { try await runMany(12, on: $0) }
    }

    @Test("one session only: scripts run one after the other, though the node is slow to free the place")
    func oneSession() async throws {
        for transport in TransportUnderTest.allCases {
            let server = try await TestServer(extra: "MaxSessions 1")
            try await transport.connected(to: server) { connection in
                try await runMany(4, on: connection)
                for _ in 0..<5 { try await runMany(1, on: connection) }
            }
        }
    }

    @Test("a cancelled run ends at once, the connection stays usable, the script runs on to its limit")
    func cancelling() async throws {
        for transport in TransportUnderTest.allCases {
            let server = try await TestServer()
            let file = "\(server.folder.path)/pid"
            try await transport.connected(to: server) { connection in
                let task = Task {
                    try await connection.run(script: "echo $$ > \(file); sleep 600", timeLimit: .seconds(12))
                }
                #expect(try await eventually { FileManager.default.fileExists(atPath: file) })
                task.cancel()
                let error = await #expect(throws: SSHError.self) { _ = try await task.value }
                #expect(error?.code == .cancelled)
                #expect(error?.phase == .command)
                let next = try await connection.run(script: "echo next", timeLimit: .seconds(60))
                #expect(next.stdout.text == "next\n")
            }
            let pid = try requireValue(Int32(try server.folder.read("pid").split(separator: "\n").first ?? ""))
            #expect(isAlive(pid), "\(transport)")
            #expect(try await eventually { !isAlive(pid) })
        }
    }

    @Test("a flood of output can be cancelled", arguments: TransportUnderTest.allCases)
    func flood(_ transport: TransportUnderTest) async throws {
        let server = try await TestServer()
        let file = "\(server.folder.path)/floods"
        try await transport.connected(to: server) { connection in
            let task = Task {
                try await connection.run(script: "echo > \(file); yes", timeLimit: .seconds(120), outputLimit: 10)
            }
            let floods = try await eventually { FileManager.default.fileExists(atPath: file) }
            #expect(floods)
            task.cancel()
            let error = await #expect(throws: SSHError.self) { _ = try await task.value }
            #expect(error?.code == .cancelled)
        }
    }

    @Test("a run that waits for its turn can be cancelled, and never runs", arguments: TransportUnderTest.allCases)
    func cancelledTurn(_ transport: TransportUnderTest) async throws {
        let server = try await TestServer()
        let (first, second) = ("\(server.folder.path)/first", "\(server.folder.path)/second")
        var options = Options()
        options.maxChannels = 1
        try await transport.connected(to: server, options: options) { connection in
            let script = "echo > \(first); while [ ! -e \(first).go ]; do sleep 0.05; done"
            async let output = connection.run(script: script, timeLimit: .seconds(60))
            #expect(try await eventually { FileManager.default.fileExists(atPath: first) })
            let task = Task { try await connection.run(script: "echo > \(second)", timeLimit: .seconds(60)) }
            try await Task.sleep(for: .milliseconds(50))
            task.cancel()
            let error = await #expect(throws: SSHError.self) { _ = try await task.value }
            #expect(error?.code == .cancelled)
            #expect(error?.phase == .channel)
            _ = try server.folder.write("", to: "first.go")
            let first = try await output
            #expect(first.termination == .exited(0))
            #expect(!FileManager.default.fileExists(atPath: second))
        }
    }

    @Test("closing ends running scripts as unknown, and later ones with an error", arguments: Transport.allCases)
    func closing(_ transport: TransportUnderTest) async throws {
        let server = try await TestServer()
        let loops = try LoopGroup(count: 1)
        let connection = try await transport.connect(to: server, on: loops)
        let file = "\(server.folder.path)/runs"
        async let output = connection.run(script: "echo > \(file); sleep 60", timeLimit: .seconds(60))
        #expect(try await eventually { FileManager.default.fileExists(atPath: file) })
        await connection.close()
        guard case .unknown = try await output.termination else {
            Issue.record("a closed connection is no result")
            return
        }
        let error = await #expect(throws: SSHError.self) {
            _ = try await connection.run(script: "true", timeLimit: .seconds(1))
        }
        #expect(error?.code == .closed)
        await connection.close()
        await loops.shutdown()
    }

    @Test(
        "nothing listens, nothing is said, nonsense is said: each is named with its phase",
        arguments: Transport.allCases)
    func noServer(_ transport: TransportUnderTest) async throws {
        let server = try await TestServer()
        var options = Options()
        options.handshakeTimeout = .seconds(2)
        let silent = try FakeServer()
        let busy = try FakeServer(sends: Array("Exceeded MaxStartups\r\n".utf8), closes: true)
        let cases: [(UInt16, Set<SSHError.Code>, SSHError.Phase, String)] = [
            (try freePort(), [.unreachable], .connection, "refused"), (silent.port, [.timedOut], .banner, ""),
            (busy.port, [.bannerRefused, .connectionLost], .banner, "Exceeded MaxStartups"),
        ]
        for (port, codes, phase, words) in cases {
            let error = await #expect(throws: SSHError.self) {
                _ = try await transport.connect(to: server, at: port, options: options)
            }
            #expect(error.map { codes.contains($0.code) } == true)
            #expect(error?.phase == phase)
            #expect(words.isEmpty || error?.message.contains(words) == true)
        }
    }
}

extension TransportUnderTest {
    /// Connects to another port than the server's.
    fileprivate func connect(to server: TestServer, at port: UInt16, options: Options) async throws {
        let endpoint = Endpoint(host: "127.0.0.1", port: port, user: server.endpoint.user)
        let loops = try LoopGroup(count: 1)
        let result = await Result {
            switch self {
            case .libssh2:
                let key = try PrivateKey(path: server.userKey)
                try await SSHConnection.connect(
                    to: endpoint, using: .key(key), knownHosts: server.knownHosts(), options: options, on: loops
                ).close()
            case .openSSH:
                var route = try server.route()
                route.endpoint = endpoint
                try await SSHConnection.connect(overOpenSSH: route, options: options, reason: "a test").close()
            }
        }
        await loops.shutdown()
        try result.get()
    }
}

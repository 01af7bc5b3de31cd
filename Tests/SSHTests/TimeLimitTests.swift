import Foundation
import Testing

@testable import SSH

// Not serialized: nearly all of their time is waiting.
@Suite("Time limits, cancellation and lost peers", .timeLimit(.minutes(3)))
struct TimeLimitTests {
    /// So that a loaded machine has the node's word before this side gives up waiting for it.
    private var patient: Options {
        var options = Options()
        options.grace = .seconds(100)
        return options
    }

    private func isAlive(_ pid: Int32) -> Bool { kill(pid, 0) == 0 }

    private func pid(_ output: Output) throws -> Int32 {
        try requireValue(Int32(try requireValue(output.stdout.text.split(separator: "\n").first)))
    }

    @Test(
        "the time limit ends the script and its children on the node", .acceptance(.everyCommandIsLimited),
        arguments: OpenSSHVersion.available)
    func limit(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version)
        let output = try await withConnection(to: server, options: patient) { connection in
            try await connection.run(script: "sleep 600 & echo $!; wait", timeLimit: .seconds(10))
        }
        #expect(output.termination == .timedOut)
        let pid = try pid(output)
        #expect(try await eventually { !isAlive(pid) })
    }

    @Test("a script that ignores TERM is killed five seconds later")
    func stubborn() async throws {
        let server = try await TestServer()
        let output = try await withConnection(to: server, options: patient) { connection in
            try await connection.run(
                script: "trap '' TERM; echo $$; while :; do sleep 1; done", timeLimit: .seconds(10))
        }
        #expect(output.termination == .timedOut)
        let pid = try pid(output)
        #expect(try await eventually { !isAlive(pid) })
    }

    @Test(
        "a cancelled run returns promptly, the connection stays usable, and the node ends the script at its limit",
        .acceptance(.everyCommandIsLimited, .cancelledAnywhere), arguments: OpenSSHVersion.available)
    func cancelling(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version)
        let file = "\(server.folder.path)/pid"
        try await withConnection(to: server) { connection in
            let task = Task {
                try await connection.run(script: "echo $$ > \(file); sleep 600", timeLimit: .seconds(15))
            }
            #expect(try await eventually { try server.has("pid") })
            task.cancel()
            let error = await #expect(throws: SSHError.self) { _ = try await task.value }
            #expect(error?.code == .cancelled)
            #expect(error?.phase == .command)
            let next = try await connection.run(script: "echo next", timeLimit: .seconds(5))
            #expect(next.stdout.text == "next\n")
        }
        let pid = try requireValue(Int32(try server.folder.read("pid").split(separator: "\n").first ?? ""))
        #expect(isAlive(pid))
        #expect(try await eventually { !isAlive(pid) })
    }

    @Test("a flood of output can be cancelled, and other work on the loop goes on")
    func flood() async throws {
        let server = try await TestServer()
        try await withConnection(to: server) { connection in
            let script = "echo > \(server.folder.path)/floods; yes"
            let task = Task { try await connection.run(script: script, timeLimit: .seconds(120), outputLimit: 10) }
            #expect(try await eventually { FileManager.default.fileExists(atPath: "\(server.folder.path)/floods") })
            let other = try await connection.run(script: "echo other", timeLimit: .seconds(60))
            #expect(other.stdout.text == "other\n")
            task.cancel()
            // A run that was not cancelled would give a result, at its limit.
            let error = await #expect(throws: SSHError.self) { _ = try await task.value }
            #expect(error?.code == .cancelled)
        }
    }

    @Test(
        "closing the connection ends running scripts as unknown; the node ends them at their limit",
        .acceptance(.everyCommandIsLimited), arguments: OpenSSHVersion.available)
    func closing(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version)
        let loops = try LoopGroup(count: 1)
        let connection = try await server.connect(loops)
        let script = "echo $$ > \(server.folder.path)/runs; sleep 600"
        async let output = connection.run(script: script, timeLimit: .seconds(15))
        #expect(try await eventually { try server.has("runs") })
        await connection.close()
        guard case .unknown = try await output.termination else {
            Issue.record("a closed connection is no result")
            return
        }
        let error = await #expect(throws: SSHError.self) {
            _ = try await connection.run(script: "true", timeLimit: .seconds(1))
        }
        #expect(error?.code == .closed)
        await loops.shutdown()
        let pid = try requireValue(Int32(try server.folder.read("runs").trimmingCharacters(in: .newlines)))
        #expect(isAlive(pid))
        #expect(try await eventually { !isAlive(pid) })
    }

    @Test(
        "a quiet command outlives the silence limit, because the node answers when asked",
        .acceptance(.frozenPeerIsFound), arguments: OpenSSHVersion.available)
    func quiet(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version)
        var options = Options()
        options.silenceLimit = .seconds(8)
        let output = try await withConnection(to: server, options: options) { connection in
            try await connection.run(script: "sleep 18; exit 5", timeLimit: .seconds(60))
        }
        #expect(output.termination == .exited(5))
    }

    @Test(
        "a frozen peer is given up at the silence limit, and the end is unknown", .acceptance(.frozenPeerIsFound),
        arguments: OpenSSHVersion.available)
    func frozen(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version)
        var options = Options()
        options.silenceLimit = .seconds(5)
        let script = """
            p=$$
            while read -r name < /proc/$p/comm && [ "${name#sshd}" = "$name" ]; do p=$(awk '{print $4}' /proc/$p/stat); done
            echo $p
            sleep 0.3
            kill -STOP $p
            sleep 30
            kill -KILL $p
            """
        let output = try await withConnection(to: server, options: options) { connection in
            try await connection.run(script: script, timeLimit: .seconds(60))
        }
        guard case .unknown(let reason) = output.termination else {
            Issue.record("\(output.termination)")
            return
        }
        // Had it waited for the peer's end, the reason would be a lost connection.
        #expect(reason.contains("nothing came"))
    }

    @Test("a node without timeout(1) runs nothing")
    func noTimeout() async throws {
        let server = try await TestServer(extra: "SetEnv PATH=/nonexistent")
        let error = await #expect(throws: SSHError.self) {
            _ = try await withConnection(to: server) { connection in
                try await connection.run(script: "echo > \(server.folder.path)/ran", timeLimit: .seconds(5))
            }
        }
        #expect(error?.code == .timeoutMissing)
        #expect(!FileManager.default.fileExists(atPath: "\(server.folder.path)/ran"))
    }
}

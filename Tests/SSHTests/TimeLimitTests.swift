import Foundation
import Testing

@testable import SSH

@Suite("Time limits, cancellation and lost peers", .serialized, .timeLimit(.minutes(3)))
struct TimeLimitTests {
    private func isAlive(_ pid: Int32) -> Bool { kill(pid, 0) == 0 }

    private func pid(_ output: Output) throws -> Int32 {
        try requireValue(Int32(try requireValue(output.stdout.text.split(separator: "\n").first)))
    }

    @Test("the time limit ends the script and its children on the node")
    func limit() async throws {
        let server = try await TestServer()
        let output = try await withConnection(to: server) { connection in
            try await connection.run(script: "sleep 600 & echo $!; wait", timeLimit: .seconds(4))
        }
        #expect(output.termination == .timedOut)
        #expect(output.duration < .seconds(60))
        let pid = try pid(output)
        #expect(try await eventually(within: .seconds(5)) { !isAlive(pid) })
    }

    @Test("a script that ignores TERM is killed five seconds later")
    func stubborn() async throws {
        let server = try await TestServer()
        let output = try await withConnection(to: server) { connection in
            try await connection.run(
                script: "trap '' TERM; echo $$; while :; do sleep 1; done", timeLimit: .seconds(4))
        }
        #expect(output.termination == .timedOut)
        let pid = try pid(output)
        #expect(try await eventually(within: .seconds(5)) { !isAlive(pid) })
    }

    @Test("a cancelled run returns promptly, the connection stays usable, and the node ends the script at its limit")
    func cancelling() async throws {
        let server = try await TestServer()
        let file = "\(server.folder.path)/pid"
        try await withConnection(to: server) { connection in
            let task = Task {
                try await connection.run(script: "echo $$ > \(file); sleep 600", timeLimit: .seconds(3))
            }
            #expect(try await eventually { FileManager.default.fileExists(atPath: file) })
            try await Task.sleep(for: .milliseconds(100))
            let start = ContinuousClock.now
            task.cancel()
            let error = await #expect(throws: SSHError.self) { _ = try await task.value }
            #expect(error?.code == .cancelled)
            #expect(error?.phase == .command)
            #expect(ContinuousClock.now - start < .milliseconds(500))
            let next = try await connection.run(script: "echo next", timeLimit: .seconds(5))
            #expect(next.stdout.text == "next\n")
        }
        let pid = try requireValue(Int32(try server.folder.read("pid").split(separator: "\n").first ?? ""))
        #expect(isAlive(pid))
        #expect(try await eventually(within: .seconds(8)) { !isAlive(pid) })
    }

    @Test("a flood of output can be cancelled, and other work on the loop goes on")
    func flood() async throws {
        let server = try await TestServer()
        try await withConnection(to: server) { connection in
            let task = Task { try await connection.run(script: "yes", timeLimit: .seconds(30), outputLimit: 10) }
            try await Task.sleep(for: .milliseconds(300))
            let other = try await connection.run(script: "echo other", timeLimit: .seconds(10))
            #expect(other.stdout.text == "other\n")
            let start = ContinuousClock.now
            task.cancel()
            await #expect(throws: SSHError.self) { _ = try await task.value }
            #expect(ContinuousClock.now - start < .seconds(1))
        }
    }

    @Test("closing the connection ends running scripts as unknown")
    func closing() async throws {
        let server = try await TestServer()
        let loops = try LoopGroup(count: 1)
        let connection = try await server.connect(loops)
        async let output = connection.run(script: "sleep 3", timeLimit: .seconds(4))
        try await Task.sleep(for: .milliseconds(300))
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
    }

    @Test("a quiet command outlives the silence limit, because the node answers when asked")
    func quiet() async throws {
        let server = try await TestServer()
        var options = Options()
        options.silenceLimit = .seconds(5)
        let output = try await withConnection(to: server, options: options) { connection in
            try await connection.run(script: "sleep 14; exit 5", timeLimit: .seconds(30))
        }
        #expect(output.termination == .exited(5))
    }

    @Test("a frozen peer is given up at the silence limit, and the end is unknown")
    func frozen() async throws {
        let server = try await TestServer()
        var options = Options()
        options.silenceLimit = .seconds(5)
        let script = """
            p=$$
            while read -r name < /proc/$p/comm && [ "$name" != sshd ]; do p=$(awk '{print $4}' /proc/$p/stat); done
            echo $p
            sleep 0.3
            kill -STOP $p
            sleep 11
            kill -KILL $p
            """
        let output = try await withConnection(to: server, options: options) { connection in
            try await connection.run(script: script, timeLimit: .seconds(20))
        }
        guard case .unknown(let reason) = output.termination else {
            Issue.record("\(output.termination)")
            return
        }
        #expect(reason.contains("nothing came"))
        #expect(output.duration < .seconds(10))
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

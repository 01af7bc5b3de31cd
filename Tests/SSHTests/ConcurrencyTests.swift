import Foundation
import Testing

@testable import SSH

@Suite("Many at once", .serialized, .timeLimit(.minutes(3)))
struct ConcurrencyTests {
    // A wake-up that is lost must show as a hang, so nothing else may wake the loop: no keep-alive, no time limit.
    private var withoutKeepAlive: Options {
        var options = Options()
        options.silenceLimit = .seconds(3600)
        return options
    }

    private func runMany(_ count: Int, on connection: SSHConnection) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<count {
                group.addTask {
                    let script =
                        "i=0; while [ $i -lt 200 ]; do echo line $i; i=$((i+1)); done; sleep 0.1; exit \(index)"
                    let output = try await connection.run(script: script, timeLimit: .seconds(600))
                    #expect(output.termination == .exited(index))
                    #expect(output.stdout.text.hasSuffix("line 199\n"))
                }
            }
            try await group.waitForAll()
        }
    }

    @Test(
        "20 scripts at once on one connection: ten run, the others wait their turn",
        .acceptance(.rekeyingPipesAndSessions), arguments: OpenSSHVersion.available)
    func oneConnection(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version)
        try await withConnection(to: server, options: withoutKeepAlive) { try await runMany(20, on: $0) }
    }

    @Test("a server with fewer sessions than we would use is found out, and all scripts still run")
    func fewSessions() async throws {
        let server = try await TestServer(extra: "MaxSessions 3")
        try await withConnection(to: server, options: withoutKeepAlive) { try await runMany(12, on: $0) }
    }

    @Test("30 connections in parallel leave no descriptor and no thread behind")
    func connections() async throws {
        let server = try await TestServer()
        let (descriptors, threads) = (openDescriptors(), threadCount())
        let loops = try LoopGroup(count: 2)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<30 {
                group.addTask {
                    let connection = try await server.connect(loops)
                    let output = try await connection.run(script: "echo \(index)", timeLimit: .seconds(60))
                    #expect(output.stdout.text == "\(index)\n")
                    await connection.close()
                }
            }
            try await group.waitForAll()
        }
        await loops.shutdown()
        // The loops' own descriptors go with the group, below.
        _ = consume loops
        #expect(try await eventually { openDescriptors() <= descriptors })
        // The cooperative pool may have grown by its own threads, one per core.
        #expect(try await eventually { threadCount() <= threads + 2 })
    }

    @Test("a connection that nobody closes frees its descriptor when it is dropped")
    func dropped() async throws {
        let server = try await TestServer()
        let loops = try LoopGroup(count: 1)
        let before = openDescriptors()
        do { _ = try await server.connect(loops) }
        #expect(try await eventually { openDescriptors() <= before })
        await loops.shutdown()
    }

    @Test("a loop that was shut down still runs late work")
    func late() async throws {
        let server = try await TestServer()
        let loops = try LoopGroup(count: 1)
        let connection = try await server.connect(loops)
        await connection.close()
        await loops.shutdown()
        await connection.close()
        await loops.shutdown()
    }
}

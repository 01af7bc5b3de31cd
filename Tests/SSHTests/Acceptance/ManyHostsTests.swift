import Foundation
import Testing

@testable import SSH

@Suite("Many slow hosts at once", .timeLimit(.minutes(2)))
struct ManyHostsTests {
    /// VmRSS or VmHWM, the resident memory of this process now and at its highest, in kilobytes.
    private static func memory(_ field: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try requireValue(status.split(separator: "\n").first { $0.hasPrefix(field) })
        return try requireValue(Int(line.split(separator: " ")[1]))
    }

    /// Connects to a server that never finishes its banner, all at once; all end at their deadline.
    private static func round(_ count: Int, _ server: FakeServer, on loops: LoopGroup) async throws {
        var options = Options()
        options.connectTimeout = .seconds(60)
        options.handshakeTimeout = .seconds(2)
        let endpoint = Endpoint(host: "127.0.0.1", port: server.port, user: "u")
        await withTaskGroup(of: Void.self) { [options] group in
            for _ in 0..<count {
                group.addTask {
                    let error = await #expect(throws: SSHError.self) {
                        _ = try await SSHConnection.connect(
                            to: endpoint, using: Credentials([]), knownHosts: KnownHosts(), options: options, on: loops)
                    }
                    #expect(error?.code == .timedOut)
                    #expect(error?.phase == .banner)
                }
            }
        }
    }

    @Test(
        "300 slow hosts cost less than 100 KB each, and leave no connection, no descriptor and no memory behind",
        .acceptance(.manyHostsInFixedMemory))
    func memory() async {
        // A process of its own, whose memory and descriptors no other test changes.
        await #expect(processExitsWith: .success) {
            let server = try FakeServer(sends: Array("SSH-2.0-slow".utf8), .drip)
            let loops = try LoopGroup(count: 2)
            try await Self.round(20, server, on: loops)
            let (before, descriptors) = (try Self.memory("VmRSS"), openDescriptors())
            try await Self.round(300, server, on: loops)
            let peak = try Self.memory("VmHWM")
            #expect(peak - before < 300 * 100, "\(before) KB grew to \(peak)")
            for _ in 0..<3 { try await Self.round(300, server, on: loops) }
            // Sessions that stay would be 50 MB.
            let end = try Self.memory("VmHWM")
            #expect(end - peak < 300 * 40, "\(peak) KB grew to \(end)")
            #expect(try openConnections(to: server.port) == 0)
            // The runtime may open a few for its timers meanwhile; there were 1,200 connections.
            let isClosed = try await eventually { openDescriptors() < descriptors + 10 }
            #expect(isClosed, "\(descriptors) descriptors became \(openDescriptors())")
            await loops.shutdown()
        }
    }
}

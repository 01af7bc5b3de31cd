import Foundation
import Glibc
import Synchronization
import Testing

@testable import SSH

/// Cancels whichever task waits on a loop for the n-th time.
private final class WaitCounter: Sendable {
    private let left = Atomic<Int>(Int.max)

    func cancel(atWait number: Int) { left.store(number, ordering: .relaxed) }

    func isWaiting() {
        guard left.wrappingSubtract(1, ordering: .relaxed).newValue == 0 else { return }
        withUnsafeCurrentTask { $0?.cancel() }
    }
}

@Suite("Cancelled at each point where it may wait", .serialized, .timeLimit(.minutes(5)))
struct CancelTests {
    /// A script of so many kilobytes.
    private func script(_ size: Int) -> String {
        String(repeating: "# 0123456789012345678901234567890123456789012345678901234567890\n", count: size * 16)
            + "echo ran"
    }

    private func withCounter(_ body: (LoopGroup, WaitCounter) async throws -> Void) async throws {
        let (loops, counter) = (try LoopGroup(count: 1), WaitCounter())
        loops.next().whenWaiting = counter.isWaiting
        do {
            try await body(loops, counter)
            await loops.shutdown()
            #expect(loops.next().openDescriptors == 0)
        } catch {
            await loops.shutdown()
            throw error
        }
    }

    /// Calls `body` with 1, 2, … until it says for a few of them that it was not cancelled, since no conversation waits
    /// exactly as often as the one before; returns how often it was.
    private func forEachPoint(_ counter: WaitCounter, _ body: (Int) async throws -> Bool) async throws -> Int {
        var (point, cancelled, missed) = (0, 0, 0)
        while missed < 3 {
            // Each of the first, then a spread: what repeats while data moves would take minutes.
            point += 1 + point / 20
            counter.cancel(atWait: point)
            let wasCancelled = try await body(point)
            counter.cancel(atWait: .max)
            (cancelled, missed) = wasCancelled ? (cancelled + 1, 0) : (cancelled, missed + 1)
        }
        return cancelled
    }

    /// Whether the task was cancelled, by its own word.
    private func wasCancelled<T: Sendable>(_ task: Task<T, any Error>, at point: Int) async throws -> Bool {
        do {
            _ = try await task.value
            return false
        } catch let error as SSHError {
            #expect(error.code == .cancelled, "at wait \(point): \(error)")
            return true
        }
    }

    @Test(
        "a conversation from the first packet to a second script's end, with a key from an agent",
        .acceptance(.cancelledAnywhere),
        arguments: OpenSSHVersion.available)
    func conversation(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version, extra: version.withoutPenalties)
        let agent = try await TestAgent(server.folder, keys: [server.userKey])
        let hosts = try server.knownHosts()
        // Longer than what sockets and the channel's window hold, so that there is waiting for room to send, too.
        let script = script(600)
        try await withCounter { loops, counter in
            let points = try await forEachPoint(counter) { point in
                let task = Task {
                    let connection = try await SSHConnection.connect(
                        to: server.endpoint, using: .agent(socket: agent.socket), knownHosts: hosts, on: loops)
                    do {
                        let output = try await connection.run(script: script, timeLimit: .seconds(600))
                        #expect(output.stdout.text == "ran\n")
                        let again = try await connection.run(script: "echo again", timeLimit: .seconds(600))
                        #expect(again.stdout.text == "again\n")
                        await connection.close()
                    } catch {
                        await connection.close()
                        throw error
                    }
                }
                return try await wasCancelled(task, at: point)
            }
            // On a busy machine many an answer is there before anybody waits for it: hence two scripts.
            #expect(points > 8)
            #expect(try openConnections(to: server.port) == 0)
            let after = try await server.connect(loops)
            let output = try await after.run(script: "echo usable", timeLimit: .seconds(60))
            #expect(output.stdout.text == "usable\n")
            await after.close()
        }
    }

    @Test(
        "of two scripts on one connection one is cancelled: the other ends well, or learns why the connection had to end",
        .acceptance(.cancelledAnywhere), arguments: OpenSSHVersion.available)
    func oneOfTwo(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version)
        let scripts = [script(300), script(1)]
        try await withCounter { loops, counter in
            let points = try await forEachPoint(counter) { point in
                counter.cancel(atWait: .max)
                let connection = try await server.connect(loops)
                counter.cancel(atWait: point)
                let tasks = scripts.map { script in
                    Task { try await connection.run(script: script, timeLimit: .seconds(600)) }
                }
                let results = [await tasks[0].result, await tasks[1].result]
                counter.cancel(atWait: .max)
                let next = try? await connection.run(script: "echo next", timeLimit: .seconds(600))
                await connection.close()
                return check(results, next, at: point)
            }
            #expect(points > 2)
            #expect(try openConnections(to: server.port) == 0)
        }
    }

    /// Whether one was cancelled. Then a packet may have been half sent, which ends the connection for the other as well.
    private func check(_ results: [Result<Output, any Error>], _ next: Output?, at point: Int) -> Bool {
        var cancelled = 0
        for result in results {
            switch result {
            case .failure(let error as SSHError):
                #expect(error.code == .cancelled, "at wait \(point): \(error)")
                cancelled += 1
            case .success(let output) where output.termination == .exited(0):
                #expect(output.stdout.text == "ran\n")
            case .success(let output):
                #expect(output.termination == .unknown("cancelled") && next == nil, "at wait \(point): \(output)")
            case .failure(let error): Issue.record(error)
            }
        }
        if cancelled == 0 { #expect(next?.stdout.text == "next\n") }
        return cancelled > 0
    }
}

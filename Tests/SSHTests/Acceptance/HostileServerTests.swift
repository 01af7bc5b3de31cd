import Foundation
import Testing

@testable import SSH

@Suite("A server that misbehaves on purpose", .timeLimit(.minutes(3)))
struct HostileServerTests {
    // Only the deadline that a test is about is short: a loaded machine must not reach another one first.
    private var patient: Options {
        var options = Options()
        options.connectTimeout = .seconds(120)
        options.handshakeTimeout = .seconds(120)
        options.authenticationTimeout = .seconds(120)
        options.channelTimeout = .seconds(120)
        options.silenceLimit = .seconds(120)
        options.grace = .seconds(120)
        return options
    }

    private func run(
        _ mode: String, _ options: Options? = nil, script: String = "true", timeLimit: Duration = .seconds(600)
    ) async throws -> Output {
        let server = try await HostileServer(mode)
        let loops = try LoopGroup(count: 1)
        do {
            let connection = try await server.connect(loops, options ?? patient)
            // A connection that is not closed is closed by its end.
            let output = try await connection.run(script: script, timeLimit: timeLimit)
            await connection.close()
            await loops.shutdown()
            return output
        } catch {
            await loops.shutdown()
            throw error
        }
    }

    struct Stop: Sendable, CustomTestStringConvertible {
        let name: String
        let phase: SSHError.Phase
        var testDescription: String { name }

        /// libssh2 asks for the authentication service as the last part of its handshake.
        static let all = [
            Stop(name: "connect", phase: .banner), Stop(name: "banner", phase: .banner),
            Stop(name: "kexinit", phase: .keyExchange), Stop(name: "service", phase: .keyExchange),
            Stop(name: "offer", phase: .authentication), Stop(name: "signature", phase: .authentication),
            Stop(name: "open", phase: .channel), Stop(name: "exec", phase: .channel),
        ]
    }

    @Test(
        "a reset ends each phase at once, and the error names it", .acceptance(.brokenPeersEndInTime),
        arguments: Stop.all)
    func resets(_ stop: Stop) async throws {
        let error = await #expect(throws: SSHError.self) { _ = try await run(stop.name + ":reset") }
        #expect(error?.code == .connectionLost)
        #expect(error?.phase == stop.phase)
    }

    @Test(
        "a peer that freezes ends each phase at its deadline, and the error names it",
        .acceptance(.brokenPeersEndInTime),
        arguments: Stop.all)
    func freezes(_ stop: Stop) async throws {
        var options = patient
        switch stop.phase {
        case .banner, .keyExchange: options.handshakeTimeout = .seconds(1)
        case .authentication: options.authenticationTimeout = .seconds(1)
        default: options.channelTimeout = .seconds(1)
        }
        let error = await #expect(throws: SSHError.self) { _ = try await run(stop.name + ":freeze", options) }
        #expect(error?.code == .timedOut)
        #expect(error?.phase == stop.phase)
    }

    @Test(
        "once a script has begun, a reset leaves its end unknown",
        .acceptance(.statusIsNeverSilence, .brokenPeersEndInTime))
    func resetWhileRunning() async throws {
        guard case .unknown(let reason) = try await run("data:reset").termination else {
            Issue.record("a lost connection is no result")
            return
        }
        #expect(reason.contains("the connection broke") || reason.contains("the node closed the connection"))
    }

    @Test("once a script has begun, a frozen peer is found by its silence", .acceptance(.frozenPeerIsFound))
    func freezeWhileRunning() async throws {
        var options = patient
        options.silenceLimit = .seconds(5)
        guard case .unknown(let reason) = try await run("data:freeze", options).termination else {
            Issue.record("silence is no result")
            return
        }
        #expect(reason.contains("nothing came"))
    }

    struct Ending: Sendable, CustomTestStringConvertible {
        let mode: String
        let says: String
        var testDescription: String { mode }
    }

    @Test(
        "an end that the end mark does not tell is unknown, whatever exit status the server sends",
        .acceptance(.statusIsNeverSilence),
        arguments: [
            Ending(mode: "no-status", says: "before the script's end was reported"),
            Ending(mode: "zero-without-mark", says: "before the script's end was reported"),
            Ending(mode: "wrong-stream", says: "before the script's end was reported"),
            Ending(mode: "nonsense-status", says: "nonsense"),
        ])
    func unknown(_ ending: Ending) async throws {
        let termination = try await run(ending.mode).termination
        guard case .unknown(let reason) = termination else {
            Issue.record("\(termination)")
            return
        }
        #expect(reason.contains(ending.says), "\(reason)")
    }

    @Test("an honest end is believed: the lies above are told by the same server", .acceptance(.statusIsNeverSilence))
    func honest() async throws {
        let output = try await run("well")
        #expect(output.termination == .exited(0))
        #expect(output.stdout.text == "out\n")
    }

    @Test("an exit-signal is reported", .acceptance(.statusIsNeverSilence))
    func exitSignal() async throws {
        #expect(try await run("exit-signal").termination == .signaled("TERM"))
    }

    @Test(
        "exit status 0 without this run's begin mark means that the script was not started",
        .acceptance(.statusIsNeverSilence),
        arguments: ["close-before-begin", "wrong-nonce"])
    func neverBegan(_ mode: String) async throws {
        let error = await #expect(throws: SSHError.self) { _ = try await run(mode) }
        #expect(error?.code == .commandRefused)
        #expect(error?.phase == .command)
    }

    @Test(
        "a refused session or command is named",
        arguments: [("refuse-open", SSHError.Code.channelRefused), ("refuse-exec", SSHError.Code.commandRefused)])
    func refusals(_ mode: String, _ code: SSHError.Code) async throws {
        let error = await #expect(throws: SSHError.self) { _ = try await run(mode) }
        #expect(error?.code == code)
        #expect(error?.phase == .channel)
    }

    @Test(
        "what never ends ends at the script's time limit, with bounded memory",
        .acceptance(.bothStreamsAreDrained, .everyCommandIsLimited),
        arguments: ["no-end", "never-reads", "endless-stdout", "endless-stderr", "endless-nothing"])
    func endless(_ mode: String) async throws {
        var options = patient
        options.grace = .zero
        // More than the window takes, for the server that does not read.
        let script = mode == "never-reads" ? String(repeating: "#\n", count: 2_000_000) : "true"
        let output = try await run(mode, options, script: script, timeLimit: .seconds(1))
        guard case .unknown(let reason) = output.termination else {
            Issue.record("\(output.termination)")
            return
        }
        #expect(reason.contains("time limit"), "\(reason)")
        #expect(max(output.stdout.head.count, output.stderr.head.count) <= 1 << 20)
    }

    @Test("a flood of packets that belong to no channel holds up neither cancelling nor other hosts on the loop")
    func flood() async throws {
        let server = try await HostileServer("endless-nothing")
        let honest = try await HostileServer("well")
        let loops = try LoopGroup(count: 1)
        let flooded = try await server.connect(loops, patient)
        let task = Task { try await flooded.run(script: "true", timeLimit: .seconds(600)) }
        let other = try await honest.connect(loops, patient)
        #expect(try await other.run(script: "true", timeLimit: .seconds(600)).termination == .exited(0))
        task.cancel()
        let error = await #expect(throws: SSHError.self) { _ = try await task.value }
        #expect(error?.code == .cancelled)
        await flooded.close()
        await other.close()
        await loops.shutdown()
    }

    @Test("libssh's re-keying after each megabyte is survived as well", .acceptance(.rekeyingPipesAndSessions))
    func rekeying() async throws {
        let output = try await run("rekey")
        #expect(output.termination == .exited(0))
        #expect(output.stdout.length == 300 * 29_999)
    }

    @Test("the window that a server is given is 64 to 256 KB", .acceptance(.boundedWindowAndScriptsByInput))
    func window() async throws {
        let output = try await run("window")
        let window = try requireValue(Int(output.stdout.text.trimmingCharacters(in: .newlines)))
        #expect((64 << 10...256 << 10).contains(window))
    }
}

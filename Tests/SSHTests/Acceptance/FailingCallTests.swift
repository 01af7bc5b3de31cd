import Foundation
import Testing

@testable import SSH

/// One call of one function fails in a process that logs in and runs scripts: the first, the second, and so on until one gets
/// through. Tests/Support/fail-nth does it, below our code and libssh2's.
@Suite("the N-th system call of an SSH client fails", .timeLimit(.minutes(20)))
struct FailingCallTests {
    private static let isDeep = ProcessInfo.processInfo.environment["BELAY_DEEP"] == "syscalls"

    struct Fault: Sendable, CustomTestStringConvertible {
        let call: String
        let with: String
        /// Every n-th of those that follow fails too; 0: only the one.
        var every = 0

        var testDescription: String { "\(call) \(with)" }
    }

    private static func faults(_ errors: [String], of calls: [String], every: Int = 0) -> [Fault] {
        calls.flatMap { call in errors.map { Fault(call: call, with: $0, every: every) } }
    }

    // Not epoll_create1: Dispatch makes one, too, and ends the process without it.
    private static let quick =
        faults(["ECONNRESET"], of: ["recv"]) + faults(["EPIPE"], of: ["send"])
        + faults(["EMFILE"], of: ["socket", "open"]) + faults(["ENOMEM"], of: ["epoll_ctl"])
        + faults(["EIO"], of: ["poll", "getsockopt"])

    private static let all =
        quick + faults(["EIO", "ETIMEDOUT", "ENOMEM", "EAGAIN"], of: ["recv"])
        + faults(["ECONNRESET", "EIO", "ENOBUFS", "EAGAIN"], of: ["send"])
        + faults(["EIO"], of: ["epoll_wait", "connect", "setsockopt", "shutdown", "close", "fstat", "pread"])
        + faults(["EINTR", "short"], of: ["recv", "send", "pread"])
        + faults(["EINTR"], of: ["epoll_wait", "connect", "poll", "open", "close"])

    /// Most calls come in long rows of the same kind: a part of them is enough for every day.
    private static func step(_ call: String) -> Int {
        isDeep ? 1 : ["recv": 7, "send": 3, "epoll_ctl": 4][call, default: 1]
    }

    @Test(
        "the scripts' results are right and whole, or the error says truly that one was not started",
        arguments: isDeep ? all : quick)
    func failing(fault: Fault) async throws {
        let client = try await FailingClient()
        var runs: [FailingClient.Run] = []
        var number = 1
        repeat {
            runs.append(try await client.run(fault.call, fault.with, at: number))
            client.check(runs[runs.count - 1], "\(fault.testDescription) \(number)")
            number += Self.step(fault.call)
        } while runs[runs.count - 1].hasFired
        #expect(runs.count > 1, "no such call was made")
        #expect(runs.last?.results == client.right.results)
        try await client.checkStarted(runs, fault.testDescription)
        let slowest = runs.map(\.duration).max() ?? .zero
        print("\(fault.testDescription): \(runs.count { $0.hasFired }) calls failed, the slowest run took \(slowest)")
    }

    @Test(
        "interrupted calls, and those that do a part of what they were asked, are carried on with",
        arguments: faults(["EINTR"], of: ["recv", "send", "epoll_wait", "pread", "open"], every: 2)
            + faults(["EINTR"], of: ["connect", "poll"])
            + faults(["short"], of: ["recv", "send", "epoll_wait", "pread"], every: 1)
            + faults(["EAGAIN"], of: ["recv", "send"], every: 2) + faults(["EIO"], of: ["setsockopt"], every: 1))
    func interrupted(fault: Fault) async throws {
        let client = try await FailingClient()
        for first in fault.every == 2 && Self.isDeep ? [1, 2] : [1] {
            let run = try await client.run(fault.call, fault.with, at: first, every: fault.every)
            #expect(run.hasFired && run.results == client.right.results, "\(run)")
            client.check(run, fault.testDescription)
        }
    }
}

/// The client of Tests/Support/ssh-client, with a server of its own.
private struct FailingClient {
    struct Run: CustomStringConvertible {
        let status: Int32
        let hasFired: Bool
        let duration: Duration
        /// What was said of each script, and of the connection.
        let results: [String]
        /// What was said last.
        let ending: String?
        /// Where each script leaves its number when it starts.
        let ran: String

        var description: String { "status \(status), \(results)" }

        func result(of number: Int) -> String? { results.first { $0.hasPrefix("run \(number) ") } }
    }

    private let server: TestServer
    /// With nothing that fails.
    private(set) var right: Run

    init() async throws {
        server = try await TestServer()
        _ = try server.folder.write(server.knownHostsText(), to: "known_hosts")
        right = try await Self.run(server, [:])
        let lines = right.results
        #expect(right.status == 0 && lines.count == 3 && lines.allSatisfy { $0.contains(" exited(") }, "\(lines)")
        #expect(lines[0].hasPrefix("run 1 exited(3) 4 ") && lines[1].hasPrefix("run 2 exited(0) 44890 "), "\(lines)")
    }

    func run(_ call: String, _ with: String, at number: Int, every: Int = 0) async throws -> Run {
        try await Self.run(
            server,
            [
                "LD_PRELOAD": built("libfail-nth.so"), "FAIL_CALL": call, "FAIL_WITH": with, "FAIL_AT": String(number),
                "FAIL_EVERY": String(every),
                "FAIL_ON": ["open", "pread", "fstat"].contains(call) ? server.folder.path : "sockets",
            ])
    }

    private static func run(_ server: TestServer, _ fault: [String: String]) async throws -> Run {
        let name = UUID().uuidString
        let path = "\(server.folder.path)/\(name)"
        let start = ContinuousClock.now
        let child = try ChildProcess(
            "/usr/bin/timeout", ["-s", "ABRT", "60", built("ssh-client"), String(server.port), server.folder.path],
            environment: fault.merging(["BELAY_RAN": "\(path).ran", "FAIL_REPORT": "\(path).fired"]) { $1 },
            output: "\(path).out", errors: "\(path).err")
        let status = try await child.wait()
        let duration = ContinuousClock.now - start
        let lines = try server.folder.read("\(name).out").split(separator: "\n").map(String.init)
        return Run(
            status: status, hasFired: FileManager.default.fileExists(atPath: "\(path).fired"), duration: duration,
            results: lines.dropLast().sorted(), ending: lines.last, ran: "\(path).ran")
    }

    /// What can be said at once: it ended by itself and in time, left no socket open, and what was reported as a result is right.
    func check(_ run: Run, _ what: String) {
        #expect(run.status == 0, "\(what): \(run)")
        #expect(run.ending == "sockets 0", "\(what): \(run)")
        #expect(run.duration < .seconds(30), "\(what): \(run)")
        for line in run.results where !line.contains(" error ") && !line.contains(" unknown(") {
            #expect(right.results.contains(line), "\(what)")
        }
        #expect(run.results.count == 3 || run.results.first { $0.hasPrefix("run ") } == nil, "\(what): \(run)")
    }

    /// When nothing runs any more: what was said not to have started has not, and what has a result did once.
    func checkStarted(_ runs: [Run], _ what: String) async throws {
        #expect(try await eventually { try server.sessions().isEmpty })
        // A shell may outlive the server's process that began it.
        try await Task.sleep(for: .milliseconds(300))
        for run in runs {
            let ran = (try? String(contentsOfFile: run.ran, encoding: .utf8))?.split(separator: "\n") ?? []
            for number in 1...3 {
                let times = ran.count { $0 == "\(number)" }
                let result = run.result(of: number)
                let isUnknown = result?.contains(" unknown(") == true
                let hasStarted = result.map { !$0.contains(" error ") } ?? false
                #expect(isUnknown ? times <= 1 : times == (hasStarted ? 1 : 0), "\(what): \(run), ran: \(ran)")
            }
        }
    }
}

import Foundation
import Testing
import TransparencyLog

@testable import Engine

/// One call of one function fails in a process that appends: the first, the second, and so on until one gets through.
/// Tests/Support/fail-nth does it, below all code of ours.
@Suite("audit log: the N-th system call fails", .timeLimit(.minutes(20)))
struct FailingCallTests {
    private static let isDeep = ProcessInfo.processInfo.environment["BELAY_DEEP"] == "syscalls"

    enum State: String, Sendable, CaseIterable {
        /// The log is made and written.
        case new
        /// It has entries, the last of which are not signed yet, and a checkpoint.
        case existing
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let call: String
        let with: String
        /// Whether the call is made before it fails.
        var isMade = false

        var testDescription: String { "\(call) \(with)\(isMade ? " made" : "")" }
    }

    private static func faults(_ errors: [String], of calls: [String], isMade: Bool = false) -> [Fault] {
        calls.flatMap { call in errors.map { Fault(call: call, with: $0, isMade: isMade) } }
    }

    private static let quick =
        faults(["EIO"], of: ["pwrite", "fdatasync", "fsync", "rename", "readdir"])
        + faults(["kill"], of: ["fdatasync"]) + faults(["EIO"], of: ["fdatasync"], isMade: true)

    private static let all =
        faults(["EIO", "ENOSPC", "kill"], of: ["pwrite", "fdatasync", "fsync", "rename", "mkdir"])
        + faults(["EIO", "kill"], of: ["pwrite", "fdatasync", "fsync", "rename"], isMade: true)
        + faults(["EIO", "EMFILE", "ENOSPC"], of: ["open"]) + faults(["EIO", "EMFILE"], of: ["opendir"])
        + faults(["EIO"], of: ["pread", "readdir", "access", "unlink", "flock", "fstat", "close"])

    @Test(
        "the log verifies, has all that was acknowledged, each entry whole, and takes more",
        arguments: isDeep ? all : quick, State.allCases)
    func failing(fault: Fault, state: State) async throws {
        let start = try await beginning(state)
        var number = 0
        while true {
            number += 1
            let run = try await FailingRun(start, fault.call, fault.with, at: number, isMade: fault.isMade)
            let hasEnded = fault.with == "kill" ? run.wasKilled : [0, 2, 3].contains(run.status)
            #expect(hasEnded, "\(fault.testDescription) \(number): \(run)")
            try await check(run, "\(fault.testDescription) \(number)")
            guard run.hasFired else { break }
        }
        print("\(state.rawValue) log, \(fault.testDescription): \(number - 1) calls failed")
        #expect(number > 1, "no such call was made")
    }

    @Test(
        "interrupted calls, and those that do a part of what they were asked, are carried on with",
        arguments: faults(["EINTR"], of: ["pwrite", "pread", "fdatasync", "fsync", "open", "opendir", "flock"])
            + faults(["short"], of: ["pwrite", "pread"]), State.allCases)
    func interrupted(fault: Fault, state: State) async throws {
        let start = try await beginning(state)
        // Each is made again, so every second one may fail for ever, from the first on or from the second on.
        for first in [1, 2] {
            let run = try await FailingRun(start, fault.call, fault.with, at: first, every: 2)
            #expect(run.hasFired && run.status == 0 && run.acknowledged.count == FailingRun.count, "\(run)")
            try await check(run, fault.testDescription)
        }
    }

    private func beginning(_ state: State) async throws -> TemporaryLog {
        let log = try TemporaryLog(in: "/dev/shm")
        guard state == .existing else { return log }
        let writer = try await log.open()
        _ = try await writer.append((0..<300).map { entry($0) })
        _ = try await writer.checkpoint()
        _ = try await writer.append((300..<310).map { entry($0) })
        await writer.close()
        return log
    }

    private func check(_ run: FailingRun, _ what: String) async throws {
        // A new log may end before it has its public key; then nothing is signed yet.
        let left = (try? run.log.verify())?.failures ?? []
        #expect(left.filter { $0.kind != .noKey } == [], "\(what)")
        let writer = try await run.log.open()
        let size = try await writer.size
        let entries = try await writer.entries(from: 0, limit: 1000).map { String(decoding: $0.bytes, as: UTF8.self) }
        #expect(entries.count == size, "\(what)")
        for (index, text) in run.acknowledged {
            #expect(index < size && entries[Int(index)] == text, "\(what): entry \(index) was acknowledged")
        }
        let whole = FailingRun.count + 1
        #expect(entries.dropFirst(run.before).allSatisfy(FailingRun.written.contains), "\(what)")
        #expect(size >= run.before && size <= run.before + whole, "\(what)")
        #expect(try await writer.append(entry(999)) == size, "\(what)")
        #expect(try await writer.checkpoint().checkpoint.size == size + 1, "\(what)")
        await writer.close()
        let report = try run.log.verify()
        #expect(report.failures == [] && report.entries == size + 1, "\(what)")
    }
}

/// A hammer's run on a copy of a log.
private struct FailingRun: CustomStringConvertible {
    static let count = 6
    /// What it may append: its entries, and one more after a failure.
    static let written = Set(
        (0..<count).map { #"{"by":"f","n":\#($0),"filler":"\#(String(repeating: "x", count: 40))"}"# } + ["{}"])

    let log: TemporaryLog
    /// How many entries there were.
    let before: Int
    let status: Int32
    let hasFired: Bool
    /// The entries' texts by index.
    let acknowledged: [UInt64: String]
    private let output: [String]

    /// In a shell's way: timeout(1) says 124 when time was up, and hands on what else there was.
    var wasKilled: Bool { hasFired ? status == 137 || status == 9 : status == 0 }

    var description: String { "status \(status), \(output.suffix(3))" }

    init(
        _ start: TemporaryLog, _ call: String, _ with: String, at number: Int, every: Int = 0, isMade: Bool = false
    ) async throws {
        log = try TemporaryLog(in: "/dev/shm")
        if FileManager.default.fileExists(atPath: start.directory) {
            try FileManager.default.copyItem(atPath: start.directory, toPath: log.directory)
            before = 310
        } else {
            before = 0
        }
        let report = "\(log.root)/fired"
        var environment = [
            "LD_PRELOAD": try Child.built("libfail-nth.so"), "FAIL_CALL": call, "FAIL_WITH": with,
            "FAIL_AT": String(number), "FAIL_EVERY": String(every), "FAIL_ON": log.directory, "FAIL_REPORT": report,
        ]
        if isMade { environment["FAIL_MADE"] = "1" }
        let child = try Child(
            [
                "/usr/bin/timeout", "-s", "ABRT", "60", Child.hammerPath(), log.directory, "f", String(Self.count),
                "40", "1",
            ],
            environment: environment, output: "\(log.root)/out")
        status = await child.wait()
        hasFired = FileManager.default.fileExists(atPath: report)
        output = child.lines()
        acknowledged = output.reduce(into: [:]) { acknowledged, line in
            let words = line.split(separator: " ")
            guard words.count >= 2, let index = UInt64(words[1]) else { return }
            if words[0] == "ack" {
                acknowledged[index] = Self.written.first { $0.contains(#""n":\#(words[2].dropFirst(2)),"#) }
            }
            if words[0] == "appended" { acknowledged[index] = "{}" }
        }
    }
}

import Foundation
import Glibc
import Synchronization
import Testing
import TransparencyLog

@testable import Engine

let origin = "audit.example/test"

/// A directory that is gone after the test.
final class TemporaryLog: Sendable {
    let root: String
    var directory: String { root + "/log" }

    init(in folder: String = FileManager.default.temporaryDirectory.path) throws {
        root = folder + "/belay-audit-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func open(
        anchor: String? = nil, pace: PublishPace = .onDemand, files: any LogFiles = SystemFiles()
    ) async throws -> AuditLog {
        try await AuditLog.open(directory: directory, origin: origin, anchor: anchor, pace: pace, files: files)
    }

    func read(_ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(file)")))
    }

    func write(_ bytes: [UInt8], _ file: String) throws {
        let handle = try #require(FileHandle(forUpdatingAtPath: "\(directory)/\(file)"))
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
    }

    func verify(key: VerifierKey? = nil) throws -> VerificationReport {
        try LogVerifier.verify(directory: directory, key: key)
    }
}

private func isZero(_ bytes: [UInt8]) -> Bool {
    // One byte after another in an unoptimised build takes longer than the disk.
    bytes.withUnsafeBytes { buffer in
        guard let base = buffer.baseAddress else { return true }
        return buffer[0] == 0 && memcmp(base, base + 1, buffer.count - 1) == 0
    }
}

func entry(_ number: Int, filler: Int = 0) -> [UInt8] {
    Array(#"{"n":\#(number),"filler":"\#(String(repeating: "x", count: filler))"}"#.utf8)
}

/// The system calls, counted, and failed when the test says so.
final class TestFiles: LogFiles {
    enum Call: Hashable, Sendable { case open, write, synchronizeData, synchronize, rename }
    struct State {
        var counts: [Call: Int] = [:]
        var failing: (call: Call, after: Int, number: Int32, path: String)?
        /// How many more calls are made, and whether the next one is made too before it fails.
        var end: (after: Int, isMade: Bool)?
    }
    private let state = Mutex(State())
    private let system = SystemFiles()

    func count(_ call: Call) -> Int { state.withLock { $0.counts[call, default: 0] } }

    /// Lets `after` more calls pass on paths that contain `path` and fails all that follow.
    func fail(_ call: Call, after: Int = 0, path: String = "", errno number: Int32) {
        state.withLock { $0.failing = (call, after, number, path) }
    }

    func heal() { state.withLock { $0.failing = nil } }

    /// As if the process were killed at the call after the next `count` ones, before it or, with `isMade`, after it: that one
    /// and all later ones fail.
    func end(after count: Int, isMade: Bool) { state.withLock { $0.end = (count, isMade) } }

    /// Whether the end has come.
    var hasEnded: Bool { state.withLock { $0.end.map { $0.after < 0 } ?? false } }

    private func make<Value>(_ call: Call, _ path: String, _ body: () throws -> Value) throws -> Value {
        try enter(call, path)
        let end: (after: Int, isMade: Bool)? = state.withLock { state in
            // Opening changes nothing: there is nothing to be cut off from.
            guard call != .open || state.end.map({ $0.after < 0 }) == true else { return nil }
            state.end?.after -= 1
            return state.end
        }
        guard let end, end.after < 0 else { return try body() }
        if end.after == -1, end.isMade { _ = try body() }
        throw AuditError("\(call)", "the end", errno: EIO)
    }

    private func enter(_ call: Call, _ path: String) throws {
        try state.withLock { state in
            state.counts[call, default: 0] += 1
            guard let failing = state.failing, failing.call == call,
                failing.path.isEmpty || path.contains(failing.path)
            else { return }
            if failing.after == 0 { throw AuditError("\(call)", "injected", errno: failing.number) }
            state.failing?.after -= 1
        }
    }

    func open(_ path: String, _ flags: Int32, mode: UInt32) throws -> Int32 {
        try make(.open, path) { try system.open(path, flags, mode: mode) }
    }

    func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int, path: String) throws {
        try make(.write, path) {
            // A segment full of zeroes, as a hole: hundreds of logs in one test would write gigabytes of them.
            if bytes.count == JournalFormat.segmentSize, isZero(bytes), ftruncate(descriptor, off_t(bytes.count)) == 0 {
                return
            }
            try system.write(bytes, to: descriptor, at: offset, path: path)
        }
    }

    func synchronizeData(_ descriptor: Int32, path: String) throws {
        try make(.synchronizeData, path) { try system.synchronizeData(descriptor, path: path) }
    }

    func synchronize(_ descriptor: Int32, path: String) throws {
        try make(.synchronize, path) { try system.synchronize(descriptor, path: path) }
    }

    func rename(_ old: String, to new: String) throws {
        try make(.rename, new) { try system.rename(old, to: new) }
    }
}

/// A process of its own, its output in a file.
final class Child: Sendable {
    private let process = Mutex(Process())
    private let output: String
    private let ended: AsyncStream<Int32>
    let processID: Int32

    init(_ arguments: [String], environment: [String: String] = [:], output: String) throws {
        self.output = output
        _ = FileManager.default.createFile(atPath: output, contents: nil)
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        ended = stream
        processID = try process.withLock { process in
            process.executableURL = URL(fileURLWithPath: arguments[0])
            process.arguments = Array(arguments.dropFirst())
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            process.standardOutput = FileHandle(forWritingAtPath: output)
            process.standardError = FileHandle(forWritingAtPath: output)
            process.terminationHandler = { process in
                continuation.yield(process.terminationStatus)
                continuation.finish()
            }
            try process.run()
            return process.processIdentifier
        }
    }

    /// The hammer, built beside the tests.
    static func hammer(
        _ log: TemporaryLog, name: String, count: Int, size: Int = 50, parallel: Int = 1
    ) throws -> Child {
        try Child(
            [hammerPath(), log.directory, name, String(count), String(size), String(parallel)],
            output: "\(log.root)/\(name).out")
    }

    static func hammerPath() throws -> String { try built("audit-hammer") }

    /// What was built beside the tests.
    static func built(_ name: String) throws -> String {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(fileURLWithPath: tests).deletingLastPathComponent().path + "/" + name
    }

    func lines() -> [String] {
        ((try? String(contentsOfFile: output, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }

    func wait() async -> Int32 {
        for await status in ended { return status }
        return -1
    }
}

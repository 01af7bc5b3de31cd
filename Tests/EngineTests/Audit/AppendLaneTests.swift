import Foundation
import Synchronization
import Testing
import TransparencyLog

@testable import Engine

/// The system calls, of which the first sync of the journal after `hold` lasts until `release`.
private final class HeldFiles: LogFiles {
    private enum Hold { case none, wanted, held }
    private let hold = Mutex(Hold.none)
    private let gate = DispatchSemaphore(value: 0)
    let files = TestFiles()

    func holdNextSync() { hold.withLock { $0 = .wanted } }
    func release() { gate.signal() }
    var isHeld: Bool { hold.withLock { $0 == .held } }

    func synchronizeData(_ descriptor: Int32, path: String) throws {
        let waits = hold.withLock { hold in
            guard hold == .wanted else { return false }
            hold = .held
            return true
        }
        if waits { gate.wait() }
        try files.synchronizeData(descriptor, path: path)
    }

    func open(_ path: String, _ flags: Int32, mode: UInt32) throws -> Int32 {
        try files.open(path, flags, mode: mode)
    }
    func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int, path: String) throws {
        try files.write(bytes, to: descriptor, at: offset, path: path)
    }
    func synchronize(_ descriptor: Int32, path: String) throws { try files.synchronize(descriptor, path: path) }
    func rename(_ old: String, to new: String) throws { try files.rename(old, to: new) }
}

/// The system calls, in the order in which each thread makes them.
private final class OrderedFiles: LogFiles {
    private struct State {
        var calls = 0
        /// When a descriptor was opened, and when a thread wrote into a segment.
        var opened: [Int32: Int] = [:]
        var written: [String: Int] = [:]
        var late: [String] = []
    }
    private let state = Mutex(State())
    let files = TestFiles()

    /// Syncs by descriptors that were not open yet when what they sync was written.
    var late: [String] { state.withLock { $0.late } }

    private func key(_ path: String) -> String { "\(pthread_self()) \(path)" }

    func open(_ path: String, _ flags: Int32, mode: UInt32) throws -> Int32 {
        let descriptor = try files.open(path, flags, mode: mode)
        state.withLock { state in
            state.calls += 1
            state.opened[descriptor] = state.calls
        }
        return descriptor
    }
    func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int, path: String) throws {
        try files.write(bytes, to: descriptor, at: offset, path: path)
        state.withLock { state in
            state.calls += 1
            state.written[key(path)] = state.calls
        }
    }
    func synchronizeData(_ descriptor: Int32, path: String) throws {
        state.withLock { state in
            guard let written = state.written[key(path)], state.opened[descriptor] ?? 0 > written else { return }
            state.late.append(path)
        }
        try files.synchronizeData(descriptor, path: path)
    }
    func synchronize(_ descriptor: Int32, path: String) throws { try files.synchronize(descriptor, path: path) }
    func rename(_ old: String, to new: String) throws { try files.rename(old, to: new) }
}

@Suite("two at a time append to a log", .timeLimit(.minutes(5)))
struct AppendLaneTests {
    let log: TemporaryLog
    private let files = HeldFiles()

    init() throws {
        log = try TemporaryLog()
    }

    /// A log, and an append that is at the disk and stays there until it is released.
    private func held() async throws -> (writer: AuditLog, first: Task<UInt64, any Error>) {
        let writer = try await log.open(files: files)
        files.holdNextSync()
        let first = Task { try await writer.append(entry(0)) }
        while !files.isHeld { try await Task.sleep(for: .milliseconds(2)) }
        return (writer, first)
    }

    private func append(_ numbers: ClosedRange<Int>, to writer: AuditLog) async -> [UInt64] {
        await withTaskGroup(of: UInt64?.self) { group in
            for number in numbers { group.addTask { try? await writer.append(entry(number)) } }
            return await group.compactMap(\.self).reduce(into: []) { $0.append($1) }.sorted()
        }
    }

    @Test("few wait while another batch is synced; many have a sync of their own, which may end first")
    func overtaking() async throws {
        let (writer, first) = try await held()
        async let others = append(1...7, to: writer)
        try await Task.sleep(for: .milliseconds(100))
        #expect(try log.verify().entries == 1)
        async let last = append(8...8, to: writer)
        #expect(await others + last == Array(1...8))
        #expect(try log.verify().entries == 9)
        files.release()
        #expect(try await first.value == 0)
        #expect(try await writer.checkpoint().checkpoint.size == 9)
        #expect(try log.verify().isIntact)
    }

    @Test("nothing is taken after a sync has failed beside another one")
    func failing() async throws {
        let (writer, first) = try await held()
        files.files.fail(.synchronizeData, errno: EIO)
        #expect(await append(1...16, to: writer) == [])
        #expect(await #expect(throws: AuditError.self) { try await writer.append(entry(17)) }?.code == .poisoned)
        files.files.heal()
        files.release()
        #expect(try await first.value == 0)
        #expect(await #expect(throws: AuditError.self) { try await writer.append(entry(18)) }?.code == .poisoned)
        #expect(await #expect(throws: AuditError.self) { try await writer.checkpoint() }?.code == .poisoned)
        #expect(try Files.list("\(log.directory)/checkpoints") == [])
    }

    // The kernel tells a descriptor of failed writes only since it was opened: what somebody was told of before is lost to it.
    @Test("what is synced was written after the descriptor that syncs it was opened")
    func descriptors() async throws {
        let files = OrderedFiles()
        let writer = try await log.open(files: files)
        #expect(await append(0...400, to: writer).count == 401)
        #expect(files.late == [])
        #expect(try log.verify().entries == 401)
    }

    @Test("entries appended together stay together, also more of them than fit into a write, while others write, too")
    func longBatches() async throws {
        let writer = try await log.open()
        async let others = append(1000...1199, to: writer)
        let ranges = try await withThrowingTaskGroup(of: (Int, Range<UInt64>).self) { group in
            for part in 0..<4 {
                group.addTask {
                    (part, try await writer.append((0..<12).map { entry(part * 100 + $0, filler: 60_000) }))
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(await others.count == 200)
        for (part, range) in ranges {
            let found = try await writer.entries(from: range.lowerBound, limit: range.count).map(\.bytes)
            #expect(found == (0..<12).map { entry(part * 100 + $0, filler: 60_000) })
        }
        #expect(try log.verify().entries == 248)
    }

    @Test("a log that is closed takes nothing more, and answers those who wait: written, or not")
    func closed() async throws {
        let (writer, first) = try await held()
        let waiting = Task { try await writer.append(entry(1)) }
        try await Task.sleep(for: .milliseconds(50))
        await writer.close()
        files.release()
        #expect(try await first.value == 0)
        let written = try? await waiting.value
        #expect(written == nil || written == 1)
        #expect(await #expect(throws: AuditError.self) { try await writer.append(entry(2)) }?.code == .closed)
        #expect(try log.verify().entries == (written == nil ? 1 : 2))
    }
}

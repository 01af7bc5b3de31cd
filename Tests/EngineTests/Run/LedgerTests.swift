import Core
import Foundation
import Synchronization
import Testing

@testable import Engine

@Suite("the turn to begin a run", .timeLimit(.minutes(2)))
struct LedgerTests {
    /// Time passes only by sleeping.
    private final class TestClock: Clock {
        private let elapsed = Mutex(0.0)

        func now() -> Timestamp { Timestamp(milliseconds: 0) }
        func uptime() -> Double { elapsed.withLock { $0 } }
        func sleep(seconds: Double) async throws {
            elapsed.withLock { $0 += seconds }
            await Task.yield()
        }
    }

    /// Looking and taking with a pause between: without the turn all would find a place.
    private final class Room: Sendable {
        private let places: Mutex<Int>

        init(places: Int) { self.places = Mutex(places) }

        var free: Int { places.withLock { $0 } }

        func take() async throws -> Bool {
            let found = free
            try await Task.sleep(for: .milliseconds(3))
            if found > 0 { places.withLock { $0 = found - 1 } }
            return found > 0
        }
    }

    private let log: TemporaryLog

    init() throws {
        log = try TemporaryLog()
        try FileManager.default.createDirectory(atPath: log.directory, withIntermediateDirectories: true)
    }

    private func ledger(_ clock: any Clock = SystemClock()) -> Ledger { Ledger(directory: log.directory, clock: clock) }

    @Test("of many at once one has it, and each sees what those before it have left")
    func exclusive() async throws {
        let room = Room(places: 3)
        let began = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<12 { group.addTask { try await ledger().turn { try await room.take() } } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(began.count { $0 } == 3)
        #expect(room.free == 0)
    }

    @Test("it is given back by who fails in it")
    func givenBack() async throws {
        struct Failed: Error {}
        await #expect(throws: Failed.self) { try await ledger().turn { throw Failed() } }
        #expect(try await ledger().turn { 1 } == 1)
    }

    @Test("who does not get it in its time has begun nothing, and is told who to look for")
    func patience() async throws {
        let lock = try FileLock("\(log.directory)/ledger.lock", files: SystemFiles())
        #expect(try lock.tryAcquire())
        let clock = TestClock()
        let error = await #expect(throws: WorkspaceError.self) {
            try await ledger(clock).turn { Issue.record("it had the turn") }
        }
        #expect(clock.uptime() >= Ledger.patience)
        #expect("\(String(describing: error))".contains("lslocks"))
        lock.release()
        try await ledger(clock).turn {}
    }
}

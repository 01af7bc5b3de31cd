import Foundation
import Glibc
import Testing

@testable import Engine

@Suite("run locks", .timeLimit(.minutes(5)))
struct RunLockTests {
    let log: TemporaryLog

    init() throws {
        log = try TemporaryLog()
    }

    @Test("held by one at a time, free after release and after the object is gone")
    func exclusive() async throws {
        _ = try await log.open()
        #expect(try !RunLock.isHeld(run: "r1", in: log.directory))
        let lock = try #require(try RunLock.tryAcquire(run: "r1", in: log.directory))
        #expect(try RunLock.isHeld(run: "r1", in: log.directory))
        #expect(try RunLock.tryAcquire(run: "r1", in: log.directory) == nil)
        #expect(try RunLock.tryAcquire(run: "r2", in: log.directory) != nil)
        lock.release()
        lock.release()
        #expect(try !RunLock.isHeld(run: "r1", in: log.directory))
        do { _ = try #require(try RunLock.tryAcquire(run: "r1", in: log.directory)) }
        #expect(try !RunLock.isHeld(run: "r1", in: log.directory))
    }

    @Test("a killed holder holds no longer")
    func killed() async throws {
        _ = try await log.open()
        let path = "\(log.directory)/runs/r1.lock"
        let command = ["/usr/bin/flock", "-F", path, "/bin/sh", "-c", "echo held; exec sleep 100"]
        let child = try Child(command, output: "\(log.root)/out")
        while child.lines() != ["held"] { try await Task.sleep(for: .milliseconds(5)) }
        #expect(try RunLock.isHeld(run: "r1", in: log.directory))
        #expect(try RunLock.tryAcquire(run: "r1", in: log.directory) == nil)
        kill(child.processID, SIGKILL)
        _ = await child.wait()
        #expect(try RunLock.tryAcquire(run: "r1", in: log.directory) != nil)
    }

    @Test(
        "an id that is a path is refused",
        arguments: ["", "../x", "a/b", ".", ".x", "a b", String(repeating: "a", count: 221)])
    func hostile(_ run: String) {
        #expect(throws: AuditError.self) { try RunLock.tryAcquire(run: run, in: log.directory) }
        #expect(throws: AuditError.self) { try RunLock.isHeld(run: run, in: log.directory) }
    }
}

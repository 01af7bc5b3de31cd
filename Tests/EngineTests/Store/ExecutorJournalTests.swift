import Core
import Foundation
import Testing
import TransparencyLog

@testable import Engine

@Suite("the journal of an executor", .timeLimit(.minutes(3)))
struct ExecutorJournalTests {
    private let temporary: TemporaryLog
    private let log: RunLog
    private let clock = HandClock()

    init() async throws {
        temporary = try TemporaryLog()
        log = try await RunLog.open(
            directory: temporary.directory, origin: origin, clock: SystemClock(), by: "test@here:1")
    }

    private func journal(_ holder: String, earlier: [IndexedRecord] = []) async throws -> ExecutorJournal {
        let identity = NodeIdentity(address: "192.0.2.1:22", hostKey: "SHA256:abc", machineID: "m")
        let node = NodePlan(
            name: "a", identity: identity, roles: [], pool: "p", steps: [], verify: [], services: [],
            deadManSeconds: nil)
        let plan = Plan(
            id: "r", createdAt: Timestamp(milliseconds: 0), expiresAt: Timestamp(milliseconds: 1), requester: "alice",
            reason: "CHG-1", runbook: RunbookReference(name: "n", title: "N", author: "ann", digest: "d"),
            parameters: [:], cluster: ClusterReference(name: "c", environment: "e"), log: try await log.reference,
            policySet: "set", onFailure: .rollback, nodes: [node])
        return ExecutorJournal(
            log: log.writer, clock: clock, holder: holder, plan: plan, planSha256: "digest", earlier: earlier)
    }

    private func ours() async throws -> [IndexedRecord] { try await log.records().filter { $0.record.run == "r" } }

    @Test("an intent says for whom and why it is sent; an outcome names its intent, and how long it took")
    func pair() async throws {
        let journal = try await journal("t")
        try await journal.append(.intent(Intent(.armDeadMan)), run: "r", node: "a")
        clock.pass(1.5)
        try await journal.append(.outcome(.armDeadMan, .armed), run: "r", node: "a")
        let records = try await ours()
        let context = IntentContext(
            attempt: 1, hostKey: "SHA256:abc", planSha256: "digest", requester: "alice", reason: "CHG-1")
        #expect(records[0].record.context == context)
        let name = EntryName(index: records[0].index, leaf: Merkle.leaf(records[0].bytes).hex)
        #expect(records[1].record.intent == name && records[1].record.milliseconds == 1500)
    }

    @Test("what another executor had sent is named too, without a duration, and the next is another attempt")
    func takenOver() async throws {
        let first = try await journal("t")
        let lease = Write.acquireLease(.node, recovering: true)
        try await first.append(.intent(Intent(.armDeadMan)), run: "r", node: "a")
        let second = try await journal("u", earlier: try await ours())
        try await second.append(.recovering(holder: "u"), run: "r", node: nil)
        // The lease comes first, then what was open is looked up.
        try await second.append(.intent(Intent(lease)), run: "r", node: "a")
        try await second.append(.outcome(lease, .granted(epoch: 2, inMemory: false)), run: "r", node: "a")
        try await second.append(.outcome(.armDeadMan, .absent), run: "r", node: "a")
        try await second.append(.intent(Intent(.armDeadMan)), run: "r", node: "a")
        let records = try await ours()
        #expect(records[3].record.intent?.index == records[2].index)
        #expect(records[4].record.intent?.index == records[0].index && records[4].record.milliseconds == nil)
        #expect(records[5].record.context?.attempt == 2)
    }

    @Test("an outcome of what was never intended here names nothing")
    func unknown() async throws {
        let journal = try await journal("t")
        try await journal.append(.outcome(.armDeadMan, .armed), run: "r", node: "a")
        #expect(try await ours().map(\.record.intent) == [nil])
    }
}

/// A clock that a test moves.
// @unchecked: `seconds` is touched only under the lock.
final class HandClock: Clock, @unchecked Sendable {
    private let lock = NSLock()
    private var seconds = 0.0

    func pass(_ time: Double) { lock.withLock { seconds += time } }
    func now() -> Timestamp { Timestamp(milliseconds: 0) }
    func uptime() -> Double { lock.withLock { seconds } }
    func sleep(seconds: Double) async throws {}
}

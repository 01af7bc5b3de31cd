import Core
import Testing

@testable import Engine

/// Which runs of a log are under way for the others.
@Suite("reservations in the log")
struct ReservationsTests {
    private static let start = Timestamp(milliseconds: 1_000)

    private func node(_ name: String) -> NodePlan {
        NodePlan(
            name: name, identity: nil, roles: ["worker"], pool: "blue", steps: [], verify: [], services: [],
            deadManSeconds: nil)
    }

    private func plan(_ id: String, _ nodes: [String]) -> Plan {
        Plan(
            id: id, createdAt: Self.start, expiresAt: Self.start, requester: "alice",
            runbook: RunbookReference(name: "demo", title: "d", author: "d", digest: "d"), parameters: [:],
            cluster: ClusterReference(name: "c", environment: "e"), log: LogReference(origin: "o", key: "k"),
            policySet: "p", onFailure: .rollback, nodes: nodes.map(node))
    }

    /// The records of one run: its plan, then events.
    private func records(_ id: String, _ nodes: [String], _ events: [(Event, String?)]) throws -> [LogRecord] {
        let bytes = try JSON.encode(plan(id, nodes))
        let planned = PlannedRecord(plan: Payload(bytes: bytes), planSha256: "d", signature: "s")
        let all: [(LogEvent, String?)] = [(.planned(planned), nil)] + events.map { (.run($0), $1) }
        return all.map { LogRecord(at: Self.start, by: "alice", run: id, node: $1, event: $0) }
    }

    private func reservations(_ records: [LogRecord], but id: String = "own") -> Reservations {
        let indexed = records.enumerated().map { IndexedRecord(index: UInt64($0), record: $1, bytes: []) }
        return Reservations(indexed, RunStore(indexed), but: id)
    }

    @Test("nodes of runs that have begun and not ended, but those that are done with, and not the run's own")
    func open() throws {
        let began: [(Event, String?)] = [(.started(holder: "a"), nil), (.wave(0), nil)]
        let all = try [
            records("planned", ["n1"], []), records("own", ["n1"], began),
            records("open", ["n1", "n2", "n3"], began + [(.nodeState(.succeeded, reason: ""), "n2")]),
            records(
                "ended", ["n1"], began + [(.nodeState(.succeeded, reason: ""), "n1"), (.finished(.succeeded), nil)]),
        ].flatMap(\.self)
        let found = reservations(all)
        #expect(found.fault == nil)
        #expect(found.runs.map { "\($0.run) \($0.node)" } == ["open n1", "open n3"])
        #expect(found.runs[0].startedAt == .known(Self.start) && found.runs[0].user == .known("alice"))
    }

    @Test("a run whose records do not fold is under way on all its nodes until its end is in the log")
    func damaged() throws {
        let events: [(Event, String?)] = [
            (.started(holder: "a"), nil), (.started(holder: "a"), nil), (.nodeState(.succeeded, reason: ""), "n1"),
        ]
        #expect(try reservations(records("r", ["n1"], events)).runs.map(\.node) == ["n1"])
        #expect(try reservations(records("r", ["n1"], events + [(.finished(.succeeded), nil)])).runs.isEmpty)
    }

    @Test("an open run whose plan cannot be read makes it unknown; one that ended does not")
    func unreadable() throws {
        let open = [
            LogRecord(at: Self.start, by: "a", run: "r", node: nil, event: .run(.started(holder: "a"))),
            LogRecord(at: Self.start, by: "a", run: "r", node: nil, event: .run(.finished(.succeeded))),
        ]
        #expect(reservations([open[0]]).fault?.contains("run r is open") == true)
        #expect(reservations(open).fault == nil)
    }
}

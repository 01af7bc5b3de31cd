import Core
import Testing

@testable import Engine

/// What a log says was done before.
@Suite("history of a log")
struct HistoryReadingTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    private func plan(_ id: String, _ nodes: [String]) -> Plan {
        let step = StepPlan(
            name: "s", action: "service.restart", arguments: Arguments(["service": .text("kubelet")]),
            reversibility: .reversible, cutsPath: false, timeoutSeconds: 5, before: Observation(),
            prediction: Prediction(after: Observation()), apply: [Command(["true"])], undo: [Command(["true"])],
            verify: [])
        return Plan(
            id: id, createdAt: Self.now, expiresAt: Self.now, requester: "alice",
            runbook: RunbookReference(name: "demo", title: "d", author: "d", digest: "d"), parameters: [:],
            cluster: ClusterReference(name: "c", environment: "e"), log: LogReference(origin: "o", key: "k"),
            policySet: "p", onFailure: .rollback,
            nodes: nodes.map {
                NodePlan(
                    name: $0, identity: nil, roles: ["worker"], pool: "blue", steps: [step, step], verify: [],
                    services: [], deadManSeconds: nil)
            })
    }

    /// The records of one run, each so many seconds ago: its plan, then events.
    private func records(
        _ id: String, _ nodes: [String], plan isReadable: Bool = true, _ events: [(Int, Event, String?)]
    ) throws -> [LogRecord] {
        let bytes = isReadable ? try JSON.encode(plan(id, nodes)) : Array("{}".utf8)
        let planned = PlannedRecord(plan: Payload(bytes: bytes), planSha256: "d", signature: "s")
        let first = LogRecord(
            at: Self.now.adding(seconds: -9_000_000), by: "alice", run: id, node: nil, event: .planned(planned))
        return [first]
            + events.map {
                LogRecord(at: Self.now.adding(seconds: -$0), by: "alice", run: id, node: $2, event: .run($1))
            }
    }

    private func history(_ records: [LogRecord]) -> Fact<History> {
        let indexed = records.enumerated().map { IndexedRecord(index: UInt64($0), record: $1, bytes: []) }
        return History.read(indexed, RunStore(indexed), now: Self.now)
    }

    private func intent(_ write: Write) -> Event { .intent(Intent(write)) }
    private func granted(_ place: Place = .node) -> Event {
        .outcome(.acquireLease(place, recovering: false), .granted(epoch: 1, inMemory: false))
    }

    /// A node's way to its first step.
    private func begun(_ secondsAgo: Int, _ node: String) -> [(Int, Event, String?)] {
        [
            (secondsAgo, .started(holder: "a"), nil), (secondsAgo, .wave(0), nil),
            (secondsAgo, intent(.acquireLease(.node, recovering: false)), node), (secondsAgo, granted(), node),
            (secondsAgo, .judged(findings: []), node), (secondsAgo, .admitted(failures: []), node),
            (secondsAgo, .observed(step: 0, moment: .before, Observation()), node),
            (secondsAgo, intent(.apply(step: 0)), node),
        ]
    }

    @Test("a step that was begun, once, with its time; nothing of a node whose turn has not come, nor of a plan alone")
    func steps() throws {
        let found = try history(
            records("planned", ["n1"], []) + records("r1", ["n1", "n2"], begun(120, "n1")))
        let steps = try #require(found.value?.steps)
        #expect(steps.map { "\($0.run) \($0.node) \($0.action) \($0.outcome)" } == ["r1 n1 service.restart running"])
        #expect(steps[0].startedAt == Self.now.adding(seconds: -120) && steps[0].finishedAt == nil)
        #expect(steps[0].disrupts == .known(["kubelet"]))
    }

    @Test("an empty log has a history that begins now")
    func empty() {
        #expect(history([]).value == History([], logStart: Self.now, now: Self.now))
    }

    @Test("a run of this time that cannot be read makes all of it unknown; an old one does not")
    func unreadable() throws {
        let recent = try history(records("r1", ["n1"], plan: false, begun(120, "n1")))
        guard case .unknown(let cause) = recent else { return #expect(Bool(false), "it is known: \(recent)") }
        #expect(cause.contains("run r1"))
        #expect(try history(records("r1", ["n1"], plan: false, begun(History.seconds + 60, "n1"))).value?.steps == [])
    }

    @Test("a run whose records do not fold makes all of it unknown")
    func damaged() throws {
        let twice = [(60, Event.started(holder: "b"), String?.none)]
        guard case .unknown(let cause) = try history(records("r1", ["n1"], begun(120, "n1") + twice)) else {
            return #expect(Bool(false), "it is known")
        }
        #expect(cause.contains("does not fold"))
    }
}

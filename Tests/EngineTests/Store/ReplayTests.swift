import Core
import Foundation
import Testing

@testable import Engine

@Suite("decisions that are made again from the log")
struct ReplayTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)
    private static let alice = Principal(name: "alice", groups: ["sre"], kind: .human)
    private static let grant = """
        apiVersion: belay/v1
        kind: Grant
        metadata: {name: everyone}
        spec: {who: {groups: [sre]}, runbooks: ["*"]}
        """

    private static func policies(_ expression: String) throws -> PolicySet {
        let policy = """
            apiVersion: belay/v1
            kind: Policy
            metadata: {name: rule}
            spec:
              enforcement: hard
              validations: [{expression: "\(expression)", message: "no", remedy: "wait"}]
            """
        return try PolicySet.load([("g.yaml", Array(grant.utf8)), ("p.yaml", Array(policy.utf8))])
    }

    private static func plan() -> Plan {
        let step = StepPlan(
            name: "s", action: "service.restart", arguments: Arguments(["service": .text("kubelet")]),
            reversibility: .reversible, cutsPath: false, timeoutSeconds: 5, before: Observation(),
            prediction: Prediction(after: Observation()), apply: [Command(["true"])], undo: [Command(["true"])],
            verify: [])
        let node = NodePlan(
            name: "n1", identity: nil, roles: ["worker"], pool: "blue", steps: [step], verify: [], services: [],
            deadManSeconds: nil)
        return Plan(
            id: "r", createdAt: now, expiresAt: now, requester: "alice",
            runbook: RunbookReference(name: "demo", title: "d", author: "d", digest: "d"), parameters: [:],
            cluster: ClusterReference(name: "c", environment: "e"), log: LogReference(origin: "o", key: "k"),
            policySet: "p", onFailure: .rollback, nodes: [node])
    }

    private static let inventory = """
        apiVersion: belay/v1
        kind: Inventory
        cluster: {name: c, environment: e}
        nodes:
        - {name: n1, address: 10.0.0.1, roles: [worker], pool: blue}
        - {name: n2, address: 10.0.0.2, roles: [worker], pool: blue}
        """

    private static func input(_ plan: Plan, turn: String? = nil) throws -> PolicyInput {
        var facts = Facts.unknown("nobody asked")
        facts.uptime = .known(.seconds(600))
        let inventory = try Inventory.parse(Array(inventory.utf8), file: "inventory.yaml")
        let answers = ["n1   Ready   <none>   5d   v1\n", "no pods"].map {
            CommandOutput(status: 0, output: Payload($0))
        }
        let silent = Inflight.Sight(host: "n2", listing: .failure(NodeFailure("silent", remedy: "", isPassing: true)))
        let seen = Inflight.seen(besides: plan, reservations: [], sights: [silent], settled: [:], inventory: inventory)
        return PolicyInput(
            phase: .execute, plan: plan, planSha256: "d", requester: alice,
            nodes: ["n1": NodeSnapshot(facts: facts, observedAt: now)],
            cluster: ClusterProbe(kubeconfig: "/k").parse(answers, of: inventory, at: now), calendar: .empty,
            inflight: Inflight.runs(seen), occupied: .known(Inflight.occupied(seen, in: inventory)), turn: turn,
            now: now)
    }

    /// A run of a plan, an input, and what was decided from it; each through JSON, as the log has it.
    private static func run(
        _ policies: PolicySet, turn: String? = nil, loses: Bool = false, of planSha256: String = "d",
        deciding change: (inout Decision) -> Void = { _ in }
    ) throws -> StoredRun {
        let plan = plan()
        let input = try input(plan, turn: turn)
        var decision = policies.judge(input)
        change(&decision)
        let planned = PlannedRecord(
            plan: Payload(bytes: try JSON.encode(plan)), planSha256: planSha256, signature: "s")
        let said: LogEvent = turn == nil ? .decided(decision) : .run(.judged(findings: decision.findings))
        let events: [(LogEvent, String?)] = try [
            (.planned(planned), nil),
            (.decisionInput(DecisionInputRecord(DecisionInput(input, policySet: policies.digest))), turn),
            (.run(.judged(findings: [])), "another"), (said, turn),
        ]
        let records = try events.enumerated().map { index, event in
            let whole = LogRecord(at: now, by: "alice", run: "r", node: event.1, event: event.0)
            var record = try JSON.decode(LogRecord.self, from: JSON.encode(whole))
            if loses, record.type == DecisionInputRecord.eventName { record.event = nil }
            return IndexedRecord(index: UInt64(index), record: record, bytes: [])
        }
        return try StoredRun(id: "r", records: records)
    }

    private static let holds = "node.bootedAt < now"
    private static let fails = "node.bootedAt > now"
    private static let ofCluster = "cluster.pools['blue'].notReady == ['n2'] && occupied.exists(o, o.node == 'n2')"
    private static let ofInflight = "inflight.size() == 0"

    @Test(
        "the same input under the same policies gives the same, as a plan and at a node's turn, allowed and denied",
        arguments: [holds, fails, ofCluster, ofInflight], [nil, "n1"] as [String?])
    func same(_ expression: String, _ turn: String?) throws {
        let policies = try Self.policies(expression)
        let (decisions, unreadable) = try Self.run(policies, turn: turn).replay(under: policies)
        #expect(unreadable == [])
        let decision = try #require(decisions.first)
        #expect(decisions.count == 1 && decision.entry == 1)
        #expect(decision.isSame && decision.hasSamePolicies && decision.recorded != nil)
        #expect(decision.replayed.findings.isEmpty == [Self.holds, Self.ofCluster].contains(expression))
    }

    @Test("a decision that says something else than the policies did is noticed")
    func forged() throws {
        let policies = try Self.policies(Self.fails)
        let (decisions, _) = try Self.run(policies) { $0.findings = [] }.replay(under: policies)
        #expect(decisions.map(\.isSame) == [false] && decisions.map(\.hasSamePolicies) == [true])
    }

    @Test("an input that is about another plan than the run's is noticed, whatever was decided from it")
    func anotherPlan() throws {
        let policies = try Self.policies(Self.holds)
        let (decisions, _) = try Self.run(policies, of: "e").replay(under: policies)
        #expect(decisions.map(\.isOfThisPlan) == [false] && decisions.map(\.isSame) == [false])
    }

    @Test("a decision that allows in spite of its findings, or by another grant, is noticed")
    func forgedOutcome() throws {
        let policies = try Self.policies(Self.fails)
        let allowing = try Self.run(policies) { $0.allowed = true }
        let granted = try Self.run(policies) { $0.grants = ["nobody-wrote-it"] }
        for run in [allowing, granted] {
            let (decisions, _) = try run.replay(under: policies)
            #expect(
                decisions.map(\.isSame) == [false] && decisions.first?.recorded == decisions.first?.replayed.findings)
        }
    }

    @Test("under other policies it is said that they are others, and what they would have said")
    func others() throws {
        let (decisions, _) = try Self.run(Self.policies(Self.holds)).replay(under: Self.policies(Self.fails))
        #expect(decisions.map(\.isSame) == [false] && decisions.map(\.hasSamePolicies) == [false])
        #expect(decisions.first?.replayed.denials.count == 1)
    }

    @Test("an input that is gone from the disk is named")
    func erased() throws {
        let policies = try Self.policies(Self.holds)
        let (decisions, unreadable) = try Self.run(policies, loses: true).replay(under: policies)
        #expect(decisions.isEmpty && unreadable == [1])
    }
}

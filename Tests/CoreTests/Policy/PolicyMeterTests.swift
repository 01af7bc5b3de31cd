import CEL
import Testing

@testable import Core

/// What a decision may cost, and what it works out once.
@Suite struct PolicyMeterTests {
    private typealias Samples = PolicySamples

    private static func input(nodes: Int, runs: Int = 0, turn: String? = nil) -> PolicyInput {
        let plan = Samples.plan((0..<nodes).map { Samples.node("n\($0)") })
        let steps = (0..<runs).map { index in
            let start = Samples.now.adding(seconds: -60 * index - 60)
            return HistoryStep(
                Samples.step(), of: plan, on: Samples.node("n\(index % 7)"), state: .succeeded, startedAt: start,
                finishedAt: start.adding(seconds: 5))
        }
        let history = History(steps, logStart: Samples.now.adding(seconds: -History.seconds), now: Samples.now)
        return Samples.input(plan, phase: .execute, history: .known(history), turn: turn)
    }

    @Test(
        "a decision may cost more for more steps, and for more records with each, up to a bound",
        arguments: [
            (1, 0, 20_005_000), (1, 1000, 20_055_000), (100, 100, 21_000_000), (10_000, 1000, 570_000_000),
            (20_000, 1000, 600_000_000),
        ])
    func limit(nodes: Int, runs: Int, units: Int) {
        #expect(PolicyMeter.limit(of: Self.input(nodes: nodes, runs: runs)) == units)
    }

    @Test("at a node's turn it is that of one node")
    func turn() {
        #expect(PolicyMeter.limit(of: Self.input(nodes: 100, turn: "n7")) == 20_005_000)
    }

    @Test("what many nodes may cost after many runs is too much after none: nodes are judged until it is used up")
    func large() throws {
        // Comparing long texts costs many units, and little time where they differ at once.
        let (left, right) = (String(repeating: "a", count: 1_440_000), String(repeating: "b", count: 1_440_000))
        func decide(runs: Int) throws -> Decision {
            var input = Self.input(nodes: 400, runs: runs)
            (input.requester.name, input.plan.runbook.author) = (left, right)
            return try Samples.judge(
                Samples.policy("node.name != '' && request.principal.user != runbook.author"), input)
        }
        let many = try decide(runs: 1000)
        #expect(many.allowed && many.evaluated.cost > 400 * 90_000 && many.evaluated.validations == 400)
        let none = try decide(runs: 0)
        #expect(!none.allowed && none.evaluated.cost == 22_000_000 && none.findings.first?.outcome == .error)
        #expect(none.findings.first?.node == "n244")
    }

    @Test("beyond its limit a decision denies")
    func beyond() throws {
        var meter = PolicyMeter(limit: 10)
        let policy = try Samples.load([Samples.policy("[1, 2, 3, 4].all(x, x > 0)")]).policies[0]
        let evaluation = meter.evaluate(policy.validations[0].program, of: policy, [:])
        #expect(throws: EvaluationError.self) { try evaluation.result.get() }
        #expect(meter.spent == 10)
    }

    private static let variables = """
        variables:
        - {name: since, expression: "now - duration('1h')"}
        - {name: recent, expression: "history.runs.filter(r, r.startedAt > variables.since)"}
        - {name: here, expression: "variables.recent.filter(r, r.node == node.name)"}
        - {name: name, expression: "node.name"}
        - {name: step, expression: "action.id"}
        """

    @Test("what is the same for all nodes is worked out once, and what is not for each")
    func common() throws {
        let rule =
            "variables.here.all(r, r.node == node.name) && variables.name == node.name && variables.step == action.id"
        let policy = Samples.policy(rule, more: Self.variables)
        func cost(nodes: Int) throws -> Int {
            let decision = try Samples.judge(policy, Self.input(nodes: nodes, runs: 59))
            #expect(decision.allowed, "\(decision.findings)")
            return decision.evaluated.cost
        }
        let (one, two, three) = (try cost(nodes: 1), try cost(nodes: 2), try cost(nodes: 3))
        // The 59 runs are gone over once in all, and the recent ones of each node once more for it.
        #expect(one > two - one + 59 && three - two < 59 * 20)
    }

    @Test(
        "only what names neither node nor step, by itself or through a variable, is taken from the node before",
        arguments: [
            ("node.name != 'n1'", "true"), ("variables.v", "node.name != 'n1'"), ("variables.w", "node.name != 'n1'"),
            ("[variables].size() == 0 || variables.w", "node.name != 'n1'"),
            ("[dyn(variables)].exists(v, v.w)", "node.name != 'n1'"),
            ("action.id == '' || variables.v", "node.name != 'n1'"),
            ("[dyn(node)].exists(n, n.name != 'n1')", "true"), ("has(node.labels.a) || node.name != 'n1'", "true"),
        ])
    func varies(rule: String, variable: String) throws {
        let more = """
            variables:
            - {name: v, expression: "\(variable)"}
            - {name: w, expression: variables.v}
            """
        #expect(
            try Samples.judge(Samples.policy(rule, more: more), Self.input(nodes: 4)).findings.map(\.node) == ["n1"])
    }

    @Test("whether a standing grant covers the node is not taken from the node before")
    func standing() throws {
        let grant = """
            apiVersion: belay/v1
            kind: Grant
            metadata: {name: one}
            spec: {who: {groups: [sre]}, runbooks: ["*"], targets: {nodes: [n1]}, standing: true}
            """
        let policy = Samples.policy(
            "variables.covered", more: "variables: [{name: covered, expression: request.standing}]")
        let set = try Samples.load([policy, Samples.grant, grant])
        let decision = set.judge(Self.input(nodes: 4))
        #expect(decision.findings.map(\.node) == ["n0", "n2", "n3"])
    }

    @Test("what is not known is not known for any node")
    func unknown() throws {
        var input = Self.input(nodes: 3)
        input.history = .unknown("the audit log cannot be read")
        let policy = Samples.policy("variables.recent.size() == 0", more: Self.variables)
        #expect(try Samples.judge(policy, input).findings.map(\.outcome) == [.error, .error, .error])
    }
}

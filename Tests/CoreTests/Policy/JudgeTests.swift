import CEL
import Testing

@testable import Core

@Suite struct JudgeTests {
    private typealias Samples = PolicySamples

    @Test("a plan that a grant covers and no policy denies is allowed, and the decision says what was looked at")
    func allowed() throws {
        let decision = try Samples.judge(Samples.policy("action.rollback && node.pool == 'blue'"))
        #expect(decision.allowed && decision.findings.isEmpty)
        #expect(decision.grants == ["everyone"])
        #expect(decision.evaluated.policies == 1 && decision.evaluated.documents == 1)
        #expect(decision.evaluated.validations == 1 && decision.evaluated.cost > 0)
    }

    @Test("without a fitting grant everything is denied, and the finding says which grants there are")
    func noGrant() throws {
        let other = Samples.grant.replacing("groups: [sre]", with: "groups: [dba]")
        let decision = try Samples.load([other]).judge(Samples.input())
        #expect(!decision.allowed)
        #expect(decision.findings.first?.policy == "grants")
        #expect(decision.findings.first?.message.contains("everyone: it is for group dba") == true)
        #expect(
            try Samples.load([]).judge(Samples.input()).findings.first?.message.contains("there are no grants") == true)
    }

    @Test(
        "what a standing grant covers is pre-approved, node by node; whatever it does not cover is not",
        arguments: [
            ("runbooks: [restart-kubelet], standing: true", []),
            ("runbooks: [restart-kubelet]", ["n1", "n2"]), ("runbooks: [other], standing: true", ["n1", "n2"]),
            ("runbooks: [restart-kubelet], standing: true, targets: {nodes: [n1]}", ["n2"]),
            ("runbooks: [restart-kubelet], standing: true, targets: {maxNodes: 2}", []),
            ("runbooks: [restart-kubelet], standing: true, targets: {maxNodes: 1}", ["n1", "n2"]),
        ])
    func standing(spec: String, asked: [String]) throws {
        let standing =
            "apiVersion: belay/v1\nkind: Grant\nmetadata: {name: standing}\nspec: {who: {groups: [sre]}, \(spec)}\n"
        let set = try Samples.load([Samples.grant, standing, Samples.policy("request.standing")])
        let plan = Samples.plan([Samples.node("n1"), Samples.node("n2")])
        let decision = set.judge(Samples.input(plan))
        #expect(decision.findings.compactMap(\.node) == asked)
        #expect(decision.grants.contains("standing") == (asked.count < 2))
        // At its turn a node is of the same plan, with as many nodes.
        let turn = set.judge(Samples.input(plan, phase: .execute, turn: "n1"))
        #expect(turn.allowed == !asked.contains("n1"))
    }

    @Test(
        "a grant covers by user or group, runbook, environment, pool, node and role; each misfit denies",
        arguments: [
            ("{who: {users: [alice]}, runbooks: [restart-kubelet]}", true),
            ("{who: {users: [bob]}, runbooks: [\"*\"]}", false),
            ("{who: {groups: [sre]}, runbooks: [flush-iptables]}", false),
            (
                "{who: {groups: [sre]}, runbooks: [\"*\"], targets: {environments: [production], pools: [blue], nodes: [n1]}}",
                true
            ),
            ("{who: {groups: [sre]}, runbooks: [\"*\"], targets: {environments: [staging]}}", false),
            ("{who: {groups: [sre]}, runbooks: [\"*\"], targets: {pools: [green]}}", false),
            ("{who: {groups: [sre]}, runbooks: [\"*\"], targets: {nodes: [n2]}}", false),
            ("{who: {groups: [sre]}, runbooks: [\"*\"], targets: {roles: [worker]}}", true),
            ("{who: {groups: [sre]}, runbooks: [\"*\"], targets: {roles: [control-plane]}}", false),
        ])
    func grants(spec: String, allowed: Bool) throws {
        let grant = "apiVersion: belay/v1\nkind: Grant\nmetadata: {name: g}\nspec: \(spec)\n"
        #expect(try Samples.load([grant]).judge(Samples.input()).allowed == allowed)
    }

    @Test("every node must be covered, not only the first")
    func everyNode() throws {
        let grant = Samples.grant.replacing("runbooks: [\"*\"]", with: "runbooks: [\"*\"], targets: {nodes: [n1]}")
        let decision = try Samples.load([grant]).judge(
            Samples.input(Samples.plan([Samples.node("n1"), Samples.node("n2")])))
        #expect(!decision.allowed)
        #expect(decision.findings.map(\.node) == ["n2"])
    }

    @Test("a plan of no nodes is not allowed by having nothing to deny")
    func noNodes() throws {
        #expect(try !Samples.load([Samples.grant]).judge(Samples.input(Samples.plan([]))).allowed)
    }

    @Test("one denial wins over any number of allowing policies, and all findings are reported")
    func anyDenialWins() throws {
        let set = try Samples.load([
            Samples.grant, Samples.policy("true", name: "a"), Samples.policy("false", name: "b"),
            Samples.policy("node.name == 'other'", name: "c", enforcement: "soft"),
        ])
        let decision = set.judge(Samples.input())
        #expect(!decision.allowed)
        #expect(decision.findings.map(\.policy) == ["b", "c"])
        #expect(decision.findings.map(\.outcome) == [.deny, .deny])
    }

    @Test("a finding names policy, file and line, node, step, message, remedy and the values that decided it")
    func finding() throws {
        let text = Samples.policy("node.firewall.rules < 10 && node.pool == 'blue'")
        let finding = try #require(try Samples.judge(text).findings.first)
        #expect(finding.place == "p0.yaml:8")
        #expect((finding.node, finding.step) == ("n1", "restart"))
        #expect((finding.message, finding.remedy) == ("it is false", "mend it"))
        #expect(finding.trace.contains(.init(expression: "node.firewall.rules", value: "12")))
        #expect(finding.trace.contains(.init(expression: "node.firewall.rules < 10", value: "false")))
    }

    @Test("an error denies and is called an error, with path and cause of the unknown fact")
    func unknownFact() throws {
        let input = Samples.input(facts: Samples.facts(inputPolicy: .unknown("iptables: exit 4")))
        let decision = try Samples.judge(Samples.policy("node.firewall.inputPolicy == 'ACCEPT'"), input)
        #expect(!decision.allowed)
        #expect(decision.findings.first?.outcome == .error)
        #expect(
            decision.findings.first?.message.contains("node.firewall.inputPolicy is not known: iptables: exit 4")
                == true)
    }

    @Test(
        "what this version does not collect is an error that denies, never a default that allows",
        arguments: [
            "cluster.alerts.size() == 0", "cluster.etcd.backupAt < now",
            "node.pods.pdbBlocked.size() == 0", "runbook.reviewed", "request.trigger == 'manual'", "!request.dryRun",
        ])
    func notCollected(expression: String) throws {
        let decision = try Samples.judge(Samples.policy(expression))
        #expect(decision.findings.map(\.outcome) == [.error], "\(decision.findings)")
        #expect(decision.findings.first?.message.contains("not collected by this version") == true)
    }

    @Test(
        "what the Kubernetes API says of a node is known once it was asked, and an error that denies until then",
        arguments: [
            "node.ready", "!node.unschedulable", "node.conditions['DiskPressure'].status == 'False'",
            "node.conditions['Ready'].since < now",
        ])
    func kubernetes(expression: String) throws {
        let condition = { (status: String) in
            Facts.Kubernetes.Condition(status: status, reason: "x", since: .known(Samples.now.adding(seconds: -60)))
        }
        var kubernetes = Facts.Kubernetes.notAsked
        kubernetes.node.ready = .known(true)
        kubernetes.node.unschedulable = .known(false)
        kubernetes.node.conditions = .known(["Ready": condition("True"), "DiskPressure": condition("False")])
        let facts = Samples.facts().with(kubernetes: kubernetes)
        #expect(try Samples.judge(Samples.policy(expression), Samples.input(facts: facts)).allowed)
        let decision = try Samples.judge(Samples.policy(expression))
        #expect(decision.findings.map(\.outcome) == [.error] && !decision.allowed)
        #expect(decision.findings.first?.message.contains("no cluster.kubectl in the inventory") == true)
    }

    @Test("of a node that was not looked at every fact is an error")
    func noFacts() throws {
        let decision = try Samples.judge(Samples.policy("node.firewall.rules < 100"), Samples.input(facts: nil))
        #expect(decision.findings.first?.message.contains("no facts of n1 were collected") == true)
    }

    @Test("advisory warns, on false and on error, and denies nothing")
    func advisory() throws {
        for expression in ["false", "node.ready"] {
            let decision = try Samples.judge(Samples.policy(expression, enforcement: "advisory"))
            #expect(decision.allowed)
            #expect(decision.warnings.count == 1 && decision.denials.isEmpty)
        }
    }

    @Test(
        "match: every given field must fit, and a list fits by one word",
        arguments: [
            ("actions: [service.restart]", true), ("actions: [iptables.flush]", false),
            ("disrupts: [kubelet, node]", true), ("disrupts: [network]", false), ("touches: [service]", true),
            ("touches: [firewall]", false), ("environments: [production, staging]", true),
            ("environments: [staging]", false),
            ("classes: [reversible]", true), ("classes: [read]", false), ("mutating: true", true),
            ("mutating: false", false),
            ("phases: [plan]", true), ("phases: [execute]", false),
            ("actions: [service.restart], mutating: false", false),
        ])
    func match(block: String, matches: Bool) throws {
        let decision = try Samples.judge(Samples.policy("false", more: "match: {\(block)}"))
        #expect(decision.allowed != matches)
        #expect(decision.evaluated.policies == (matches ? 1 : 0))
    }

    @Test("a match that cannot be decided is reported, not skipped")
    func undecidableMatch() throws {
        let step = Samples.step(action: "no.such.action", arguments: [:])
        let decision = try Samples.judge(
            Samples.policy("true", more: "match: {disrupts: [network]}"),
            Samples.input(Samples.plan([Samples.node("n1", [step])])))
        #expect(decision.findings.map(\.outcome) == [.error])
        #expect(decision.findings.first?.message.contains("whether it matches") == true)
    }

    @Test(
        "match conditions: a false one skips the policy even beside an error, an error without a false denies",
        arguments: [
            (["'true'"], true, false), (["'false'"], false, false), (["node.ready"], true, true),
            (["node.ready", "'false'"], false, false),
        ])
    func conditions(expressions: [String], matches: Bool, isError: Bool) throws {
        let list = expressions.enumerated().map { "{name: c\($0), expression: \($1)}" }.joined(separator: ", ")
        let decision = try Samples.judge(Samples.policy("false", more: "matchConditions: [\(list)]"))
        #expect(decision.allowed == !matches)
        #expect(decision.findings.map(\.outcome) == (matches ? [isError ? .error : .deny] : []))
    }

    @Test("variables are evaluated in order; a failed one is an error only where it is used")
    func variables() throws {
        let more =
            "variables: [{name: broken, expression: node.zone}, {name: pool, expression: node.pool}, {name: same, expression: variables.pool}]"
        #expect(try Samples.judge(Samples.policy("variables.same == 'blue'", more: more)).allowed)
        #expect(
            try Samples.judge(Samples.policy("variables.broken == 'z'", more: more)).findings.map(\.outcome) == [.error]
        )
    }

    @Test("obligations are collected from policies that match, and only those")
    func obligations() throws {
        let obliged = Samples.policy("true", more: "obligations: ['page:lead']")
        let other = Samples.policy(
            "true", name: "x", more: "match: {mutating: false}\nobligations: ['review:within=24h']")
        #expect(try Samples.load([Samples.grant, obliged, other]).judge(Samples.input()).obligations == ["page:lead"])
    }

    @Test("a hostile fact is only data: bounded and escaped in messages and traces")
    func hostile() throws {
        let text = Samples.policy("node.firewall.inputPolicy == 'DROP'")
            .replacing("message: it is false", with: "messageExpression: \"'policy ' + node.firewall.inputPolicy\"")
        let facts = Samples.facts(
            inputPolicy: .known("\u{1B}[2J' || true || '" + String(repeating: "x", count: 100_000)))
        let decision = try Samples.judge(text, Samples.input(facts: facts))
        let finding = try #require(decision.findings.first)
        #expect(finding.outcome == .deny)
        #expect(finding.message.contains("\\u{1b}") && finding.message.unicodeScalars.count < 600)
        #expect(finding.trace.allSatisfy { $0.value.unicodeScalars.count <= 400 && !$0.value.contains("\u{1B}") })
    }

    @Test("the cost of a decision is bounded over all its expressions; what would go beyond is an error")
    func cost() throws {
        var meter = PolicyMeter(limit: 50)
        let policy = try Samples.load([Samples.policy("plan.targets.all(t, t.size() > 0 && node.name != '')")])
            .policies[0]
        let outcomes = (0..<40).flatMap { _ in policy.judge(PolicySample.document, &meter).findings.map(\.outcome) }
        #expect(outcomes.contains(.error) && outcomes.count < 40)
        #expect(meter.spent == 50)
    }

    @Test("the decision survives its own JSON")
    func codable() throws {
        let decision = try Samples.judge(Samples.policy("node.firewall.rules < 10"))
        #expect(try JSON.decode(Decision.self, from: JSON.encode(decision)) == decision)
    }

    @Test("the input survives its own JSON, and gives the same decision again")
    func replay() throws {
        let set = try Samples.load([Samples.grant, Samples.policy("node.firewall.rules < 10")])
        let input = try JSON.decode(PolicyInput.self, from: JSON.encode(Samples.input()))
        #expect(set.judge(input) == set.judge(Samples.input()))
    }
}

@Suite struct PolicyDocumentTests {
    private typealias Samples = PolicySamples

    private func holds(_ expression: String, _ input: PolicyInput = PolicySamples.input()) throws {
        let decision = try Samples.judge(Samples.policy(expression), input)
        #expect(decision.allowed, "\(expression): \(decision.findings)")
    }

    @Test(
        "the document says of plan, requester and node what they are",
        arguments: [
            "request.id == 'r-1' && request.phase == 'plan' && !request.breakGlass.active",
            "request.principal.user == 'alice' && 'sre' in request.principal.groups && request.principal.kind == 'human'",
            "runbook.name == 'restart-kubelet' && runbook.author == 'ann' && runbook.digest == 'd'",
            "action.type == 'service.restart' && action.id == 'restart' && action.args['service'] == 'kubelet'",
            "action.mutating && action.timeout == duration('30s')",
            "action.disrupts == ['kubelet'] && action.touches == ['service']", "action.rollback && action.verify",
            "!action.deadMan.planned", "node.name == 'n1' && node.roles == ['worker'] && !node.controlPlane",
            "node.bootedAt == now - duration('600s') && node.observedAt == now", "node.disks['/'].usedPercent == 40.0",
            "cluster.name == 'c1' && cluster.environment == 'production'",
            "plan.targets == ['n1'] && plan.pools == ['blue'] && plan.atOnce == 1",
            "plan.steps.all(s, s.node == 'n1' && s.action == 'service.restart')",
            "now == timestamp('2026-11-22T12:00:00Z')",
        ])
    func known(expression: String) throws { try holds(expression) }

    @Test(
        "an absurd uptime does not trap",
        arguments: [Duration.seconds(Int64.max), .seconds(Int64.min), .seconds(9_223_372_036_854_776)])
    func uptime(uptime: Duration) throws {
        var facts = Samples.facts()
        facts.uptime = .known(uptime)
        _ = try Samples.judge(Samples.policy("node.bootedAt < now"), Samples.input(facts: facts))
    }

    @Test("a fleet is judged within the bound of cost")
    func fleet() throws {
        let nodes = (0..<300).map { Samples.node("n\($0)", [Samples.step(), Samples.step()]) }
        let decision = try Samples.judge(
            Samples.policy("action.rollback && plan.targets.size() == 300"), Samples.input(Samples.plan(nodes)))
        #expect(decision.allowed && decision.evaluated.documents == 600)
    }

    @Test("a step without undo has no rollback; one with nothing to do needs none; a restoring one is verified")
    func rollback() throws {
        func holds(_ expression: String, _ step: StepPlan) throws {
            try self.holds(expression, Samples.input(Samples.plan([Samples.node("n1", [step])])))
        }
        try holds("!action.rollback", Samples.step(undo: false))
        var idle = Samples.step(undo: false)
        idle.apply = []
        try holds("action.rollback", idle)
        try holds("!action.verify", Samples.step(verify: false))
        var restoring = Samples.step(verify: false)
        restoring.restores = Observation()
        try holds("action.verify && action.disrupts == ['kubelet']", restoring)
    }

    @Test("the dead-man is planned for the steps that cut the path")
    func deadMan() throws {
        let nodes = [Samples.node("n1", [Samples.step(cutsPath: true)], deadMan: 180)]
        try holds(
            "action.deadMan.planned && action.deadMan.delay == duration('180s')", Samples.input(Samples.plan(nodes)))
    }
}

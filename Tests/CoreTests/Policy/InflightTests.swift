import CEL
import Testing

@testable import Core

/// What else is under way, from both of its sources, and what a policy sees of it.
@Suite struct InflightTests {
    private typealias Samples = PolicySamples

    static let inventory = Result {
        try Inventory.parse(
            Array(
                """
                apiVersion: belay/v1
                kind: Inventory
                cluster: {name: c1, environment: production, kubectl: {host: cp1, kubeconfig: /etc/kubernetes/admin.conf}}
                nodes:
                - {name: n1, address: 10.0.0.1, roles: [worker], pool: blue}
                - {name: n2, address: 10.0.0.2, roles: [worker], pool: blue}
                - {name: g1, address: 10.0.0.3, roles: [worker], pool: green}
                - {name: cp1, address: 10.0.0.4, roles: [control-plane], pool: control}
                """.utf8), file: "inventory.yaml")
    }

    /// What a node prints of its leases: `(target, run)`, each with an hour to go.
    static func listing(_ leases: (String?, String)..., uptime: Int = 100) throws -> RecordListing {
        func line(_ words: String...) -> String {
            "n " + words[0] + words.dropFirst().map { " " + Base64.encode(Array($0.utf8)) }.joined() + "\n"
        }
        let bases = leases.map { line("base", "disk", $0 ?? "", "1", "\($1) 1 bob@host:1 boot 3600 t") }
        let text = line("head", "boot", "\(uptime)", "m") + bases.joined() + "n end\n"
        return try RecordListing(parsing: Array(text.utf8), nonce: "n")
    }

    static func plan(_ id: String, _ nodes: NodePlan..., rollsBack: String? = nil) -> Plan {
        var plan = Samples.plan(nodes)
        (plan.id, plan.rollsBack, plan.requester) = (id, rollsBack, "bob")
        return plan
    }

    static func reserved(_ id: String, _ node: NodePlan) -> InflightRun {
        InflightRun(plan(id, node), node: node, startedAt: .known(Samples.now.adding(seconds: -60)))
    }

    func seen(
        besides plan: Plan = plan("own", Samples.node("n1")), reserved: [InflightRun] = [],
        _ sights: [(String, Result<RecordListing, NodeFailure>)], settled: [String: [String]] = [:]
    ) throws -> Inflight.Seen {
        Inflight.seen(
            besides: plan, reservations: reserved, sights: sights.map { Inflight.Sight(host: $0, listing: $1) },
            settled: settled, inventory: try Self.inventory.get())
    }

    func runs(
        besides plan: Plan = plan("own", Samples.node("n1")), reserved: [InflightRun] = [],
        _ sights: [(String, Result<RecordListing, NodeFailure>)], settled: [String: [String]] = [:]
    ) throws -> Fact<[InflightRun]> {
        Inflight.runs(try seen(besides: plan, reserved: reserved, sights, settled: settled))
    }

    static let silent = NodeFailure("connection: timed out", remedy: "Look.", isPassing: true)

    @Test("all nodes of the targets' pools are read, and the execution host, each once")
    func hosts() throws {
        var inventory = try Self.inventory.get()
        #expect(Inflight.hosts(for: Self.plan("r", Samples.node("n1")), in: inventory) == ["n1", "n2", "cp1"])
        var node = Samples.node("cp1")
        node.pool = "control"
        #expect(Inflight.hosts(for: Self.plan("r", node), in: inventory) == ["cp1"])
        let elsewhere = inventory.nodes.firstIndex { $0.name == "g1" }
        inventory.nodes[try #require(elsewhere)].roles = ["control-plane"]
        #expect(Inflight.hosts(for: Self.plan("r", node), in: inventory) == ["cp1"])
        node.roles = ["control-plane"]
        #expect(Inflight.hosts(for: Self.plan("r", node), in: inventory) == ["g1", "cp1"])
        inventory.cluster.kubectl?.host = .local
        #expect(Inflight.hosts(for: Self.plan("r", Samples.node("n1")), in: inventory) == ["n1", "n2", "local"])
        inventory.cluster.kubectl = nil
        #expect(Inflight.hosts(for: Self.plan("r", Samples.node("n1")), in: inventory) == ["n1", "n2"])
    }

    @Test(
        "reservations of the log and leases on nodes are joined, and what is in both is there once, as the log has it")
    func union() throws {
        let known = try runs(
            reserved: [Self.reserved("r1", Samples.node("n2")), Self.reserved("r1", Samples.node("n1"))],
            [
                ("n1", .success(try Self.listing((nil, "own")))), ("n2", .success(try Self.listing((nil, "r1")))),
                ("cp1", .success(try Self.listing((nil, "r3"), ("n2", "r1"), ("g1", "r2")))),
            ]
        ).value
        let found = try #require(known)
        #expect(found.map { "\($0.run) \($0.node)" } == ["r1 n1", "r1 n2", "r2 g1", "r3 cp1"])
        #expect(found[1].user == .known("bob") && found[1].disrupts.value?.contains("kubelet") == true)
        #expect(found[2].pool == .known("green") && found[2].controlPlane == .known(false))
        #expect(found[3].pool == .known("control") && found[3].controlPlane == .known(true))
        #expect(found[2].user.value == nil && found[2].startedAt.value == nil && found[2].disrupts.value == nil)
    }

    @Test("a run's own leases do not count, nor what is settled there or is being rolled back, nor what has expired")
    func notCounted() throws {
        let plan = Self.plan("own", Samples.node("n1"), rollsBack: "r0")
        let all = try runs(
            besides: plan, reserved: [Self.reserved("own", Samples.node("n1"))],
            [
                ("n1", .success(try Self.listing((nil, "r0")))), ("n2", .success(try Self.listing((nil, "r1")))),
                ("cp1", .success(try Self.listing(("n1", "own"), ("n2", "r1"), uptime: 3600))),
            ], settled: ["n2": ["r1"]])
        #expect(all == .known([]))
        let elsewhere = try runs([("n2", .success(try Self.listing((nil, "r1"))))], settled: ["n1": ["r1"]])
        #expect(elsewhere.value?.map(\.run) == ["r1"])
    }

    @Test("a node that cannot be read makes all of it unknown, with the cause")
    func unread() throws {
        let failure = NodeFailure("n2: connection: timed out", remedy: "Look.", isPassing: true)
        let unknown = try runs(
            reserved: [Self.reserved("r1", Samples.node("n2"))],
            [("n1", .success(try Self.listing())), ("n2", .failure(failure))])
        #expect(unknown == .unknown("leases could not be read on n2: n2: connection: timed out"))
        let input = Samples.input(inflight: unknown)
        let decision = try Samples.judge(Samples.policy("inflight.size() == 0"), input)
        #expect(decision.findings.map(\.outcome) == [.error])
        #expect(decision.findings.first?.message.contains("n2: connection: timed out") == true)
        #expect(try Samples.judge(Samples.policy("node.pool == 'blue'"), input).allowed)
    }

    @Test("who is occupied is known with a node that cannot be read, which counts as does every node with a run, once")
    func occupied() throws {
        let seen = try seen(
            reserved: [Self.reserved("r1", Samples.node("n1")), Self.reserved("own", Samples.node("n1"))],
            [
                ("n1", .success(try Self.listing((nil, "r1"), (nil, "own")))), ("n2", .failure(Self.silent)),
                ("cp1", .success(try Self.listing((nil, "r3"), ("g1", "r2"), ("g1", "r4"), ("n77", "r5")))),
            ])
        #expect(Inflight.runs(seen).value == nil)
        let occupied = Inflight.occupied(seen, in: try Self.inventory.get())
        #expect(occupied.map(\.node) == ["cp1", "g1", "n1", "n2", "n77"])
        #expect(occupied.map(\.certain) == [true, true, true, false, true])
        #expect(occupied.map(\.pool.value) == ["control", "green", "blue", "blue", nil])
        #expect(occupied.map(\.controlPlane.value) == [true, false, false, false, nil])
    }

    @Test("a node whose own leases cannot be read is certain to be occupied when the log or the execution host says so")
    func occupiedForCertain() throws {
        let inventory = try Self.inventory.get()
        let byLog = try seen(reserved: [Self.reserved("r1", Samples.node("n2"))], [("n2", .failure(Self.silent))])
        #expect(Inflight.occupied(byLog, in: inventory).map(\.certain) == [true])
        let byHost = try seen([
            ("n2", .failure(Self.silent)), ("cp1", .success(try Self.listing(("n2", "r1")))),
        ])
        #expect(Inflight.occupied(byHost, in: inventory).map(\.certain) == [true])
    }

    @Test("neither the run that is judged nor the one it rolls back, nor what is settled, occupies a node")
    func notOccupied() throws {
        let seen = try seen(
            besides: Self.plan("own", Samples.node("n1"), rollsBack: "r0"),
            reserved: [Self.reserved("own", Samples.node("n1"))],
            [
                ("n1", .success(try Self.listing((nil, "r0")))), ("n2", .success(try Self.listing((nil, "r1")))),
                ("cp1", .success(try Self.listing(("n1", "own")))),
            ], settled: ["n2": ["r1"]])
        #expect(Inflight.occupied(seen, in: try Self.inventory.get()) == [])
    }

    @Test(
        "a limit counts a node that cannot be read as busy; who asks for certainty does not; a stranger's pool is an error",
        arguments: [
            ("occupied.filter(o, o.pool == node.pool).size() < 2", [Finding.Outcome]()),
            ("occupied.filter(o, o.pool == node.pool).size() < 1", [.deny]),
            ("occupied.all(o, o.certain)", [.deny]), ("occupied.all(o, !o.controlPlane && o.node == 'n2')", []),
        ])
    func limit(expression: String, outcomes: [Finding.Outcome]) throws {
        var input = Samples.input(inflight: .unknown("leases could not be read on n2"))
        input.occupied = .known(
            Inflight.occupied(try seen([("n2", .failure(Self.silent))]), in: try Self.inventory.get()))
        let policy = Samples.policy(expression)
        #expect(try Samples.judge(policy, input).findings.map(\.outcome) == outcomes)
        input.occupied = .known([OccupiedNode(unread: "local", known: nil)])
        #expect(
            try Samples.judge(Samples.policy("occupied.all(o, o.pool != node.pool)"), input).findings.map(\.outcome)
                == [.error])
        input.occupied = .unknown("the audit log cannot be read")
        #expect(try Samples.judge(policy, input).findings.map(\.outcome) == [.error])
    }

    @Test(
        "policies read what is known of each run, and what is not known of one denies",
        arguments: [
            ("inflight.size() == 2", true), ("inflight.exists(r, r.pool == node.pool)", true),
            ("inflight.all(r, r.node != node.name)", true), ("inflight.all(r, r.outcome == 'running')", true),
            ("inflight.all(r, !r.controlPlane)", false),
            (
                "inflight.filter(r, r.id == 'r1').all(r, r.user == 'bob' && r.runbook + r.runbookDigest == 'restart-kubeletd')",
                true
            ),
            ("inflight.filter(r, r.id == 'r1').all(r, r.action == action.type && 'kubelet' in r.disrupts)", true),
            ("inflight.filter(r, r.id == 'r1').all(r, now - r.startedAt == duration('60s'))", true),
            ("inflight.all(r, r.user == 'bob')", nil), ("inflight.all(r, r.startedAt < now)", nil),
            ("inflight.all(r, r.finishedAt < now)", nil), ("inflight.all(r, r.disrupts.size() > 0)", nil),
        ] as [(String, Bool?)])
    func bound(expression: String, value: Bool?) throws {
        let seen = InflightRun(run: "r2", node: "cp1", known: try Self.inventory.get().node("cp1"))
        let input = Samples.input(inflight: .known([Self.reserved("r1", Samples.node("n2")), seen]))
        let decision = try Samples.judge(Samples.policy(expression), input)
        #expect(decision.findings.map(\.outcome) == (value == true ? [] : value == false ? [.deny] : [.error]))
    }

    @Test("a lease for a node that is in no inventory has an unknown pool, which denies whoever compares it")
    func stranger() throws {
        let found = try runs([("cp1", .success(try Self.listing(("n77", "r1"))))])
        let input = Samples.input(inflight: found)
        let decision = try Samples.judge(Samples.policy("!inflight.exists(r, r.pool == node.pool)"), input)
        #expect(decision.findings.map(\.outcome) == [.error])
        #expect(decision.findings.first?.message.contains("n77, where run r1 works, is not in the inventory") == true)
    }

    @Test("of several actions on a node there is not the one")
    func severalActions() throws {
        var other = Samples.step()
        other.action = "images.prune"
        let run = Self.reserved("r1", Samples.node("n1", [Samples.step(), other]))
        #expect(run.action == .unknown("it has several actions there"))
    }

    @Test(
        "what no expression names is not read",
        arguments: [
            (Samples.policy("action.rollback"), false), (Samples.policy("inflight.size() == 0"), true),
            (Samples.policy("[1].all(inflight, inflight == 1)"), false),
            (Samples.policy("true", more: "matchConditions: [{name: c, expression: \"inflight.size() == 0\"}]"), true),
            (Samples.policy("true", more: "variables: [{name: v, expression: \"inflight.map(r, r.id)\"}]"), true),
            (
                Samples.policy("true").replacing(
                    "message: it is false", with: "messageExpression: \"string(inflight.size())\""), true
            ),
        ])
    func reads(policy: String, reads: Bool) throws {
        #expect(try Samples.load([policy, Samples.grant]).reads("inflight") == reads)
    }

    @Test("a path is read when it or a part of it is named, not when its neighbour is")
    func readsPath() throws {
        let set = try Samples.load([Samples.policy("node.conditions['Ready'].status == 'True' && node.name != ''")])
        #expect(set.reads("node.conditions") && !set.reads("node.ready"))
    }

    @Test("at a node's turn that node alone is judged, and one that is not in the plan is not allowed by that")
    func turn() throws {
        let plan = Samples.plan([Samples.node("n1"), Samples.node("n2")])
        let set = try Samples.load([Samples.policy("plan.targets.size() == 1"), Samples.grant])
        #expect(set.judge(Samples.input(plan)).findings.map(\.node) == ["n1", "n2"])
        #expect(set.judge(Samples.input(plan, turn: "n2")).findings.map(\.node) == ["n2"])
        #expect(!set.judge(Samples.input(plan, turn: "n3")).allowed)
    }
}

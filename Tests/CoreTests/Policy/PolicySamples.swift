@testable import Core

/// A plan, its requester and its node, in which everything is well: each test spoils one thing.
enum PolicySamples {
    static let digest = String(repeating: "a", count: 64)
    static let now = Core.Timestamp("2026-11-22T12:00:00Z")!
    static let alice = Principal(name: "alice", groups: ["sre"], kind: .human)

    static func step(
        action: String = "service.restart", arguments: [String: ArgumentValue] = ["service": .text("kubelet")],
        reversibility: Reversibility = .reversible, cutsPath: Bool = false, undo: Bool = true, verify: Bool = true
    ) -> StepPlan {
        StepPlan(
            name: "restart", action: action, arguments: Arguments(arguments), reversibility: reversibility,
            cutsPath: cutsPath, timeoutSeconds: 30, before: Observation(), prediction: Prediction(after: Observation()),
            apply: [Command(["systemctl", "restart", "kubelet"])],
            undo: undo ? [Command(["systemctl", "start", "kubelet"])] : [],
            verify: verify ? [CheckPlan(expression: "facts.kubelet.healthz == 200", withinSeconds: 60)] : [])
    }

    static func node(_ name: String = "n1", _ steps: [StepPlan] = [step()], deadMan: Int? = nil) -> NodePlan {
        NodePlan(
            name: name, identity: NodeIdentity(address: "10.0.0.1:22", hostKey: "SHA256:x", machineID: "m"),
            roles: ["worker"], pool: "blue", steps: steps, verify: [], services: ["kubelet"], deadManSeconds: deadMan)
    }

    static func plan(
        _ nodes: [NodePlan] = [node()], environment: String = "production", policySet: String = "set",
        requester: String = "alice"
    ) -> Plan {
        Plan(
            id: "r-1", createdAt: now.adding(seconds: -3600), expiresAt: now.adding(seconds: 3600),
            requester: requester,
            runbook: RunbookReference(name: "restart-kubelet", title: "Restart", author: "ann", digest: "d"),
            parameters: [:], cluster: ClusterReference(name: "c1", environment: environment),
            log: LogReference(origin: "example.com/log", key: "log+key"), policySet: policySet, onFailure: .rollback,
            nodes: nodes)
    }

    static func facts(inputPolicy: Fact<String> = .known("DROP")) -> Facts {
        Facts(
            services: [:], kubelet: .init(healthz: .known(200)),
            firewall: .init(
                backend: .known("nft"), inputPolicy: inputPolicy, forwardPolicy: .known("DROP"), rules: .known(12)),
            disks: .known(["/": .init(usedPercent: 40, inodesUsedPercent: 3, freeBytes: 1 << 30)]),
            uptime: .known(.seconds(600)),
            machine: .init(
                id: .known("m"), bootId: .known("b"), hostname: .known("n1"), os: .known("Debian"),
                kernel: .known("6.1")))
    }

    static func input(
        _ plan: Plan = plan(), phase: PolicyPhase = .plan, requester: Principal = alice,
        facts: Facts? = facts(), calendar: ChangeCalendar = .empty, approvals: ApprovalTally = .none,
        inflight: Fact<[InflightRun]> = .known([]), history: Fact<History> = History.notAsked, turn: String? = nil
    ) -> PolicyInput {
        let snapshot = facts.map { NodeSnapshot(facts: $0, observedAt: now) }
        let nodes = Dictionary(uniqueKeysWithValues: plan.nodes.compactMap { node in snapshot.map { (node.name, $0) } })
        return PolicyInput(
            phase: phase, plan: plan, planSha256: digest, requester: requester, nodes: nodes, calendar: calendar,
            approvals: approvals, inflight: inflight, history: history, turn: turn, now: now)
    }

    static let grant = """
        apiVersion: belay/v1
        kind: Grant
        metadata: {name: everyone}
        spec: {who: {groups: [sre]}, runbooks: ["*"]}
        """

    static func policy(
        _ expression: String, name: String = "rule", enforcement: String = "hard", more: String = ""
    ) -> String {
        """
        apiVersion: belay/v1
        kind: Policy
        metadata: {name: \(name)}
        spec:
          enforcement: \(enforcement)
        \(more.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
          validations:
          - expression: '\(expression.replacing("'", with: "''"))'
            message: it is false
            remedy: mend it
        """
    }

    static func load(
        _ texts: [String], params: [String: [String: PolicyParam]] = [:]
    ) throws(Diagnostics) -> PolicySet {
        try PolicySet.load(texts.enumerated().map { ("p\($0).yaml", Array($1.utf8)) }, params: params)
    }

    /// The decision of one policy, everything granted.
    static func judge(_ policy: String, _ input: PolicyInput = input()) throws -> Decision {
        try load([policy, grant]).judge(input)
    }
}

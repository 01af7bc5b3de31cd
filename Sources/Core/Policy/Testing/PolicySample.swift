/// The document that every case of a policy's tests begins with: all is well in it, and the case says what is not.
///
/// alice, an engineer of group `sre`, plans at 2026-11-22T12:00:00Z to restart the kubelet of the worker n1, pool blue, of
/// a production cluster, under a dead-man of three minutes; the plan's digest is sixty-four times `a`. The cluster's API says
/// that all is well: pool blue has five nodes, and cp1, cp2 and cp3 are its control plane, with etcd on them. It is made as the
/// document of a run is, so that no field can be other than runs have it.
enum PolicySample {
    static let document: PolicyDocument = {
        let input = PolicyInput(
            phase: .plan, plan: plan(node), planSha256: String(repeating: "a", count: 64),
            requester: Principal(name: "alice", groups: ["sre"], kind: .human),
            nodes: [node.name: NodeSnapshot(facts: facts, observedAt: now)], cluster: cluster, calendar: .empty,
            inflight: .known([]), occupied: .known([]),
            history: .known(History([], logStart: now.adding(seconds: -History.seconds), now: now)), now: now)
        let document = input.document(of: node, common: input.commonBindings)
        return node.steps.first.map { PolicyInput.document(of: $0, on: node, in: document) } ?? document
    }()

    private static let now = Timestamp(milliseconds: 1_795_348_800_000)

    private static let node = NodePlan(
        name: "n1", identity: NodeIdentity(address: "10.0.0.1:22", hostKey: "SHA256:x", machineID: "m"),
        roles: ["worker"], pool: "blue", steps: [step], verify: [], services: ["kubelet"], deadManSeconds: 180)

    private static let step = StepPlan(
        name: "restart", action: "service.restart", arguments: Arguments(["service": .text("kubelet")]),
        reversibility: .reversible, cutsPath: true, timeoutSeconds: 30, before: Observation(),
        prediction: Prediction(after: Observation()), apply: [Command(["systemctl", "restart", "kubelet"])],
        undo: [Command(["systemctl", "start", "kubelet"])],
        verify: [CheckPlan(expression: "facts.kubelet.healthz == 200", withinSeconds: 60)])

    private static func plan(_ node: NodePlan) -> Plan {
        Plan(
            id: "r-1", createdAt: now.adding(seconds: -3600), expiresAt: now.adding(seconds: 3600),
            requester: "alice",
            runbook: RunbookReference(name: "restart-kubelet", title: "Restart", author: "ann", digest: "d"),
            parameters: [:], cluster: ClusterReference(name: "c1", environment: "production"),
            log: LogReference(origin: "example.com/log", key: "log+key"), policySet: "set", onFailure: .rollback,
            nodes: [node])
    }

    private static let facts = Facts(
        services: [:], kubelet: .init(healthz: .known(200)),
        firewall: .init(
            backend: .known("nft"), inputPolicy: .known("DROP"), forwardPolicy: .known("DROP"), rules: .known(12)),
        disks: .known(["/": .init(usedPercent: 40, inodesUsedPercent: 3, freeBytes: 1 << 30)]),
        uptime: .known(.seconds(600)),
        machine: .init(
            id: .known("m"), bootId: .known("b"), hostname: .known("n1"), os: .known("Debian"), kernel: .known("6.1")),
        kubernetes: .init(
            api: .init(reachable: .known(true), error: .known("")),
            node: .init(
                ready: .known(true), unschedulable: .known(false), cordonedBy: .known(""),
                conditions: .known(conditions), leaseAge: .known(.seconds(5)), labels: .known([:]),
                annotations: .known([:]))))

    private static let conditions = [
        "Ready": Facts.Kubernetes.Condition(status: "True", reason: "KubeletReady", since: .known(now)),
        "DiskPressure": .init(status: "False", reason: "KubeletHasNoDiskPressure", since: .known(now)),
    ]

    private static let cluster = {
        let members = Fact.known(["cp1", "cp2", "cp3"])
        return ClusterFacts(
            api: .known(true),
            pools: .known([
                "blue": .init(total: 5, notReady: [], unschedulable: []),
                "control": .init(total: 3, notReady: [], unschedulable: []),
            ]),
            controlPlane: .init(members: members, notReady: .known([])),
            etcd: .init(members: members, healthy: members),
            upgrading: .known(false), observedAt: .known(now))
    }()
}

import Core

/// Putting a plan to the policies, on fresh facts and on what else is under way: as it is applied, and at each node's turn.
extension Belay {
    /// What nodes show for a decision. The log is read after it, so that a lease which was seen and given back meanwhile
    /// is then known to have been.
    struct Sighting: Sendable {
        /// When the first was asked: no fact is older.
        var since: Timestamp
        /// The targets.
        var targets: [Gatherer.Sight]
        /// What lies on the nodes of the targets' pools; nothing where no policy reads `inflight`.
        var leases: [Inflight.Sight]

        /// The targets' facts, by name.
        var snapshots: [String: NodeSnapshot] {
            let pairs = targets.map { ($0.node.name, NodeSnapshot(facts: $0.facts, observedAt: since)) }
            return Dictionary(pairs) { first, _ in first }
        }
    }

    /// Looks at a plan's targets before it is applied.
    /// - Throws: ``NodeFailure`` or ``PlanError`` when a target is not there, or is another machine.
    func look(at plan: Plan, for policies: PolicySet) async throws -> Sighting {
        let nodes = try workspace.inventory.nodes(named: plan.nodes.map(\.name))
        let sighting = await look(at: nodes, of: plan, for: policies)
        for sight in sighting.targets where try Self.isStranger(sight, in: plan) {
            throw PlanError(
                node: sight.node.name, message: Self.strangerSentence,
                remedy: "Find out why, then make the plan again.")
        }
        return sighting
    }

    /// What else is under way lies on the nodes of the targets' pools, too.
    /// - Parameter targets: as they were looked at; what is not among them is read now.
    func leases(besides plan: Plan, _ targets: [Gatherer.Sight], for policies: PolicySet) async -> [Inflight.Sight] {
        guard policies.readsInflight else { return [] }
        let seen = targets.compactMap { sight in
            sight.records.map { Inflight.Sight(host: sight.node.name, listing: $0) }
        }
        let names = Inflight.hosts(for: plan, in: workspace.inventory)
        return seen + (await gatherer.records(on: names.filter { name in !seen.contains { $0.host == name } }))
    }

    /// A decision's input, from what was seen and from the log as it is now.
    /// - Parameter turn: the node whose turn it is; nil for the plan as a whole.
    func input(
        _ phase: PolicyPhase, of plan: Plan, _ planSha256: String, by requester: Principal,
        approvals: ApprovalTally = .none, _ sighting: Sighting, turn: String? = nil, for policies: PolicySet
    ) async -> PolicyInput {
        let (inflight, history) = await others(besides: plan, sighting.leases, for: policies)
        return PolicyInput(
            phase: phase, plan: plan, planSha256: planSha256, requester: requester, nodes: sighting.snapshots,
            calendar: workspace.configuration.calendar, approvals: approvals, inflight: inflight, history: history,
            turn: turn, now: clock.now())
    }

    // Reservations in this log ∪ leases that were seen, and what was done before by this log.
    private func others(
        besides plan: Plan, _ leases: [Inflight.Sight], for policies: PolicySet
    ) async -> (inflight: Fact<[InflightRun]>, history: Fact<History>) {
        guard policies.readsInflight || policies.readsHistory else { return (Inflight.notAsked, History.notAsked) }
        guard let records = try? await log.records() else {
            let cause = "the audit log cannot be read"
            return (.unknown(cause), .unknown(cause))
        }
        let store = RunStore(records)
        let history =
            policies.readsHistory ? History.read(records, store, now: clock.now()) : History.notAsked
        guard policies.readsInflight else { return (Inflight.notAsked, history) }
        let reserved = Reservations(records, store, but: plan.id)
        if let fault = reserved.fault { return (.unknown(fault), history) }
        let inflight = Inflight.runs(
            besides: plan, reservations: reserved.runs, sights: leases, settled: store.settledRuns(but: plan.id),
            inventory: workspace.inventory)
        return (inflight, history)
    }

    private var gatherer: Gatherer {
        Gatherer(connector: connector, inventory: workspace.inventory, nonces: nonces)
    }

    fileprivate func look(at nodes: [Inventory.Node], of plan: Plan, for policies: PolicySet) async -> Sighting {
        let since = clock.now()
        let services = Set(plan.nodes.flatMap(\.services)).sorted()
        let readsCluster = ["node.ready", "node.unschedulable", "node.conditions"].contains {
            policies.reads($0)
        }
        var targets = await gatherer.look(
            at: nodes, for: [:], services: services, cluster: readsCluster, records: policies.readsInflight)
        if !readsCluster {
            for index in targets.indices { targets[index].facts.kubernetes = .unknown("no policy asks for it") }
        }
        let leases = await leases(besides: plan, targets, for: policies)
        return Sighting(since: since, targets: targets, leases: leases)
    }

    // Who was not reached matters only where something runs on the node itself.
    fileprivate static func isStranger(_ sight: Gatherer.Sight, in plan: Plan) throws(NodeFailure) -> Bool {
        guard let planned = plan.nodes.first(where: { $0.name == sight.node.name })?.identity else { return false }
        return try sight.identity.get() != planned
    }

    fileprivate static let strangerSentence = "another machine or host key answers than the plan was made for"
}

/// Judges the nodes of one run, each when its turn has come and its lease is held.
struct TurnJudge: Judge {
    let belay: Belay
    /// Those that the run was permitted by, whatever becomes of the files.
    let policies: PolicySet
    let plan: Plan
    let planSha256: String
    let requester: Principal
    /// As they were counted when the run was permitted, which spent them.
    let approvals: ApprovalTally

    func findings(on node: String) async throws -> [Finding] {
        // A node that is gone from the inventory has no facts, and what cannot be read denies.
        var sighting = await belay.look(
            at: [belay.workspace.inventory.node(node)].compactMap(\.self), of: plan, for: policies)
        for index in sighting.targets.indices {
            guard (try? Belay.isStranger(sighting.targets[index], in: plan)) == true else { continue }
            sighting.targets[index].facts = .unknown(Belay.strangerSentence)
        }
        let input = await belay.input(
            .execute, of: plan, planSha256, by: requester, approvals: approvals, sighting, turn: node, for: policies)
        try await belay.record(input, for: policies, by: belay.runner.holder)
        return policies.judge(input).findings
    }
}

extension Belay {
    /// Puts into the log what a decision is about to be made from.
    func record(_ input: PolicyInput, for policies: PolicySet, by name: String) async throws {
        try await log.hiding(input.plan.secrets).append(
            .decisionInput(DecisionInputRecord(DecisionInput(input, policySet: policies.digest))), by: name,
            run: input.plan.id,
            node: input.turn)
    }
}

extension PolicySet {
    /// Whether any policy asks what else is under way: only then are the nodes of the targets' pools read.
    var readsInflight: Bool { reads("inflight") }
    /// Whether any policy asks what was done before.
    var readsHistory: Bool { reads("history") }
}

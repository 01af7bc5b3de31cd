import Core

/// Putting a plan to the policies, on fresh facts and on what else is under way: as it is applied, and at each node's turn.
extension Belay {
    /// Judges a plan as it is applied.
    /// - Throws: ``NodeFailure`` or ``PlanError`` when a target is not there, or is another machine.
    func judge(
        _ plan: Plan, _ planSha256: String, _ requester: Signer, _ approvals: [VerifiedApproval],
        _ policies: PolicySet
    ) async throws -> Decision {
        let sights = await look(
            at: try workspace.inventory.nodes(named: plan.nodes.map(\.name)), of: plan, for: policies)
        for sight in sights where try Self.isStranger(sight, in: plan) {
            throw PlanError(
                node: sight.node.name, message: Self.strangerSentence,
                remedy: "Find out why, then make the plan again.")
        }
        let tally = ApprovalTally(
            approvals, planSha256: planSha256, logOrigin: plan.log.origin, requester: requester, now: clock.now())
        return policies.judge(
            PolicyInput(
                phase: .execute, plan: plan, planSha256: planSha256, requester: requester.principal,
                nodes: snapshots(sights), calendar: workspace.configuration.calendar, approvals: tally,
                inflight: await inflight(besides: plan, sights, for: policies),
                history: await history(for: policies), now: clock.now()))
    }

    /// What was done before, by this log.
    func history(for policies: PolicySet) async -> Fact<History> {
        guard policies.reads("history") else { return History.notAsked }
        guard let records = try? await log.records() else { return .unknown("the audit log cannot be read") }
        return History.read(records, RunStore(records), now: clock.now())
    }

    /// What else is under way: reservations in this log ∪ leases seen on the nodes of the targets' pools.
    /// - Parameter sights: the targets as they were looked at; what is not among them is read now.
    func inflight(
        besides plan: Plan, _ sights: [Gatherer.Sight], for policies: PolicySet
    ) async -> Fact<[InflightRun]> {
        guard policies.readsInflight else { return Inflight.notAsked }
        let seen = sights.compactMap { sight in
            sight.records.map { Inflight.Sight(host: sight.node.name, listing: $0) }
        }
        let names = Inflight.hosts(for: plan, in: workspace.inventory)
        let others = names.filter { name in !seen.contains { $0.host == name } }
        let rest = await gatherer.records(on: others)
        // The log after the nodes: a lease that was seen and given back meanwhile is then known to have been.
        guard let records = try? await log.records() else { return .unknown("the audit log cannot be read") }
        let store = RunStore(records)
        let reserved = Reservations(records, store, but: plan.id)
        if let fault = reserved.fault { return .unknown(fault) }
        return Inflight.runs(
            besides: plan, reservations: reserved.runs, sights: seen + rest,
            settled: store.settledRuns(but: plan.id), inventory: workspace.inventory)
    }

    private var gatherer: Gatherer {
        Gatherer(connector: connector, inventory: workspace.inventory, nonces: nonces)
    }

    fileprivate func look(
        at nodes: [Inventory.Node], of plan: Plan, for policies: PolicySet
    ) async -> [Gatherer.Sight] {
        let services = Set(plan.nodes.flatMap(\.services)).sorted()
        let readsCluster = ["node.ready", "node.unschedulable", "node.conditions"].contains {
            policies.reads($0)
        }
        var sights = await gatherer.look(
            at: nodes, for: [:], services: services, cluster: readsCluster, records: policies.readsInflight)
        guard !readsCluster else { return sights }
        for index in sights.indices { sights[index].facts.kubernetes = .unknown("no policy asks for it") }
        return sights
    }

    fileprivate func snapshots(_ sights: [Gatherer.Sight]) -> [String: NodeSnapshot] {
        let pairs = sights.map { ($0.node.name, NodeSnapshot(facts: $0.facts, observedAt: clock.now())) }
        return Dictionary(pairs) { first, _ in first }
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

    func findings(on node: String) async -> [Finding] {
        // A node that is gone from the inventory has no facts, and what cannot be read denies.
        var sights = await belay.look(
            at: [belay.workspace.inventory.node(node)].compactMap(\.self), of: plan, for: policies)
        for index in sights.indices where (try? Belay.isStranger(sights[index], in: plan)) == true {
            sights[index].facts = .unknown(Belay.strangerSentence)
        }
        return policies.judge(
            PolicyInput(
                phase: .execute, plan: plan, planSha256: planSha256, requester: requester,
                nodes: belay.snapshots(sights), calendar: belay.workspace.configuration.calendar, approvals: approvals,
                inflight: await belay.inflight(besides: plan, sights, for: policies),
                history: await belay.history(for: policies), turn: node, now: belay.clock.now())
        ).findings
    }
}

extension PolicySet {
    /// Whether any policy asks what else is under way: only then are the nodes of the targets' pools read.
    var readsInflight: Bool { reads("inflight") }
}

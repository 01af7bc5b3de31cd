import Core

/// Putting a plan to the policies, on fresh facts and on what else is under way: as it is applied, and at each node's turn.
extension Belay {
    /// What nodes show for a decision. The log is read after it, so that a lease which was seen and given back meanwhile
    /// is then known to have been.
    struct Sighting: Sendable {
        /// When the first was asked: no fact is older.
        var since: Timestamp
        /// The targets and their cluster.
        var view: Gatherer.View
        /// What lies on the nodes of the targets' pools; nothing where no policy asks what else is under way.
        var leases: [Inflight.Sight]

        /// The targets' facts, by name, without the long ones that no policy reads: they are recorded.
        func snapshots(for policies: PolicySet) -> [String: NodeSnapshot] {
            let cause = "it was not asked for, since no policy reads it"
            let pairs = view.targets.map { sight in
                var facts = sight.facts
                if !policies.reads("node.labels") { facts.kubernetes.node.labels = .unknown(cause) }
                if !policies.reads("node.annotations") { facts.kubernetes.node.annotations = .unknown(cause) }
                return (sight.node.name, NodeSnapshot(facts: facts, observedAt: since))
            }
            return Dictionary(pairs) { first, _ in first }
        }
    }

    /// Looks at a plan's targets before it is applied.
    /// - Throws: ``NodeFailure`` or ``PlanError`` when a target is not there, or is another machine.
    func look(at plan: Plan, for policies: PolicySet) async throws -> Sighting {
        let nodes = try workspace.inventory.nodes(named: plan.nodes.map(\.name))
        let sighting = await look(at: nodes, of: plan, for: policies)
        for sight in sighting.view.targets where try Self.isStranger(sight, in: plan) {
            throw PlanError(
                node: sight.node.name, message: Self.strangerSentence,
                remedy: "Find out why, then make the plan again.")
        }
        return sighting
    }

    /// What else is under way lies on the nodes of the targets' pools, too.
    /// - Parameter targets: as they were looked at; what is not among them is read now.
    func leases(besides plan: Plan, _ targets: [Gatherer.Sight], for policies: PolicySet) async -> [Inflight.Sight] {
        guard policies.asking.records else { return [] }
        let seen = targets.compactMap { sight in
            sight.records.map { Inflight.Sight(host: sight.node.name, listing: $0) }
        }
        let names = Inflight.hosts(for: plan, in: workspace.inventory)
        return seen + (await gatherer.records(on: names.filter { name in !seen.contains { $0.host == name } }))
    }

    /// A decision's input, from what was seen and from the log as it is now.
    /// - Parameter turn: the node whose turn it is; nil for the plan as a whole.
    /// - Throws: ``ClockFailure`` when it is earlier than the log, and whatever keeps the log from being read.
    func input(
        _ phase: PolicyPhase, of plan: Plan, _ planSha256: String, by requester: Principal,
        approvals: ApprovalTally = .none, _ sighting: Sighting, turn: String? = nil, for policies: PolicySet
    ) async throws -> PolicyInput {
        let records = try await log.records()
        // After it was read: others append meanwhile.
        let now = clock.now()
        try ClockFailure.check(now, against: records)
        let others = OtherRuns(
            in: records, besides: plan, sighting.leases, for: policies, workspace.inventory, beginnings: beginnings,
            now: now)
        return PolicyInput(
            phase: phase, plan: plan, planSha256: planSha256, requester: requester,
            nodes: sighting.snapshots(for: policies), cluster: sighting.view.cluster,
            calendar: workspace.configuration.calendar, approvals: approvals, inflight: others.inflight,
            occupied: others.occupied, history: others.history, turn: turn, now: now)
    }

    var gatherer: Gatherer {
        Gatherer(connector: connector, inventory: workspace.inventory, nonces: nonces)
    }

    fileprivate func look(at nodes: [Inventory.Node], of plan: Plan, for policies: PolicySet) async -> Sighting {
        let since = clock.now()
        let services = Set(plan.nodes.flatMap(\.services)).sorted()
        let view = await gatherer.look(
            at: nodes, for: [:], services: services, asking: policies.asking, since: since)
        let leases = await leases(besides: plan, view.targets, for: policies)
        return Sighting(since: since, view: view, leases: leases)
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
    /// As it was when the run was permitted; it may have ended since.
    let breakGlass: BreakGlass?

    func findings(on node: String) async throws -> [Finding] {
        // A node that is gone from the inventory has no facts, and what cannot be read denies.
        var sighting = await belay.look(
            at: [belay.workspace.inventory.node(node)].compactMap(\.self), of: plan, for: policies)
        for index in sighting.view.targets.indices {
            guard (try? Belay.isStranger(sighting.view.targets[index], in: plan)) == true else { continue }
            sighting.view.targets[index].facts = .unknown(Belay.strangerSentence)
        }
        var input: PolicyInput
        // What cannot be decided is a no. The run is under way: its other nodes are brought to an end all the same.
        do {
            input = try await belay.input(
                .execute, of: plan, planSha256, by: requester, approvals: approvals, sighting, turn: node,
                for: policies)
        } catch let failure as ClockFailure {
            return [Self.undecided(node, failure.message, remedy: failure.remedy)]
        } catch {
            let message = "the audit log cannot be read: \(Printable.escape("\(error)", limit: 300))"
            return [Self.undecided(node, message, remedy: "Find out why with `belay audit verify`, then plan again.")]
        }
        input.breakGlass = breakGlass
        try await belay.record(input, for: policies, by: belay.runner.holder)
        return policies.judge(input).findings
    }

    private static func undecided(_ node: String, _ message: String, remedy: String) -> Finding {
        Finding(
            policy: "input", enforcement: nil, place: "", node: node, step: nil, outcome: .error, message: message,
            remedy: remedy)
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
    /// What is asked for the sake of policies: what none of them reads is not.
    var asking: Gatherer.Asking {
        var asking = Gatherer.Asking()
        asking.kubernetes = readsAny(
            "node.ready", "node.unschedulable", "node.conditions", "node.labels", "node.annotations")
        asking.cluster = readsAny(
            "cluster.pools", "cluster.controlPlane", "cluster.etcd", "cluster.upgrading", "cluster.observedAt",
            "node.etcdMember")
        asking.records = readsAny("inflight", "occupied")
        return asking
    }

    private func readsAny(_ paths: String...) -> Bool { paths.contains { reads($0) } }
}

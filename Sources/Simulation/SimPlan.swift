import Core

/// A plan as it was submitted.
struct SimPlan: Sendable {
    let plan: Plan
    let bytes: [UInt8]
    let planSha256: String
    /// The log it may be spent in.
    let log: SimLog

    func step(_ index: Int, _ node: String) -> StepPlan? {
        guard let part = plan.nodes.first(where: { $0.name == node }), part.steps.indices.contains(index) else {
            return nil
        }
        return part.steps[index]
    }

    func isIrreversible(_ node: String) -> Bool {
        plan.nodes.first { $0.name == node }?.steps.contains { $0.reversibility == .irreversible } ?? false
    }
}

extension World {
    /// Makes a plan of what nodes show now.
    func plan(_ id: String, for log: SimLog, inventory: Inventory) throws -> SimPlan {
        if let runbook = setting.runbook { return try plan(runbook, id, for: log, inventory: inventory) }
        let names = targets()
        let drawn = stepKinds()
        let alone = try drawn.filter { try Samples.isReturnedAlone($0.kind, $0.number, run: id) }
        let isOnNode = chance.percent(40, .due) && !alone.isEmpty
        let kinds = isOnNode ? alone : drawn
        let nodes = try names.map { name in
            let steps = try kinds.map { try Samples.step($0.kind, $0.number, on: name, run: id) }
            return try plan(steps, on: name, inventory)
        }
        return try submit(
            nodes, id, log, inventory, OnFailure.allCases[chance.below(3, .plan)],
            Strategy(
                canary: chance.below(2, .plan), maxUnavailable: 1 + chance.below(setting.maxUnavailable, .plan),
                failureBudget: chance.below(2, .plan), pauseSeconds: chance.below(2, .plan) * 20),
            dueIn: isOnNode ? 300 + chance.below(600, .due) : nil)
    }

    /// A plan of a runbook, for the first node. What its conditions and checks read of a node is not simulated: each of
    /// those asks whether the node is well instead.
    private func plan(_ runbook: Runbook, _ id: String, for log: SimLog, inventory: Inventory) throws -> SimPlan {
        let bound = try runbook.bind(parameters: Samples.parameters(of: runbook))
        let injection = Injection(node: "n1", kubeconfig: Samples.kubeconfig, run: id)
        var steps = try Planner.steps(of: bound, for: injection)
        let conditions = steps.map { $0.when.map(Self.simulated) }
        for index in steps.indices {
            steps[index].verify = steps[index].verify.map(Self.simulated)
            // Asked when its turn comes; what is planned is that it holds.
            steps[index].when = nil
        }
        var frame = Planner.Frame()
        frame.preconditions = Planner.preconditions(of: runbook).map(Self.simulated)
        frame.verify = Planner.checks(runbook.verify).map(Self.simulated)
        frame.deadManSeconds = runbook.deadMan.map { Planner.seconds($0.delay) }
        frame.parameters = bound.parameters
        var node = try plan(steps, on: "n1", inventory, frame)
        for (index, condition) in conditions.enumerated() { node.steps[index].when = condition }
        return try submit(
            [node], id, log, inventory, runbook.onFailure, Strategy(),
            dueIn: runbook.returnsOnNode ? runbook.temporary.map(Planner.seconds) : nil)
    }

    private static func simulated(_ check: CheckPlan) -> CheckPlan {
        CheckPlan(expression: simulated(check.expression), withinSeconds: min(check.withinSeconds, 5))
    }

    private static func simulated(_ expression: String) -> String {
        if expression.contains("facts.kubernetes") { return Samples.clusterCheck }
        return expression.contains("facts.") ? Samples.check : expression
    }

    private func targets() -> [String] {
        let first = chance.below(setting.nodes, .plan)
        let count = 1 + chance.below(setting.nodes, .plan)
        return (0..<count).map { "n\((first + $0) % setting.nodes + 1)" }
    }

    // No thing twice but now and then, and what nobody can undo seldom.
    private func stepKinds() -> [(kind: Samples.Kind, number: Int)] {
        (0..<(1 + chance.below(setting.steps, .plan))).map { _ in
            let all: [Samples.Kind] = [
                .restart, .restart, .file, .file, .command, .flush, .cordon, .prune, .label, .cuttingCommand,
            ]
            let kind = chance.percent(3, .plan) ? .irreversible : all[chance.below(all.count, .plan)]
            return (kind, chance.below(2, .plan))
        }
        .enumerated().reduce(into: []) { kinds, next in
            if !kinds.contains(where: { $0 == next.element }) { kinds.append(next.element) }
        }
    }

    /// One node's part, from the true states, which come into being when they are first looked at.
    func plan(
        _ steps: [Planner.Step], on name: String, _ inventory: Inventory, _ frame: Planner.Frame = Planner.Frame()
    ) throws -> NodePlan {
        guard let node = inventory.node(name), let machine = self.machine(name), let host = self.machine("cp1") else {
            throw SimFailure("there is no \(name)")
        }
        let observations = try steps.map { step in
            let key = SubjectKey(name, step.action)
            if subjects[key] == nil {
                // A runbook finds what gives it something to do.
                let variant = setting.runbook == nil ? chance.below(6, .plan) : 1
                let seen = try Samples.observation(of: step.kind, step.arguments, variant: variant)
                subjects[key] = Subject(step.action, seen)
            }
            return Result<Observation, ObservationError>.success(subjects[key]?.state ?? Observation())
        }
        return try Planner.plan(
            steps, frame,
            for: Planner.Subject(
                node: node, identity: machine.identity,
                host: HostPlan(name: host.name, identity: host.identity), kubeconfig: Samples.kubeconfig,
                facts: .unknown("not asked"), observations: observations))
    }

    /// - Parameter seconds: how long until the nodes give it back by themselves; nil where they do not.
    func submit(
        _ nodes: [NodePlan], _ id: String, _ log: SimLog, _ inventory: Inventory, _ onFailure: OnFailure,
        _ strategy: Strategy, dueIn seconds: Int? = nil
    ) throws -> SimPlan {
        let plan = Plan(
            id: id, createdAt: timestamp, expiresAt: timestamp.adding(seconds: 86_400), requester: "alice",
            runbook: RunbookReference(name: "generated", title: "Generated", author: "sim", digest: "d"),
            temporarySeconds: seconds, onNode: seconds.map { _ in .returns },
            parameters: [:], cluster: ClusterReference(name: "sim", environment: "staging"),
            log: LogReference(origin: "sim/\(log.number)", key: "k\(log.number)"), policySet: "p",
            onFailure: onFailure, strategy: strategy, nodes: nodes)
        try plan.checkTemporary()
        let bytes = try JSON.encode(plan)
        let planned = SimPlan(plan: plan, bytes: bytes, planSha256: Digest.sha256(bytes), log: log)
        plans[id] = planned
        return planned
    }
}

public import Core

extension Belay {
    /// What planning gave: the plan as it was written and signed, and what the policies say of it.
    public struct Planned: Sendable {
        /// The plan.
        public var plan: Plan
        /// SHA-256 of its file.
        public var planSha256: String
        /// Its file.
        public var file: String
        /// Whether it was written: one that is denied is kept only where break-glass would lift all of that.
        public var isSaved: Bool
        /// What the policies say of making it.
        public var decision: Decision
        /// What they would say of applying it now, without approvals; nil when it was denied already.
        public var preview: Decision?
        /// The incident that it is tied to.
        public var incident: IncidentChoice
    }

    /// Looks at the nodes (read-only), predicts, judges, signs, records, and writes the plan's file.
    /// - Parameters:
    ///   - reason: why, for approvers and for whoever reads the log.
    ///   - key: the requester's private key, nil for the project's.
    ///   - file: where the plan goes; nil = `<id>.plan` in the caller's folder.
    ///   - seconds: how long it may be approved and applied.
    ///   - temporarySeconds: how long what it leaves may stay in place; nil = as the runbook says.
    ///   - onNode: whether the nodes also give it back by themselves, where the runbook does not say so.
    ///   - incident: what it is tied to; nil for the only one that is open, if there is one.
    /// - Throws: ``PlanError``, ``NodeFailure``, ``Diagnostics`` or ``WorkspaceError`` before anything was changed anywhere.
    public func plan(
        runbook name: String, nodes names: [String], parameters: [String: String], reason: String? = nil,
        key: String?, file: String?, seconds: Int = validSeconds, temporarySeconds: Int? = nil, onNode: Bool = false,
        incident: String? = nil
    ) async throws -> Planned {
        let choice = try await workspace.incidents().choice(incident)
        var (draft, precondition) = try draft(of: name, nodes: names, parameters, reason)
        draft.seconds = seconds
        draft.temporarySeconds = temporarySeconds ?? draft.temporarySeconds
        if onNode { draft.onNode = .returns }
        return try await submit(try await prepare(draft, key: key, precondition), file, choice)
    }

    /// What a runbook, its parameters and nodes come to, before any node was looked at.
    func draft(
        of name: String, nodes names: [String], _ parameters: [String: String], _ reason: String?
    ) throws -> (Draft, Precondition) {
        let runbook = try workspace.runbook(named: name)
        let bound = try runbook.bind(parameters: parameters)
        let nodes = try workspace.inventory.nodes(named: names)
        try check(nodes, against: runbook.targets)
        let id = Self.id(clock.now(), nonces)
        var frame = Planner.Frame()
        frame.preconditions = Planner.preconditions(of: runbook)
        frame.verify = Planner.checks(runbook.verify)
        frame.services = bound.services.sorted()
        frame.deadManSeconds = runbook.deadMan.map { Planner.seconds($0.delay) }
        frame.parameters = bound.parameters
        let steps = try nodes.map { ($0.name, try Planner.steps(of: bound, for: injection($0, run: id))) }
        let draft = Draft(
            id: id,
            runbook: RunbookReference(
                name: runbook.metadata.name, title: runbook.metadata.title, author: runbook.metadata.author,
                digest: runbook.digest),
            onFailure: runbook.onFailure, strategy: runbook.strategy,
            steps: Dictionary(uniqueKeysWithValues: steps), nodes: nodes, frame: frame, reason: reason,
            secretParameters: bound.secretParameters,
            temporarySeconds: runbook.temporary.map(Planner.seconds), onNode: runbook.returnsOnNode ? .returns : nil)
        return (draft, { facts, node throws(PlanError) in try Planner.check(bound, against: facts, on: node) })
    }

    /// Plans the way back of a run that has ended: a new plan like any other.
    public func planRollback(
        of id: String, reason: String? = nil, key: String?, file: String?, seconds: Int = validSeconds,
        incident: String? = nil
    ) async throws -> Planned {
        try await planRollback(
            of: try await store().run(id), reason: reason, key: key, file: file, folder: nil, only: nil,
            seconds: seconds, tiedTo: try await workspace.incidents().choice(incident))
    }

    /// The same of some of its nodes alone.
    /// - Parameters:
    ///   - folder: where the plan goes as `<id>.plan`, where no file is named.
    ///   - names: those nodes, of which nothing is overwritten that somebody changed since; nil for all, where that is shown.
    ///   - choice: what it is tied to, besides what the run itself is.
    /// - Throws: ``ReturnConflict`` where somebody did; nothing is in the log then.
    func planRollback(
        of run: StoredRun, reason: String?, key: String?, file: String?, folder: String?, only names: Set<String>?,
        seconds: Int = validSeconds, tiedTo choice: IncidentChoice = .none
    ) async throws -> Planned {
        guard run.state.end != nil else {
            throw WorkspaceError(
                "run \(run.id) has not ended", remedy: "`belay recover` brings its nodes to an end, without a plan.")
        }
        let steps = try run.state.nodes.filter { names?.contains($0.plan.name) ?? true }
            .filter { $0.state == .succeeded || $0.state == .needsPerson }
            .map { ($0.plan.name, try Planner.rollbackSteps(of: $0)) }.filter { !$0.1.isEmpty }
        guard !steps.isEmpty else {
            throw WorkspaceError(
                "run \(run.id) left nothing in place on any node", remedy: "There is nothing to roll back.")
        }
        var frame = Planner.Frame()
        frame.parameters = run.plan.parameters
        // The last that went there is the first that comes back.
        let draft = Draft(
            id: Self.id(clock.now(), nonces), runbook: run.plan.runbook, onFailure: .rollback,
            strategy: run.plan.strategy, steps: Dictionary(uniqueKeysWithValues: steps),
            nodes: try workspace.inventory.nodes(named: steps.map(\.0).reversed()), frame: frame, rollsBack: run,
            yields: names != nil, reason: reason, secretParameters: run.plan.secretParameters, seconds: seconds,
            onNode: run.plan.onNode == .returns ? .takes : nil)
        let place = file ?? Self.planFile(draft.id, in: folder)
        return try await submit(try await prepare(draft, key: key) { _, _ in }, place, choice)
    }

    /// Where a plan goes that nobody named a file for.
    static func planFile(_ id: String, in folder: String?) -> String {
        folder.map { ProjectFiles.join($0, "\(id).plan") } ?? "\(id).plan"
    }

    /// A plan before the nodes were looked at.
    struct Draft: Sendable {
        var id: String
        var runbook: RunbookReference
        var onFailure: OnFailure
        var strategy: Strategy
        var steps: [String: [Planner.Step]]
        var nodes: [Inventory.Node]
        var frame: Planner.Frame
        var rollsBack: StoredRun?
        /// Whether it stops before what somebody changed since, instead of showing that.
        var yields = false
        var reason: String?
        var secretParameters: [String]?
        var seconds = Belay.validSeconds
        var temporarySeconds: Int?
        var onNode: OnNode?
    }

    private func injection(_ node: Inventory.Node, run: String) -> Injection {
        // Without an execution host nothing is ever read with it: the step is left out, or the plan refused.
        let kubeconfig = workspace.inventory.cluster.kubectl?.kubeconfig ?? "/etc/kubernetes/admin.conf"
        return Injection(node: node.nameInKubernetes, kubeconfig: kubeconfig, run: run)
    }

    /// What must hold of a node's facts, by its name, before it is planned.
    typealias Precondition = @Sendable (Facts, String) throws(PlanError) -> Void

    /// A plan that nobody has signed or judged yet.
    struct Prepared: Sendable {
        var plan: Plan
        var requester: Signer
        /// Whose signature it will have.
        var key: String
        var policies: PolicySet
        /// What it was made from.
        var sighting: Sighting
    }

    /// Looks at the nodes and predicts.
    func prepare(_ draft: Draft, key: String?, _ precondition: Precondition) async throws -> Prepared {
        let key = try signingKey(key)
        let guardrails = try workspace.guardrails()
        let requester = try signer(of: key, namespace: SignatureNamespace.plan, among: guardrails.signers)
        let reference = try await planningLog()
        let since = clock.now()
        let view = await look(draft, since: since, for: guardrails.policies)
        if draft.yields { try refuseConflicts(view.targets, draft) }
        var nodes: [NodePlan] = []
        for sight in view.targets {
            // Before anything that is merely not known because nobody answered.
            _ = try identity(sight, draft.steps[sight.node.name] ?? [])
            try precondition(sight.facts, sight.node.name)
            nodes.append(try planned(sight, draft))
        }
        let now = clock.now()
        let plan = Plan(
            id: draft.id, createdAt: now, expiresAt: now.adding(seconds: draft.seconds),
            requester: requester.principal.name, reason: draft.reason, runbook: draft.runbook,
            rollsBack: draft.rollsBack?.id, temporarySeconds: draft.temporarySeconds, onNode: draft.onNode,
            parameters: draft.frame.parameters, secretParameters: draft.secretParameters,
            cluster: ClusterReference(
                name: workspace.inventory.cluster.name, environment: workspace.inventory.cluster.environment),
            log: reference, policySet: guardrails.policies.digest, onFailure: draft.onFailure,
            strategy: draft.strategy, nodes: nodes)
        try plan.checkTemporary()
        let leases = await leases(besides: plan, view.targets, for: guardrails.policies)
        let sighting = Sighting(since: since, view: view, leases: leases)
        return Prepared(
            plan: plan, requester: requester, key: key, policies: guardrails.policies, sighting: sighting)
    }

    /// Plans live as long as a shift: long enough for an approval, short enough that the state still means something.
    public static let validSeconds = 8 * 3600

    private static func id(_ now: Timestamp, _ nonces: any Nonces) -> String {
        let digits = now.description.utf8.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let text = String(decoding: digits, as: UTF8.self)
        return "\(text.prefix(8))-\(text.dropFirst(8).prefix(6))-\(nonces.next().prefix(4))"
    }

    private func look(_ draft: Draft, since: Timestamp, for policies: PolicySet) async -> Gatherer.View {
        var asking = policies.asking
        // Preconditions and actions ask of each node, too.
        asking.kubernetes = true
        return await gatherer.look(
            at: draft.nodes, for: draft.steps.mapValues { $0.map(\.action) }, services: draft.frame.services,
            asking: asking, since: since)
    }

    private func planned(_ sight: Gatherer.Sight, _ draft: Draft) throws -> NodePlan {
        var steps = draft.steps[sight.node.name] ?? []
        if let run = draft.rollsBack, let node = run.state.nodes.first(where: { $0.plan.name == sight.node.name }) {
            for index in steps.indices {
                guard case .success(let now) = sight.observations[index] else { continue }
                steps[index].notes += Planner.changedSince(run.id, node, step: steps[index], now: now)
            }
        }
        return try Planner.plan(
            steps, draft.frame,
            for: Planner.Subject(
                node: sight.node, identity: try identity(sight, steps), host: sight.host,
                kubeconfig: workspace.inventory.cluster.kubectl?.kubeconfig, facts: sight.facts,
                observations: sight.observations))
    }

    private func refuseConflicts(_ sights: [Gatherer.Sight], _ draft: Draft) throws(ReturnConflict) {
        var changes: [String] = []
        for sight in sights {
            let steps = draft.steps[sight.node.name] ?? []
            guard let node = draft.rollsBack?.state.nodes.first(where: { $0.plan.name == sight.node.name }) else {
                continue
            }
            for (step, observation) in zip(steps, sight.observations) {
                guard case .success(let now) = observation else { continue }
                changes += Planner.conflicts(node, step: step, now: now).map { "\(sight.node.name): \($0)" }
            }
        }
        if !changes.isEmpty { throw ReturnConflict(run: draft.rollsBack?.id ?? draft.id, changes: changes) }
    }

    // Who was not reached matters only where something is to be run on the node itself.
    private func identity(_ sight: Gatherer.Sight, _ steps: [Planner.Step]) throws(NodeFailure) -> NodeIdentity? {
        if steps.contains(where: { $0.action.place == .node && !$0.optional }) { return try sight.identity.get() }
        return try? sight.identity.get()
    }

    // The plan is in the log before its file is anywhere: what can be approved can be found.
    private func submit(_ prepared: Prepared, _ file: String?, _ incident: IncidentChoice) async throws -> Planned {
        let (plan, policies) = (prepared.plan, prepared.policies)
        let bytes = try JSON.encodePretty(plan)
        let planSha256 = Digest.sha256(bytes)
        let signature = try await keygen.sign(bytes, key: prepared.key, namespace: SignatureNamespace.plan)
        var input = try await input(
            .plan, of: plan, planSha256, by: prepared.requester.principal, prepared.sighting, for: policies)
        let decision = policies.judge(input)
        let record = PlannedRecord(
            plan: Payload(bytes: bytes), planSha256: planSha256, signature: String(decoding: signature, as: UTF8.self))
        let name = prepared.requester.principal.name
        let log = log.hiding(plan.secrets)
        try await log.append(.planned(record), by: name, run: plan.id)
        // Beside the plan and not in it: what is approved stays what it is without an incident.
        if let id = incident.id { try await tie(plan.id, to: id) }
        try await self.record(input, for: policies, by: name)
        try await log.append(.decided(decision), by: name, run: plan.id)
        input.phase = .execute
        let path = file ?? Self.planFile(plan.id, in: nil)
        let isSaved = decision.allowed || decision.isLiftable
        if isSaved {
            try ProjectFiles.write(bytes, to: path)
            try ProjectFiles.write(signature, to: path + ".sig")
        }
        return Planned(
            plan: plan, planSha256: planSha256, file: path, isSaved: isSaved, decision: decision,
            preview: decision.allowed ? policies.judge(input) : nil, incident: incident)
    }

    private func check(_ nodes: [Inventory.Node], against targets: Runbook.Targets) throws {
        if nodes.isEmpty {
            throw PlanError(message: "no node was named", remedy: "Name nodes with --node NODE.")
        }
        if nodes.count > targets.max {
            throw PlanError(
                message: "\(nodes.count) nodes were named, the runbook allows \(targets.max) at a time",
                remedy: "Plan fewer nodes at once.")
        }
        for node in nodes where !targets.roles.isEmpty && targets.roles.isDisjoint(with: node.roles) {
            throw PlanError(
                node: node.name, message: "the runbook is for \(targets.roles.sorted().joined(separator: ", ")) nodes",
                remedy: "Name another node, or set its roles in \(workspace.inventory.file).")
        }
    }
}

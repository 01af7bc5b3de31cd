import Core
import Engine

/// What a person does with Belay, step for step as `Belay.apply` and `Belay.recover` do it, over what is simulated. It stands
/// in for those two: files, signatures and SSH are not in it.
// @unchecked: the loop's one thread alone touches it.
struct SimOperator: @unchecked Sendable {
    let world: World
    let policies: PolicySet
    let inventory: Inventory

    /// Applies a plan. Whatever ends it early, others find in the log.
    func apply(_ planned: SimPlan) async {
        let executor = world.executor(on: planned.log)
        try? await apply(planned, executor)
        world.end(executor)
    }

    private func apply(_ planned: SimPlan, _ executor: Executor) async throws {
        let (plan, log) = (planned.plan, planned.log)
        guard log.locks[plan.id] == nil else { return }
        log.locks[plan.id] = executor
        executor.run = plan.id
        let nodes = SimNodes(world, executor)
        let judge = SimJudge(operator: self, planned: planned, executor: executor, nodes: nodes)
        let leases = await judge.leases()
        try await turn(executor) {
            guard let stored = store(log).runs.first(where: { $0.id == plan.id }), !stored.state.isStarted else {
                throw SimFailure("it is spent")
            }
            let decision = policies.judge(judge.input(leases, turn: nil))
            try await record(.decided(decision), executor, plan.id)
            guard decision.allowed else { throw SimFailure("it is denied") }
            try await record(.run(.started(holder: executor.holder)), executor, plan.id)
        }
        guard let stored = store(log).runs.first(where: { $0.id == plan.id }) else { return }
        var state = stored.state
        try await drive(&state, planned.planSha256, executor, nodes, judge)
    }

    /// Takes over what is open in a log and nobody works on.
    func recover(_ log: SimLog) async {
        let executor = world.executor(on: log)
        for run in store(log).runs where run.isOpen && log.locks[run.id] == nil {
            log.locks[run.id] = executor
            try? await recover(run.id, executor)
            log.locks[run.id] = nil
        }
        world.end(executor)
    }

    private func recover(_ id: String, _ executor: Executor) async throws {
        guard let run = store(executor.log).runs.first(where: { $0.id == id }), run.isOpen else { return }
        if let fault = run.fault { return world.oracle.violation(7, "the log of \(id) does not fold: \(fault)") }
        executor.run = id
        var state = run.state
        try await record(.run(.recovering(holder: executor.holder)), executor, id)
        try state.apply(.recovering(holder: executor.holder), node: nil)
        try await drive(&state, run.planSha256, executor, SimNodes(world, executor), nil)
    }

    /// Brings a node back from what lies on it, into a log that has never heard of it.
    func recover(node name: String, into log: SimLog) async {
        let executor = world.executor(on: log)
        try? await adopt(name, executor)
        world.end(executor)
    }

    private func adopt(_ name: String, _ executor: Executor) async throws {
        let log = executor.log
        for record in try await records(of: name, executor) {
            let known = store(log).runs.filter {
                $0.plan.id == record.run && $0.plan.nodes.contains { $0.name == name }
            }
            guard known.isEmpty else { continue }
            let id = "\(record.run)@\(name)"
            _ = try RunState(adopting: record, as: id)
            try await self.record(.adopted(record), executor, id, name)
            log.locks[id] = executor
            try await recover(id, executor)
        }
    }

    private func records(of name: String, _ executor: Executor) async throws -> [AdoptedRecord] {
        let nodes = SimNodes(world, executor)
        guard let machine = world.machine(name), let host = world.machine("cp1") else { return [] }
        var pieces: [AdoptedRecord.Piece] = []
        for (place, there, target) in [(Place.node, machine, String?.none), (.cluster, host, name)] {
            let bases = try await nodes.listing(there).get().bases.filter { $0.target == target }
            for run in Set(bases.flatMap(\.runs).map(\.run)).sorted() {
                guard let contents = try await nodes.record(of: run, target: target, on: there) else { continue }
                let plan = HostPlan(name: there.name, identity: there.identity)
                pieces.append(AdoptedRecord.Piece(place: place, host: plan, contents: contents))
            }
        }
        return Dictionary(grouping: pieces, by: \.contents.run).sorted { $0.key < $1.key }.map { run, pieces in
            AdoptedRecord(run: run, node: name, pieces: pieces, endings: endings(pieces, name, host))
        }
    }

    private func endings(_ pieces: [AdoptedRecord.Piece], _ name: String, _ host: Machine) -> [AdoptedRecord.Ending] {
        guard pieces.allSatisfy({ $0.place == .node }), let sha = pieces.first?.contents.planSha256 else { return [] }
        let base = host.base(name)
        let ending = (base.memory.spent[sha] ?? base.disk.spent[sha])?.ending
        return ending.map { [AdoptedRecord.Ending(place: .cluster, verdict: $0.verdict, by: $0.by)] } ?? []
    }

    // MARK: What both do

    /// Begins something that goes on by itself in the world's time.
    func inBackground(_ body: @escaping @Sendable () async -> Void) { world.loop.begin(body) }

    func store(_ log: SimLog) -> RunStore { RunStore(log.records, beginnings: world.beginnings) }

    private func drive(
        _ state: inout RunState, _ planSha256: String, _ executor: Executor, _ nodes: SimNodes, _ judge: SimJudge?
    ) async throws {
        let store = store(executor.log)
        let driver = Driver(
            journal: journal(executor, state, planSha256, store), nodes: nodes, clock: clock(executor),
            nonces: SimNonces(world: world), judge: judge, planSha256: planSha256, holder: executor.holder,
            settled: store.settledRuns(but: state.plan.id), watch: { _, _ in })
        try await driver.run(&state)
    }

    private func journal(
        _ executor: Executor, _ state: RunState, _ planSha256: String, _ store: RunStore
    ) -> any Journal {
        let entries = SimEntries(world: world, executor: executor)
        guard executor.log.hasBytes else { return SimJournal(entries: entries) }
        return ExecutorJournal(
            log: RecordWriter(entries: entries, clock: clock(executor)), clock: clock(executor),
            holder: executor.holder, plan: state.plan, planSha256: planSha256,
            earlier: store.runs.first { $0.id == state.id }?.records ?? [])
    }

    private func clock(_ executor: Executor) -> SimClock { SimClock(world: world, executor: executor) }

    func record(_ event: LogEvent, _ executor: Executor, _ run: String, _ node: String? = nil) async throws {
        let entries = SimEntries(world: world, executor: executor)
        guard executor.log.hasBytes else {
            let record = LogRecord(at: world.timestamp, by: executor.holder, run: run, node: node, event: event)
            _ = try await entries.write(record, [])
            return
        }
        try await RecordWriter(entries: entries, clock: clock(executor))
            .append(event, by: executor.holder, run: run, node: node)
    }

    // As the ledger's: only beginnings take turns.
    private func turn(_ executor: Executor, _ body: () async throws -> Void) async throws {
        let log = executor.log
        while log.ledger != nil {
            await world.loop.sleep(1)
            try world.live(executor, nil)
        }
        log.ledger = executor
        defer { if log.ledger === executor { log.ledger = nil } }
        try await body()
    }
}

/// The policies at a node's turn, over what lies on the nodes and in the log.
// @unchecked: the loop's one thread alone touches it.
struct SimJudge: Judge, @unchecked Sendable {
    let `operator`: SimOperator
    let planned: SimPlan
    let executor: Executor
    let nodes: SimNodes

    private var world: World { `operator`.world }

    func findings(on node: String) async throws -> [Finding] {
        let leases = await leases()
        let findings = `operator`.policies.judge(input(leases, turn: node)).findings
        if !executor.isEnded, !findings.contains(where: \.denies) {
            let unread = unread(leases)
            let inPool = unread.filter { `operator`.inventory.node($0)?.pool == Setting.pool }
            world.oracle.letBegin(node, of: planned, unread: inPool, isBlind: inPool.count < unread.count, world)
        }
        return findings
    }

    private func unread(_ leases: [Inflight.Sight]) -> [String] {
        leases.filter {
            if case .failure = $0.listing { true } else { false }
        }
        .map(\.host)
    }

    func leases() async -> [Inflight.Sight] {
        var sights: [Inflight.Sight] = []
        for name in Inflight.hosts(for: planned.plan, in: `operator`.inventory) {
            guard let machine = world.machine(name) else { continue }
            sights.append(Inflight.Sight(host: name, listing: await nodes.listing(machine)))
        }
        return sights
    }

    // The log is read after the leases were.
    func input(_ leases: [Inflight.Sight], turn: String?) -> PolicyInput {
        let (now, plan) = (world.timestamp, planned.plan)
        let others = OtherRuns(
            in: executor.log.records, besides: plan, leases, for: `operator`.policies, `operator`.inventory,
            beginnings: world.beginnings, now: now)
        let nodes = plan.nodes.map { ($0.name, NodeSnapshot(facts: .unknown("no policy reads it"), observedAt: now)) }
        return PolicyInput(
            phase: .execute, plan: plan, planSha256: planned.planSha256,
            requester: Principal(name: "alice", groups: ["sre"], kind: .human),
            nodes: Dictionary(uniqueKeysWithValues: nodes), calendar: .empty, inflight: others.inflight,
            occupied: others.occupied, history: others.history, turn: turn, now: now)
    }
}

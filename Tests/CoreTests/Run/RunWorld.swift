import Core
import RandomStates
import Testing

/// Simulated nodes that answer a run's effects, and the log of what was recorded: the whole world of one run.
///
/// Each node keeps what the real scripts keep: lease, epoch, token, and for each step whether it began and how it ended.
struct RunWorld {
    /// What goes wrong, in percent of the chances there are.
    struct Faults {
        var crash = 0, unreachable = 0, refused = 0, failed = 0, lost = 0, fires = 0, unverified = 0, blind = 0
        var foreign = 0, reboots = 0, memory = 0, denied = 0
    }

    struct Node {
        enum Token { case none, armed, won, fired }
        var state: [Int: Observation] = [:]
        var epoch: [Place: Int] = [:]
        var leased: Set<Place> = []
        var token = Token.none
        var started: Set<Int> = []
        var results: [Int: NodeAnswer] = [:]
        var undone: [Int] = []
        /// How the last attempt at undoing a step ended.
        var undoResults: [Int: NodeAnswer] = [:]
        var before: [Int: Observation] = [:]
        var isTouched = false
        /// How often the policies were asked about it, and what they said last.
        var judged = 0, isAllowed = false
        /// Its record lies in memory; a reboot took it; a recovery made it anew.
        var isInMemory = false, isForgotten = false, isRemade = false
        /// It rebooted since its dead-man was armed.
        var isRebooted = false
        /// What became of the way back that it has by itself.
        var ownReturn = OwnReturn.none

        enum OwnReturn { case none, armed, taken, returned }
    }

    /// Nodes begun and not yet ended, the most at once.
    var mostAtOnce = 0

    let plan: Plan
    var faults: Faults
    var generator: SeededGenerator
    var nodes: [String: Node] = [:]
    var events: [(event: Event, node: String?)] = []
    var applied: [String] = []
    var effects = 0
    var violations: [String] = []
    /// What the world answers instead of what it would, asked once for each effect that is not a record.
    var script: (inout RunWorld, NextEffect) -> Event? = { _, _ in nil }

    init(_ plan: Plan, faults: Faults = Faults(), seed: UInt64 = 1) {
        self.plan = plan
        self.faults = faults
        generator = SeededGenerator(seed: seed)
        for node in plan.nodes {
            nodes[node.name] = Node(
                state: Dictionary(uniqueKeysWithValues: node.steps.indices.map { ($0, node.steps[$0].before) }))
        }
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

    /// The state that the log alone gives.
    func refolded() throws -> RunState {
        var state = try RunState(plan: plan)
        for (event, node) in events {
            let bytes = try JSON.encode(LogEvent.run(event))
            guard case .run(let read) = try JSON.decode(LogEvent.self, from: bytes) else {
                throw WriteFailure(message: "not a run")
            }
            try state.apply(read, node: node)
        }
        return state
    }

    mutating func record(_ event: Event, _ node: String?, _ state: inout RunState) throws {
        events.append((event, node))
        try state.apply(event, node: node)
    }

    /// Runs to the end, crashing and recovering as the faults say; then once more for what could not be reached.
    mutating func run(limit: Int = 3000) throws -> RunState {
        var state = try RunState(plan: plan)
        try record(.started(holder: "e0"), nil, &state)
        var crashes = 0
        var recoveries = 0
        while true {
            while let next = state.next().randomElement(using: &generator) {
                effects += 1
                // Recovery takes all that were begun at once, and a node that is cut off holds up no other.
                let atWork = state.nodes.count {
                    [.running, .rollingBack].contains($0.state) && $0.unreachable.isEmpty
                }
                if !state.isRecovering { mostAtOnce = max(mostAtOnce, atWork) }
                guard effects < limit else { violations.append("more than \(limit) effects"); return state }
                let isBefore = chance(50)
                let crashing = crashes < 6 && chance(faults.crash)
                if crashing { try performOthers(state, but: next) }
                if crashing, isBefore { try takeOver(&state, &crashes); continue }
                let event = try perform(next, state)
                if crashing { try takeOver(&state, &crashes); continue }
                try record(event, next.node, &state)
                if effects % 23 == 0 { try compare(state) }
            }
            try compare(state)
            guard state.end == nil, recoveries < 8 else { return state }
            recoveries += 1
            if recoveries > 3 { faults.unreachable = 0 }
            try record(.recovering(holder: "r\(recoveries)"), nil, &state)
        }
    }

    // What the executor was doing on other nodes when it died: done there, and in no log.
    private mutating func performOthers(_ state: RunState, but next: NextEffect) throws {
        for other in state.next() where other.node != next.node && chance(50) {
            if case .send = other.effect { _ = try perform(other, state) }
        }
    }

    private mutating func takeOver(_ state: inout RunState, _ crashes: inout Int) throws {
        crashes += 1
        letTimePass()
        state = try refolded()
        try record(.recovering(holder: "c\(crashes)"), nil, &state)
    }

    // Leases have run out by the time somebody takes over, and what is due may be back. What was being let go is decided.
    private mutating func letTimePass() {
        for (name, node) in nodes where node.ownReturn == .armed && chance(faults.fires * 4) {
            let isLetGo = events.contains { event, other in
                guard other == name, case .intent(let intent) = event else { return false }
                return intent.write == .releaseLease(.node)
            }
            if !isLetGo { giveBack(name) }
        }
    }

    /// The node gives back by itself what the run did to it.
    mutating func giveBack(_ name: String) {
        guard var node = nodes[name] else { return }
        for (step, before) in node.before { node.state[step] = before }
        node.ownReturn = .returned
        nodes[name] = node
    }

    private mutating func compare(_ state: RunState) throws {
        if Snapshot(state) != Snapshot(try refolded()) { violations.append("the log gives another state") }
    }

    mutating func perform(_ next: NextEffect, _ state: RunState) throws -> Event {
        if case .record(let event) = next.effect { return event }
        if case .pause(_, let wave) = next.effect { return .wave(wave) }
        guard let name = next.node, var node = nodes[name], let run = state.nodes.first(where: { $0.plan.name == name })
        else {
            throw WriteFailure(message: "an effect without its node")
        }
        if case .send(let intent) = next.effect, !isIntended(intent, name) {
            violations.append("sent without intent: \(intent)")
        }
        if node.token == .armed, !node.isRebooted, chance(faults.fires) { fire(&node, run) }
        if chance(faults.reboots) { reboot(&node, run) }
        if chance(faults.unreachable) {
            nodes[name] = node
            return .unreachable(Self.place(of: next.effect, run), cause: "the cable is cut")
        }
        nodes[name] = node
        if let event = script(&self, next) { return event }
        node = nodes[name] ?? node
        defer { nodes[name] = node }
        switch next.effect {
        case .record(let event): return event
        case .pause(_, let wave): return .wave(wave)
        case .evaluate(let step): return .evaluated(step: step, holds: chance(70), reason: "it was asked")
        case .judge: return judged(name, &node, run)
        case .admit: return .admitted(failures: chance(faults.unverified) ? ["it does not hold"] : [])
        case .send(let intent): return .outcome(intent.write, answer(intent, name, &node, run))
        case .lookUp(let write):
            guard case .apply(let step) = write else {
                return .outcome(write, write.step.flatMap { node.undoResults[$0] } ?? .absent)
            }
            if node.started.contains(step) { return .outcome(write, node.results[step] ?? .lost(rebooted: true)) }
            return .outcome(write, node.isRemade || node.isForgotten ? .lost(rebooted: true) : .absent)
        case .observe(let step, let moment, _):
            if moment == .beforeUndo, chance(faults.foreign) { touch(step, &node, run) }
            if chance(faults.blind) { return .unobservable(step: step, moment: moment, reason: "not readable") }
            return .observed(step: step, moment: moment, noisy(node.state[step] ?? Observation(), run, step))
        case .verify(let step, _, let afresh):
            if node.token == .armed, !afresh { violations.append("verified over an old connection under a dead-man") }
            return .verified(step: step, failures: chance(faults.unverified) ? ["it does not hold"] : [])
        }
    }

    static let finding = Finding(
        policy: "one-at-a-time", enforcement: .hard, place: "p.yaml:8", node: "n1", step: nil, outcome: .deny,
        message: "another run is under way", remedy: "wait")

    private mutating func judged(_ name: String, _ node: inout Node, _ run: NodeRun) -> Event {
        if events.contains(where: { if case .recovering = $0.event { true } else { false } }) {
            violations.append("a recovery asked the policies about \(name)")
        }
        if !node.started.isEmpty { violations.append("judged after a step was begun") }
        if node.leased.isEmpty, !node.isForgotten { violations.append("judged without a lease") }
        node.judged += 1
        var warning = Self.finding
        warning.outcome = .warn
        node.isAllowed = !chance(faults.denied)
        return .judged(findings: node.isAllowed ? [warning] : [Self.finding, warning])
    }

    private func isIntended(_ intent: Intent, _ name: String) -> Bool {
        for (event, node) in events.reversed() {
            switch event {
            case .intent(let recorded) where node == name: return recorded == intent
            case .outcome where node == name: return false
            case .recovering: return false
            default: continue
            }
        }
        return false
    }

    private mutating func answer(_ intent: Intent, _ name: String, _ node: inout Node, _ run: NodeRun) -> NodeAnswer {
        let place = run.place(of: intent.write)
        if case .acquireLease = intent.write {
        } else if intent.write == .takeReturn {
            if chance(faults.refused) { return .refused("busy") }
            if node.ownReturn == .armed { node.ownReturn = .taken }
            return .ownReturn(standing(node))
        } else if node.isForgotten {
            return intent.write == .releaseLease(place) ? .released : .lost(rebooted: true)
        } else {
            guard node.leased.contains(place), run.epoch(at: place) == node.epoch[place] else {
                return .refused("lease none")
            }
        }
        switch intent.write {
        case .acquireLease(_, let recovering):
            if !recovering, chance(faults.refused) { return .refused("held r0 bob") }
            node.epoch[place] = max(node.epoch[place] ?? 0, run.holds[place]?.lastEpoch ?? 0) + 1
            node.leased.insert(place)
            if place == .node, !recovering { node.isInMemory = chance(faults.memory) }
            if node.isForgotten { (node.isForgotten, node.isRemade) = (false, true) }
            return .granted(epoch: node.epoch[place] ?? 0, inMemory: place == .node && node.isInMemory)
        case .armDeadMan:
            if chance(faults.refused) { return .refused("unit it failed") }
            if node.token == .fired { return .refused("fired") }
            if node.token == .won { return .refused("won") }
            if node.isInMemory, run.plan.deadManAtBoot { return .refused("boot it is in memory") }
            node.token = .armed
            return .armed
        case .apply(let step): return apply(step, intent, name, &node, run)
        case .undo(let step):
            if node.undone.last.map({ $0 < step }) == true {
                violations.append("undone out of order: \(node.undone), \(step)")
            }
            node.undone.append(step)
            node.undoResults[step] = nil
            if chance(faults.refused) { return .refused("unit busy") }
            if chance(faults.lost) { return .lost(rebooted: false) }
            node.state[step] = node.before[step] ?? node.state[step]
            let status = chance(faults.failed / 4) ? 1 : 0
            let result = NodeAnswer.done(status: status, failedAt: 0, output: Payload(""))
            node.undoResults[step] = result
            return result
        case .disarmDeadMan:
            if node.token == .armed { node.token = .won }
            return settled(node)
        case .fireDeadMan:
            if node.token == .armed, node.isRebooted { node.token = .won }
            if node.token == .armed { fire(&node, run) }
            return settled(node)
        case .armReturn:
            if chance(faults.refused) { return .refused("unit it failed") }
            if node.ownReturn == .none { node.ownReturn = .armed }
            return .ownReturn(standing(node))
        case .takeReturn: return .ownReturn(standing(node))
        case .releaseLease:
            if node.token == .armed { violations.append("released with an armed dead-man") }
            node.leased.remove(place)
            return .released
        }
    }

    private mutating func apply(_ step: Int, _ intent: Intent, _ name: String, _ node: inout Node, _ run: NodeRun)
        -> NodeAnswer
    {
        applied.append("\(name)/\(step)")
        if node.judged != 1 || !node.isAllowed { violations.append("run without being allowed at its turn") }
        if run.plan.steps[step].cutsPath {
            guard node.token != .none else {
                violations.append("a path was cut without a dead-man")
                return .refused("deadman")
            }
            guard node.token == .armed else { return .refused("deadman") }
        }
        if chance(faults.refused) { return .refused("unit it failed") }
        node.started.insert(step)
        node.before[step] = node.state[step]
        let after = run.plan.steps[step].prediction.after
        if chance(faults.failed) {
            if chance(50) { node.state[step] = after }
            node.results[step] = .done(status: 1, failedAt: 0, output: Payload("it failed\n"))
        } else {
            node.state[step] = after
            node.results[step] = .done(status: 0, failedAt: 0, output: Payload(""))
        }
        if chance(faults.lost) {
            node.results[step] = nil
            return chance(50) ? .running : .lost(rebooted: false)
        }
        return node.results[step] ?? .running
    }

    mutating func fire(_ node: inout Node, _ run: NodeRun) {
        node.token = .fired
        for step in node.started where run.plan.steps[step].cutsPath { node.state[step] = node.before[step] }
    }

    static func place(of effect: Effect, _ run: NodeRun) -> Place {
        switch effect {
        case .send(let intent): run.place(of: intent.write)
        case .lookUp(let write): run.place(of: write)
        case .observe(let step, _, _): run.plan.steps[step].place
        default: .node
        }
    }

    private func standing(_ node: Node) -> NodeReturnStanding {
        switch node.ownReturn {
        case .none: .none
        case .armed: .armed(secondsLeft: 7200, waitingFor: nil)
        case .taken: .taken
        case .returned: .returned(output: Payload(""))
        }
    }

    private func settled(_ node: Node) -> NodeAnswer {
        switch node.token {
        case .won where node.isRebooted: .lost(rebooted: true)
        case .won: .won
        case .fired: .reverted(status: 0, rebooted: node.isRebooted, output: Payload(""))
        case .none, .armed: .noDeadMan
        }
    }

    // Timers and what is in memory are gone; a unit that is enabled runs.
    private mutating func reboot(_ node: inout Node, _ run: NodeRun) {
        if node.token != .none { node.isRebooted = true }
        if node.token == .armed, run.plan.deadManAtBoot { fire(&node, run) }
        guard node.isInMemory else { return }
        (node.isInMemory, node.isForgotten, node.isRemade) = (false, true, false)
        node.leased.remove(.node)
        node.epoch[.node] = nil
        (node.started, node.results) = ([], [:])
        if node.token == .armed { node.token = .none }
    }

    // Somebody else changes a field that the action compares.
    private func touch(_ step: Int, _ node: inout Node, _ run: NodeRun) {
        guard run.plan.steps[step].action == "file.replace" else { return }
        node.state[step]?["content"] = .content(Payload("somebody else's\n"))
        node.isTouched = true
    }

    private mutating func noisy(_ observation: Observation, _ run: NodeRun, _ step: Int) -> Observation {
        guard run.plan.steps[step].action == "service.restart" else { return observation }
        var observation = observation
        observation["mainPid"] = .text("\(Int.random(in: 2...9999, using: &generator))")
        return observation
    }
}

/// Everything a state says, comparable.
struct Snapshot: Equatable {
    var next: [NextEffect]
    var end: RunEnd?
    var nodes: [[String]]

    init(_ state: RunState) {
        next = state.next()
        end = state.end
        nodes = state.nodes.map { node in
            let steps = node.steps.map { step in
                "\(step.applied as Any) \(step.undone as Any) \(step.undoAttempts) \(step.verifyFailures as Any) "
                    + "\(step.before?.hashValue ?? 0) \(step.after?.hashValue ?? 0) \(step.beforeUndo?.hashValue ?? 0) "
                    + "\(step.skipped as Any) \(step.condition as Any) \(step.blind as Any) "
                    + "\(step.afterUndo?.hashValue ?? 0) \(step.intent?.hashValue ?? 0) \(step.differences.hashValue)"
            }
            return steps + [
                node.state.rawValue, node.reason, "\(node.judgement.hashValue)", "\(node.holds.hashValue)",
                "\(node.open?.hashValue ?? 0)",
                "\(node.unresolved as Any)", "\(node.deadMan)", "\(node.unreachable.hashValue)",
                "\(node.isStale)", "\(node.refusals.hashValue)", "\(node.recovering)",
                "\(node.verifyFailures as Any)", "\(node.admission as Any)",
            ]
        }
    }
}

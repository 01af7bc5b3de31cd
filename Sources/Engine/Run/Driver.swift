public import Core

/// Performs what the run's state asks for, the nodes at once, and decides nothing.
///
/// Law 1 lives in the order of `step`: an event is durable before it is folded, and only a folded intent yields `.send`.
public struct Driver: Sendable {
    private let journal: any Journal
    private let nodes: any Nodes
    private let clock: any Clock
    private let nonces: any Nonces
    private let judge: (any Judge)?
    private let planSha256: String
    private let holder: String
    private let ticket: String
    private let settled: [String: [String]]
    private let watch: @Sendable (RunState, NextEffect) -> Void

    /// A driver for one plan.
    /// - Parameters:
    ///   - judge: asked at each node's turn; nil for a recovery, which begins no node.
    ///   - holder: names this executor in leases and log entries, without spaces.
    ///   - settled: of each node, the runs that this log says have ended there: what they left may be taken over.
    ///   - watch: told of every effect before it is performed, for progress on a screen.
    public init(
        journal: any Journal, nodes: any Nodes, clock: any Clock, nonces: any Nonces, judge: (any Judge)?,
        planSha256: String, holder: String, settled: [String: [String]] = [:],
        watch: @escaping @Sendable (RunState, NextEffect) -> Void
    ) {
        self.journal = journal
        self.nodes = nodes
        self.clock = clock
        self.nonces = nonces
        self.judge = judge
        self.planSha256 = planSha256
        self.holder = holder
        self.settled = settled
        ticket = nonces.next()
        self.watch = watch
    }

    /// Goes on until nothing follows: the run has ended, or what is left waits for nodes that cannot be reached.
    /// - Throws: what the journal threw (then nothing more was sent), or ``IllegalEvent`` for a damaged log.
    public func run(_ state: inout RunState) async throws {
        try await withThrowingTaskGroup(of: Done.self) { group in
            var busy: Set<String?> = []
            // Of each node, which entry its last intent is, and when it was looked at last before a step.
            var intents: [String?: EntryName] = [:]
            var looks: [String?: Double] = [:]
            while true {
                for next in state.next() where busy.insert(next.node).inserted {
                    watch(state, next)
                    group.addTask { [state, intent = intents[next.node], look = looks[next.node]] in
                        let began = clock.uptime()
                        let (event, entry) = try await step(asOfNow(next, look), state, intent, look)
                        return Done(node: next.node, event: event, entry: entry, began: began)
                    }
                }
                guard let done = try await group.next() else { return }
                busy.remove(done.node)
                if case .intent = done.event { intents[done.node] = done.entry }
                if case .observed(_, .before, _) = done.event { looks[done.node] = done.began }
                try state.apply(done.event, node: done.node)
            }
        }
    }

    /// An effect that was performed, and is on record.
    private struct Done {
        let node: String?
        let event: Event
        let entry: EntryName?
        /// Seconds of uptime before it was.
        let began: Double
    }

    // A laptop may have slept since a step's state was read: what is sent then was made from what the node was like hours
    // ago. It is looked at again, and what was about to be sent is not.
    private func asOfNow(_ next: NextEffect, _ look: Double?) -> NextEffect {
        guard let look, clock.uptime() - look > Self.freshSeconds else { return next }
        switch next.effect {
        case .record(.intent(let intent)):
            guard case .apply(let step) = intent.write else { return next }
            return NextEffect(node: next.node, effect: .observe(step: step, moment: .before, expecting: nil))
        case .send(let intent):
            guard case .apply = intent.write else { return next }
            return NextEffect(node: next.node, effect: .record(.outcome(intent.write, .refused(Self.tooLate))))
        default: return next
        }
    }

    private func step(
        _ next: NextEffect, _ state: RunState, _ intent: EntryName?, _ look: Double?
    ) async throws -> (Event, EntryName?) {
        let event = try await perform(next, state, intent, look)
        return (event, try await journal.append(event, run: state.id, node: next.node))
    }

    private func perform(
        _ next: NextEffect, _ state: RunState, _ entry: EntryName?, _ look: Double?
    ) async throws -> Event {
        if case .record(let event) = next.effect { return event }
        if case .pause(let seconds, let wave) = next.effect {
            try await clock.sleep(seconds: Double(seconds))
            return .wave(wave)
        }
        guard let name = next.node, let node = state.nodes.first(where: { $0.plan.name == name }) else {
            throw IllegalEvent("an effect without its node")
        }
        switch next.effect {
        case .record(let event): return event
        case .pause: throw IllegalEvent("a pause of one node")
        case .evaluate(let step): return try await evaluate(step, node, state.plan)
        case .judge:
            guard let judge else { throw IllegalEvent("a node begun by a recovery") }
            return .judged(findings: try await judge.findings(on: name))
        case .admit: return .admitted(failures: try await verify(node.plan.preconditions, node, state.plan, false))
        case .send(let intent):
            let script = state.script(
                sending: intent, as: entry, to: node, planSha256: planSha256, holder: holder, ticket: ticket,
                settled: settled[name] ?? [])
            guard case .apply = intent.write, let look else { return try await write(script, node, intent.write) }
            // A connection that was lost while a laptop slept: what became of the step is asked, and it is not sent late.
            let lookUp = state.script(lookingUp: intent.write, on: node)
            return try await write(script, node, intent.write, until: look + Self.freshSeconds, then: lookUp)
        case .lookUp(let write): return try await self.write(state.script(lookingUp: write, on: node), node, write)
        case .observe(let step, let moment, let expecting):
            return try await observe(step, moment, node, state, untilBack: expecting != nil)
        case .verify(let step, let checks, let afresh):
            return .verified(step: step, failures: try await verify(checks, node, state.plan, afresh))
        }
    }

    // Every write script only looks up what it finds already done, so after a lost connection the same one is sent again.
    private func write(
        _ script: NodeScript, _ node: NodeRun, _ write: Write, until deadline: Double = .infinity,
        then lookUp: NodeScript? = nil
    ) async throws -> Event {
        let place = node.place(of: write)
        do throws(Unreached) {
            let printed = try await patiently(place, node) { (host) throws(NodeFailure) in
                let script = clock.uptime() > deadline ? lookUp ?? script : script
                return try await nodes.run(script, on: host, for: node.plan.name, afresh: false)
            }
            do throws(ObservationError) {
                return .outcome(write, try NodeAnswer(parsing: printed, to: write))
            } catch {
                return .unreachable(place, cause: error.description)
            }
        } catch {
            return .unreachable(place, cause: error.cause)
        }
    }

    private func observe(
        _ step: Int, _ moment: Moment, _ node: NodeRun, _ state: RunState, untilBack: Bool
    ) async throws -> Event {
        let deadline = clock.uptime() + (untilBack ? Self.settleSeconds : 0)
        while true {
            let event = await observeOnce(step, moment, node)
            guard clock.uptime() < deadline, case .observed(_, _, let seen) = event,
                !state.remaining(seen, step: step, on: node).isEmpty
            else { return event }
            try await clock.sleep(seconds: 1)
        }
    }

    private func observeOnce(_ step: Int, _ moment: Moment, _ node: NodeRun) async -> Event {
        let place = node.plan.steps[step].place
        do throws(Unreached) {
            let action = try node.plan.steps[step].makeActionOrUnreached()
            let seen = try await patiently(place, node) { (host) throws(NodeFailure) in
                try await nodes.observe(action, on: host, for: node.plan.name, nonce: nonces.next())
            }
            switch seen {
            case .success(let observation): return .observed(step: step, moment: moment, observation)
            case .failure(let error):
                return .unobservable(step: step, moment: moment, reason: error.description)
            }
        } catch {
            return .unreachable(place, cause: error.cause)
        }
    }

    private func evaluate(_ step: Int, _ node: NodeRun, _ plan: Plan) async throws -> Event {
        let condition = try StepCondition(node.plan.steps[step].when ?? "true", parameters: plan.parameters)
        let sight = await facts(of: node, afresh: false)
        guard case .success(let facts) = sight else {
            return .evaluated(step: step, holds: nil, reason: "the node's facts cannot be read")
        }
        let ran = zip(node.plan.steps, node.steps).prefix(step).map { ($0.name, $1.ran) }
        let (holds, reason) = condition.ask(facts, ran: Dictionary(uniqueKeysWithValues: ran))
        return .evaluated(step: step, holds: holds, reason: reason)
    }

    // A node that cannot be asked has not been verified: the time of the checks goes on, and then it is a failure.
    private func verify(_ checks: [CheckPlan], _ node: NodeRun, _ plan: Plan, _ afresh: Bool) async throws -> [String] {
        guard !checks.isEmpty || afresh else { return [] }
        let set = try CheckSet(checks, parameters: plan.parameters)
        let start = clock.uptime()
        while true {
            let failures = await failures(of: set, node, afresh)
            if failures.isEmpty { return [] }
            let elapsed = clock.uptime() - start
            let final = failures.filter { elapsed >= Double($0.withinSeconds) }
            if !final.isEmpty { return failures.map(\.sentence) }
            try await clock.sleep(seconds: 0.5)
        }
    }

    private func failures(
        of set: CheckSet, _ node: NodeRun, _ afresh: Bool
    ) async -> [(sentence: String, withinSeconds: Int)] {
        switch await facts(of: node, afresh: afresh) {
        case .success(let facts): return set.failures(facts)
        case .failure(let failure):
            let patience = max(set.withinSeconds, Planner.reconnectSeconds)
            return [((afresh ? "over a new connection: " : "") + failure.message, patience)]
        }
    }

    // What the node says of itself, when a step runs on it, and what the cluster says of it, when it can be asked.
    private func facts(of node: NodeRun, afresh: Bool) async -> Result<Facts, NodeFailure> {
        var facts = Facts.unknown("no step of this run is on the node itself")
        do throws(NodeFailure) {
            if let host = node.plan.host(at: .node) {
                facts = try await nodes.facts(
                    FactsProbe(services: node.plan.services), on: host, for: node.plan.name, afresh: afresh,
                    nonce: nonces.next())
            }
        } catch {
            return .failure(error)
        }
        facts.kubernetes = await kubernetes(of: node)
        return .success(facts)
    }

    private func kubernetes(of node: NodeRun) async -> Facts.Kubernetes {
        // An API that hangs takes its time, which would come off the dead-man's: it is asked only where that matters.
        guard node.plan.asksCluster else { return .unknown("no expression of the plan asks for it") }
        guard let host = node.plan.host, let kubeconfig = node.plan.kubeconfig else {
            return .unreachable("the plan names no execution host")
        }
        let probe = KubernetesProbe(node: node.plan.kubernetesName, kubeconfig: kubeconfig)
        do throws(NodeFailure) {
            return try await nodes.kubernetes(probe, on: host, for: node.plan.name, nonce: nonces.next())
        } catch {
            return .unreachable(error.message)
        }
    }

    // While a dead-man is armed the node may be cut off until it has reverted; waiting for that is the way back to it.
    private func patiently<Answer>(
        _ place: Place, _ node: NodeRun, _ ask: (HostPlan) async throws(NodeFailure) -> Answer
    ) async throws(Unreached) -> Answer {
        guard let host = node.plan.host(at: place) else { throw Unreached(cause: "the plan names nobody to ask") }
        let waits = Self.patienceSeconds + (node.deadMan == .armed ? Double(node.plan.deadManSeconds ?? 0) : 0)
        // Somebody has vouched for a node that most likely never answers again.
        let patience = node.state == .resolving ? 0 : waits
        let deadline = clock.uptime() + patience
        while true {
            // Another node's event could not be made durable: nothing more is sent to this one either (law 1).
            guard !Task.isCancelled else { throw Unreached(cause: "this executor was told to stop") }
            do throws(NodeFailure) {
                return try await ask(host)
            } catch {
                guard error.isPassing, clock.uptime() < deadline else { throw Unreached(cause: error.description) }
            }
            do { try await clock.sleep(seconds: 1) } catch { throw Unreached(cause: "this executor was told to stop") }
        }
    }

    private static let patienceSeconds = 45.0
    private static let freshSeconds = 120.0
    private static let tooLate = "late: what it was made from is too old, it was not sent"
    private static let settleSeconds = 45.0
}

/// A node that stayed out of reach for as long as waiting could help.
struct Unreached: Error {
    var cause: String
}

extension StepPlan {
    // A plan whose actions could not be made was refused before it was run; this only carries the error's type.
    func makeActionOrUnreached() throws(Unreached) -> any Action {
        do throws(ArgumentError) { return try makeAction() } catch { throw Unreached(cause: error.description) }
    }
}

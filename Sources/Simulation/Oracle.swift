import Core

/// Looks at everything that happens in a world and says where a law was broken. It knows the true state of every node, and
/// what each log has durably; the run machine knows neither.
final class Oracle {
    /// A law that was broken.
    struct Violation: Hashable, CustomStringConvertible {
        let law: Int
        let what: String
        var description: String { "law \(law): \(what)" }
    }

    /// What happened to one node in one run.
    struct Track {
        /// The state of what it changed, right before it did for the first time.
        var before: [SubjectKey: Observation] = [:]
        var changedAt: [SubjectKey: Double] = [:]
        /// Fields that somebody, or a boot, changed between the last look and then: the run puts back what it saw.
        var unseen: [SubjectKey: Set<String>] = [:]
        var applies: [Int: Int] = [:]
        var appliedAt: [Int: Double] = [:]
        /// When its commands began.
        var beganAt: [Int: Double] = [:]
        /// Steps that the log says are applied, verified.
        var done: Set<Int> = []
        var verified: Set<Int> = []
        /// It rebooted since.
        var rebooted = false
        /// When it was looked at last after it was verified, and whether its success was decided since.
        var seenAfter: (at: Double, by: String)?
        var isDecided = false
        /// A lease of it was given back: nothing more is done under it.
        var isReleased = false
        /// It was at work there and is not known to have ended.
        var isWorking = false
        /// It was let begin while the execution host could not be read, where alone others' steps in the cluster show.
        var beganBlind = false
        var end: NodeState?
        /// When the node began to give it back by itself, and who was told last, and when, that it would.
        var returnedAt: Double?
        var armed: (at: Double, by: String)?
    }

    private(set) var violations: [Violation] = []
    /// Of each node, what happened that may leave a run to a person.
    var excuses: [String: [String]] = [:]
    private(set) var tracks: [String: Track] = [:]
    private(set) var history: [String] = []
    var keepsHistory = false
    /// How nodes ended, how often.
    private(set) var ends: [NodeState: Int] = [:]
    private(set) var entries = 0
    private(set) var writes = 0
    private var lastObserved: [SubjectKey: Double] = [:]
    private var lastFresh: [Int: Double] = [:]
    weak var world: World?
    /// How old a look may be when what was made from it begins: two minutes until it is sent, and the way there.
    private static let looksLast = 130.0

    func violation(_ law: Int, _ what: String) {
        let found = Violation(law: law, what: what)
        note("VIOLATION of \(found)")
        if !violations.contains(found) { violations.append(found) }
    }

    func note(_ what: @autoclosure () -> String) {
        guard keepsHistory, let world else { return }
        let time = world.loop.now
        let tenths = Int(time * 100)
        history.append("\(tenths / 100).\(tenths % 100 < 10 ? "0" : "")\(tenths % 100) \(what())")
    }

    private static func key(_ run: String, _ node: String) -> String {
        "\(run.prefix { $0 != "@" }) \(node)"
    }

    private static func run(_ key: String) -> String { String(key.prefix { $0 != " " }) }

    func track(_ run: String, _ node: String) -> Track { tracks[Self.key(run, node)] ?? Track() }

    private func change(_ run: String, _ node: String, _ body: (inout Track) -> Void) {
        body(&tracks[Self.key(run, node), default: Track()])
    }

    // MARK: What is heard of

    /// Law 1: nothing is sent whose intent is not durable, with the very commands and their undo.
    func delivered(_ script: NodeScript, _ node: String, to machine: Machine, by executor: Executor, _ world: World) {
        guard let write = script.write(to: machine) else { return }
        writes += 1
        // It goes back, though the entry that says so may have been lost with the power.
        if isWayBack(write) { change(executor.run ?? "", node) { $0.seenAfter = nil } }
        note("\(executor.holder) sends \(write) to \(machine.name) for \(node)")
        let run = executor.run ?? ""
        let last = executor.log.durableEvents(of: run, node).first { event in
            switch event {
            case .intent, .outcome: true
            default: false
            }
        }
        guard case .intent(let intent)? = last, intent.write == write else {
            return violation(1, "\(write) was sent to \(node), and its intent is not durable")
        }
        if write == .disarmDeadMan { verified(run, node, executor.log) }
        if case .armReturn(_, let request, _) = script.request { arms(request, intent, run, node, executor.log) }
        guard case .start(let step, let request) = script.request else { return }
        if intent.commands != request.commands || step.isApply && intent.undo != request.undo {
            violation(1, "\(write) on \(node) runs something else than its intent says")
        }
        guard step.isApply else { return }
        judged(run, node, executor.log)
        undoes(step.index, request, run, node, executor.log)
    }

    private func isWayBack(_ write: Write) -> Bool {
        switch write {
        case .undo, .fireDeadMan, .takeReturn: true
        default: false
        }
    }

    // Law 5: what the policies did not allow, with the lease held, does not run.
    private func judged(_ run: String, _ node: String, _ log: SimLog) {
        let events = log.durableEvents(of: run, node)
        let judgement = events.lazy.compactMap { if case .judged(let findings) = $0 { findings } else { nil } }.first
        guard let judgement, !judgement.contains(where: \.denies) else {
            return violation(5, "a step runs on \(node) that the policies have not allowed at its turn")
        }
    }

    // Law 2: the undo is that of what was observed before, and was observed of this node.
    private func undoes(_ step: Int, _ request: StepRequest, _ run: String, _ node: String, _ log: SimLog) {
        let seen = log.durableEvents(of: run, node).lazy.compactMap { event in
            if case .observed(step, .before, let seen) = event { seen } else { nil }
        }.first
        guard let seen, let action = try? world?.plans[run]?.step(step, node)?.makeAction(),
            request.before == seen, request.undo == action.undo(seen)
        else {
            return violation(2, "the undo of step \(step) on \(node) is not that of what was observed before")
        }
    }

    // Law 3: the node as a whole was verified, after all that was done to it.
    private func verified(_ run: String, _ node: String, _ log: SimLog) {
        let last = log.durableEvents(of: run, node).first { event in
            switch event {
            case .verified(nil, _), .outcome(.apply, _): true
            default: false
            }
        }
        guard case .verified(nil, [])? = last else {
            return violation(3, "\(node) is to be disarmed, and was not verified since its last step")
        }
    }

    // Laws 1 and 2: what the node will do is on record, and is the undo of what was observed before each step. It is armed when
    // all of it was verified, and nothing was done to the node since.
    private func arms(_ request: NodeReturn, _ intent: Intent, _ run: String, _ node: String, _ log: SimLog) {
        if intent.commands.map(\.argv) != request.steps.map(\.look.argv)
            || intent.undo != request.steps.reversed().flatMap(\.undo)
        {
            violation(1, "what \(node) is to give back by itself is not what its intent says")
        }
        let events = log.durableEvents(of: run, node)
        for step in request.steps {
            let index = world?.plans[run]?.plan.nodes.first { $0.name == node }?.steps.firstIndex {
                $0.name == step.name
            }
            let applied = events.lazy.compactMap { event in
                if case .intent(let intent) = event, intent.write == .apply(step: index ?? -1) { intent } else { nil }
            }.first
            if applied?.undo != step.undo {
                violation(2, "\(node) is to give back step '\(step.name)' by another undo")
            }
        }
        let last = events.first { event in
            switch event {
            case .verified(nil, _), .outcome(.apply, _), .outcome(.undo, _): true
            default: false
            }
        }
        guard case .verified(nil, [])? = last else {
            return violation(3, "\(node) is to give back by itself what was not verified")
        }
    }

    // Law 7: what is back already, or is for good, is not given back by the node.
    func returning(_ run: String, _ machine: Machine) {
        note("\(machine.name) gives \(run) back by itself")
        let track = track(run, machine.name)
        change(run, machine.name) { $0.returnedAt = world?.loop.now }
        if let end = track.end, end != .succeeded, end != .needsPerson {
            violation(7, "\(machine.name) gives back by itself what has ended as \(end.rawValue)")
        }
    }

    func began(_ step: StepScript, _ request: StepRequest, _ machine: Machine) {
        guard let world, step.isApply,
            let (plan, index, node) = world.planned(step, machine.record(step.fence))
        else { return }
        let run = step.fence.run
        note("\(node) begins \(step.name) of \(run)")
        change(run, node) {
            $0.isWorking = true
            $0.applies[index, default: 0] += 1
            $0.beganAt[index] = world.loop.now
        }
        if track(run, node).applies[index] ?? 0 > 1 { violation(4, "step \(index) of \(run) ran twice on \(node)") }
        guard let action = try? plan.makeAction(), let approved = world.plans[run]?.step(index, node) else {
            return violation(4, "step \(index) of \(run) on \(node) is in no plan")
        }
        if request.commands != approved.apply, !action.permits(request.commands, planned: approved.apply) {
            violation(4, "step \(index) of \(run) on \(node) runs what its plan does not have")
        }
        if request.cutsPath != approved.cutsPath {
            violation(3, "step \(index) of \(run) on \(node) is sent as one that cuts no path")
        }
        atOnce(run, node, world)
    }

    /// Law 5: a node of the pool that cannot be asked counts as one under work, for who would change another.
    /// - Parameters:
    ///   - unread: the nodes of the pool that could not be asked.
    ///   - isBlind: the execution host could not be.
    func letBegin(_ node: String, of plan: SimPlan, unread: [String], isBlind: Bool, _ world: World) {
        change(plan.plan.id, node) { $0.beganBlind = isBlind }
        let others = unread.filter { $0 != node }
        let changes = plan.plan.nodes.first { $0.name == node }?.steps.contains { !$0.apply.isEmpty } ?? false
        if changes, others.count >= world.setting.maxUnavailable {
            violation(5, "\(node) is let begin, and nobody knows what is under way on \(others)")
        }
    }

    // Law 5: at no time more nodes of the pool are under work than the policy says. What another log's run does in the cluster
    // alone shows on the execution host alone (docs/policies.md): for who began without it that does not count.
    private func atOnce(_ run: String, _ node: String, _ world: World) {
        let working = tracks.filter(\.value.isWorking)
        let blind = working.filter(\.value.beganBlind).keys.map { Self.run($0) }
        let nodes = working.keys.filter { key in !blind.contains { world.isHidden(key, from: $0) } }
            .map { $0.split(separator: " ")[1] }
        let count = Set(nodes).count
        if count > world.setting.maxUnavailable {
            violation(5, "\(count) nodes are under work at once, at most \(world.setting.maxUnavailable) may be")
        }
    }

    func applying(_ run: String, _ node: String, _ index: Int, _ subject: Subject, _ world: World) {
        let key = SubjectKey(node, subject.action)
        let now = world.loop.now
        change(run, node) {
            if $0.before[key] == nil {
                $0.before[key] = subject.state
                // What somebody changes between the last look and the step cannot be known, if that is not long.
                let seen = lastObserved[key] ?? now
                let looked = now - seen < Self.looksLast ? seen : now
                $0.changedAt[key] = looked
                $0.unseen[key] = subject.changed(since: looked)
            }
            $0.appliedAt[index] = now
        }
        // What is on its way when its look becomes too old is not called back; once begun it takes as long as its step may.
        if (track(run, node).beganAt[index] ?? now) - (lastObserved[key] ?? now) > Self.looksLast {
            violation(4, "step \(index) of \(run) runs on \(node) as was right long ago")
        }
        guard let planned = world.plans[run]?.step(index, node) else { return }
        stale(planned, node, subject, key)
    }

    // Law 4: what the plan's correctness depends on was as planned when it was looked at last.
    private func stale(_ planned: StepPlan, _ node: String, _ subject: Subject, _ key: SubjectKey) {
        guard let action = try? planned.makeAction() else { return }
        let seen = lastObserved[key] ?? -1
        let differing = subject.state.differences(from: planned.before) {
            action.role(of: $0) == .footprint && (subject.foreign[$0]?.at ?? -1) <= seen
        }
        if !differing.isEmpty {
            violation(4, "\(planned.name) runs on \(node) although \(differing.map(\.field)) is not as planned")
        }
    }

    // Law 6: what somebody else changed, and could be seen to have changed, stays.
    func undoing(
        _ run: String, _ node: String, _ index: Int, _ subject: Subject, to reached: Observation, _ world: World
    ) {
        let track = track(run, node)
        guard let planned = world.plans[run]?.step(index, node), let action = try? planned.makeAction(),
            !track.rebooted, track.verified.contains(index), let applied = track.appliedAt[index],
            let before = track.before[SubjectKey(node, subject.action)],
            let seen = lastObserved[SubjectKey(node, subject.action)]
        else { return }
        for (field, foreign) in subject.foreign.sorted(by: { $0.key < $1.key })
        where foreign.at > applied && foreign.at < seen && action.role(of: field) == .footprint
            && planned.prediction.quality(of: field) == .exact && subject.state[field] == foreign.value
            && foreign.value != before[field] && reached[field] != foreign.value
        {
            violation(6, "\(field), which somebody else had changed on \(node), was overwritten by an undo")
        }
    }

    /// Leases go back when nothing is left to do.
    func released(_ script: NodeScript, _ node: String) {
        guard case .releaseLease(let fence, let verdict, _) = script.request, !track(fence.run, node).isReleased else {
            return
        }
        if verdict == .before { back(fence.run, node, .rolledBack) }
        change(fence.run, node) { ($0.isWorking, $0.isReleased) = (false, true) }
    }

    func fired(_ fence: NodeRecord.Fence, _ machine: Machine) {
        note("the dead-man of \(fence.run) fires on \(machine.name)")
    }

    // Law 3: the rope is let go only after a new connection has shown the state that was verified.
    func won(_ fence: NodeRecord.Fence, _ machine: Machine) {
        note("the token of \(fence.run) is won on \(machine.name)")
        let record = machine.record(fence)
        let cutting = record?.steps.values.filter(\.request.cutsPath).compactMap(\.appliedAt).max()
        guard record?.deadMan?.boot == machine.boot, let cutting else { return }
        if (lastFresh[machine.number] ?? -1) < cutting {
            violation(3, "\(machine.name) was disarmed without a new connection since its path may have been cut")
        }
        if !machine.cuts.isEmpty { violation(3, "\(machine.name) was disarmed, and nobody can connect") }
    }

    func observed(_ key: SubjectKey, by executor: Executor, _ world: World) { lastObserved[key] = world.loop.now }
    func reached(_ machine: Machine, afresh: Bool, _ world: World) { lastFresh[machine.number] = world.loop.now }

    func rebooted(_ machine: Machine) {
        note("\(machine.name) is up again")
        for key in tracks.keys where key.hasSuffix(" \(machine.name)") && tracks[key]?.end == nil {
            tracks[key]?.rebooted = true
        }
    }

    func changed(_ key: SubjectKey, _ field: String) { note("somebody changes \(field) on \(key.node)") }

    // MARK: What is on record

    func recorded(_ record: LogRecord, _ log: SimLog) {
        entries += 1
        guard case .run(let event)? = record.event, let run = record.run else { return }
        note("log \(log.number) has \(Self.line(event)) \(run) \(record.node ?? "") by \(record.by)")
        if case .recovering = event { takenOver(run, log) }
        guard let node = record.node else { return }
        switch event {
        case .outcome(.apply(let step), .done(0, _, _)): change(run, node) { $0.done.insert(step) }
        case .outcome(.undo(let step), _): change(run, node) { $0.done.remove(step) }
        case .verified(let step?, []): change(run, node) { $0.verified.insert(step) }
        case .outcome(.armReturn, .ownReturn(.armed)):
            change(run, node) { $0.armed = (world?.loop.now ?? 0, record.by) }
        case .observed(_, .after, _): change(run, node) { $0.seenAfter = (world?.loop.now ?? 0, record.by) }
        case .nodeState(.rollingBack, _):
            takenBack(run, node)
            change(run, node) {
                $0.isWorking = !$0.applies.isEmpty; $0.seenAfter = nil
            }
        // The first lease that goes back decides it; what happens to the node later is not this run's.
        case .intent(let intent): if case .releaseLease = intent.write { decided(run, node, record.by) }
        // One that holds is in its planned state, and only waits.
        case .nodeState(.holding, _): change(run, node) { $0.isWorking = false }
        case .nodeState(let state, let reason) where state.isFinal: ended(run, node, state, reason, record.by)
        default: break
        }
    }

    private func ended(_ run: String, _ node: String, _ state: NodeState, _ reason: String, _ holder: String) {
        ends[state, default: 0] += 1
        change(run, node) {
            $0.end = state
            if state != .needsPerson { $0.isWorking = false }
        }
        switch state {
        case .succeeded: decided(run, node, holder)
        // Others may have been there since.
        case .rolledBack, .stale, .denied, .skipped: if !track(run, node).isReleased { back(run, node, state) }
        case .needsPerson:
            let plan = world?.plans[String(run.prefix { $0 != "@" })]
            // A plan may ask for it.
            let isAsked = plan?.plan.onFailure == .stop || plan?.isIrreversible(node) == true
            if excuses[node, default: []].isEmpty, !isAsked {
                violation(7, "\(node) needs a person, and nothing happened that asks for one: \(reason)")
            }
        default: break
        }
    }

    // An entry that was written, and of which nobody could be told that it is durable, counts for who reads it.
    private func takenOver(_ run: String, _ log: SimLog) {
        for entry in log.entries where entry.record.run == run {
            guard let node = entry.record.node, case .run(.intent(let intent))? = entry.record.event,
                case .releaseLease = intent.write
            else { continue }
            change(run, node) { $0.isDecided = true }
        }
    }

    // Law 7: what was decided is carried out, whoever does it: others may be at work by then where a lease went back.
    private func takenBack(_ run: String, _ node: String) {
        let track = track(run, node)
        if track.isDecided, !track.rebooted {
            violation(7, "\(node) is taken back, and it was decided that it stays as it is")
        }
    }

    private func decided(_ run: String, _ node: String, _ holder: String) {
        let track = track(run, node)
        guard !track.isDecided, let seen = track.seenAfter else { return }
        change(run, node) { $0.isDecided = true }
        if let returned = track.returnedAt {
            // Whoever was told that it is armed may have slept since; anybody else has asked.
            guard let armed = track.armed, armed.by == holder, armed.at <= returned else {
                return violation(7, "\(node) is to stay as it is, and had given it back by itself")
            }
            return
        }
        // Between the last look and the word a node may reboot, and a laptop sleep; but who takes over looks for itself.
        if track.rebooted, seen.by == holder { return }
        succeeded(run, node)
    }

    // Laws 2 and 8: what was predicted exactly is what is there.
    private func succeeded(_ run: String, _ node: String) {
        guard let world, let plan = world.plans[String(run.prefix { $0 != "@" })] else { return }
        let track = track(run, node)
        var expected: [SubjectKey: [String: FieldValue?]] = [:]
        for index in track.done.sorted() {
            guard let step = plan.step(index, node), let action = try? step.makeAction() else { continue }
            let key = SubjectKey(node, action)
            for field in Set(step.prediction.after.fields.keys).union(step.before.fields.keys)
            where !action.role(of: field).isVolatile {
                expected[key, default: [:]][field] =
                    step.prediction.quality(of: field) == .exact ? .some(step.prediction.after[field]) : nil
            }
        }
        for (key, fields) in expected {
            guard let subject = world.subjects[key] else { continue }
            for (field, value) in fields where subject.foreign[field] == nil && subject.state[field] != value {
                guard !subject.action.isEquivalent(field, before: value, now: subject.state[field]) else { continue }
                violation(8, "\(node) succeeded, and \(field) is not what was predicted exactly")
            }
        }
    }

    // Laws 2 and 7: what was changed is as it was found, or as a boot since has brought it up.
    private func back(_ run: String, _ node: String, _ state: NodeState) {
        guard let world else { return }
        let track = track(run, node)
        for (key, before) in track.before.sorted(by: { $0.key.subject < $1.key.subject }) {
            guard let subject = world.subjects[key] else { continue }
            let left = subject.state.differences(from: before) { field in
                !subject.action.role(of: field).isVolatile
                    && (subject.foreign[field]?.at ?? -1) < (track.changedAt[key] ?? 0)
                    && track.unseen[key]?.contains(field) != true
                    && !subject.isAsBooted(field, since: track.changedAt[key] ?? 0)
            }
            .filter { !subject.action.isEquivalent($0.field, before: $0.expected, now: $0.found) }
            if !left.isEmpty {
                violation(2, "\(node) ended \(state.rawValue), and \(left.map(\.field)) is not as it was found")
            }
        }
    }

    private static func line(_ event: Event) -> String {
        switch event {
        case .intent(let intent): "intent \(intent.write)"
        case .outcome(let write, let answer): "outcome \(write) \(answer)"
        case .nodeState(let state, let why): "\(state.rawValue): \(why)"
        case .observed(let step, let moment, _): "observed \(step) \(moment.rawValue)"
        default: String("\(event)".prefix(120))
        }
    }
}

extension NodeScript {
    /// The write that it sends; nil for what only looks.
    func write(to machine: Machine) -> Write? {
        switch request {
        case .acquireLease(let lease):
            .acquireLease(lease.target == nil ? .node : .cluster, recovering: lease.recovering)
        case .releaseLease(let fence, _, _): .releaseLease(fence.target == nil ? .node : .cluster)
        case .armDeadMan: .armDeadMan
        case .disarmDeadMan: .disarmDeadMan
        case .fireDeadMan: .fireDeadMan
        case .start(let step, _): step.isApply ? .apply(step: step.index) : .undo(step: step.index)
        case .armReturn: .armReturn
        case .takeReturn: .takeReturn
        case .lookUp, .lookAtReturn, .forgetReturn, .read: nil
        }
    }
}

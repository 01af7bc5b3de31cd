import Core

/// As ``StepScript`` has it: a named unit that outlives the connection, and whose result is looked up.
extension Machine {
    /// Starts a step unless it ever was started, and waits for its result.
    func start(_ step: StepScript, _ request: StepRequest) async throws(SimEnd) -> String {
        let fence = step.fence
        if record(fence)?.steps[step.name] == nil {
            if let answer = lostWithoutRecord(fence) ?? refusal(fence) ?? begin(step, request) { return answer }
        }
        return try await result(of: step)
    }

    /// Says what became of a step; never starts it.
    func lookUp(_ step: StepScript) async throws(SimEnd) -> String {
        let fence = step.fence
        if record(fence)?.steps[step.name] == nil {
            if let answer = lostWithoutRecord(fence) { return answer }
            return record(fence)?.isRemade == true ? "lost gone \(bootID)" : "absent"
        }
        return try await result(of: step)
    }

    private func begin(_ step: StepScript, _ request: StepRequest) -> String? {
        let chance = world.chance
        if chance.strikes(.busy, number) {
            world.excuse(step, self, "somebody else held its lock")
            return "refused busy"
        }
        if request.cutsPath, !isGuarded(record(step.fence)?.deadMan) { return "refused deadman" }
        // It writes where the lease lies.
        if diskIsFull, base(step.fence.target).held?.inMemory != true { return "refused disk" }
        if chance.strikes(.unitRefused, number) {
            world.excuse(step, self, "it could not write")
            return "refused disk"
        }
        for name in request.stopping { stop(step.fence, name) }
        world.processes += 1
        let process = world.processes
        change(step.fence) {
            $0.steps[step.name] = SimRecord.Step(request: request, boot: boot, process: process)
        }
        let isHung = chance.strikes(.commandHangs, number)
        let takes = isHung ? Double(step.seconds) : chance.seconds(0.05...2, .duration, number)
        world.oracle.began(step, request, self)
        world.loop.at(world.loop.now + takes) { [self] in finish(step, process, timedOut: isHung) }
        return nil
    }

    // A boot stops the timer.
    private func isGuarded(_ deadMan: SimRecord.DeadMan?) -> Bool {
        deadMan?.token == .armed && deadMan?.boot == boot && deadMan?.timer != 0
    }

    private func result(of step: StepScript) async throws(SimEnd) -> String {
        let (began, started) = (boot, world.loop.now)
        while true {
            guard let found = record(step.fence)?.steps[step.name] else {
                return lostWithoutRecord(step.fence) ?? "lost gone \(bootID)"
            }
            if let status = found.status { return "done \(status) 0 \(bootID)\nout " }
            if found.process == nil || found.boot != boot { return "lost b\(found.boot) \(bootID)" }
            if world.loop.now - started > Double(step.seconds) + 25 { return "running" }
            await world.loop.sleep(0.25)
            guard boot == began, isUp else { throw SimEnd() }
        }
    }

    // The commands have had their effect, wholly or in part, and the wrapper has written what became of them.
    private func finish(_ step: StepScript, _ process: Int, timedOut: Bool) {
        guard isUp, let found = record(step.fence)?.steps[step.name], found.process == process, found.boot == boot
        else { return }
        let status = timedOut ? 124 : effect(step, found)
        if timedOut {
            if !step.isApply { world.excuse(step, self, "an undo ran out of time") }
            partially(step, found)
        }
        let now = world.loop.now
        change(step.fence) {
            $0.steps[step.name]?.status = status
            $0.steps[step.name]?.process = nil
            $0.steps[step.name]?.appliedAt = now
        }
    }

    private func effect(_ step: StepScript, _ found: SimRecord.Step) -> Int {
        let chance = world.chance
        let isUndo = !step.isApply
        if chance.strikes(isUndo ? .undoFails : .commandFails, number) {
            world.excuse(step, self, isUndo ? "an undo failed" : "a command failed")
            partially(step, found)
            return 1
        }
        if chance.strikes(.commandLies, number) {
            world.excuse(step, self, "a command did nothing and said that all is well")
            return 0
        }
        perform(step, found) { next, _ in next }
        return 0
    }

    /// Ends a step's processes: what they had done by then stays.
    func stop(_ fence: NodeRecord.Fence, _ name: String) {
        guard let found = record(fence)?.steps[name], found.process != nil, found.status == nil else { return }
        change(fence) { $0.steps[name]?.process = nil }
        partially(StepScript(fence: fence, name: name, seconds: 0), found)
    }

    /// As much of a step's effect as there was time for.
    func partially(_ step: StepScript, _ found: SimRecord.Step) {
        let chance = world.chance
        switch chance.below(3, .extent, number) {
        case 0: break
        case 1: perform(step, found) { next, _ in next }
        default:
            perform(step, found) { next, subject in
                subject.part(of: next) { _ in chance.percent(50, .extent, self.number) }
            }
        }
    }

    // The one place where commands of a run change a node.
    private func perform(
        _ step: StepScript, _ found: SimRecord.Step, _ extent: (Observation, Subject) -> Observation
    ) {
        guard let (plan, index, node) = world.planned(step, record(step.fence)) else { return }
        guard let action = try? plan.makeAction() else { return }
        let key = SubjectKey(node, action)
        guard var subject = world.subjects[key] else { return }
        let before = record(step.fence)?.steps["\(step.name.prefix(3))apply"]?.request.before
        let next =
            step.isApply
            ? subject.applied(found.request.commands, as: action)
            : subject.undone(found.request.commands, before: before, as: action)
        let reached = extent(next, subject)
        if step.isApply {
            world.oracle.applying(step.fence.run, node, index, subject, world)
            if found.request.cutsPath, world.chance.strikes(.cutsForReal, number) { cut(key) }
            if world.chance.strikes(.breaksHealth, number) { ills.insert(key) }
        } else {
            world.oracle.undoing(step.fence.run, node, index, subject, to: reached, world)
            heal(key)
        }
        subject.become(reached)
        world.subjects[key] = subject
    }

    func cut(_ key: SubjectKey) {
        cuts.insert(key)
        // Of half the firewalls a connection that stands goes on.
        if world.chance.percent(50, .extent, number) { connections += 1 }
    }

    func heal(_ key: SubjectKey) {
        cuts.remove(key)
        ills.remove(key)
    }
}

extension StepScript {
    var isApply: Bool { name.hasSuffix("-apply") }
    /// Its number in the plan.
    var index: Int { Int(name.prefix { $0 != "-" }) ?? 0 }
}

/// The machine is gone while it was asked.
struct SimEnd: Error {}

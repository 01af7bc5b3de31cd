import Core

/// As ``DeadManScript`` and ``DeadManBoot`` have it.
extension Machine {
    func arm(_ fence: NodeRecord.Fence, seconds: Int, atBoot: Bool) -> String {
        if let answer = lostWithoutRecord(fence) ?? refusal(fence) { return answer }
        if let token = record(fence)?.deadMan?.token, token != .armed {
            return "refused \(token == .fired ? "fired" : "won")"
        }
        let inMemory = base(fence.target).held?.inMemory == true
        if atBoot, inMemory { return "refused boot it does not outlive a reboot" }
        if record(fence)?.deadMan == nil {
            if diskIsFull, !inMemory { return "refused disk" }
            change(fence) { $0.deadMan = SimRecord.DeadMan(boot: boot, seconds: seconds, atBoot: atBoot) }
        } else if record(fence)?.deadMan?.timer != 0, record(fence)?.deadMan?.boot == boot {
            return "armed"
        }
        if world.chance.strikes(.unitRefused, number) {
            change(fence) { $0.deadMan = nil }
            return "refused unit it failed"
        }
        world.processes += 1
        let timer = world.processes
        change(fence) { $0.deadMan?.timer = timer }
        let began = boot
        world.loop.at(world.loop.now + Double(seconds)) { [self] in
            guard boot == began, isUp, record(fence)?.deadMan?.timer == timer else { return }
            fire(fence)
        }
        return "armed"
    }

    /// The node decides: it takes the token, ends what runs, and puts back what cuts its path.
    func fire(_ fence: NodeRecord.Fence) {
        guard let found = record(fence), let deadMan = found.deadMan, deadMan.status == nil,
            deadMan.token == .armed || deadMan.token == .fired && !isReverting(found)
        else { return }
        let until = world.loop.now + world.chance.seconds(0.1...3, .duration, number)
        change(fence) {
            $0.deadMan?.token = .fired
            $0.deadMan?.firing = (boot, until)
        }
        world.oracle.fired(fence, self)
        for name in found.steps.keys.sorted() { stop(fence, name) }
        let began = boot
        world.loop.at(until) { [self] in
            guard boot == began, isUp, isReverting(record(fence)) else { return }
            revert(fence)
        }
    }

    private func revert(_ fence: NodeRecord.Fence) {
        guard let found = record(fence) else { return }
        var status = 0
        for (name, step) in found.steps.sorted(by: { $0.key > $1.key })
        where step.request.cutsPath && name.hasSuffix("-apply") {
            if world.chance.strikes(.undoFails, number) {
                world.excuse(StepScript(fence: fence, name: name, seconds: 0), self, "an undo of the dead-man failed")
                status = 1
                continue
            }
            putBack(fence, name, step, found)
        }
        change(fence) { $0.deadMan?.status = status }
    }

    private func putBack(_ fence: NodeRecord.Fence, _ name: String, _ step: SimRecord.Step, _ found: SimRecord) {
        let script = StepScript(fence: fence, name: name, seconds: 0)
        guard let (plan, _, node) = world.planned(script, found), let action = try? plan.makeAction() else { return }
        let key = SubjectKey(node, action)
        guard var subject = world.subjects[key] else { return }
        subject.become(subject.undone(step.request.undo, before: step.request.before, as: action))
        world.subjects[key] = subject
        heal(key)
    }

    func disarm(_ fence: NodeRecord.Fence) async throws(SimEnd) -> String {
        if let answer = lostWithoutRecord(fence) ?? refusal(fence) { return answer }
        return try await settled(fence)
    }

    func fireNow(_ fence: NodeRecord.Fence) async throws(SimEnd) -> String {
        if let answer = lostWithoutRecord(fence) ?? refusal(fence) { return answer }
        if let deadMan = record(fence)?.deadMan, deadMan.token == .armed, deadMan.boot == boot { fire(fence) }
        return try await settled(fence)
    }

    private func settled(_ fence: NodeRecord.Fence) async throws(SimEnd) -> String {
        guard let deadMan = record(fence)?.deadMan else { return "none" }
        if deadMan.token != .fired {
            change(fence) { $0.deadMan?.token = .won }
            if deadMan.token == .armed { world.oracle.won(fence, self) }
            return deadMan.boot == boot ? "won" : "lost b\(deadMan.boot) \(bootID)"
        }
        let (began, start) = (boot, world.loop.now)
        while true {
            guard let record = record(fence) else { return lostWithoutRecord(fence) ?? "lost gone \(bootID)" }
            if let status = record.deadMan?.status {
                return "reverted \(status)\(record.deadMan?.boot == boot ? "" : " rebooted")\nout "
            }
            if !isReverting(record) { return "lost b\(deadMan.boot) \(bootID)" }
            if world.loop.now - start > 60 { return "running" }
            await world.loop.sleep(0.25)
            guard boot == began, isUp else { throw SimEnd() }
        }
    }
}

/// Reboots, and losses of power: what is durable stays.
extension Machine {
    func reboot() {
        for (target, base) in bases.sorted(by: { $0.key < $1.key }) {
            for (run, record) in base.disk.runs.merging(base.memory.runs, uniquingKeysWith: { disk, _ in disk })
                .sorted(by: { $0.key < $1.key })
            {
                let fence = NodeRecord.Fence(run: run, epoch: 0, target: target.isEmpty ? nil : target)
                for name in record.steps.keys.sorted() { stop(fence, name) }
                // A dead-man that was at work is ended halfway.
                if isReverting(record), world.chance.percent(50, .extent, number) { revertHalfway(fence, record) }
            }
        }
        isUp = false
        connections += 1
        world.loop.at(world.loop.now + world.chance.seconds(5...90, .downtime, number)) { [self] in comeUp() }
    }

    private func revertHalfway(_ fence: NodeRecord.Fence, _ record: SimRecord) {
        let cutting = record.steps.filter { $0.value.request.cutsPath && $0.key.hasSuffix("-apply") }
        if let (name, step) = cutting.max(by: { $0.key < $1.key }) { putBack(fence, name, step, record) }
    }

    private func comeUp() {
        boot += 1
        isUp = true
        bootedAt = world.loop.now
        for target in bases.keys { bases[target]?.memory = SimStore() }
        world.rebooted(self)
        for (target, base) in bases.sorted(by: { $0.key < $1.key }) {
            for (run, record) in base.disk.runs.sorted(by: { $0.key < $1.key }) where record.deadMan?.atBoot == true {
                let fence = NodeRecord.Fence(run: run, epoch: 0, target: target.isEmpty ? nil : target)
                fire(fence)
            }
        }
    }
}

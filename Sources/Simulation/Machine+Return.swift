import Core

/// A way back that a machine has by itself, as it lies there beside the records of runs.
struct SimReturn {
    enum Token { case armed, taken, fired }
    var token = Token.armed
    let request: NodeReturn
    /// In the world's time: a reboot does not stop it.
    let due: Double
    /// Steps whose undo began, and those that are back.
    var begun: Set<Int> = []
    var done: Set<Int> = []
    /// How it ended.
    var result: String?

    var isSettled: Bool { token == .taken || result != nil }
}

/// As ``NodeReturnScript`` and ``NodeReturnFiring`` have it. What a node does about it under its lock is one moment here, unless
/// the power goes in the middle.
extension Machine {
    func armReturn(_ fence: NodeRecord.Fence, _ request: NodeReturn, seconds: Int) -> String {
        if let refusal = refusal(fence) { return refusal }
        if world.chance.strikes(.busy, number) {
            world.excuse(name, "somebody else held its lock")
            return "refused busy"
        }
        if returns[fence.run] == nil {
            if diskIsFull { return "refused disk" }
            if world.chance.strikes(.unitRefused, number) { return "refused unit it failed" }
            returns[fence.run] = SimReturn(request: request, due: world.loop.now + Double(seconds))
            wake(fence.run, at: world.loop.now + Double(seconds))
        }
        return standing(of: fence.run)
    }

    func takeReturn(_ run: String) async throws(SimEnd) -> String {
        guard let found = returns[run] else { return "none" }
        if world.chance.strikes(.busy, number) {
            world.excuse(name, "somebody else held its lock")
            return "refused busy"
        }
        if found.token == .armed { returns[run]?.token = .taken }
        if found.token == .fired, found.result == nil {
            giveBack(run)
            if returns[run]?.result == nil {
                let began = boot
                await world.loop.sleep(60)
                guard boot == began, isUp else { throw SimEnd() }
            }
        }
        return standing(of: run)
    }

    func forgetReturn(_ run: String) -> String {
        if let found = returns[run], !found.isSettled { return "refused open" }
        returns[run] = nil
        return "none"
    }

    func standing(of run: String) -> String {
        guard let found = returns[run] else { return "none" }
        switch found.token {
        case .taken: return "taken"
        case .fired: return found.result.map { "\($0)\nout" } ?? "running"
        case .armed:
            let left = Int(found.due - world.loop.now)
            return left > 0 ? "armed \(left)" : "armed \(left)" + (occupant(besides: run).map { " \($0)" } ?? "")
        }
    }

    /// The timer looks every minute, and after a boot.
    func wake(_ run: String, at moment: Double) {
        world.loop.at(moment) { [self] in
            guard let found = returns[run], !found.isSettled else { return }
            if isUp { giveBack(run) }
            if returns[run]?.isSettled == false { wake(run, at: world.loop.now + 60) }
        }
    }

    private func giveBack(_ run: String) {
        guard let found = returns[run], !found.isSettled, occupant(besides: run) == nil,
            found.token == .fired || found.due <= world.loop.now
        else { return }
        if found.token == .armed { world.oracle.returning(run, self) }
        returns[run]?.token = .fired
        for (index, step) in found.request.steps.enumerated().reversed() where !found.done.contains(index) {
            guard let end = giveBack(step, index, of: run) else { return }
            guard end.isEmpty else {
                returns[run]?.result = end
                return
            }
        }
        returns[run]?.result = "returned"
    }

    // How it ended; empty when it is back, nil when the power went.
    private func giveBack(_ step: NodeReturn.Step, _ index: Int, of run: String) -> String? {
        let word = Base64.encode(Array(step.name.utf8))
        guard
            let planned = world.plans[run]?.plan.nodes.first(where: { $0.name == name })?.steps
                .first(where: { $0.name == step.name }),
            let action = try? planned.makeAction(), var subject = world.subjects[SubjectKey(name, action)]
        else { return "failed \(word) 127" }
        if returns[run]?.begun.contains(index) != true {
            guard subject.isAsLeft(step, action) else { return "conflict \(word)" }
            returns[run]?.begun.insert(index)
        }
        if world.chance.strikes(.powerAtAnswer, number) {
            reboot()
            return nil
        }
        if world.chance.strikes(.undoFails, number) {
            world.excuse(name, "an undo failed")
            return "failed \(word) 1"
        }
        subject.become(subject.undone(step.undo, before: nil, as: action))
        world.subjects[SubjectKey(name, action)] = subject
        heal(SubjectKey(name, action))
        returns[run]?.done.insert(index)
        return ""
    }

    /// The run that has the machine: another one with a record, or whoever holds the lease.
    func occupant(besides run: String) -> String? {
        let base = base(nil)
        for store in [base.memory, base.disk] {
            for (other, record) in store.runs.sorted(by: { $0.key < $1.key }) where other != run || isAtWork(record) {
                return other
            }
            if let lease = store.lease, lease.boot == boot, uptime < lease.expiry { return lease.run }
        }
        return nil
    }

    private func isAtWork(_ record: SimRecord) -> Bool {
        if record.deadMan?.token == .armed || record.deadMan?.token == .fired && record.deadMan?.status == nil {
            return true
        }
        return record.steps.values.contains { $0.boot == boot && $0.status == nil }
    }
}

extension Subject {
    /// What the look of a step says: it is as it was left, or as it was before, in what its action depends on.
    fileprivate func isAsLeft(_ step: NodeReturn.Step, _ action: any Action) -> Bool {
        for before in all where action.undo(before) == step.undo {
            for left in all where action.stillAsLeft(left, before: before) == step.look {
                let isSame = [left, before].contains { seen in
                    state.differences(from: seen) { action.role(of: $0) == .footprint }.isEmpty
                }
                if isSame { return true }
            }
        }
        return false
    }
}

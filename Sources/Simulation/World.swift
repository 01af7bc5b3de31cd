import Core
import Engine

/// Machines, hosts with their logs, and everything that may happen to them, from one seed.
// @unchecked: the loop's one thread alone touches it.
final class World: @unchecked Sendable {
    let loop = Loop()
    let chance: Chance
    let setting: Setting
    var machines: [Machine] = []
    var logs: [SimLog] = []
    var subjects: [SubjectKey: Subject] = [:]
    var plans: [String: SimPlan] = [:]
    let oracle = Oracle()
    let beginnings = RunBeginnings()
    var nonces = 0
    var processes = 0
    private var executors: [Executor] = []
    /// Until when a host cannot reach a machine.
    private var dropped: [Int: Double] = [:]

    init(_ setting: Setting, _ chance: Chance) {
        self.setting = setting
        self.chance = chance
    }

    var timestamp: Timestamp { Timestamp(milliseconds: Int64(SimClock.epoch) + Int64(loop.now * 1000)) }

    // MARK: Processes

    func executor(on log: SimLog) -> Executor {
        let executor = Executor(executors.count + 1, log)
        executors.append(executor)
        return executor
    }

    /// Throws when a process has ended, or ends right here.
    func live(_ executor: Executor, _ fault: Fault?) throws {
        guard !executor.isEnded else { throw Ended() }
        guard let fault else { return }
        if chance.strikes(.powerOfExecutor, executor.log.number) {
            losePower(executor.log)
            throw Ended()
        }
        if chance.strikes(fault, executor.log.number) {
            end(executor)
            throw Ended()
        }
        if chance.strikes(.sleeps, executor.log.number) {
            executor.sleepsUntil = loop.now + chance.seconds(10...4000, .delay, executor.number)
        }
    }

    /// A laptop that is closed does nothing until it is opened again.
    func wake(_ executor: Executor) async {
        while executor.sleepsUntil > loop.now { await loop.sleep(executor.sleepsUntil - loop.now) }
    }

    func end(_ executor: Executor) {
        executor.end()
        for (run, holder) in executor.log.locks where holder === executor { executor.log.locks[run] = nil }
        if executor.log.ledger === executor { executor.log.ledger = nil }
    }

    func losePower(_ log: SimLog) {
        for executor in executors where executor.log === log && !executor.isEnded { end(executor) }
        if let fault = log.losePower(chance) { oracle.violation(1, "log \(log.number): \(fault)") }
    }

    // MARK: Links

    func drop(_ host: Int, _ machine: Machine, _ seconds: Double) {
        dropped[host << 16 | machine.number] = loop.now + seconds
    }

    func isLinked(_ host: Int, _ machine: Machine) -> Bool {
        chance.isQuiet || (dropped[host << 16 | machine.number] ?? 0) <= loop.now
    }

    // MARK: Machines

    func machine(_ name: String) -> Machine? { machines.first { $0.name == name } }

    /// The planned step that a unit on a machine is of.
    func planned(_ step: StepScript, _ record: SimRecord?) -> (plan: StepPlan, index: Int, node: String)? {
        guard let node = record?.plan.nodes.first, node.steps.indices.contains(step.index) else { return nil }
        return (node.steps[step.index], step.index, node.name)
    }

    /// True when what a run does on a node (a track's key) can be seen by the other run on the execution host alone: it is of
    /// another log, and does nothing on the node itself.
    func isHidden(_ key: String, from other: String) -> Bool {
        let words = key.split(separator: " ").map(String.init)
        guard let plan = plans[words[0]], let observer = plans[other], plan.log !== observer.log else { return false }
        return plan.plan.nodes.first { $0.name == words[1] }?.steps.allSatisfy { $0.place == .cluster } ?? false
    }

    /// What does not outlive a boot is as a boot brings it up.
    func rebooted(_ machine: Machine) {
        oracle.rebooted(machine)
        for (key, subject) in subjects where key.node == machine.name && subject.action.place == .node {
            guard !subject.action.survivesReboot else { continue }
            subjects[key]?.boot(at: loop.now)
            machine.heal(key)
        }
    }

    /// Something was done to a node, or with it, after which its run may have to leave it to a person.
    func excuse(_ node: String, _ why: String) { oracle.excuses[node, default: []].append(why) }

    func excuse(_ step: StepScript, _ machine: Machine, _ why: String) {
        excuse(machine.record(step.fence)?.plan.nodes.first?.name ?? machine.name, why)
    }

    /// Others change what they like.
    func changeSomething() {
        let keys = subjects.keys.sorted { ($0.node, $0.subject) < ($1.node, $1.subject) }
        guard !keys.isEmpty else { return }
        let key = keys[chance.below(keys.count, .foreign)]
        guard var subject = subjects[key] else { return }
        let fields = subject.state.fields.keys.sorted()
        guard !fields.isEmpty else { return }
        let field = fields[chance.below(fields.count, .foreign)]
        var state = subject.state
        let value = Self.foreign(state[field] ?? .absent, chance.below(1000, .foreign))
        state[field] = value
        if !subject.action.role(of: field).isVolatile {
            subject.foreign[field] = (loop.now, value)
            excuse(key.node, "somebody else changed \(field)")
        }
        subject.become(state)
        subjects[key] = subject
        oracle.changed(key, field)
    }

    private static func foreign(_ value: FieldValue, _ number: Int) -> FieldValue {
        switch value {
        case .text, .absent: .text("foreign-\(number)")
        case .lines(let lines): .lines(lines + ["foreign-\(number)"])
        case .content: .content(Payload("foreign-\(number)\n"))
        }
    }
}

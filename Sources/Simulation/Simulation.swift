import Core
import Engine
import Synchronization

/// One simulated world from its beginning to its rest.
public struct Simulation {
    /// What became of it.
    public struct Result: Sendable {
        /// The world's seed.
        public var seed: UInt64
        /// Laws that were broken, each with a sentence.
        public var violations: [String]
        /// The faults that struck, by name.
        public var struck: [String]
        /// Everything that happened, a line each; empty unless asked for.
        public var history: [String]
        /// Runs that were begun.
        public var runs: Int
        /// Entries that became durable.
        public var entries: Int
        /// Write scripts that reached a machine.
        public var writes: Int
        /// How nodes ended, how often.
        public var ends: [String: Int]
        /// Seconds of the world's own time.
        public var seconds: Double
        /// How often each fault could have struck, by `kind@stream`; empty unless faults were forced.
        public var occasions: [String: Int]
    }

    private let setting: Setting
    private let keepsHistory: Bool

    /// - Parameter keepsHistory: whether the result tells everything that happened.
    public init(_ setting: Setting, keepsHistory: Bool = false) {
        self.setting = setting
        self.keepsHistory = keepsHistory
    }

    /// Runs it.
    /// - Throws: when the world cannot be furnished, which is a mistake in this library.
    public func run() throws -> Result {
        let chance = Chance(seed: setting.seed, rates: setting.rates, only: setting.only, forced: setting.forced)
        let world = World(setting, chance)
        world.oracle.world = world
        world.oracle.keepsHistory = keepsHistory
        let (policies, inventory) = try Furniture.of(setting)
        let people = SimOperator(world: world, policies: policies, inventory: inventory)
        furnish(world)
        try live(world, people)
        rest(world, people)
        judge(world)
        return result(world)
    }

    private func furnish(_ world: World) {
        world.machines = (1...setting.nodes).map { Machine($0, "n\($0)", world: world) }
        world.machines.append(Machine(100, "cp1", world: world))
        world.logs = (0..<setting.logs).map { SimLog($0, hasBytes: setting.hasBytes) }
    }

    // Plans are made and applied, by several people at about the same time, while things happen.
    private func live(_ world: World, _ people: SimOperator) throws {
        let chance = world.chance
        for number in 0..<setting.runs {
            let log = world.logs[chance.below(world.logs.count, .world)]
            let planned: SimPlan
            do { planned = try world.plan("r\(number + 1)", for: log, inventory: people.inventory) } catch is PlanError
            {
                // What somebody else did to a node, or an earlier run left there, allows no such plan.
                continue
            }
            submit(planned, world, people)
            let start = world.loop.now + chance.seconds(0...40, .delay)
            world.loop.at(start) { [self] in begin(planned, world, people) }
        }
        let horizon = 400.0
        schedule(world, until: horizon)
        world.loop.pass(horizon)
        for log in world.logs where !log.isLost { recover(log, world, people) }
    }

    private func submit(_ planned: SimPlan, _ world: World, _ people: SimOperator) {
        let record = PlannedRecord(
            plan: Payload(bytes: planned.bytes), planSha256: planned.planSha256, signature: "not simulated")
        if !planned.log.hasBytes, let state = try? RunState(plan: planned.plan) {
            let entry = UInt64(planned.log.entries.count)
            world.beginnings.learn(state, from: entry, planSha256: planned.planSha256)
        }
        // Whoever plans waits until it is on record; nothing strikes then, since nothing has begun.
        let executor = world.executor(on: planned.log)
        world.chance.isQuiet = true
        people.inBackground { try? await people.record(.planned(record), executor, planned.plan.id) }
        world.loop.pass(1)
        world.chance.isQuiet = false
        world.end(executor)
    }

    private func begin(_ planned: SimPlan, _ world: World, _ people: SimOperator) {
        people.inBackground { await people.apply(planned) }
        // Somebody else tries the same.
        if world.chance.strikes(.lateOperator, planned.log.number) {
            people.inBackground { await people.apply(planned) }
        }
    }

    private func schedule(_ world: World, until horizon: Double) {
        let chance = world.chance
        var time = 0.0
        while time < horizon {
            time += 20
            let moment = time - chance.seconds(0...20, .foreign)
            for machine in world.machines where machine.name != "cp1" || setting.logs > 1 {
                if chance.strikes(.reboots, machine.number) || chance.strikes(.powerOfNode, machine.number) {
                    world.loop.at(moment) { if machine.isUp { machine.reboot() } }
                }
                if chance.strikes(.nodeDiskFull, machine.number) {
                    let lasts = chance.seconds(5...120, .delay, machine.number)
                    world.loop.at(moment) { machine.diskIsFull = true }
                    world.loop.at(moment + lasts) { machine.diskIsFull = false }
                }
            }
            if chance.strikes(.foreign, 0) { world.loop.at(moment) { world.changeSomething() } }
        }
    }

    private func recover(_ log: SimLog, _ world: World, _ people: SimOperator) {
        if let fault = log.reread() { world.oracle.violation(7, "log \(log.number): \(fault)") }
        people.inBackground { await people.recover(log) }
        world.loop.pass(1200)
    }

    // Nothing strikes any more: whoever sleeps wakes up, and somebody takes over what is left (law 7).
    private func rest(_ world: World, _ people: SimOperator) {
        world.chance.isQuiet = true
        for machine in world.machines { machine.diskIsFull = false }
        world.loop.pass(8000)
        for _ in 0..<3 {
            for log in world.logs where !log.isLost { recover(log, world, people) }
            world.loop.pass(600)
        }
        for log in world.logs where log.isLost { adopt(log, world, people) }
    }

    // The host is gone with its log: another one finds what lies on the nodes.
    private func adopt(_ lost: SimLog, _ world: World, _ people: SimOperator) {
        guard let heir = world.logs.first(where: { !$0.isLost }) else { return }
        for machine in world.machines where machine.name != "cp1" {
            people.inBackground { await people.recover(node: machine.name, into: heir) }
            world.loop.pass(1200)
        }
    }

    // MARK: At rest

    private func judge(_ world: World) {
        for log in world.logs where !log.isLost {
            for run in RunStore(log.records, beginnings: world.beginnings).runs where run.state.isStarted {
                judge(run, world)
            }
        }
        for machine in world.machines where !machine.cuts.isEmpty {
            guard world.oracle.excuses[machine.name, default: []].isEmpty else { continue }
            world.oracle.violation(3, "\(machine.name) is cut off for good")
        }
    }

    private func judge(_ run: StoredRun, _ world: World) {
        if let fault = run.fault { world.oracle.violation(7, "the log of \(run.id) does not fold: \(fault)") }
        guard run.state.end != nil else {
            let open = run.state.nodes.filter { !$0.state.isFinal }
            guard open.isEmpty || !open.allSatisfy({ isGone($0.plan.name, world) }) else { return }
            let states = open.map { "\($0.plan.name) \($0.state.rawValue)" }
            return world.oracle.violation(7, "\(run.id) never ends: \(states.joined(separator: ", "))")
        }
        for node in run.state.nodes where node.state.isFinal && node.state != .needsPerson {
            judge(run, ownReturnOf: node, world)
            let places = [(node.plan.name, ""), ("cp1", node.plan.name)]
            for (name, target) in places {
                guard let base = world.machine(name)?.bases[target] else { continue }
                // A lease there that was asked for and not answered is left to a later run: nothing was begun under it.
                if !target.isEmpty, base.record(run.plan.id)?.steps.isEmpty == true { continue }
                if base.record(run.plan.id) != nil || base.held?.lease.run == run.plan.id {
                    world.oracle.violation(7, "\(run.id) ended as \(node.state.rawValue), and is still on \(name)")
                }
            }
        }
    }

    // What is in place for a time is back by then, or somebody is told why not; what is not in place is nobody's to give back.
    private func judge(_ run: StoredRun, ownReturnOf node: NodeRun, _ world: World) {
        guard let machine = world.machine(node.plan.name), let found = machine.returns[run.plan.id], !found.isSettled
        else { return }
        if node.state != .succeeded {
            world.oracle.violation(
                7, "\(run.id) ended as \(node.state.rawValue), and \(machine.name) would give it back")
        } else if machine.occupant(besides: run.plan.id) == nil {
            world.oracle.violation(7, "\(machine.name) has never given back \(run.id)")
        }
    }

    // Its dead-man's undo failed: until somebody goes there its run is open, and says so.
    private func isGone(_ node: String, _ world: World) -> Bool {
        world.machine(node)?.cuts.isEmpty == false && world.oracle.excuses[node]?.isEmpty == false
    }

    private func result(_ world: World) -> Result {
        let ends = world.oracle.ends.map { ($0.key.rawValue, $0.value) }
        return Result(
            seed: setting.seed, violations: world.oracle.violations.map(\.description), struck: world.chance.struck,
            history: world.oracle.history, runs: world.plans.count, entries: world.oracle.entries,
            writes: world.oracle.writes, ends: Dictionary(uniqueKeysWithValues: ends), seconds: world.loop.now,
            occasions: world.chance.occasions)
    }
}

/// What is the same in many worlds, made once.
private enum Furniture {
    // One thread runs a world; the tests run several.
    private static let made = Mutex<[Int: (PolicySet, Inventory)]>([:])

    static func of(_ setting: Setting) throws -> (PolicySet, Inventory) {
        let key = setting.nodes << 8 | setting.maxUnavailable
        if let found = made.withLock({ $0[key] }) { return found }
        let new = (try setting.policies(), try setting.inventory())
        made.withLock { $0[key] = new }
        return new
    }
}

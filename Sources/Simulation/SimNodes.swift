import Core

/// The way from one process to the machines: connections, links that drop and come back, answers that get lost.
// @unchecked: the loop's one thread alone touches it.
final class SimNodes: Nodes, @unchecked Sendable {
    private let world: World
    private let executor: Executor
    /// Of each connection, which of the machine's it is.
    private var open: [String: Int] = [:]

    init(_ world: World, _ executor: Executor) {
        self.world = world
        self.executor = executor
    }

    func run(
        _ script: NodeScript, on host: HostPlan, for node: String, afresh: Bool
    ) async throws(NodeFailure) -> [UInt8] {
        let text = try await exchange(host, node, afresh, writes: true) { (machine) throws(SimEnd) in
            self.world.oracle.delivered(script, node, to: machine, by: self.executor, self.world)
            let answer = try await machine.answer(script.request)
            if answer == "released" { self.world.oracle.released(script, node) }
            return answer
        }
        return Array("\(text)\n".utf8)
    }

    func observe(
        _ action: any Action, on host: HostPlan, for node: String, nonce: String
    ) async throws(NodeFailure) -> Result<Observation, ObservationError> {
        let key = SubjectKey(node, action)
        return try await exchange(host, node, false, writes: false) { (machine) throws(SimEnd) in
            if self.world.chance.strikes(.blind, machine.number) {
                self.world.excuse(node, "its state could not be read")
                return .failure(ObservationError("it prints nothing of use", remedy: "Look there."))
            }
            guard let subject = self.world.subjects[key] else {
                return .failure(ObservationError("there is no \(key.subject)", remedy: "Look there."))
            }
            self.world.oracle.observed(key, by: self.executor, self.world)
            return .success(subject.state)
        }
    }

    func facts(
        _ probe: FactsProbe, on host: HostPlan, for node: String, afresh: Bool, nonce: String
    ) async throws(NodeFailure) -> Facts {
        try await exchange(host, node, afresh, writes: false) { (machine) throws(SimEnd) in
            if afresh { self.world.oracle.reached(machine, afresh: true, self.world) }
            return machine.facts
        }
    }

    // A node on which something of a run is ill is not Ready, whether the step was on the node or in the cluster.
    func kubernetes(
        _ probe: KubernetesProbe, on host: HostPlan, for node: String, nonce: String
    ) async throws(NodeFailure) -> Facts.Kubernetes {
        try await exchange(host, node, false, writes: false) { (_) throws(SimEnd) in
            var facts = Facts.Kubernetes.unknown("it is not simulated")
            facts.api.reachable = .known(true)
            facts.node.ready = .known(
                !self.world.machines.contains { $0.ills.contains { $0.node == node } })
            return facts
        }
    }

    /// What lies on a machine, for who asks what else is under way.
    func listing(_ machine: Machine) async -> Result<RecordListing, NodeFailure> {
        do throws(NodeFailure) {
            let host = HostPlan(name: machine.name, identity: machine.identity)
            return .success(
                try await exchange(host, machine.name, false, writes: false) { (machine) throws(SimEnd) in
                    machine.listing
                })
        } catch {
            return .failure(error)
        }
    }

    /// What a run has left on a machine, for who recovers it from another log.
    func record(
        of run: String, target: String?, on machine: Machine
    ) async throws(NodeFailure) -> RecordContents? {
        let host = HostPlan(name: machine.name, identity: machine.identity)
        return try await exchange(host, target ?? machine.name, false, writes: false) { (machine) throws(SimEnd) in
            machine.contents(of: run, target: target)
        }
    }

    // One script there and its output back. Whatever goes wrong on the way looks the same from here.
    private func exchange<Answer>(
        _ host: HostPlan, _ node: String, _ afresh: Bool, writes: Bool,
        _ body: (Machine) async throws(SimEnd) -> Answer
    ) async throws(NodeFailure) -> Answer {
        let chance = world.chance
        let began = world.loop.now
        try await alive(writes ? .killBeforeSend : nil)
        guard let machine = world.machines.first(where: { $0.name == host.name }) else { throw Self.failure("unknown") }
        let key = "\(host.name) for \(node)"
        if afresh || chance.strikes(.oldConnectionDies, machine.number) { open[key] = nil }
        if chance.strikes(.linkDrops, executor.log.number) {
            world.drop(executor.log.number, machine, chance.seconds(0.5...200, .delay, machine.number))
        }
        await world.loop.sleep(chance.seconds(0.01...0.2, .latency, machine.number))
        await world.wake(executor)
        let isOld = open[key] == machine.connections && machine.isUp
        guard machine.isUp, world.isLinked(executor.log.number, machine), isOld || machine.cuts.isEmpty else {
            open[key] = nil
            await world.loop.sleep(6)
            throw Self.failure("\(host.name): connection: nothing answers")
        }
        // Who slept finds the connection dead: the machine has long given it up.
        if world.loop.now - began > 60 { throw await lost(key) }
        if chance.strikes(.requestLost, machine.number) { throw await lost(key) }
        if chance.strikes(.powerAtRequest, machine.number) { machine.reboot() }
        open[key] = machine.connections
        let stands = machine.connections
        let answer: Answer
        guard machine.isUp else { throw await lost(key) }
        do throws(SimEnd) { answer = try await body(machine) } catch { throw await lost(key) }
        if chance.strikes(.powerAtAnswer, machine.number) { machine.reboot() }
        try await alive(writes ? .killAfterSend : nil)
        if chance.strikes(.answersLate, machine.number) {
            await world.loop.sleep(chance.seconds(1...40, .delay, machine.number))
        }
        guard machine.isUp, machine.connections == stands, world.isLinked(executor.log.number, machine) else {
            throw await lost(key)
        }
        if chance.strikes(.answerLost, machine.number) { throw await lost(key) }
        return answer
    }

    private func lost(_ key: String) async -> NodeFailure {
        open[key] = nil
        await world.loop.sleep(world.chance.seconds(1...15, .delay, executor.number))
        return Self.failure("\(key): nothing came for too long")
    }

    // A process that has ended sends nothing, and nobody reads what comes back.
    private func alive(_ fault: Fault?) async throws(NodeFailure) {
        await world.wake(executor)
        do { try world.live(executor, fault) } catch {
            throw NodeFailure("the process has ended", remedy: "", isPassing: false)
        }
    }

    private static func failure(_ message: String) -> NodeFailure {
        NodeFailure(message, remedy: "Look at the way there.", isPassing: true)
    }
}

extension Machine {
    /// What it says of itself: only what the checks of simulated plans read.
    var facts: Facts {
        var facts = Facts.unknown("it is not simulated")
        facts.uptime = ills.isEmpty ? .known(.seconds(uptime + 60)) : .unknown("it is ill")
        facts.machine.id = .known(identity.machineID)
        facts.machine.bootId = .known(bootID)
        return facts
    }

    /// As ``RecordScript/list(folder:nonce:)`` has it.
    var listing: RecordListing {
        var found: [RecordListing.Base] = []
        for (target, base) in bases.sorted(by: { $0.key < $1.key }) {
            for inMemory in [true, false] {
                let store = base[inMemory: inMemory]
                guard store.epoch > 0 || !store.runs.isEmpty || store.lease != nil else { continue }
                found.append(
                    RecordListing.Base(
                        target: target.isEmpty ? nil : target, isInMemory: inMemory, epoch: store.epoch,
                        lease: store.lease?.seen,
                        runs: store.runs.sorted { $0.key < $1.key }.map { run, record in
                            RecordListing.Run(
                                run: run, planSha256: record.planSha256, deadMan: record.deadMan?.seen ?? .none)
                        }))
            }
        }
        return RecordListing(machine: seen, bases: found)
    }

    private var seen: RecordMachine {
        RecordMachine(boot: bootID, uptime: Int(uptime), machineID: identity.machineID)
    }

    /// As ``RecordScript/read(run:target:folder:nonce:)`` has it; nil where there is no record of it.
    func contents(of run: String, target: String?) -> RecordContents? {
        let base = base(target)
        guard let record = base.record(run) else { return nil }
        var contents = RecordContents(machine: seen, run: run, target: target)
        contents.exists = true
        contents.isInMemory = base.place(of: run) == true
        contents.isRemade = record.isRemade
        contents.epoch = max(base.disk.epoch, base.memory.epoch)
        contents.lease = base.held?.lease.seen
        contents.planSha256 = record.planSha256
        contents.plan = (try? JSON.encode(record.plan)).map { Payload(bytes: $0) }
        contents.deadMan = RecordContents.DeadMan(
            state: record.deadMan?.seen ?? .none, boot: record.deadMan.map { "b\($0.boot)" },
            status: record.deadMan?.status, output: Payload(""))
        contents.steps = record.steps.sorted { $0.key < $1.key }.map { name, step in
            RecordContents.Step(
                index: Int(name.prefix { $0 != "-" }) ?? 0,
                undoAttempt: name.hasSuffix("-apply") ? nil : Int(name.split(separator: "-undo").last ?? ""),
                boot: "b\(step.boot)", cutsPath: step.request.cutsPath, at: 0, status: step.status,
                before: step.request.before.flatMap { try? JSON.encode($0) }.map { Payload(bytes: $0) },
                undoScript: nil, output: Payload(""))
        }
        return contents
    }
}

extension SimStore.Lease {
    fileprivate var seen: RecordLease {
        RecordLease(run: run, epoch: epoch, holder: holder, boot: "b\(boot)", expiry: Int(expiry))
    }
}

extension SimRecord.DeadMan {
    fileprivate var seen: RecordContents.DeadMan.State {
        switch token {
        case .armed: .armed
        case .won: .won
        case .fired: .fired
        }
    }
}

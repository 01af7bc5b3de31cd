import Core
import Testing

/// Acquire, read again, back off: what follows from what the policies say at a node's turn.
@Suite("judged at its turn")
struct JudgementTests {
    static let denied = Event.judged(findings: [RunWorld.finding])

    func plan(
        _ count: Int, _ onFailure: OnFailure = .rollback, budget: Int = 9,
        _ sample: RunSamples.Sample = RunSamples.restart()
    ) throws -> Plan {
        var plan = RunSamples.plan(
            try (1...count).map { try RunSamples.node("n\($0)", [sample]) }, onFailure: onFailure)
        plan.strategy = Strategy(canary: 0, maxUnavailable: 1, failureBudget: budget)
        return plan
    }

    func run(_ plan: Plan, denying: Set<String>) throws -> (state: RunState, world: RunWorld) {
        var world = RunWorld(plan)
        world.script = { _, next in
            guard next.effect == .judge, let name = next.node, denying.contains(name) else { return nil }
            return Self.denied
        }
        let state = try world.run()
        #expect(world.violations.isEmpty)
        return (state, world)
    }

    func story(_ world: RunWorld) -> [String] {
        world.events.compactMap { event, _ in
            if case .judged(let findings) = event { return "judged\(findings.count)" }
            return RunMachineTests.name(event)
        }
    }

    @Test("it is asked between the lease and the first look, once")
    func order() throws {
        let (state, world) = try run(try plan(1), denying: [])
        #expect(state.end == .succeeded)
        #expect(story(world).prefix(4) == ["lease!", "judged1", "before0", "apply0!"])
        #expect(world.nodes["n1"]?.judged == 1)
        #expect(state.nodes[0].judgement?.map(\.outcome) == [.warn] && !state.nodes[0].isDenied)
    }

    @Test(
        "a denial backs off: nothing is run, the lease goes back, and the node says why",
        arguments: OnFailure.allCases)
    func denial(onFailure: OnFailure) throws {
        let (state, world) = try run(try plan(1, onFailure), denying: ["n1"])
        #expect(story(world) == ["lease!", "judged1", "rollingBack", "release!", "denied", "end:denied"])
        #expect(state.nodes[0].reason.hasSuffix("one-at-a-time: another run is under way"))
        #expect(state.nodes[0].denials == [RunWorld.finding])
        #expect(world.nodes["n1"]?.leased == [])
    }

    @Test("a denied node stops the run whatever the failure budget, and only rollback-all takes back what is in place")
    func stops() throws {
        for onFailure in [OnFailure.rollback, .stop] {
            let (state, world) = try run(try plan(3, onFailure), denying: ["n2"])
            #expect(state.nodes.map(\.state) == [.succeeded, .denied, .skipped])
            #expect(state.end == .partial)
            #expect(world.nodes["n3"]?.epoch == [:])
        }
        let (state, world) = try run(try plan(3, .rollbackAll), denying: ["n2"])
        #expect(state.nodes.map(\.state) == [.rolledBack, .denied, .skipped])
        #expect(state.end == .rolledBack)
        #expect(world.nodes["n1"]?.undone == [0])
    }

    @Test(
        "a cluster step's lease is a turn too, and an optional step does not hide a denial", arguments: [false, true])
    func clusterOnly(isDenied: Bool) throws {
        var step = try RunSamples.node("n1", [RunSamples.file()])
        step.identity = nil
        step.host = HostPlan(name: "cp1", identity: NodeIdentity(address: "a", hostKey: "k", machineID: "m"))
        step.steps[0].place = .cluster
        step.steps[0].optional = true
        let (state, world) = try run(RunSamples.plan([step]), denying: isDenied ? ["n1"] : [])
        #expect(story(world).prefix(2) == ["lease!", "judged1"])
        #expect(state.end == (isDenied ? .denied : .succeeded))
        #expect(world.applied.isEmpty == isDenied)
    }

    @Test("who recovers asks nobody: an unfinished node goes back, a verified one is finished")
    func recovery() throws {
        let plan = try plan(1)
        for stop in 0..<20 {
            var world = RunWorld(plan)
            var state = try RunState(plan: plan)
            try world.record(.started(holder: "e"), nil, &state)
            for _ in 0..<stop {
                guard let next = state.next().first else { break }
                try world.record(try world.perform(next, state), next.node, &state)
            }
            guard state.end == nil else { break }
            let judged = world.nodes["n1"]?.judged
            let isVerified = state.nodes[0].steps[0].after != nil
            try world.record(.recovering(holder: "r"), nil, &state)
            while let next = state.next().first {
                #expect(next.effect != .judge, "after \(stop) effects")
                try world.record(try world.perform(next, state), next.node, &state)
            }
            #expect(state.end == (isVerified ? .succeeded : .rolledBack), "after \(stop) effects")
            #expect(world.nodes["n1"]?.judged == judged)
        }
    }

    @Test("a denial that was recorded before a crash is still one after")
    func deniedThenCrashed() throws {
        let plan = try plan(1)
        var world = RunWorld(plan)
        var state = try RunState(plan: plan)
        try world.record(.started(holder: "e"), nil, &state)
        while let next = state.next().first, next.effect != .judge {
            try world.record(try world.perform(next, state), next.node, &state)
        }
        try world.record(Self.denied, "n1", &state)
        try world.record(.recovering(holder: "r"), nil, &state)
        while let next = state.next().first {
            try world.record(try world.perform(next, state), next.node, &state)
        }
        #expect(state.end == .denied)
        #expect(world.nodes["n1"]?.started == [] && world.nodes["n1"]?.leased == [])
    }

    /// The argument of `NodeRun+Judgement` over every interleaving of two runs: each writes its lease, reads the other's, and
    /// goes on or gives its lease back.
    @Test("of two runs on two nodes of a pool at most one goes on, however they interleave")
    func interleavings() throws {
        var proceeded: Set<[String]> = []
        for order in 0..<(1 << 12) {
            var worlds = ["a": RunWorld(try plan(1)), "b": RunWorld(try plan(1))]
            var states: [String: RunState] = [:]
            for name in ["a", "b"] {
                var state = try RunState(plan: try plan(1))
                try worlds[name]?.record(.started(holder: name), nil, &state)
                states[name] = state
            }
            // Six effects of each decide: wave, intent, lease, judge, and what follows from it.
            for turn in 0..<12 {
                let name = order >> turn & 1 == 0 ? "a" : "b"
                guard var state = states[name], var world = worlds[name], let next = state.next().first else {
                    continue
                }
                let isHeld = worlds[name == "a" ? "b" : "a"]?.nodes["n1"]?.leased.isEmpty == false
                let event = next.effect == .judge && isHeld ? Self.denied : try world.perform(next, state)
                try world.record(event, next.node, &state)
                (states[name], worlds[name]) = (state, world)
            }
            let going = states.keys.sorted().filter { name in
                guard let node = states[name]?.nodes.first else { return false }
                return node.judgement != nil && !node.isDenied && node.epoch(at: .node) != nil
            }
            proceeded.insert(going)
        }
        #expect(proceeded == [[], ["a"], ["b"]])
    }
}

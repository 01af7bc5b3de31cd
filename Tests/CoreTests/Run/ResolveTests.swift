import Core
import Testing

/// A person's word about a node, and the word that another log's executor left on it.
@Suite("resolving a node")
struct ResolveTests {
    static func signed(_ verdict: Resolution.Verdict, _ node: String = "n1") throws -> SignedResolution {
        let word = Resolution(
            run: "r1", node: node, planSha256: String(repeating: "a", count: 64), verdict: verdict, by: "alice",
            reason: "I looked", at: Timestamp(milliseconds: 0), nonce: String(repeating: "0", count: 32),
            logOrigin: "example.org/log")
        return SignedResolution(statement: Payload(bytes: try word.encoded()), signature: "none")
    }

    /// A run that ended as needing a person: its file was changed by somebody else while it rolled back.
    func stuck(_ samples: [RunSamples.Sample] = [RunSamples.file()]) throws -> (RunWorld, RunState) {
        var world = RunWorld(RunSamples.plan([try RunSamples.node("n1", samples)]))
        world.script = { _, next in
            switch next.effect {
            case .verify(nil, _, _): .verified(step: nil, failures: ["no"])
            case .observe(_, .beforeUndo, _):
                .observed(step: 0, moment: .beforeUndo, Observation(["content": .content(Payload("theirs\n"))]))
            default: nil
            }
        }
        let state = try world.run()
        #expect(state.end == .needsPerson)
        world.script = { _, _ in nil }
        return (world, state)
    }

    func drive(_ world: inout RunWorld, _ state: inout RunState) throws {
        for _ in 0..<100 {
            guard let next = state.next().first else { return }
            try world.record(try world.perform(next, state), next.node, &state)
        }
    }

    @Test(
        "a run that ended as needing a person goes on until the node is free, and ends as was said",
        arguments: [
            (Resolution.Verdict.before, NodeState.rolledBack, RunEnd.rolledBack),
            (.after, .succeeded, .succeeded), (.abandoned, .abandoned, .abandoned),
        ])
    func reopens(verdict: Resolution.Verdict, state expected: NodeState, end: RunEnd) throws {
        var (world, state) = try stuck()
        let left = world.nodes["n1"]?.state
        try world.record(.resolved(try Self.signed(verdict)), "n1", &state)
        try world.record(.recovering(holder: "e1"), nil, &state)
        try drive(&world, &state)
        #expect(state.nodes[0].state == expected && state.end == end)
        #expect(state.nodes[0].reason == "resolved as \(verdict.rawValue) by alice: I looked")
        #expect(world.nodes["n1"]?.leased.isEmpty == true && world.nodes["n1"]?.state == left)
        let refolded = try world.refolded()
        #expect(Snapshot(state) == Snapshot(refolded))
    }

    @Test("a node that answers to nobody ends by the word alone, and what lies there may be freed by a second word")
    func unreachable() throws {
        var (world, state) = try stuck()
        world.faults.unreachable = 100
        try world.record(.resolved(try Self.signed(.abandoned)), "n1", &state)
        try world.record(.recovering(holder: "e1"), nil, &state)
        try drive(&world, &state)
        #expect(state.nodes[0].state == .abandoned && state.nodes[0].reason.contains("stays: the cable is cut"))
        #expect(world.nodes["n1"]?.leased == [.node])
        world.faults.unreachable = 0
        try world.record(.resolved(try Self.signed(.before)), "n1", &state)
        try drive(&world, &state)
        #expect(state.end == .rolledBack && world.nodes["n1"]?.leased.isEmpty == true)
    }

    @Test(
        "what the node would give back by itself is taken from it, unless somebody vouches that it is in place",
        arguments: [Resolution.Verdict.after, .before, .abandoned])
    func ownReturn(verdict: Resolution.Verdict) throws {
        var plan = RunSamples.plan([try RunSamples.node("n1", [RunSamples.file()])])
        (plan.temporarySeconds, plan.onNode) = (7200, .returns)
        var world = RunWorld(plan)
        var state = try RunState(plan: plan)
        try world.record(.started(holder: "e0"), nil, &state)
        while world.nodes["n1"]?.ownReturn != .armed, let next = state.next().first {
            try world.record(try world.perform(next, state), next.node, &state)
        }
        let unresolved = state
        let before = world
        try world.record(.resolved(try Self.signed(verdict)), "n1", &state)
        try world.record(.recovering(holder: "e1"), nil, &state)
        try drive(&world, &state)
        #expect(world.violations.isEmpty && state.nodes[0].state.isFinal)
        #expect(world.nodes["n1"]?.ownReturn == (verdict == .after ? .armed : .taken))

        (world, state) = (before, unresolved)
        world.script = { _, next in
            guard case .send(let intent) = next.effect, intent.write == .takeReturn else { return nil }
            return .outcome(.takeReturn, .refused("busy"))
        }
        try world.record(.resolved(try Self.signed(verdict)), "n1", &state)
        try drive(&world, &state)
        #expect(state.nodes[0].reason.contains("may still give it back by itself: busy") == (verdict != .after))
    }

    /// A flush under its dead-man, its executor gone.
    func armed() throws -> (RunWorld, RunState) {
        var world = RunWorld(RunSamples.plan([try RunSamples.node("n1", [RunSamples.flush()])]))
        var state = try RunState(plan: world.plan)
        try world.record(.started(holder: "e0"), nil, &state)
        while world.nodes["n1"]?.started.isEmpty == true, let next = state.next().first {
            try world.record(try world.perform(next, state), next.node, &state)
        }
        #expect(world.nodes["n1"]?.token == .armed)
        return (world, state)
    }

    @Test(
        "an armed dead-man is disarmed only by the word that all is as it was to be; by any other the node puts itself back",
        arguments: [Resolution.Verdict.after, .before, .abandoned])
    func settled(verdict: Resolution.Verdict) throws {
        var (world, state) = try armed()
        try world.record(.resolved(try Self.signed(verdict)), "n1", &state)
        try world.record(.recovering(holder: "e1"), nil, &state)
        try drive(&world, &state)
        #expect(world.violations.isEmpty)
        let step = world.plan.nodes[0].steps[0]
        #expect(world.nodes["n1"]?.token == (verdict == .after ? .won : .fired))
        #expect(world.nodes["n1"]?.state[0] == (verdict == .after ? step.prediction.after : step.before))
        #expect(state.end == (verdict == .after ? .succeeded : verdict == .before ? .rolledBack : .abandoned))
        #expect(world.nodes["n1"]?.leased.isEmpty == true)
    }

    @Test(
        "a node that had reverted when it was vouched for as after is not called so; a word about what it is now is taken"
    )
    func belied() throws {
        var (world, state) = try armed()
        var node = try #require(world.nodes["n1"])
        world.fire(&node, state.nodes[0])
        world.nodes["n1"] = node
        try world.record(.resolved(try Self.signed(.after)), "n1", &state)
        try world.record(.recovering(holder: "e1"), nil, &state)
        try drive(&world, &state)
        #expect(state.end == .needsPerson && state.nodes[0].reason.contains("had reverted by itself"))
        try world.record(.resolved(try Self.signed(.before)), "n1", &state)
        try drive(&world, &state)
        #expect(state.end == .rolledBack)
        let refolded = try world.refolded()
        #expect(Snapshot(state) == Snapshot(refolded))
    }

    @Test("nobody vouches for a node that came to its end, was not begun, or is another one")
    func refused() throws {
        var (world, state) = try stuck()
        let other = try Self.signed(.before, "n2")
        #expect(throws: IllegalEvent.self) { try state.apply(.resolved(other), node: "n1") }
        #expect(throws: IllegalEvent.self) {
            try state.apply(
                .resolved(SignedResolution(statement: Payload("{}"), signature: "")), node: "n1")
        }
        let word = try Self.signed(.before)
        var fresh = try RunState(plan: world.plan)
        #expect(throws: IllegalEvent.self) { try fresh.apply(.resolved(word), node: "n1") }
        world = RunWorld(world.plan)
        var done = try world.run()
        #expect(done.end == .succeeded)
        #expect(throws: IllegalEvent.self) { try done.apply(.resolved(word), node: "n1") }
    }

    @Test("nodes whose turn had not come are not begun by a word about another")
    func fleet() throws {
        let nodes = try ["n1", "n2"].map { try RunSamples.node($0, [RunSamples.restart()]) }
        var world = RunWorld(RunSamples.plan(nodes))
        var state = try RunState(plan: world.plan)
        try world.record(.started(holder: "e0"), nil, &state)
        for _ in 0..<6 {
            guard let next = state.next().first else { break }
            try world.record(try world.perform(next, state), next.node, &state)
        }
        try world.record(.resolved(try Self.signed(.after)), "n1", &state)
        try world.record(.recovering(holder: "e1"), nil, &state)
        try drive(&world, &state)
        #expect(state.nodes.map(\.state) == [.succeeded, .skipped] && state.end == .partial)
        #expect(world.nodes["n2"]?.epoch.isEmpty == true)
    }

    @Test(
        "what another log's executor brought to its end stays there: nothing is undone once more",
        arguments: [
            (Resolution.Verdict.before, NodeState.rolledBack), (.after, .succeeded), (.abandoned, .abandoned),
        ])
    func elsewhere(verdict: Resolution.Verdict, expected: NodeState) throws {
        for sample in [RunSamples.file(), RunSamples.flush()] {
            var world = RunWorld(RunSamples.plan([try RunSamples.node("n1", [sample])]))
            var state = try RunState(plan: world.plan)
            try world.record(.started(holder: "e0"), nil, &state)
            // Killed right after the step's intent was durable.
            while let next = state.next().first {
                try world.record(try world.perform(next, state), next.node, &state)
                if case .record(.intent(let intent)) = next.effect, intent.write == .apply(step: 0) { break }
            }
            state = try world.refolded()
            try world.record(.recovering(holder: "e1"), nil, &state)
            world.script = { _, next in
                guard case .send(let intent) = next.effect, case .acquireLease = intent.write else { return nil }
                return .outcome(intent.write, .ended(verdict, by: "bob@there:1"))
            }
            try drive(&world, &state)
            #expect(state.nodes[0].state == expected)
            #expect(
                state.nodes[0].reason == "it was brought to its state \(verdict.rawValue) elsewhere, by bob@there:1")
            #expect(world.applied.isEmpty && world.nodes["n1"]?.undone == [])
            let refolded = try world.refolded()
            #expect(Snapshot(state) == Snapshot(refolded))
        }
    }

    @Test("a release that was never sent does not make another's end our own")
    func unsentRelease() throws {
        var world = RunWorld(try ShippedPlans.plan("restart-kubelet"))
        world.script = { _, next in
            guard case .evaluate(let step) = next.effect else { return nil }
            return .evaluated(step: step, holds: true, reason: "it holds")
        }
        var state = try RunState(plan: world.plan)
        try world.record(.started(holder: "e0"), nil, &state)
        while let next = state.next().first {
            try world.record(try world.perform(next, state), next.node, &state)
            if case .record(.intent(let intent)) = next.effect, intent.write == .releaseLease(.cluster) { break }
        }
        state = try world.refolded()
        try world.record(.recovering(holder: "e1"), nil, &state)
        world.script = { _, next in
            guard case .send(let intent) = next.effect, case .acquireLease = intent.write else { return nil }
            return .outcome(intent.write, .ended(.before, by: "bob@there:1"))
        }
        try drive(&world, &state)
        #expect(state.end == .rolledBack, "\(state.nodes[0].reason)")
        #expect(world.nodes["n1"]?.undone == [])
    }

    @Test("an end that our own release left behind is our own")
    func ownRelease() throws {
        var world = RunWorld(RunSamples.plan([try RunSamples.node("n1", [RunSamples.restart()])]))
        var state = try RunState(plan: world.plan)
        try world.record(.started(holder: "e0"), nil, &state)
        while let next = state.next().first {
            try world.record(try world.perform(next, state), next.node, &state)
            if case .record(.intent(let intent)) = next.effect, intent.write == .releaseLease(.node) { break }
        }
        state = try world.refolded()
        try world.record(.recovering(holder: "e1"), nil, &state)
        world.script = { _, next in
            guard case .send(let intent) = next.effect, case .acquireLease = intent.write else { return nil }
            return .outcome(intent.write, .ended(.after, by: "e0"))
        }
        try drive(&world, &state)
        #expect(state.end == .succeeded && state.nodes[0].reason == "verified")
    }

    @Test("a laptop that woke up late is told so by whatever it sends, and undoes nothing", arguments: [false, true])
    func late(inCluster: Bool) throws {
        let plan =
            inCluster
            ? try ShippedPlans.plan("restart-kubelet")
            : RunSamples.plan([try RunSamples.node("n1", [RunSamples.file()])])
        var world = RunWorld(plan)
        world.script = { _, next in
            switch next.effect {
            case .evaluate(let step): return .evaluated(step: step, holds: true, reason: "it holds")
            case .send(let intent):
                switch intent.write {
                case .apply, .undo, .armDeadMan: return .outcome(intent.write, .ended(.before, by: "bob@there:1"))
                default: return nil
                }
            default: return nil
            }
        }
        var state = try RunState(plan: plan)
        try world.record(.started(holder: "e0"), nil, &state)
        try drive(&world, &state)
        #expect(state.end == .rolledBack, "\(state.nodes[0].state): \(state.nodes[0].reason)")
        #expect(world.applied.isEmpty && world.nodes["n1"]?.undone == [])
        let refolded = try world.refolded()
        #expect(Snapshot(state) == Snapshot(refolded))
    }
}

import Core
import Foundation
import Testing

/// Many nodes in one run: waves, canary, failure budget, and what happens to the nodes that went well.
@Suite("fleet")
struct FleetTests {
    func plan(_ count: Int, _ strategy: Strategy, onFailure: OnFailure = .rollback) throws -> Plan {
        let nodes = try (1...count).map { try RunSamples.node("n\($0)", [RunSamples.restart()]) }
        var plan = RunSamples.plan(nodes, onFailure: onFailure)
        plan.strategy = strategy
        return plan
    }

    /// Runs with checks that fail on the named nodes.
    func run(_ plan: Plan, failing: Set<String> = [], seed: UInt64 = 1) throws -> (state: RunState, world: RunWorld) {
        var world = RunWorld(plan, seed: seed)
        world.script = { _, next in
            guard let name = next.node, failing.contains(name), case .verify(0, _, _) = next.effect else { return nil }
            return .verified(step: 0, failures: ["no"])
        }
        let state = try world.run()
        #expect(world.violations.isEmpty)
        return (state, world)
    }

    /// The nodes in the order in which they began, a list for each wave.
    func begun(_ world: RunWorld) -> [[String]] {
        var waves: [[String]] = []
        for (event, node) in world.events {
            if case .wave = event { waves.append([]) }
            if case .intent(let intent) = event, case .acquireLease(_, false) = intent.write, let node {
                waves[waves.count - 1].append(node)
            }
        }
        return waves.map { $0.sorted() }
    }

    @Test(
        "nodes are cut into waves, the canaries first",
        arguments: [
            (5, Strategy(canary: 1, maxUnavailable: 2), [0..<1, 1..<3, 3..<5]),
            (5, Strategy(canary: 0, maxUnavailable: 2), [0..<2, 2..<4, 4..<5]),
            (5, Strategy(canary: 3, maxUnavailable: 2), [0..<2, 2..<3, 3..<5]),
            (2, Strategy(canary: 9, maxUnavailable: 1), [0..<1, 1..<2]),
            (3, Strategy(canary: 1, maxUnavailable: 100), [0..<1, 1..<3]),
            (1, Strategy(), [0..<1]), (0, Strategy(), []),
        ])
    func waves(count: Int, strategy: Strategy, expected: [Range<Int>]) {
        #expect(strategy.waves(of: count) == expected)
    }

    @Test("a wave begins when the one before has ended, and its nodes are under way at once", arguments: UInt64(1)...5)
    func parallel(seed: UInt64) throws {
        let (state, world) = try run(try plan(6, Strategy(canary: 1, maxUnavailable: 3)), seed: seed)
        #expect(state.end == .succeeded)
        #expect(begun(world) == [["n1"], ["n2", "n3", "n4"], ["n5", "n6"]])
        #expect(world.mostAtOnce == 3)
    }

    @Test("between two waves there is the pause, and none before the first")
    func pause() throws {
        let plan = try plan(3, Strategy(canary: 1, maxUnavailable: 1, pauseSeconds: 30))
        var world = RunWorld(plan)
        var pauses: [Int] = []
        world.script = { _, _ in nil }
        var state = try RunState(plan: plan)
        try world.record(.started(holder: "e"), nil, &state)
        for _ in 0..<500 {
            guard let next = state.next().first else { break }
            if case .pause(30, let wave) = next.effect { pauses.append(wave) }
            try world.record(try world.perform(next, state), next.node, &state)
        }
        #expect(state.end == .succeeded)
        #expect(pauses == [1, 2])
    }

    // The canary n1 is well; of the others `failures` fail. The boundary: as many as the budget go on, one more stops.
    @Test(
        "the failure budget at its boundary",
        arguments: [
            (0, ["n2"], ["n3", "n4"]), (1, ["n2"], []), (1, ["n2", "n3"], ["n4"]), (2, ["n2", "n3"], []),
            (1, [], []), (0, [], []),
        ])
    func budget(budget: Int, failing: [String], skipped: [String]) throws {
        let plan = try plan(4, Strategy(canary: 1, maxUnavailable: 1, failureBudget: budget))
        let (state, _) = try run(plan, failing: Set(failing))
        #expect(state.nodes.filter { $0.state == .skipped }.map(\.plan.name) == skipped)
        #expect(state.nodes.filter { $0.state == .rolledBack }.map(\.plan.name) == failing)
        #expect(state.end == (failing.isEmpty ? .succeeded : .partial))
    }

    @Test("a stale node counts as failed")
    func stale() throws {
        var world = RunWorld(try plan(3, Strategy(canary: 0, maxUnavailable: 1, failureBudget: 0)))
        world.script = { _, next in
            guard next.node == "n1", case .observe(0, .before, _) = next.effect else { return nil }
            return .observed(step: 0, moment: .before, Observation())
        }
        #expect(try world.run().nodes.map(\.state) == [.stale, .skipped, .skipped])
    }

    @Test("a canary that fails stops the run whatever the budget")
    func canary() throws {
        let (state, _) = try run(
            try plan(3, Strategy(canary: 1, maxUnavailable: 2, failureBudget: 9)), failing: ["n1"])
        #expect(state.nodes.map(\.state) == [.rolledBack, .skipped, .skipped])
        #expect(state.end == .rolledBack)
    }

    @Test("a node that needs a person stops the run whatever the budget")
    func needsPerson() throws {
        let strategy = Strategy(canary: 0, maxUnavailable: 1, failureBudget: 9)
        let (state, _) = try run(try plan(3, strategy, onFailure: .stop), failing: ["n1"])
        #expect(state.nodes.map(\.state) == [.needsPerson, .skipped, .skipped])
    }

    @Test("nodes that are under way when another fails go to their own end", arguments: UInt64(1)...5)
    func underWay(seed: UInt64) throws {
        let plan = try plan(4, Strategy(canary: 0, maxUnavailable: 3))
        var world = RunWorld(plan, seed: seed)
        var state = try RunState(plan: plan)
        // Every node of the wave has begun before the first check is made.
        world.script = { world, next in
            guard next.node == "n2", case .verify(0, _, _) = next.effect else { return nil }
            return .verified(step: 0, failures: ["no"])
        }
        try world.record(.started(holder: "e"), nil, &state)
        for _ in 0..<500 {
            let waiting = state.next().first { if case .verify = $0.effect { false } else { true } }
            guard let next = waiting ?? state.next().randomElement(using: &world.generator) else { break }
            try world.record(try world.perform(next, state), next.node, &state)
        }
        #expect(state.nodes.map(\.state) == [.succeeded, .rolledBack, .succeeded, .skipped])
        #expect(state.end == .partial)
    }

    @Test("rollback-all takes back every node of the run, in reverse order of the waves", arguments: UInt64(1)...5)
    func rollbackAll(seed: UInt64) throws {
        let strategy = Strategy(canary: 1, maxUnavailable: 2)
        let (state, world) = try run(try plan(6, strategy, onFailure: .rollbackAll), failing: ["n5"], seed: seed)
        #expect(state.nodes.map(\.state) == Array(repeating: NodeState.rolledBack, count: 5) + [.skipped])
        #expect(state.end == .rolledBack)
        let undone = world.events.compactMap { event, node -> String? in
            if case .intent(let intent) = event, case .undo = intent.write { node } else { nil }
        }
        #expect(Set(undone.prefix(3)).isSuperset(of: ["n5"]), "\(undone)")
        #expect(undone.last == "n1")
        let place = Dictionary(uniqueKeysWithValues: undone.enumerated().map { ($1, $0) })
        for (earlier, later) in [("n4", "n2"), ("n4", "n3"), ("n5", "n3"), ("n5", "n2"), ("n2", "n1"), ("n3", "n1")] {
            if let first = place[earlier], let second = place[later] { #expect(first < second, "\(undone)") }
        }
    }

    @Test("with rollback-all nobody gives a lease back before all nodes are in place")
    func holding() throws {
        let (state, world) = try run(try plan(4, Strategy(canary: 1, maxUnavailable: 1), onFailure: .rollbackAll))
        #expect(state.end == .succeeded)
        let lastHolding = world.events.lastIndex { $0.event == .nodeState(.holding, reason: Self.holdingReason) }
        let firstRelease = world.events.firstIndex { event, _ in
            if case .intent(let intent) = event { intent.write == .releaseLease(.node) } else { false }
        }
        #expect(try #require(lastHolding) < (try #require(firstRelease)))
    }

    static let holdingReason = "verified; it waits for the rest of the run"

    @Test("rollback-all within the budget leaves in place what went well")
    func rollbackAllWithinBudget() throws {
        let strategy = Strategy(canary: 0, maxUnavailable: 1, failureBudget: 1)
        let (state, _) = try run(try plan(3, strategy, onFailure: .rollbackAll), failing: ["n2"])
        #expect(state.nodes.map(\.state) == [.succeeded, .rolledBack, .succeeded])
        #expect(state.end == .partial)
    }

    /// Crashes after each event in turn; whoever recovers brings all nodes to the same side.
    @Test("an interrupted rollback-all run ends with all nodes on one side", arguments: [[], ["n3"]] as [Set<String>])
    func interrupted(failing: Set<String>) throws {
        let plan = try plan(3, Strategy(canary: 1, maxUnavailable: 2), onFailure: .rollbackAll)
        let length = try run(plan, failing: failing).world.events.count
        for crash in 1..<length {
            var world = RunWorld(plan)
            world.script = { _, next in
                guard let name = next.node, failing.contains(name), case .verify(0, _, _) = next.effect else {
                    return nil
                }
                return .verified(step: 0, failures: ["no"])
            }
            var state = try RunState(plan: plan)
            try world.record(.started(holder: "e"), nil, &state)
            for step in 0..<500 {
                if step == crash, state.end == nil { try world.record(.recovering(holder: "r"), nil, &state) }
                guard let next = state.next().first else { break }
                try world.record(try world.perform(next, state), next.node, &state)
            }
            let sides = Set(state.nodes.map { $0.state == .succeeded })
            #expect(state.end != nil && sides.count == 1, "crash after \(crash): \(state.nodes.map(\.state))")
            if !failing.isEmpty { #expect(sides == [false]) }
        }
    }

    @Test("waves must follow one another in the log")
    func illegalWaves() throws {
        for waves in [[1], [0, 0], [0, 2], [-1], [0, 1, 2, 3]] {
            var state = try RunState(plan: try plan(3, Strategy()))
            try state.apply(.started(holder: "e"), node: nil)
            for wave in waves.dropLast() { try state.apply(.wave(wave), node: nil) }
            #expect(throws: IllegalEvent.self) { try state.apply(.wave(waves[waves.count - 1]), node: nil) }
        }
    }
}

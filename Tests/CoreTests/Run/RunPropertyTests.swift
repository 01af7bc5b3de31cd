import Core
import Foundation
import RandomStates
import Testing

/// The laws over many random worlds; a seed that fails names its case for ever.
@Suite("run in random worlds", .serialized, .timeLimit(.minutes(3)))
struct RunPropertyTests {
    static let mixes: [RunWorld.Faults] = [
        .init(crash: 8), .init(unreachable: 5), .init(refused: 15, failed: 20), .init(failed: 15, lost: 15),
        .init(fires: 6), .init(unverified: 15, foreign: 30), .init(blind: 5),
        .init(reboots: 6), .init(crash: 5, reboots: 5, memory: 60),
        .init(unreachable: 5, lost: 10, reboots: 5, memory: 60), .init(denied: 25),
        .init(crash: 5, unreachable: 3, refused: 5, denied: 15), .init(crash: 10, fires: 10),
        .init(
            crash: 4, unreachable: 2, refused: 4, failed: 8, lost: 5, fires: 3, unverified: 6, blind: 2, foreign: 10,
            reboots: 2, memory: 20, denied: 4),
    ]

    func plan(_ seed: UInt64) throws -> Plan {
        var generator = SeededGenerator(seed: seed &* 31)
        // What a node cannot give back by itself is not asked of it.
        let isOnNode = Int.random(in: 0..<3, using: &generator) == 0
        let pool =
            [
                RunSamples.restart(), RunSamples.flush(), RunSamples.file(),
                RunSamples.restart("other.service"), RunSamples.file("/etc/ssh/sshd_config"),
            ] + (isOnNode ? [] : [RunSamples.command()])
        let nodes = try (1...Int.random(in: 1...5, using: &generator)).map { index in
            let samples = pool.shuffled(using: &generator).prefix(Int.random(in: 1...4, using: &generator))
            return try RunSamples.node("n\(index)", Array(samples))
        }
        var plan = RunSamples.plan(nodes, onFailure: OnFailure.allCases.randomElement(using: &generator) ?? .rollback)
        plan.strategy = Strategy(
            canary: Int.random(in: 0...1, using: &generator), maxUnavailable: Int.random(in: 1...3, using: &generator),
            failureBudget: Int.random(in: 0...2, using: &generator),
            pauseSeconds: Int.random(in: 0...1, using: &generator))
        if isOnNode { (plan.temporarySeconds, plan.onNode) = (7200, .returns) }
        try plan.checkTemporary()
        return plan
    }

    @Test("every run ends, and as the laws say", arguments: mixes.indices)
    func laws(mix: Int) async throws {
        for seed in UInt64(0)..<40 {
            // Others wait for timers on the same threads.
            await Task.yield()
            var world = RunWorld(try plan(seed), faults: Self.mixes[mix], seed: seed)
            let state = try world.run()
            for violation in Set(world.violations) { Issue.record("mix \(mix) seed \(seed): \(violation)") }
            #expect(
                state.end != nil,
                "mix \(mix) seed \(seed): \(state.nodes.map(\.state)) \(state.nodes.map(\.unreachable))")
            #expect(state.nodes.allSatisfy(\.state.isFinal) == (state.end != nil))
            let twice = Dictionary(grouping: world.applied, by: \.self).filter { $0.value.count > 1 }
            #expect(twice.isEmpty, "applied twice: mix \(mix) seed \(seed) \(twice.keys)")
            #expect(world.mostAtOnce <= world.plan.strategy.maxUnavailable, "mix \(mix) seed \(seed)")
            check(state, "mix \(mix) seed \(seed)")
            for node in state.nodes { check(node, world, "mix \(mix) seed \(seed) \(node.plan.name): \(node.reason)") }
        }
    }

    // Exactly: no node is begun once more have failed than the budget allows, or one that no budget covers.
    func check(_ state: RunState, _ label: String) {
        guard !state.isRecovering else { return }
        let failed = state.nodes.count { [.rolledBack, .stale].contains($0.state) }
        let skipped = state.nodes.contains { $0.state == .skipped }
        let isOver =
            failed > state.plan.strategy.failureBudget || state.nodes.contains(where: \.isDenied)
            || state.nodes.contains { $0.state == .needsPerson }
            || state.nodes.prefix(state.plan.strategy.canary).contains { [.rolledBack, .stale].contains($0.state) }
        #expect(!skipped || isOver, "\(label): skipped without need")
        if state.plan.onFailure == .rollbackAll, isOver {
            #expect(!state.nodes.contains { $0.state == .succeeded }, "\(label): left in place")
        }
    }

    func check(_ node: NodeRun, _ world: RunWorld, _ label: String) {
        guard let real = world.nodes[node.plan.name] else { return }
        let cut = node.plan.steps.indices.contains { node.plan.steps[$0].cutsPath && real.started.contains($0) }
        switch node.state {
        case .succeeded:
            #expect(real.token == (cut ? .won : .none), "\(label)")
            let isOnNode = world.plan.onNode == .returns && node.steps.contains(where: \.mayHaveRun)
            #expect(real.ownReturn == (isOnNode ? .armed : .none), "\(label)")
            #expect(real.leased.isEmpty, "\(label)")
            #expect(isOrdered(world.events.filter { $0.node == node.plan.name }.map(\.event), cut: cut), "\(label)")
            expect(node, real, label) { $0.prediction.after }
        case .rolledBack, .stale, .denied:
            if node.state == .denied { #expect(real.started.isEmpty && !real.isAllowed, "\(label)") }
            #expect(real.leased.isEmpty, "\(label)")
            #expect(real.token != .armed && real.ownReturn != .armed, "\(label)")
            if !real.isTouched { expect(node, real, label) { $0.before } }
        case .skipped: #expect(real.epoch.isEmpty, "\(label)")
        case .needsPerson: #expect(!node.reason.isEmpty)
        case .waiting, .running, .holding, .rollingBack, .resolving, .abandoned: break
        }
    }

    func expect(_ node: NodeRun, _ real: RunWorld.Node, _ label: String, _ wanted: (StepPlan) -> Observation) {
        for (index, step) in node.plan.steps.enumerated() {
            guard let action = try? step.makeAction(), step.reversibility != .compensable else { continue }
            let left = (real.state[index] ?? Observation()).differences(from: wanted(step)) {
                !action.role(of: $0).isVolatile
            }
            #expect(left.isEmpty, "\(label): \(step.name) \(left.map(\.field))")
        }
    }

    // Law 3: verified afresh, then the token, then one more look, and only then the lease goes back.
    func isOrdered(_ events: [Event], cut: Bool) -> Bool {
        func last(_ matches: (Event) -> Bool) -> Int { events.lastIndex(where: matches) ?? -1 }
        let verified = last { if case .verified(nil, []) = $0 { true } else { false } }
        let won = last { $0 == .outcome(.disarmDeadMan, .won) }
        let after = last { if case .observed(_, .after, _) = $0 { true } else { false } }
        let firstAfter = events.firstIndex { if case .observed(_, .after, _) = $0 { true } else { false } } ?? -1
        let release =
            events.firstIndex {
                if case .intent(let intent) = $0 { intent.write == .releaseLease(.node) } else { false }
            }
            ?? -1
        guard verified >= 0, verified < firstAfter, after < release else { return false }
        return !cut || (verified < won && won < firstAfter)
    }
}

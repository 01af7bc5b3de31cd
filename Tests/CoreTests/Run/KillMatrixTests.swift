import Core
import Foundation
import Testing

@testable import Simulation

/// SIGKILL before and after every effect of every shipped runbook's success, failure and rollback path, then recovery: all in
/// process, against simulated nodes. The same on real nodes, for the pairs that matter, is `KillTests`.
@Suite("kill matrix")
struct KillMatrixTests {
    /// How a run goes where nobody kills it.
    enum Path: CaseIterable {
        case success, commandFails, checkFails, nothingBegins, denied
    }

    struct Tally: CustomStringConvertible {
        var points = 0, before = 0, after = 0, needsPerson = 0
        var description: String { "\(points) points: \(before) before, \(after) after, \(needsPerson) need a person" }
    }

    @Test(
        "every shipped runbook ends in before or after, wherever its executor is killed", arguments: ShippedPlans.names)
    func matrix(name: String) throws {
        let plan = try ShippedPlans.plan(name)
        var tally = Tally()
        for path in Path.allCases {
            let length = try run(plan, path, killedAt: nil).effects
            #expect(length > 5)
            for effect in 0..<length {
                for performs in [false, true] { try kill(plan, path, effect, performs, &tally) }
            }
        }
        #expect(tally.points >= 60 && tally.before > 0 && tally.after > 0, "\(name): \(tally)")
        print("kill matrix \(name): \(tally)")
    }

    private func kill(_ plan: Plan, _ path: Path, _ effect: Int, _ performs: Bool, _ tally: inout Tally) throws {
        let world = try run(plan, path, killedAt: effect, performs)
        let label = "\(plan.runbook.name), \(path), killed \(performs ? "after" : "before") effect \(effect)"
        for violation in world.violations { Issue.record("\(label): \(violation)") }
        let state = try world.refolded()
        let node = try #require(state.nodes.first)
        tally.points += 1
        #expect(state.end != nil, "\(label): \(node.state)")
        let real = try #require(world.nodes[node.plan.name])
        switch node.state {
        case .succeeded:
            tally.after += 1
            expect(node, real, label) { $0.prediction.after }
        case .rolledBack, .stale, .denied, .skipped:
            tally.before += 1
            expect(node, real, label) { $0.before }
        case .needsPerson:
            tally.needsPerson += 1
            let mayBe = node.plan.steps.contains { $0.reversibility == .irreversible }
            #expect(mayBe, "\(label): \(node.reason)")
        default: Issue.record("\(label): \(node.state)")
        }
        #expect(real.token != .armed, "\(label): its dead-man is still armed")
        if node.state != .needsPerson { #expect(real.leased.isEmpty, "\(label): its lease is still held") }
    }

    private func expect(_ node: NodeRun, _ real: RunWorld.Node, _ label: String, _ wanted: (StepPlan) -> Observation) {
        for (index, step) in node.plan.steps.enumerated() where step.skipped == nil {
            guard let action = try? step.makeAction(), node.steps[index].skipped == nil else { continue }
            let left = (real.state[index] ?? Observation()).differences(from: wanted(step)) {
                !action.role(of: $0).isVolatile
            }
            #expect(left.isEmpty, "\(label): \(step.name) \(left.map(\.field))")
        }
    }

    /// Runs to the end, killed once; `performs` says whether the effect it was killed at had been performed.
    private func run(_ plan: Plan, _ path: Path, killedAt: Int?, _ performs: Bool = false) throws -> RunWorld {
        var world = RunWorld(plan)
        let last = plan.nodes[0].steps.lastIndex { $0.skipped == nil } ?? 0
        world.script = { world, next in
            switch next.effect {
            case .evaluate(let step): return .evaluated(step: step, holds: true, reason: "it holds")
            case .judge where path == .denied: return .judged(findings: [RunWorld.finding])
            case .verify(last, _, _) where path == .checkFails: return .verified(step: last, failures: ["no"])
            case .send(let intent) where intent.write == .apply(step: last) && path == .commandFails:
                world.faults.failed = 100
                defer { world.faults.failed = 0 }
                world.script = { _, _ in nil }
                guard let state = try? world.refolded() else { return nil }
                return try? world.perform(next, state)
            case .send(let intent) where intent.write == .apply(step: last) && path == .nothingBegins:
                return .outcome(intent.write, .refused("unit it failed"))
            default: return nil
            }
        }
        let script = world.script
        var state = try RunState(plan: plan)
        try world.record(.started(holder: "e"), nil, &state)
        while let next = state.next().first {
            guard world.effects < 2000 else { break }
            if world.effects == killedAt {
                if performs { _ = try world.perform(next, state) }
                world.effects += 1
                state = try world.refolded()
                world.script = script
                try world.record(.recovering(holder: "r"), nil, &state)
                continue
            }
            world.effects += 1
            let event = try world.perform(next, state)
            world.script = script
            try world.record(event, next.node, &state)
        }
        return world
    }
}

/// The runbooks that ship, planned for one node from sample observations of their actions.
enum ShippedPlans {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../runbooks")
        .standardizedFileURL

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") && !$0.hasSuffix(".test.yaml") }
            .map { String($0.dropLast(".yaml".count)) }.sorted()
    }()

    static func plan(_ name: String) throws -> Plan {
        let file = folder.appending(path: name + ".yaml")
        let runbook = try Runbook.parse(Array(try Data(contentsOf: file)), file: file.lastPathComponent)
        let bound = try runbook.bind(parameters: Samples.parameters(of: runbook))
        let steps = try Planner.steps(
            of: bound, for: Injection(node: "n1", kubeconfig: "/etc/kubernetes/admin.conf", run: "r1"))
        let identity = NodeIdentity(address: "192.0.2.1:22", hostKey: "SHA256:x", machineID: "m")
        var frame = Planner.Frame()
        frame.parameters = bound.parameters
        // Conditions are asked when their turn comes; as for this plan, all hold.
        let open = steps.map { step in
            var step = step
            step.when = nil
            return step
        }
        var node = try Planner.plan(
            open, frame,
            for: Planner.Subject(
                node: RunSamples.inventoryNode("n1"), identity: identity,
                host: HostPlan(name: "cp1", identity: identity), facts: .unknown("not asked"),
                observations: try steps.map {
                    .success(try Samples.observation(of: $0.kind, $0.arguments, variant: 1))
                }))
        for index in steps.indices { node.steps[index].when = steps[index].when }
        var plan = RunSamples.plan([node], onFailure: runbook.onFailure)
        plan.runbook.name = name
        return plan
    }
}

import Foundation
import Testing

@testable import Core

/// A temporary run's way back that the node enforces by itself, as the fold asks for it.
@Suite("A way back that the node has by itself")
struct OwnReturnTests {
    private func plan(
        _ samples: [RunSamples.Sample], onNode: OnNode? = .returns, onFailure: OnFailure = .rollback
    ) throws -> Plan {
        var plan = RunSamples.plan([try RunSamples.node("n1", samples)], onFailure: onFailure)
        plan.onNode = onNode
        if onNode == .returns { plan.temporarySeconds = 7200 } else { plan.rollsBack = "r0" }
        return plan
    }

    /// Runs it, with answers of a test's own in place of the world's.
    private func run(
        _ plan: Plan, _ script: @escaping (inout RunWorld, NextEffect) -> Event? = { _, _ in nil }
    ) throws -> (state: RunState, story: String, world: RunWorld) {
        var world = RunWorld(plan)
        world.script = script
        return try run(&world, killedAfter: { _ in false }, meanwhile: { _ in })
    }

    /// Runs it; the executor is killed right after the event that `isLast` names, and another one takes over.
    private func run(
        _ plan: Plan, killedAfter isLast: (Event) -> Bool, meanwhile: (inout RunWorld) -> Void = { _ in }
    ) throws -> (state: RunState, story: String, world: RunWorld) {
        var world = RunWorld(plan)
        return try run(&world, killedAfter: isLast, meanwhile: meanwhile)
    }

    private func run(
        _ world: inout RunWorld, killedAfter isLast: (Event) -> Bool, meanwhile: (inout RunWorld) -> Void
    ) throws -> (state: RunState, story: String, world: RunWorld) {
        var state = try RunState(plan: world.plan)
        try world.record(.started(holder: "e0"), nil, &state)
        var isKilled = false
        while let next = state.next().first {
            let event = try world.perform(next, state)
            try world.record(event, next.node, &state)
            guard !isKilled, isLast(event) else { continue }
            isKilled = true
            meanwhile(&world)
            state = try world.refolded()
            try world.record(.recovering(holder: "e1"), nil, &state)
        }
        #expect(world.violations.isEmpty)
        return (state, RunMachineTests().story(world), world)
    }

    private func refusing(_ write: Write, _ why: String) -> (inout RunWorld, NextEffect) -> Event? {
        { _, next in
            guard case .send(let intent) = next.effect, intent.write == write else { return nil }
            return .outcome(write, .refused(why))
        }
    }

    private static func isArmed(_ event: Event) -> Bool {
        if case .outcome(.armReturn, .ownReturn(.armed)) = event { true } else { false }
    }

    @Test("it is armed when all is verified and seen, right before the lease goes back; its intent has looks and undo")
    func armed() throws {
        let (state, story, world) = try run(try plan([RunSamples.file(), RunSamples.file("/etc/other.conf")]))
        #expect(
            story
                == "lease! before0 apply0! verify0 before1 apply1! verify1 verify after0 after1 armReturn! release! "
                + "succeeded end:succeeded")
        let intents = world.events.compactMap { if case .intent(let intent) = $0.event { intent } else { nil } }
        let intent = try #require(intents.first { $0.write == .armReturn })
        let steps = state.nodes[0].plan.steps
        #expect(intent.undo == steps[1].undo + steps[0].undo)
        #expect(intent.commands.count == 2)
        let script = state.script(sending: intent, to: state.nodes[0], planSha256: "d", holder: "e", ticket: "t")
        guard case .armReturn(_, let request, let seconds) = script.request else {
            Issue.record("\(script.request)")
            return
        }
        #expect(request.steps.map(\.name) == ["s0", "s1"] && seconds == 7200)
        #expect(request.steps.map(\.look.argv) == intent.commands.map(\.argv))
        #expect(request.steps.allSatisfy { $0.look.input != nil } && intent.commands.allSatisfy { $0.input == nil })
    }

    @Test("what changed nothing is not given back, and nothing at all is not armed")
    func unchanged() throws {
        var same = RunSamples.file()
        same.before["content"] = .content(Payload("new\n"))
        let (_, story, _) = try run(try plan([same]))
        #expect(!story.contains("armReturn") && story.hasSuffix("release! succeeded end:succeeded"), "\(story)")
        let (_, both, world) = try run(try plan([same, RunSamples.file("/etc/other.conf")]))
        #expect(both.contains("armReturn!"))
        let intents = world.events.compactMap { if case .intent(let intent) = $0.event { intent } else { nil } }
        let intent = intents.first { $0.write == .armReturn }
        #expect(intent?.commands.count == 1)
    }

    @Test("what the node refuses to give back is not left in place: it is taken away again")
    func refused() throws {
        let (state, story, _) = try run(
            try plan([RunSamples.file()]), refusing(.armReturn, "unit no systemd answers on this node"))
        #expect(
            story
                == "lease! before0 apply0! verify0 verify after0 armReturn! armReturn refused rollingBack takeReturn! "
                + "beforeUndo0 undo0! afterUndo0 release! rolledBack end:rolledBack")
        #expect(state.nodes[0].reason.contains("no systemd answers"))
        let (stopped, _, _) = try run(
            try plan([RunSamples.file()], onFailure: .stop), refusing(.armReturn, "unit no systemd answers"))
        #expect(stopped.end == .needsPerson && stopped.nodes[0].reason.contains("left as it is"))
    }

    @Test("an executor that dies after arming is finished forward: looked at, armed once more, let go")
    func killedAfterArming() throws {
        let (state, story, world) = try run(try plan([RunSamples.file()]), killedAfter: Self.isArmed)
        #expect(state.end == .succeeded)
        #expect(story.hasSuffix("armReturn! release! after0 armReturn! release! succeeded end:succeeded"), "\(story)")
        #expect(world.nodes["n1"]?.ownReturn == .armed)
    }

    @Test("one whose arming was never heard of likewise")
    func killedWhileArming() throws {
        let (state, story, _) = try run(
            try plan([RunSamples.file()]),
            killedAfter: { event in
                if case .intent(let intent) = event { intent.write == .armReturn } else { false }
            })
        #expect(state.end == .succeeded && story.hasSuffix("after0 armReturn! release! succeeded end:succeeded"))
    }

    @Test("a node that gave it back meanwhile is not called in place, also where that cannot be seen")
    func returnedMeanwhile() throws {
        let (state, story, _) = try run(
            try plan([RunSamples.file()]), killedAfter: Self.isArmed, meanwhile: { $0.giveBack("n1") })
        #expect(state.end == .rolledBack)
        #expect(story.contains("after0 rollingBack takeReturn!"), "\(story)")
        let (unseen, words, _) = try run(
            try plan([RunSamples.file()]), killedAfter: Self.isArmed,
            meanwhile: { world in
                let state = world.nodes["n1"]?.state ?? [:]
                world.giveBack("n1")
                world.nodes["n1"]?.state = state
            })
        #expect(unseen.end == .rolledBack)
        #expect(words.contains("armReturn! rollingBack takeReturn!"), "\(words)")
        #expect(unseen.nodes[0].reason.contains("the node has given it back"))
    }

    @Test("whoever takes a run over and goes back asks the node first, whatever this log knows")
    func recovered() throws {
        let (state, story, _) = try run(
            try plan([RunSamples.file()]),
            killedAfter: { event in
                if case .outcome(.apply, _) = event { true } else { false }
            })
        #expect(state.end == .rolledBack)
        #expect(story.contains("rollingBack takeReturn! beforeUndo0 undo0!"), "\(story)")
    }

    @Test("where it cannot be taken the node is brought back all the same, and a person is told")
    func notTaken() throws {
        let (state, story, _) = try run(try plan([RunSamples.file()])) { _, next in
            guard case .send(let intent) = next.effect else { return nil }
            switch intent.write {
            case .armReturn: return .outcome(.armReturn, .refused("disk"))
            case .takeReturn: return .outcome(.takeReturn, .refused("busy"))
            default: return nil
            }
        }
        #expect(story.contains("undo0! afterUndo0 needsPerson"), "\(story)")
        #expect(state.nodes[0].reason.contains("may still give it back by itself"))
    }

    @Test("a run that rolls back takes it first: under the lease, with what is there seen, before anything is undone")
    func taken() throws {
        let (state, story, world) = try run(try plan([RunSamples.file()], onNode: .takes))
        #expect(
            story
                == "lease! before0 takeReturn! apply0! verify0 verify after0 release! succeeded end:succeeded")
        let intent = Intent(.takeReturn)
        let script = state.script(sending: intent, to: state.nodes[0], planSha256: "d", holder: "e", ticket: "t")
        guard case .takeReturn(let run, let holder) = script.request else {
            Issue.record("\(script.request)")
            return
        }
        #expect(run == "r0" && holder == "e")
        #expect(world.violations.isEmpty)
    }

    @Test("a plan that comes to nothing takes nothing from the node")
    func stale() throws {
        let (state, story, _) = try run(try plan([RunSamples.file()], onNode: .takes)) { world, next in
            guard case .observe(0, .before, _) = next.effect else { return nil }
            var seen = world.plan.nodes[0].steps[0].before
            seen["content"] = .content(Payload("somebody else's\n"))
            return .observed(step: 0, moment: .before, seen)
        }
        #expect(state.end == .stale && !story.contains("takeReturn"), "\(story)")
    }

    @Test("while the node is at it another run does nothing, and what is back already is taken all the same")
    func atIt() throws {
        let (state, story, _) = try run(try plan([RunSamples.file()], onNode: .takes)) { _, next in
            guard case .send(let intent) = next.effect, intent.write == .takeReturn else { return nil }
            return .outcome(.takeReturn, .ownReturn(.running))
        }
        #expect(state.end == .rolledBack && !story.contains("apply0"), "\(story)")
        var same = RunSamples.file()
        same.before["content"] = .content(Payload("new\n"))
        let (_, unchanged, _) = try run(try plan([same], onNode: .takes))
        #expect(unchanged.contains("before0 unchanged0 verify0 takeReturn! verify"), "\(unchanged)")
    }

    @Test("of two steps over one file the first is as it was left when the second is back")
    func twice() throws {
        var first = RunSamples.file()
        first.arguments = Arguments(["path": .text("/etc/demo.conf"), "content": .text("between\n")])
        let (state, _, world) = try run(try plan([first, RunSamples.file()]))
        #expect(state.end == .succeeded)
        guard case .success(let steps) = state.nodes[0].nodeReturn else {
            Issue.record("\(world.events.count) events")
            return
        }
        func input(_ index: Int) -> String { steps[index].look.input?.text ?? "" }
        func digest(_ text: String) -> String { Digest.sha256(Array(text.utf8)) }
        #expect(input(0).contains(digest("between\n")) && input(0).contains(digest("old\n")))
        #expect(!input(0).contains(digest("new\n")))
        #expect(input(1).contains(digest("new\n")) && input(1).contains(digest("between\n")))
    }

    @Test("with rollback-all no node is let go before every one has it, and one that cannot brings all back")
    func all() throws {
        let nodes = try ["n1", "n2"].map { try RunSamples.node($0, [RunSamples.file()]) }
        var plan = RunSamples.plan(nodes, onFailure: .rollbackAll)
        (plan.temporarySeconds, plan.onNode) = (7200, .returns)
        let (done, story, _) = try run(plan)
        #expect(done.end == .succeeded)
        let words = story.split(separator: " ")
        let lastArmed = try #require(words.lastIndex(of: "armReturn!"))
        #expect(lastArmed < words.firstIndex(of: "release!") ?? 0, "\(story)")
        let (failed, _, world) = try run(plan) { _, next in
            guard next.node == "n2", case .send(let intent) = next.effect, intent.write == .armReturn else {
                return nil
            }
            return .outcome(.armReturn, .refused("disk"))
        }
        #expect(failed.end == .rolledBack)
        #expect(world.nodes.values.allSatisfy { $0.ownReturn != .armed })
    }
}

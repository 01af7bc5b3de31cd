import Core
import Testing

/// A run that is taken over later: what the node was like then is not what it is now. Found by the simulation.
@Suite("taking over")
struct TakeOverTests {
    /// A node that was verified, and whose executor died before it gave its lease back.
    func verified(_ onFailure: OnFailure = .rollback, ending: [Event] = []) throws -> (state: RunState, step: StepPlan)
    {
        let plan = RunSamples.plan([try RunSamples.node("n1", [RunSamples.restart()])], onFailure: onFailure)
        let step = plan.nodes[0].steps[0]
        var state = try RunState(plan: plan)
        try state.apply(.started(holder: "e"), node: nil)
        try state.apply(.wave(0), node: nil)
        let lease = Write.acquireLease(.node, recovering: false)
        let apply = Intent(.apply(step: 0), commands: step.apply, undo: step.undo)
        let events: [Event] = [
            .intent(Intent(lease)), .outcome(lease, .granted(epoch: 1, inMemory: false)), .judged(findings: []),
            .observed(step: 0, moment: .before, step.before), .intent(apply),
            .outcome(.apply(step: 0), .done(status: 0, failedAt: 0, output: Payload(""))),
            .verified(step: 0, failures: []), .verified(step: nil, failures: []),
            .observed(step: 0, moment: .after, step.prediction.after),
        ]
        for event in events + ending { try state.apply(event, node: "n1") }
        try state.apply(.recovering(holder: "r"), node: nil)
        let again = Write.acquireLease(.node, recovering: true)
        try state.apply(.intent(Intent(again)), node: "n1")
        try state.apply(.outcome(again, .granted(epoch: 2, inMemory: false)), node: "n1")
        return (state, step)
    }

    @Test("what was verified is looked at again, and is in place when it still is")
    func stillThere() throws {
        var (state, step) = try verified()
        #expect(state.next().map(\.effect) == [.observe(step: 0, moment: .after, expecting: nil)])
        try state.apply(.observed(step: 0, moment: .after, step.prediction.after), node: "n1")
        #expect(state.next().map(\.effect) == [.record(.intent(Intent(.releaseLease(.node))))])
    }

    @Test("what a reboot took since goes back to where it was")
    func gone() throws {
        var (state, step) = try verified()
        try state.apply(.observed(step: 0, moment: .after, step.before), node: "n1")
        guard case .record(.nodeState(.rollingBack, _))? = state.next().first?.effect else {
            Issue.record("\(state.next())")
            return
        }
    }

    @Test("what cannot be told any more goes back, too")
    func blind() throws {
        var (state, _) = try verified()
        try state.apply(.unobservable(step: 0, moment: .after, reason: "not readable"), node: "n1")
        guard case .record(.nodeState(.rollingBack, _))? = state.next().first?.effect else {
            Issue.record("\(state.next())")
            return
        }
    }

    @Test("once the lease was on its way back that was decided: nothing is looked at again")
    func decided() throws {
        let (state, _) = try verified(ending: [.intent(Intent(.releaseLease(.node)))])
        #expect(state.next().map(\.effect) == [.record(.intent(Intent(.releaseLease(.node))))])
    }

    @Test(
        "an undo that a full disk keeps from beginning is sent again under a lease in memory; only then a person is asked"
    )
    func fullDisk() throws {
        var (state, step) = try verified()
        try state.apply(.observed(step: 0, moment: .after, step.before), node: "n1")
        try state.apply(.nodeState(.rollingBack, reason: "it is gone"), node: "n1")
        try state.apply(.observed(step: 0, moment: .beforeUndo, step.before), node: "n1")
        let undo = Intent(.undo(step: 0), commands: step.undo)
        try state.apply(.intent(undo), node: "n1")
        try state.apply(.outcome(undo.write, .refused("disk")), node: "n1")
        let again = Write.acquireLease(.node, recovering: true)
        #expect(state.next().map(\.effect) == [.record(.intent(Intent(again)))])
        try state.apply(.intent(Intent(again)), node: "n1")
        try state.apply(.outcome(again, .granted(epoch: 3, inMemory: true)), node: "n1")
        for _ in 0..<2 {
            #expect(state.next().map(\.effect) == [.record(.intent(undo))])
            try state.apply(.intent(undo), node: "n1")
            try state.apply(.outcome(undo.write, .refused("disk")), node: "n1")
        }
        guard case .record(.nodeState(.needsPerson, _))? = state.next().first?.effect else {
            Issue.record("\(state.next())")
            return
        }
    }
}

import Testing

@testable import Core

@Suite("Temporary runs")
struct TemporaryTests {
    @Test("a runbook says for how long, and without a word it is for good")
    func parsed() throws {
        #expect(try RunbookTests.runbook("  temporary: 2h\n" + RunbookTests.service).temporary == .seconds(7200))
        #expect(try RunbookTests.runbook("  temporary: 5m\n" + RunbookTests.service).temporary == .seconds(300))
        #expect(try RunbookTests.runbook("  temporary: 7d\n" + RunbookTests.service).temporary == .seconds(604_800))
        #expect(try RunbookTests.runbook(RunbookTests.service).temporary == nil)
    }

    @Test(
        "a time that is none, too short or too long is refused where it stands",
        arguments: [
            ("4m59s", "must be at least 5m"), ("7d1s", "must be 5m to 7d, not 7d1s"), ("2", "must be a duration"),
            ("0s", "must be at least 5m"), ("[2h]", "must be a duration"),
        ])
    func bounds(text: String, says: String) throws {
        let error = #expect(throws: Diagnostics.self) {
            try RunbookTests.runbook("  temporary: \(text)\n" + RunbookTests.service)
        }
        let fault = try #require(error?.all.first)
        #expect(error?.all.count == 1 && fault.field == "spec.temporary" && fault.location.line == 5, "\(fault)")
        #expect(fault.summary.hasPrefix(says), "\(fault)")
    }

    @Test("a runbook says that the nodes give it back by themselves, too")
    func onNode() throws {
        func parsed(_ text: String) throws -> (Duration?, Bool) {
            let runbook = try RunbookTests.runbook("  temporary: \(text)\n" + RunbookTests.service)
            return (runbook.temporary, runbook.returnsOnNode)
        }
        #expect(try parsed("{after: 2h, onNode: true}") == (.seconds(7200), true))
        #expect(try parsed("{after: 2h, onNode: false}") == (.seconds(7200), false))
        #expect(try parsed("{after: 2h}") == (.seconds(7200), false))
        #expect(try parsed("2h") == (.seconds(7200), false))
    }

    @Test(
        "what is wrong with that is said where it stands",
        arguments: [
            ("{onNode: true}", "after", "is missing: a duration is required"),
            ("{after: 1m, onNode: true}", "after", "must be at least 5m"),
            ("{after: 8d}", "after", "must be 5m to 7d, not 8d"),
            ("{after: 2h, onNode: often}", "onNode", "must be true or false"),
            ("{after: 2h, onNodes: true}", "onNodes", "there is no such field"),
        ])
    func faults(text: String, field: String, says: String) throws {
        let error = #expect(throws: Diagnostics.self) {
            try RunbookTests.runbook("  temporary: \(text)\n" + RunbookTests.service)
        }
        let fault = try #require(error?.all.first)
        #expect(error?.all.count == 1 && fault.field == "spec.temporary.\(field)", "\(fault)")
        #expect(fault.location.line == 5 && (fault.location.column ?? 0) > 13, "\(fault)")
        #expect(fault.summary.hasPrefix(says), "\(fault)")
    }

    @Test("a plan says what its nodes have to do, and one that says so without reason is refused")
    func onNodeWritten() throws {
        var plan = RunSamples.plan([try RunSamples.node("n1", [RunSamples.file()])])
        #expect(try !String(decoding: JSON.encode(plan), as: UTF8.self).contains("onNode"))
        (plan.temporarySeconds, plan.onNode) = (7200, .returns)
        #expect(try Plan(bytes: JSON.encode(plan)) == plan)
        #expect(try String(decoding: JSON.encode(plan), as: UTF8.self).contains(#""onNode":"returns""#))
        var forGood = plan
        forGood.temporarySeconds = nil
        #expect(throws: DecodingError.self) { try Plan(bytes: JSON.encode(forGood)) }
        #expect(throws: PlanError.self) { try forGood.checkTemporary() }
        var takes = plan
        (takes.temporarySeconds, takes.onNode) = (nil, .takes)
        #expect(throws: DecodingError.self) { try Plan(bytes: JSON.encode(takes)) }
        takes.rollsBack = "r0"
        #expect(try Plan(bytes: JSON.encode(takes)) == takes)
    }

    @Test("what the node cannot give back by itself is refused when it is planned, with the step")
    func notAlone() throws {
        func refusal(
            _ samples: [RunSamples.Sample], _ change: (inout Plan) -> Void = { _ in }
        ) throws -> PlanError? {
            var plan = RunSamples.plan([try RunSamples.node("n1", samples)])
            (plan.temporarySeconds, plan.onNode) = (7200, .returns)
            change(&plan)
            do throws(PlanError) {
                try plan.checkTemporary()
                return nil
            } catch {
                return error
            }
        }
        let samples = [RunSamples.file(), RunSamples.command()]
        #expect(try refusal([RunSamples.file(), RunSamples.flush()]) == nil)
        let command = try #require(try refusal(samples))
        #expect(
            command.step == "s1" && command.message.contains("the node cannot give it back by itself"), "\(command)")
        let cluster = try #require(try refusal([RunSamples.file()]) { $0.nodes[0].steps[0].place = .cluster })
        #expect(cluster.step == "s0" && cluster.message.contains("the cluster's API"), "\(cluster)")
        #expect(try refusal(samples) { $0.nodes[0].steps[1].skipped = "its condition does not hold" } == nil)
        #expect(try refusal(samples) { $0.nodes[0].steps[1].apply = [] } == nil)
        #expect(try refusal(samples) { $0.onNode = nil } == nil)
    }

    @Test("a plan keeps it, one without it is as before, and a time that no plan has is refused")
    func written() throws {
        var plan = RunSamples.plan([try RunSamples.node("n1", [RunSamples.file()])])
        #expect(try !String(decoding: JSON.encode(plan), as: UTF8.self).contains("temporary"))
        plan.temporarySeconds = 7200
        #expect(try Plan(bytes: JSON.encode(plan)) == plan)
        for seconds in [299, 604_801, 0, -1, Int.max] {
            plan.temporarySeconds = seconds
            let bytes = try JSON.encode(plan)
            #expect(throws: DecodingError.self, "\(seconds)") { try Plan(bytes: bytes) }
        }
    }

    @Test("a step that may run and cannot be undone makes no temporary run")
    func irreversible() throws {
        var plan = RunSamples.plan([
            try RunSamples.node("n1", [RunSamples.file(), RunSamples.command(undo: false)])
        ])
        try plan.checkTemporary()
        plan.temporarySeconds = 7200
        let error = #expect(throws: PlanError.self) { try plan.checkTemporary() }
        #expect(error?.step == "s1" && error?.message.contains("command cannot be undone on n1") == true)
        var leftOut = plan
        leftOut.nodes[0].steps[1].skipped = "its condition does not hold"
        try leftOut.checkTemporary()
        var alreadySo = plan
        alreadySo.nodes[0].steps[1].apply = []
        try alreadySo.checkTemporary()
    }

    /// A file that a run replaced, the way back of it, and what was there before and is now.
    private func replaced(seen: Bool = true) throws -> (NodeRun, Planner.Step, before: Observation, left: Observation) {
        let plan = RunSamples.plan([try RunSamples.node("n1", [RunSamples.file()])])
        let step = plan.nodes[0].steps[0]
        let left = step.prediction.after
        var state = try RunState(plan: plan)
        var events: [Event] = [
            .observed(step: 0, moment: .before, step.before),
            .intent(Intent(.apply(step: 0), commands: step.apply, undo: step.undo)),
            .outcome(.apply(step: 0), .done(status: 0, failedAt: 0, output: Payload(""))),
        ]
        if seen { events.append(.observed(step: 0, moment: .after, left)) }
        for event in events + [.nodeState(.succeeded, reason: "verified")] { try state.apply(event, node: "n1") }
        let back = try #require(Planner.rollbackSteps(of: state.nodes[0]).first)
        return (state.nodes[0], back, step.before, left)
    }

    @Test("what is as the run left it, or as it was before, is nobody else's")
    func untouched() throws {
        let (node, step, before, left) = try replaced()
        #expect(Planner.conflicts(node, step: step, now: left) == [])
        #expect(Planner.conflicts(node, step: step, now: before) == [])
    }

    @Test("what somebody else changed since is named, and what was never seen is no guess")
    func conflict() throws {
        var (node, step, _, now) = try replaced()
        now["content"] = .content(Payload("somebody else's\n"))
        #expect(Planner.conflicts(node, step: step, now: now) == ["somebody changed content of step 's0' since"])
        (node, step, _, now) = try replaced(seen: false)
        #expect(Planner.conflicts(node, step: step, now: now) == ["what step 's0' left was never observed"])
    }

    @Test("policies read for how long, which is unknown of a plan that is not temporary")
    func policies() throws {
        func allows(_ expression: String, _ seconds: Int?) throws -> Bool {
            var plan = PolicySamples.plan([PolicySamples.node("n1", [PolicySamples.step()])])
            plan.temporarySeconds = seconds
            return try PolicySamples.judge(PolicySamples.policy(expression), PolicySamples.input(plan)).allowed
        }
        #expect(try allows("plan.temporary.planned && plan.temporary.after == duration('2h')", 7200))
        #expect(try allows("!plan.temporary.planned", nil))
        #expect(try !allows("plan.temporary.after <= duration('2h')", nil))
        #expect(try !allows("plan.temporary.after > duration('2h')", nil))
        #expect(try allows("!plan.temporary.onNode", 7200) && allows("!plan.temporary.onNode", nil))
    }
}

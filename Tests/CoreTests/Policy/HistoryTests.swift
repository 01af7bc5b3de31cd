import CEL
import Testing

@testable import Core

/// What policies see of the steps that earlier runs began.
@Suite("history")
struct HistoryTests {
    private typealias Samples = PolicySamples

    private static func step(
        _ run: String = "r1", _ node: String = "n1", secondsAgo: Int, state: NodeState = .succeeded,
        action: String = "service.restart"
    ) -> HistoryStep {
        var plan = Samples.plan()
        plan.id = run
        let start = Samples.now.adding(seconds: -secondsAgo)
        return HistoryStep(
            Samples.step(action: action), of: plan, on: Samples.node(node), state: state, startedAt: start,
            finishedAt: start.adding(seconds: 5))
    }

    private static let longAgo = Samples.now.adding(seconds: -90 * 24 * 3600)

    @Test(
        "policies read what was done, to whom, when and how it ended; what is not known of it denies",
        arguments: [
            ("history.runs.size() == 2", true), ("history.runs[0].id == 'r2' && history.runs[1].id == 'r1'", true),
            ("history.runs.exists(r, r.node == node.name && now - r.startedAt < duration('10m'))", true),
            ("history.runs.exists(r, r.node == node.name && now - r.startedAt < duration('4m'))", false),
            ("history.runs.all(r, r.action == action.type && 'kubelet' in r.disrupts)", true),
            (
                "history.runs.all(r, r.user == 'alice' && r.runbook == 'restart-kubelet' && r.runbookDigest == 'd' && r.pool == 'blue')",
                true
            ),
            ("history.runs[0].outcome == 'running' && history.runs[1].outcome == 'succeeded'", true),
            ("history.runs[1].finishedAt - history.runs[1].startedAt == duration('5s')", true),
            ("history.runs[0].finishedAt < now", nil), ("history.runs.all(r, !r.controlPlane)", true),
            ("now - history.since == duration('168h')", true),
        ] as [(String, Bool?)])
    func bound(expression: String, value: Bool?) throws {
        let steps = [
            Self.step("r1", secondsAgo: 300), Self.step("r2", "n2", secondsAgo: 60, state: .running),
        ]
        let history = History(steps, logStart: Self.longAgo, now: Samples.now)
        let decision = try Samples.judge(Samples.policy(expression), Samples.input(history: .known(history)))
        #expect(decision.findings.map(\.outcome) == (value == true ? [] : value == false ? [.deny] : [.error]))
    }

    @Test("a history that cannot be told denies who reads it, with the cause")
    func unknown() throws {
        let input = Samples.input(history: .unknown("the audit log cannot be read"))
        let decision = try Samples.judge(Samples.policy("history.runs.size() == 0"), input)
        #expect(decision.findings.map(\.outcome) == [.error])
        #expect(decision.findings.first?.message.contains("the audit log cannot be read") == true)
    }

    @Test("it goes back a week, or to the log's beginning, and says so")
    func horizon() {
        let steps = [10, History.seconds, History.seconds + 1].map { Self.step(secondsAgo: $0) }
        let old = History(steps, logStart: Self.longAgo, now: Samples.now)
        #expect(old.since == Samples.now.adding(seconds: -History.seconds) && old.steps.count == 2)
        let young = History(steps, logStart: Samples.now.adding(seconds: -20), now: Samples.now)
        #expect(young.since == Samples.now.adding(seconds: -20) && young.steps.count == 1)
    }

    @Test("of too many steps the newest are kept, and it is complete only since then", arguments: [1, 2])
    func tooMany(each: Int) {
        // Several begin at one instant: none of an instant that is not complete is kept.
        let steps = (0..<1200).map { Self.step("r\($0)", secondsAgo: 100 + $0 / each) }
        let history = History(steps.shuffled(), logStart: Self.longAgo, now: Samples.now)
        #expect(history.steps.count == History.maxSteps)
        #expect(history.steps.first?.startedAt == Samples.now.adding(seconds: -100))
        #expect(history.steps.allSatisfy { $0.startedAt >= history.since })
        #expect(steps.filter { $0.startedAt >= history.since }.count == history.steps.count)
    }

    @Test("an instant of which only a part would fit is left out whole")
    func instant() {
        let steps = (0..<1200).map { Self.step("r\($0)", secondsAgo: $0 < 990 ? 10 : 20) }
        let history = History(steps, logStart: Self.longAgo, now: Samples.now)
        #expect(history.steps.count == 990 && history.since > Samples.now.adding(seconds: -20))
    }

    @Test("a step that a person has to look after is told from one that was rolled back")
    func outcomes() {
        let states: [(NodeState, String, Bool)] = [
            (.succeeded, "succeeded", true), (.rolledBack, "rolledBack", true), (.needsPerson, "needsPerson", true),
            (.abandoned, "needsPerson", true), (.rollingBack, "running", false), (.holding, "running", false),
        ]
        for (state, outcome, isFinished) in states {
            let step = Self.step(secondsAgo: 10, state: state)
            #expect(step.outcome == outcome && (step.finishedAt != nil) == isFinished)
        }
    }
}

import Core
import Testing

@testable import Commands
@testable import Engine

@Suite("what a replay of decisions shows")
struct PolicyReplayViewTests {
    private static let grant = """
        apiVersion: belay/v1
        kind: Grant
        metadata: {name: everyone}
        spec: {who: {groups: [sre]}, runbooks: ["*"]}
        """

    private static func policies(_ more: String = "") throws -> PolicySet {
        try PolicySet.load([("g.yaml", Array((grant + more).utf8))])
    }

    /// A run whose log has one input, and after it what was decided.
    private static func view(
        recorded policies: PolicySet, replayed today: PolicySet, forging finding: Finding? = nil
    ) throws -> PolicyReplayView {
        var story = Story(id: "20261122-180000-ab12", [Sample.node([Sample.restart()])])
        try story.begin()
        var input = Sample.input(story.plan, policySet: policies.digest)
        input.planSha256 = try story.store.run(story.plan.id).planSha256
        try story.add(.decisionInput(DecisionInputRecord(input)))
        var decision = policies.judge(PolicyInput(input, plan: story.plan))
        if let finding { decision.findings.append(finding) }
        try story.add(.decided(decision))
        let run = try story.store.run(story.plan.id)
        let (decisions, unreadable) = try run.replay(under: today)
        return PolicyReplayView(run: run.id, decisions: decisions, unreadable: unreadable + [77])
    }

    @Test("what is the same is said in a line, and so is what cannot be read")
    func same() throws {
        let view = try Self.view(recorded: Self.policies(), replayed: Self.policies())
        let text = view.text(.plain)
        #expect(text.contains("as it was applied, 2026-11-22T18:00:00Z: allowed, the same"), "\(text)")
        #expect(text.contains("1 decision, all the same again"))
        #expect(text.contains("entry 77: what the policies were asked from was erased"))
        #expect(view.exit == .done)
        let json = try view.json()
        #expect(json.contains(#""consistent" : true"#), "\(json)")
    }

    @Test("a log that says something else than the same policies is not intact, with the findings that differ")
    func forged() throws {
        let finding = Finding(
            policy: "p", enforcement: .hard, place: "p.yaml:3", node: "worker-1", step: nil, outcome: .deny,
            message: "never \u{1B}[2J", remedy: "")
        let view = try Self.view(recorded: Self.policies(), replayed: Self.policies(), forging: finding)
        let text = view.text(.plain)
        #expect(text.contains("denied then, allowed now"), "\(text)")
        #expect(text.contains("only then:") && text.contains("p.yaml:3") && !text.contains("\u{1B}"))
        #expect(text.contains("the log says something else than the same policies say"))
        #expect(view.exit == .logNotIntact)
    }

    @Test("under policies that have changed it is no fault that something else is decided")
    func changed() throws {
        let others = try PolicySet.load([("g.yaml", Array(Self.grant.replacing("[sre]", with: "[net]").utf8))])
        let view = try Self.view(recorded: Self.policies(), replayed: others)
        let text = view.text(.plain)
        #expect(text.contains("allowed then, denied now"), "\(text)")
        #expect(text.contains("1 of 1 decision would be another today"))
        #expect(text.contains("under policies that have changed since"))
        #expect(view.exit == .done)
    }
}

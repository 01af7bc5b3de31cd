import Testing

@testable import Core

@Suite struct PolicyTestRunTests {
    private static func file(_ cases: String, of policy: String = "rule") throws -> PolicyTestFile {
        let text = "apiVersion: belay/v1\nkind: PolicyTest\npolicy: \(policy)\ncases:\n\(cases)\n"
        return try PolicyTestFile.parse(Array(text.utf8), file: "\(policy).test.yaml")
    }

    private static func report(_ policy: String, _ cases: String) throws -> PolicyTestReport {
        try PolicySamples.load([policy]).test([file(cases)])
    }

    @Test("a case fails for what came, and for a reason that was not given, with the values that decided")
    func failure() throws {
        let report = try Self.report(
            PolicySamples.policy("action.rollback && action.verify"),
            """
            - {name: passes, expect: pass}
            - {name: fails, set: {action.verify: false}, expect: pass}
            - {name: says so, set: {action.verify: false}, expect: deny, says: is false}
            - {name: says otherwise, set: {action.verify: false}, expect: deny, says: is true}
            """)
        #expect(report.outcomes.map(\.passed) == [true, false, true, false])
        #expect(report.failures.map(\.found) == [.deny, .deny])
        let look = try #require(report.failures[0].looks.first)
        #expect(look.place == "p0.yaml:8")
        #expect(look.trace.last == .init(expression: "action.rollback && action.verify", value: "false"))
        #expect(look.trace.contains(.init(expression: "action.verify", value: "false")))
    }

    @Test("a case may set params as belay.yaml does; what the policy does not have, or a grant, is refused")
    func params() throws {
        let policy = PolicySamples.policy("node.firewall.rules < params.limit", more: "params: {limit: 20}")
        let cases = "- {name: a, expect: pass}\n- {name: b, params: {limit: 5}, expect: deny}"
        #expect(try Self.report(policy, cases).failures.isEmpty)
        for (policy, params, says) in [
            (policy, "{limits: 5}", "has no param 'limits'"), (policy, "{limit: much}", "must be a number"),
            (PolicySamples.grant, "{limit: 5}", "a grant has no params"),
        ] {
            let name = policy == PolicySamples.grant ? "everyone" : "rule"
            let file = try Self.file(
                "- {name: a, params: \(params), expect: \(name == "rule" ? "deny" : "granted")}", of: name)
            let refusal = #expect(throws: Diagnostics.self) { try PolicySamples.load([policy]).test([file]) }
            #expect(refusal?.description.contains(says) == true, "\(refusal?.description ?? "")")
            #expect(refusal?.all.first?.location.line == 5)
        }
    }

    @Test("what comes of a case is told apart: pass, deny, warn, error and skip")
    func outcomes() throws {
        let cases = """
            - {name: a, expect: pass}
            - {name: b, set: {action.verify: false}, expect: deny}
            - {name: c, unknown: [action.verify], expect: error}
            - {name: d, set: {action.type: node.cordon}, expect: skip}
            """
        let match = "match: {actions: [service.restart]}"
        let report = try Self.report(PolicySamples.policy("action.verify", more: match), cases)
        #expect(report.failures.isEmpty)
        let advice = try Self.report(
            PolicySamples.policy("action.verify", enforcement: "advisory", more: match),
            cases.replacing("expect: deny", with: "expect: warn").replacing("expect: error", with: "expect: warn"))
        #expect(advice.failures.isEmpty)
    }

    @Test("a validation or match condition that was seen but one way is a gap, and one that was never decided too")
    func gaps() throws {
        let more = "matchConditions: [{name: big, expression: \"node.firewall.rules > 5\"}]"
        let policy = PolicySamples.policy("action.verify", more: more)
        let pass = "- {name: a, expect: pass}\n"
        let gaps = try Self.report(policy, pass).gaps
        #expect(gaps.map(\.part) == ["match condition big", "validation 1"])
        #expect(gaps.map(\.seen) == [true, true])
        let unknown = "- {name: a, unknown: [action.verify], expect: error}"
        #expect(try Self.report(policy, unknown).gaps.map(\.seen) == [true, nil])
        let both = """
            - {name: b, set: {action.verify: false}, expect: deny}
            - {name: c, set: {node.firewall.rules: 5}, expect: skip}
            """
        #expect(try Self.report(policy, pass + both).gaps.isEmpty)
    }

    @Test("a grant is granted or refused, and is a gap until it was seen to do both")
    func grants() throws {
        let set = try PolicySamples.load([PolicySamples.grant])
        let granted = "- {name: a, expect: granted}\n"
        #expect(try set.test([Self.file(granted, of: "everyone")]).gaps.map(\.seen) == [true])
        let refused = "- {name: b, set: {request.principal.groups: []}, expect: refused, says: it is for group sre}"
        let report = try set.test([Self.file(granted + refused, of: "everyone")])
        #expect(report.failures.isEmpty && report.gaps.isEmpty)
        let unknown = "- {name: c, unknown: [request.principal], expect: error}"
        #expect(try set.test([Self.file(unknown, of: "everyone")]).failures.isEmpty)
    }

    @Test("several files of one policy count together, and policies that no file is about are named")
    func untested() throws {
        let set = try PolicySamples.load([PolicySamples.policy("action.verify"), PolicySamples.grant])
        let report = try set.test([
            Self.file("- {name: a, expect: pass}"),
            Self.file("- {name: b, set: {action.verify: false}, expect: deny}"),
        ])
        #expect(report.gaps.isEmpty)
        #expect(report.untested.map(\.policy) == ["everyone"])
    }

    @Test(
        "a file about no policy of the set, and a case that expects what cannot come, are refused at their place",
        arguments: [
            ("rul", "- {name: a, expect: pass}", "rul.test.yaml:3:9", "did you mean 'rule'?"),
            ("rule", "- {name: a, expect: granted}", "rule.test.yaml:5:21", "one of pass, deny, warn, error, skip"),
            ("everyone", "- {name: a, expect: pass}", "everyone.test.yaml:5:21", "one of granted, refused, error"),
        ])
    func refused(policy: String, cases: String, place: String, says: String) throws {
        let set = try PolicySamples.load([PolicySamples.policy("action.verify"), PolicySamples.grant])
        do {
            _ = try set.test([Self.file(cases, of: policy)])
            Issue.record("it was accepted")
        } catch let error as Diagnostics {
            #expect(error.description.hasPrefix(place + ": "), "\(error)")
            #expect(error.description.contains(says), "\(error)")
        }
    }
}

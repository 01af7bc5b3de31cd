import Testing

@testable import Core

@Suite struct PolicyMutationTests {
    private static let policy = """
        apiVersion: belay/v1
        kind: Policy
        metadata: {name: rule}
        spec:
          enforcement: hard
          matchConditions:
          - {name: some, expression: "node.firewall.rules > 5"}
          variables:
          - name: quick
            expression: >-
              action.timeout < duration('1m')
              && action.verify
          validations:
          - {expression: "variables.quick || action.rollback", message: slow, remedy: Be quick.}
        """

    private static func report(_ cases: String) throws -> PolicyMutationReport {
        let text = "apiVersion: belay/v1\nkind: PolicyTest\npolicy: rule\ncases:\n\(cases)\n"
        let set = try PolicySamples.load([policy, PolicySamples.grant])
        let file = try PolicyTestFile.parse(Array(text.utf8), file: "rule.test.yaml")
        return try set.mutate([file], sources: [("p0.yaml", Array(policy.utf8))])
    }

    private static let cases = """
        - {name: well, expect: pass}
        - {name: few, set: {node.firewall.rules: 5}, expect: skip}
        - {name: more, set: {node.firewall.rules: 6}, expect: pass}
        - {name: slow, set: {action.timeout: 1m, action.rollback: false}, expect: deny}
        - {name: quick, set: {action.timeout: 59s, action.rollback: false}, expect: pass}
        - {name: unverified, set: {action.verify: false, action.rollback: false}, expect: deny}
        - {name: undone, set: {action.verify: false}, expect: pass}
        """

    @Test("conditions, variables and validations are changed, and close cases notice all of it")
    func noticed() throws {
        let report = try Self.report(Self.cases)
        #expect(report.tried == 10)
        #expect(report.survivors == [], "\(report.survivors)")
    }

    @Test("a change that no case notices is listed with its place, also in a folded text, and what it was")
    func survivor() throws {
        let report = try Self.report(Self.cases.replacing("action.timeout: 1m,", with: "action.timeout: 2m,"))
        #expect(report.survivors.map(\.location.description) == ["p0.yaml:11:22", "p0.yaml:11:33"])
        let first = try #require(report.survivors.first)
        #expect(first.policy == "rule")
        #expect(first.original == "action.timeout < duration('1m') && action.verify")
        #expect(first.mutant == "action.timeout <= duration('1m') && action.verify")
        #expect(report.survivors.last?.mutant == "action.timeout < duration('61s') && action.verify")
        #expect(try Self.report("- {name: well, expect: pass}").survivors.map(\.location.line) != [])
    }

    @Test("the same cases give the same report")
    func deterministic() throws {
        let cases = "- {name: well, expect: pass}"
        #expect(try Self.report(cases).survivors == Self.report(cases).survivors)
    }
}

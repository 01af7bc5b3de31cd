import Testing

@testable import Core

@Suite struct PolicyWarningsTests {
    private static func warnings(_ policy: String, tested: Set<String> = ["rule"]) throws -> [String] {
        let warnings = try PolicySamples.load([policy]).warnings(tested: tested)
        #expect(warnings.allSatisfy { $0.severity == .warning && $0.location.line != nil })
        return warnings.map(\.description)
    }

    @Test(
        "what loads and is probably not meant is said with its place",
        arguments: [
            (
                "variables: [{name: a, expression: 'true'}]", "hard",
                "p0.yaml:6:22: warning: spec.variables: no expression"
            ),
            (
                "match: {actions: [node.cordon], disrupts: [network]}", "hard",
                "p0.yaml:6:10: warning: spec.match: it can never fit: no action disrupts"
            ),
            (
                "match: {actions: [node.cordon, node.uncordon], touches: [labels]}", "hard",
                "p0.yaml:6:10: warning: spec.match: it can never fit: no action disrupts"
            ),
            (
                "match: {mutating: true, classes: [read]}", "hard",
                "p0.yaml:6:10: warning: spec.match: it can never fit: no step of class read is mutating"
            ),
        ])
    func warned(more: String, enforcement: String, says: String) throws {
        let warnings = try Self.warnings(PolicySamples.policy("action.verify", enforcement: enforcement, more: more))
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix(says) == true, "\(warnings)")
    }

    @Test(
        "what is as it should be is not warned about",
        arguments: [
            ("action.verify", ""), ("variables.a", "variables: [{name: a, expression: 'true'}]"),
            ("variables.b", "variables: [{name: a, expression: 'true'}, {name: b, expression: variables.a}]"),
            ("true", "match: {actions: [node.cordon, iptables.flush], disrupts: [network], mutating: true}"),
            ("true", "match: {classes: [read], mutating: false}"),
        ])
    func quiet(expression: String, more: String) throws {
        #expect(try Self.warnings(PolicySamples.policy(expression, more: more)) == [])
    }

    @Test("a soft policy is not warned about, whether approvals turn it or break-glass")
    func soft() throws {
        for expression in ["approvals.size() > 0", "action.rollback"] {
            let policy = PolicySamples.policy(expression, enforcement: "soft", more: "match: {phases: [execute]}")
            #expect(try Self.warnings(policy) == [])
        }
    }

    @Test(
        "a standing grant says what it does not limit, and another grant nothing",
        arguments: [
            ("runbooks: [\"*\"], standing: true", "which runbooks, which nodes, how many nodes at once"),
            ("runbooks: [a], standing: true, targets: {roles: [worker]}", "does not say how many nodes at once"),
            ("runbooks: [a], standing: true, targets: {maxNodes: 1}", "does not say which nodes"),
            ("runbooks: [a], standing: true, targets: {pools: [blue], maxNodes: 1}", nil),
            ("runbooks: [\"*\"]", nil), ("runbooks: [\"*\"], standing: false", nil),
        ])
    func standing(spec: String, says: String?) throws {
        let grant = PolicySamples.grant.replacing("runbooks: [\"*\"]", with: spec)
        let warnings = try Self.warnings(grant, tested: ["everyone"])
        #expect(warnings.count == (says == nil ? 0 : 1))
        #expect(says.map { warnings.first?.contains($0) == true } ?? true, "\(warnings)")
    }

    @Test("a remedy without a word, and policies and grants without cases, are warned about")
    func remedyAndCases() throws {
        let policy = PolicySamples.policy("action.verify").replacing("remedy: mend it", with: "remedy: '…'")
        #expect(try Self.warnings(policy).first?.contains("its remedy says nothing") == true)
        let set = try PolicySamples.load([PolicySamples.policy("action.verify"), PolicySamples.grant])
        #expect(set.warnings(tested: ["rule"]).map(\.summary) == ["'everyone' has no cases"])
        #expect(set.warnings(tested: []).map(\.summary) == ["'rule' has no cases", "'everyone' has no cases"])
    }
}

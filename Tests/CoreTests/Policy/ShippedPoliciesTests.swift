import CEL
import Foundation
import Testing

@testable import Core

/// Every file of `policies/` is loaded and run against the cases beside it; a file without cases fails.
@Suite struct ShippedPoliciesTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../policies").standardizedFileURL

    static let names: [String] = {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        return (names ?? []).filter(PolicySet.isPolicyFile).sorted()
    }()

    static func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: name))) }

    static func loaded() throws -> PolicySet {
        try PolicySet.load(try names.map { (file: "policies/\($0)", bytes: try bytes($0)) })
    }

    @Test("the policies that ship load together, and are the ones that must ship")
    func load() throws {
        let set = try Self.loaded()
        #expect(
            Set(set.policies.map(\.name)).isSuperset(of: [
                "change-freeze", "change-window", "firewall-flush-needs-dead-man", "irreversible-denied",
                "mutation-needs-rollback-and-verify", "production-needs-approval",
            ]))
        #expect(Set(set.grants.map(\.name)) == ["default-grant-sre", "default-grant-automation"])
    }

    @Test("each file has the name of the policy in it, and a file of cases beside it", arguments: names)
    func beside(_ name: String) throws {
        let tests = try PolicyTestFile.parse(Self.bytes(Self.testFile(of: name)), file: Self.testFile(of: name))
        #expect(tests.policy + ".yaml" == name)
        let set = try Self.loaded()
        #expect(set.policies.contains { $0.name == tests.policy } || set.grants.contains { $0.name == tests.policy })
    }

    @Test("every case comes out as it says, and every validation is seen both true and false", arguments: names)
    func cases(_ name: String) throws {
        let file = Self.testFile(of: name)
        let tests = try PolicyTestFile.parse(Self.bytes(file), file: file)
        let set = try Self.loaded()
        if let policy = set.policies.first(where: { $0.name == tests.policy }) {
            let seen = try Self.run(tests, on: policy)
            for (index, values) in seen.enumerated() {
                #expect(values == [true, false], "\(name): validation \(index) was only seen \(values)")
            }
        } else if let grant = set.grants.first(where: { $0.name == tests.policy }) {
            let seen = try Self.run(tests, on: grant)
            #expect(seen.isSuperset(of: [.granted, .refused]), "\(name): a grant is tested for both")
        } else {
            Issue.record("\(name) holds no policy and no grant of the name \(tests.policy)")
        }
    }

    @Test("a validation that no case makes false is noticed")
    func coverageIsNoticed() throws {
        let set = try PolicySamples.load([PolicySamples.policy("action.rollback")])
        let text = "apiVersion: belay/v1\nkind: PolicyTest\npolicy: rule\ncases:\n- {name: passes, expect: pass}\n"
        let tests = try PolicyTestFile.parse(Array(text.utf8), file: "rule.test.yaml")
        #expect(try Self.run(tests, on: set.policies[0]) == [[true]])
    }

    private static func testFile(of name: String) -> String { name.dropLast(".yaml".count) + ".test.yaml" }

    /// Runs the cases; the values each validation was seen to have.
    private static func run(_ tests: PolicyTestFile, on policy: Policy) throws -> [Set<Bool>] {
        var seen = policy.validations.map { _ in Set<Bool>() }
        for item in tests.cases {
            var meter = PolicyMeter(limit: PolicySet.costLimit)
            let verdict = policy.judge(try item.document(), &meter)
            let messages = verdict.findings.map(\.message)
            #expect(outcome(of: verdict) == item.expectation, "\(policy.name): \(item.name): \(messages)")
            if let says = item.says {
                #expect(messages.contains { $0.contains(says) }, "\(policy.name): \(item.name): \(messages)")
            }
            for (index, value) in verdict.values.enumerated() { if let value { seen[index].insert(value) } }
        }
        return seen
    }

    private static func run(_ tests: PolicyTestFile, on grant: Grant) throws -> Set<PolicyTestFile.Expectation> {
        var seen: Set<PolicyTestFile.Expectation> = []
        for item in tests.cases {
            let document = try item.document()
            let outcome: PolicyTestFile.Expectation
            do { outcome = try grant.misfit(document) == nil ? .granted : .refused } catch { outcome = .error }
            #expect(outcome == item.expectation, "\(grant.name): \(item.name)")
            seen.insert(outcome)
        }
        return seen
    }

    private static func outcome(of verdict: Policy.Verdict) -> PolicyTestFile.Expectation {
        if !verdict.matches { return .skip }
        let outcomes = Set(verdict.findings.map(\.outcome))
        if outcomes.contains(.error) { return .error }
        if outcomes.contains(.deny) { return .deny }
        return outcomes.contains(.warn) ? .warn : .pass
    }
}

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

    static func cases(of name: String) throws -> PolicyTestFile {
        let file: String = name.dropLast(".yaml".count) + ".test.yaml"
        return try PolicyTestFile.parse(bytes(file), file: "policies/\(file)")
    }

    @Test("the policies that ship load together, and are the ones that must ship")
    func load() throws {
        let set = try Self.loaded()
        #expect(
            Set(set.policies.map(\.name)).isSuperset(of: [
                "automation-scope", "blast-radius-and-canary", "break-glass-well-formed", "change-freeze",
                "change-window",
                "control-plane-one-at-a-time", "disruption-storm-breaker", "drain-respects-pods", "etcd-quorum-kept",
                "facts-are-fresh",
                "firewall-flush-needs-dead-man", "flapping-node-escalates", "irreversible-denied",
                "kubelet-restart-cooldown", "mutation-needs-rollback-and-verify", "network-change-two-groups",
                "pool-cordon-percent", "pool-max-unavailable", "production-two-approvals",
                "prune-needs-disk-pressure", "runbook-digest-reviewed",
            ]))
        #expect(Set(set.grants.map(\.name)) == ["default-grant-sre", "default-grant-automation"])
    }

    @Test("each file has the name of the policy in it, and a file of cases beside it", arguments: names)
    func beside(_ name: String) throws {
        #expect(try Self.cases(of: name).policy + ".yaml" == name)
    }

    @Test("every case comes out as it says, and everything is seen both true and false", arguments: names)
    func cases(_ name: String) throws {
        let report = try Self.loaded().test([Self.cases(of: name)])
        #expect(!report.outcomes.isEmpty)
        for failure in report.failures {
            Issue.record("\(name): \(failure.test.name): \(failure.found) \(failure.messages)")
        }
        for gap in report.gaps { Issue.record("\(name): \(gap.part) was only seen \(String(describing: gap.seen))") }
    }

    @Test("docs/policies.md has a row for each, with its enforcement and the defaults of its params, and none besides")
    func documented() throws {
        let set = try Self.loaded()
        let text = try String(contentsOf: Self.folder.appending(path: "../docs/policies.md"), encoding: .utf8)
        let section = try #require(
            text.components(separatedBy: "## What ships\n").last?.components(separatedBy: "\n## ").first)
        let rows = section.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { row in
            row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let found = rows.map { [$0[0], $0[1], $0[3]].joined(separator: " | ") }
        let policies = set.policies.map { "`\($0.name)` | \($0.enforcement.rawValue) | \(Self.settings($0.params))" }
        #expect(Set(found) == Set(policies + set.grants.map { "`\($0.name)` | grant | " }))
        #expect(rows.allSatisfy { $0[2].count > 20 })
    }

    /// As they would be written in a policy's file.
    private static func settings(_ params: [String: PolicyParam]) -> String {
        params.sorted { $0.key < $1.key }.map { key, value in
            switch value {
            case .single(let scalar): "`\(key): \(text(scalar))`"
            case .list(let items): "`\(key): [\(items.map(text).joined(separator: ", "))]`"
            }
        }.joined(separator: ", ")
    }

    private static func text(_ scalar: YAMLScalar) -> String {
        switch scalar {
        case .bool(let flag): "\(flag)"
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        case .string(let text): text.isEmpty ? "\"\"" : text
        case .null, .ambiguous: "?"
        }
    }

    /// Changes that no case can or need notice: what the change is, and why.
    static let survivors: [String: String] = [:]

    @Test("every change of an operator or constant is noticed by a case, but for those that are explained")
    func mutants() throws {
        let sources = try Self.names.map { (file: "policies/\($0)", bytes: try Self.bytes($0)) }
        let report = try Self.loaded().mutate(Self.names.map { try Self.cases(of: $0) }, sources: sources)
        #expect(report.tried >= 20)
        #expect(Set(report.survivors.map(\.mutant)) == Set(Self.survivors.keys), "\(report.survivors)")
        #expect(Self.survivors.count <= 5)
    }
}

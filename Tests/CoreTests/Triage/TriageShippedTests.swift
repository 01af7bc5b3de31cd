import CEL
import Foundation
import Testing

@testable import Core

/// The rules that ship, as files.
@Suite("shipped rules of triage")
struct TriageShippedTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../runbooks/triage").standardizedFileURL.path

    static func files(_ isWanted: (String) -> Bool) throws -> [(name: String, bytes: [UInt8])] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted().filter(isWanted).map { name in
            ("runbooks/triage/\(name)", Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))))
        }
    }

    static func rules() throws -> TriageRules {
        let sets = try files { $0.hasSuffix(".yaml") && !$0.hasSuffix(".test.yaml") }.map { file in
            do throws(Diagnostics) { return try TriageSet.parse(file.bytes, file: file.name) } catch {
                throw Explained("\(error.render(source: String(decoding: file.bytes, as: UTF8.self)))")
            }
        }
        do throws(Diagnostics) { return try TriageRules(sets) } catch { throw Explained("\(error)") }
    }

    struct Explained: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    @Test("all eight symptom sets are there, each with symptoms and causes")
    func sets() throws {
        let rules = try Self.rules()
        #expect(rules.sets.map(\.letter) == ["A", "B", "C", "D", "E", "F", "G", "H"])
        #expect(rules.sets.allSatisfy { !$0.symptoms.isEmpty && !$0.causes.isEmpty })
    }
}

extension TriageShippedTests {
    @Test("every case beside the rules comes out as it says")
    func cases() throws {
        let rules = try Self.rules()
        let sample = try #require(try Self.files { $0 == "sample.json" }.first)
        let evidence = try TriageEvidence.parse(sample.bytes, file: sample.name)
        var (found, offered): (Set<String>, Set<String>) = ([], [])
        for file in try Self.files({ $0.hasSuffix(".test.yaml") }) {
            for outcome in rules.test(try TriageTestFile.parse(file.bytes, file: file.name, sample: evidence)) {
                #expect(outcome.faults.isEmpty, "\(file.name): \(outcome.test.name): \(outcome.faults)")
                found.formUnion(outcome.report.findings.map(\.rule))
                for finding in outcome.report.findings where outcome.test.offers != nil {
                    offered.formUnion(finding.runbooks.map { "\(finding.rule): \($0.name)" })
                }
                found.formUnion(outcome.report.findings.flatMap(\.consequences).map(\.rule))
            }
        }
        let all = Set(rules.sets.flatMap(\.rules).map(\.name))
        #expect(all.subtracting(found).isEmpty, "no case shows these rules")
        let offers = rules.sets.flatMap(\.rules).flatMap { rule in rule.runbooks.map { "\(rule.name): \($0.name)" } }
        #expect(Set(offers).subtracting(offered).isEmpty, "no case says that these are offered")
    }

    @Test("what was recorded of a healthy cluster yields no finding, and every rule could be checked")
    func healthy() throws {
        let sample = try #require(try Self.files { $0 == "sample.json" }.first)
        let report = try Self.rules().judge(try TriageEvidence.parse(sample.bytes, file: sample.name))
        #expect(report.findings.isEmpty && report.unchecked.isEmpty)
        #expect(report.scope.kind == .nothing && report.layer == nil)
    }

    @Test("every runbook that a rule names is one that ships")
    func runbooks() throws {
        let shipped = URL(fileURLWithPath: Self.folder).deletingLastPathComponent().path
        for rule in try Self.rules().sets.flatMap(\.rules) {
            for remedy in rule.runbooks {
                let file = URL(fileURLWithPath: "\(shipped)/\(remedy.name).yaml")
                let runbook = try Runbook.parse(Array(try Data(contentsOf: file)), file: file.lastPathComponent)
                let known = Set(runbook.parameters.map(\.name))
                #expect(known.isSuperset(of: remedy.parameters.keys), "\(rule.name)")
                #expect(known.isSuperset(of: remedy.from.keys), "\(rule.name)")
            }
        }
    }
}

extension TriageShippedTests {
    private static func runbooks(ownedBy owner: String) throws -> [TriageReport.Finding.Remedy] {
        let texts = ["namespace": "kube-system", "name": "p-1", "node": "n", "owner": owner, "reason": "ErrImagePull"]
        let others: [String: Value] = ["image": "a:1", "message": "", "restarts": .int(4), "lastReason": ""]
        let pod = Value.message(name: "Pod", fields: texts.mapValues(Value.string).merging(others) { $1 })
        let evidence = TriageEvidence(
            nodes: [:], kubernetes: .message(name: "ClusterState", fields: ["pods": .list([pod])]),
            now: Timestamp(milliseconds: 0))
        let finding = try rules().judge(evidence).findings.first { $0.rule == "image-not-pullable" }
        return try #require(finding).runbooks
    }

    @Test(
        "a pod's workload is what is rolled back, by its own name",
        arguments: [
            ("ReplicaSet/web-shop-5d9f", "Deployment", "web-shop"), ("StatefulSet/db-main", "StatefulSet", "db-main"),
        ])
    func owners(owner: String, kind: String, name: String) throws {
        let parameters = ["kind": kind, "namespace": "kube-system", "name": name]
        #expect(try Self.runbooks(ownedBy: owner) == [.init(name: "rollback-deployment", parameters: parameters)])
    }

    @Test(
        "what has no revisions, or nobody can name, is not offered",
        arguments: ["", "Job/x", "ReplicaSet/odd", "Node/n"])
    func notOwned(owner: String) throws { #expect(try Self.runbooks(ownedBy: owner).isEmpty) }
}

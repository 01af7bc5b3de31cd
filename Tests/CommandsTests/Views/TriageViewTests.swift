import CEL
import Testing

@testable import Commands
@testable import Core
@testable import Engine

/// What `belay triage` prints.
@Suite("triage as text")
struct TriageViewTests {
    /// So many pods are late, since a node is full.
    private static func view(pods: Int, verbose: Bool = false) throws -> TriageView {
        let text = """
            apiVersion: belay/v1
            kind: Triage
            metadata: {name: one, set: A, title: The first}
            spec:
              symptoms:
              - {name: late, about: pod, layer: application, title: A pod is late, expression: "true", evidence: []}
              causes:
              - {name: full, about: cluster, layer: node, title: It is full, expression: "true", evidence: [], explains: [late], advice: Make room.}
              - {name: crash, about: pod, layer: application, title: It ends, expression: "true", evidence: [pod.reason], advice: Mend it.}
            """
        let rules = try TriageRules([TriageSet.parse(Array(text.utf8), file: "one.yaml")])
        let listed = (0..<pods).map { number in
            let fields = ["namespace": "shop", "name": "p\(number)", "node": "", "owner": "", "reason": "r\(number)"]
            return Value.message(name: "Pod", fields: fields.mapValues(Value.string))
        }
        let evidence = TriageEvidence(
            nodes: [:], kubernetes: .message(name: "ClusterState", fields: ["pods": .list(listed)]),
            now: Timestamp(milliseconds: 0))
        let report = rules.judge(evidence)
        return TriageView(
            report: report, remedies: report.findings.map { _ in [] }, unseen: [:], names: [:], verbose: verbose)
    }

    @Test("what is alike is shown up to four times, and counted; all of it when asked for")
    func alike() throws {
        let short = try Self.view(pods: 10).text(.plain)
        #expect(short.contains("A pod is late: pod shop/p0, pod shop/p1, pod shop/p2, pod shop/p3 and 6 more\n"))
        #expect(short.contains("   on pod shop/p3\n     r3\n   and on 6 more (--verbose lists them)\n"))
        #expect(!short.contains("p4"))
        let whole = try Self.view(pods: 10, verbose: true).text(.plain)
        #expect(whole.contains("pod shop/p9\n") && whole.contains("     r9\n") && !whole.contains(" more"))
        #expect(try !Self.view(pods: 4).text(.plain).contains(" more"))
    }
}

import CEL
import Testing

@testable import Commands
@testable import Core
@testable import Engine

extension HostileViews {
    static let triage: [String: Case] = [
        "TriageView": { _ in
            let report = try Self.hostileTriage()
            let remedy = TriageRemedy(
                runbook: Hostile.text, title: Hostile.text, reversibility: nil,
                parameters: [Hostile.text: Hostile.text],
                nodes: ["n"])
            let view = TriageView(
                report: report, remedies: report.findings.map { _ in [remedy] }, unseen: [Hostile.text: Hostile.text],
                names: ["n": Hostile.text], verbose: true)
            return [view.text(.plain), try view.json()]
        },
        "TriageTestView": { _ in
            [TriageTestView(outcomes: try Self.triageOutcomes()).text(.plain)]
        },
        "RunbookTestView": { _ in
            let test = RunbookTestFile.Case(
                name: Hostile.text, location: SourceLocation(file: Hostile.text, line: 1, column: 1),
                parameters: [:], steps: [], refused: nil, facts: .null)
            return [RunbookTestView(outcomes: [.init(test: test, faults: [Hostile.text])]).text(.plain)]
        },
    ]

    /// Rules that are true of whatever the API says, and of nothing that can be told of the node.
    private static let rules = """
        apiVersion: belay/v1
        kind: Triage
        metadata: {name: s, set: A, title: t}
        spec:
          symptoms:
          - {name: pod, about: pod, layer: application, title: A pod, expression: "true", evidence: [pod.message, pod.lines]}
          causes:
          - {name: cause, about: pod, layer: node, title: Why, expression: "true", evidence: [pod.reason, pod.restarts], advice: Do it}
          - {name: node, about: node, layer: node, title: A node, expression: "facts.kubelet.healthz == 0", evidence: [], advice: Do it}
        """

    private static var evidence: TriageEvidence {
        let texts = ["namespace", "name", "node", "owner", "reason", "message"]
        let fields = texts.map { ($0, Value.string(Hostile.text)) } + [("lines", .list([.string(Hostile.text)]))]
        let pod = Value.message(name: "Pod", fields: Dictionary(uniqueKeysWithValues: fields))
        return TriageEvidence(
            nodes: ["n": NodeFacts.unknown(Hostile.text).value],
            kubernetes: .message(name: "ClusterState", fields: ["pods": .list([pod])]), now: Timestamp(milliseconds: 0))
    }

    private static func hostileTriage() throws -> TriageReport {
        try TriageRules([TriageSet.parse(Array(rules.utf8), file: Hostile.text)]).judge(evidence)
    }

    private static func triageOutcomes() throws -> [TriageTestFile.Outcome] {
        let test = TriageTestFile.Case(
            name: Hostile.text, location: SourceLocation(file: Hostile.text, line: 1, column: 1),
            expected: [Hostile.text],
            follows: [Hostile.text], unchecked: [Hostile.text], evidence: evidence)
        let rules = try TriageRules([TriageSet.parse(Array(rules.utf8), file: "rules.yaml")])
        return rules.test(TriageTestFile(cases: [test]))
    }
}

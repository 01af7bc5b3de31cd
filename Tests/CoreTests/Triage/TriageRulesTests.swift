import CEL
import Foundation
import Testing

@testable import Core

/// What is behind what, how far it reaches, and what cannot be told.
@Suite("triage")
struct TriageRulesTests {
    /// Rules over `kubernetes` and a node's disks, small enough to be seen through.
    static func rules(explains: String = "[late]") throws -> TriageRules {
        let text = """
            apiVersion: belay/v1
            kind: Triage
            metadata: {name: one, set: A, title: The first}
            spec:
              symptoms:
              - {name: sick, about: node, layer: node, title: It is sick, expression: "facts.kubelet.healthz != 200", evidence: []}
              causes:
              - name: full
                about: node
                layer: node
                title: It is full
                expression: "facts.disks.exists(d, facts.disks[d].usedPercent > 90.0)"
                evidence: ["facts.disks.map(d, d)", "facts.kubelet.healthz", "'' + facts.machine.os"]
                explains: \(explains)
                advice: Make room.
              - {name: late, about: pod, layer: application, title: A pod is late, expression: "pod.unready", evidence: [pod.reason], advice: Wait.}
            """
        return try TriageRules([TriageSet.parse(Array(text.utf8), file: "one.yaml")])
    }

    static func node(healthz: Int64 = 200, used: Double? = 10) -> Value {
        let disk = used.map { Value.message(name: "Disk", fields: ["usedPercent": .double($0)]) }
        return .message(
            name: "Facts",
            fields: [
                "kubelet": .message(name: "Kubelet", fields: ["healthz": .int(healthz)]),
                "disks": disk.map { .map(MapValue(["/var": $0])) } ?? .unknown(path: "facts.disks", cause: "df hung"),
                "machine": .message(
                    name: "Machine", fields: ["os": .unknown(path: "facts.machine.os", cause: "no file")]),
            ])
    }

    static func pod(_ name: String, on node: String) -> Value {
        .message(
            name: "Pod",
            fields: [
                "namespace": "shop", "name": .string(name), "node": .string(node), "owner": "", "unready": true,
                "reason": "Pending",
            ])
    }

    static func evidence(_ nodes: [String: Value], pods: Value = .list([])) -> TriageEvidence {
        TriageEvidence(
            nodes: nodes, kubernetes: .message(name: "ClusterState", fields: ["pods": pods]),
            now: Timestamp(milliseconds: 1_000))
    }

    @Test("a set's symptom follows from its cause on the same node, and stands alone on another")
    func symptoms() throws {
        let report = try Self.rules().judge(
            Self.evidence(["a": Self.node(healthz: 0, used: 95), "b": Self.node(healthz: 0)]))
        #expect(report.findings.map(\.rule) == ["full", "sick"])
        #expect(report.findings.map(\.isUnexplained) == [false, true])
        #expect(report.findings[0].consequences.map(\.subjects) == [["node a"]])
        #expect(report.findings[1].places.map(\.subject) == ["node b"])
        #expect(report.scope == .init(kind: .nodes, names: ["a", "b"]) && report.layer == .node)
    }

    @Test("a runbook is offered where it applies, with what is read from evidence, and the rule's order is kept")
    func remedies() throws {
        let text = """
            apiVersion: belay/v1
            kind: Triage
            metadata: {name: one, set: A, title: The first}
            spec:
              symptoms:
              - {name: sick, about: node, layer: node, title: It is sick, expression: "false", evidence: []}
              causes:
              - name: down
                about: node
                layer: node
                title: It is down
                expression: "facts.kubelet.healthz != 200"
                evidence: []
                runbooks:
                - {name: first, when: "facts.kubelet.healthz == 0", from: {unit: "'unit-' + node"}}
                - {name: second, when: "facts.kubelet.healthz == 500", parameters: {force: "no"}}
                - {name: never, when: "facts.machine.os == 'x'"}
                - {name: untold, from: {os: "facts.machine.os"}}
                - {name: third}
                advice: Wait.
            """
        let rules = try TriageRules([TriageSet.parse(Array(text.utf8), file: "one.yaml")])
        let nodes = ["a": Self.node(healthz: 500), "b": Self.node(healthz: 0), "c": Self.node(healthz: 0)]
        let offered = try #require(rules.judge(Self.evidence(nodes)).findings.first).runbooks
        #expect(offered.map(\.name) == ["first", "first", "second", "third"])
        #expect(offered.map(\.parameters) == [["unit": "unit-b"], ["unit": "unit-c"], ["force": "no"], [:]])
        #expect(offered.map(\.nodes) == [["b"], ["c"], ["a"], ["a", "b", "c"]])
    }

    @Test("a pod's trouble follows from that of its own node, and of no other")
    func pods() throws {
        let pods = Value.list([Self.pod("here", on: "a"), Self.pod("there", on: "b")])
        let report = try Self.rules().judge(
            Self.evidence(["a": Self.node(used: 95), "b": Self.node()], pods: pods))
        #expect(report.findings.map(\.rule) == ["full", "late"])
        #expect(report.findings[0].consequences.map(\.subjects) == [["pod shop/here"]])
        #expect(report.findings[1].places.map(\.subject) == ["pod shop/there"])
    }

    @Test("lines are texts, lists of them, values behind their expressions, and what is not known with its cause")
    func lines() throws {
        let report = try Self.rules().judge(Self.evidence(["a": Self.node(used: 95)]))
        let lines = try #require(report.findings.first?.places.first?.evidence)
        #expect(lines == ["/var", "facts.kubelet.healthz = 200", "facts.machine.os is not known: no file"])
    }

    @Test("a rule about what is not known is neither found nor ruled out, and says why")
    func unknown() throws {
        let report = try Self.rules().judge(
            Self.evidence(["a": Self.node(used: nil)], pods: .unknown(path: "kubernetes.pods", cause: "refused")))
        #expect(report.findings.isEmpty && report.ruledOut.isEmpty && report.scope.kind == .nothing)
        #expect(report.unchecked.map(\.rule) == ["full", "late"])
        #expect(report.unchecked.map { $0.subject?.description } == ["node a", nil])
        #expect(report.unchecked[0].cause == "facts.disks is not known: df hung")
        #expect(report.unchecked[1].cause == "kubernetes.pods is not known: refused")
    }

    @Test("what was so for a moment only is no finding")
    func twice() throws {
        let (well, full) = (Self.evidence(["a": Self.node()]), Self.evidence(["a": Self.node(used: 95)]))
        let rules = try Self.rules()
        #expect(rules.judge(full, after: well).findings.isEmpty)
        #expect(rules.judge(well, after: full).findings.isEmpty)
        #expect(rules.judge(full, after: full).findings.map(\.rule) == ["full"])
    }

    @Test("pods in different namespaces are a trouble of these, and without nodes")
    func namespaces() throws {
        let report = try Self.rules().judge(
            Self.evidence(["a": Self.node()], pods: .list([Self.pod("p", on: "a")])))
        #expect(report.scope == .init(kind: .namespaces, names: ["shop"]) && report.layer == .application)
    }

    @Test(
        "faults of rule files are said with their places",
        arguments: [
            ("[nobody]", "there is no rule 'nobody'"), ("[sick, late, full]", "explains itself"),
        ])
    func faults(explains: String, says: String) {
        do {
            _ = try Self.rules(explains: explains)
            Issue.record("it was accepted")
        } catch {
            #expect("\(error)".contains(says) && "\(error)".contains("one.yaml:"), "\(error)")
        }
    }

    @Test("two rules of one name are refused")
    func twins() throws {
        let one = try #require(try Self.rules().sets.first)
        #expect(throws: Diagnostics.self) { try TriageRules([one, one]) }
    }

    @Test("of named nodes nothing is ruled out that was not looked at, and pods beyond the list are said")
    func parts() throws {
        var evidence = Self.evidence(
            ["a": Self.node()], pods: .list([Self.pod("far", on: "b"), Self.pod("new", on: "")]))
        guard case .message(let name, var fields) = evidence.kubernetes else { return }
        (fields["workloads"], fields["services"]) = (.list([]), .list([]))
        fields["troubledPodCount"] = 2
        evidence.kubernetes = .message(name: name, fields: fields)
        evidence.keepPods(on: ["a"])
        let report = try Self.rules().judge(evidence)
        #expect(report.findings.flatMap(\.places).map(\.subject) == ["pod shop/new"] && report.unchecked.isEmpty)
        guard case .unknown(let cause) = evidence.cases(about: .service) else {
            Issue.record("Services were looked at")
            return
        }
        #expect(cause.contains("--cluster"))
        fields["troubledPodCount"] = 500
        evidence.kubernetes = .message(name: name, fields: fields)
        #expect(try Self.rules().judge(evidence).unchecked.contains { $0.cause.hasPrefix("of 500 pods") })
        (fields["troubledWorkloadCount"], fields["troubledServiceCount"]) = (7, 8)
        evidence.kubernetes = .message(name: name, fields: fields)
        #expect(evidence.gap(about: .workload) == "of 7 workloads with trouble only 0 were looked at")
        #expect(evidence.gap(about: .service) == "of 8 Services with trouble only 0 were looked at")
        #expect(evidence.gap(about: .node) == nil)
    }

    @Test(
        "what a control plane does to other nodes is a symptom there; a node that is full says nothing of another",
        arguments: [("control-plane", ["broken"]), ("node", ["broken", "sick"])])
    func elsewhere(layer: String, found: [String]) throws {
        let text = """
            apiVersion: belay/v1
            kind: Triage
            metadata: {name: one, set: A, title: The first}
            spec:
              symptoms:
              - {name: sick, about: node, layer: node, title: It is sick, expression: "facts.kubelet.healthz != 200", evidence: []}
              causes:
              - {name: broken, about: node, layer: \(layer), title: It is broken, expression: "node == 'a'", evidence: [], explains: [sick], advice: Mend it.}
            """
        let rules = try TriageRules([TriageSet.parse(Array(text.utf8), file: "one.yaml")])
        let report = rules.judge(Self.evidence(["a": Self.node(), "b": Self.node(healthz: 0)]))
        #expect(report.findings.map(\.rule) == found)
    }
}

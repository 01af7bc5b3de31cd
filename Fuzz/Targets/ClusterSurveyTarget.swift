import CEL
import Core

private let survey = ClusterSurvey(kubeconfig: "/k")

private let questions: [Program] = {
    var declarations = Declarations()
    Facts.declare(in: &declarations)
    ClusterSurvey.declare(in: &declarations)
    return [
        "kubernetes.api.reachable && kubernetes.nodes.exists(n, kubernetes.nodes[n].pressures.size() > 0)",
        "kubernetes.pods.exists(p, p.reason == 'CrashLoopBackOff' && p.lines.size() > 0 && p.exitCode != 0)",
        "kubernetes.workloads.all(w, w.ready < w.desired) || kubernetes.services.exists(s, s.matching == 0)",
        "kubernetes.leases['kube-scheduler'].age > duration('1m') || kubernetes.events.exists(e, e.count > 9)",
    ].compactMap { try? Program.compile($0, declarations: declarations) }
}()

/// The answers, in parts.
func clusterSurvey(_ bytes: [UInt8]) {
    expect(questions.count == 4, "the questions are ones that triage may ask")
    let facts = survey.parse(outputs(bytes, survey.commands().count), at: Timestamp(milliseconds: 1_795_000_000_000))
    let value = facts.value
    expectDeclared(value, .message("ClusterState"))
    for question in questions {
        let first = question.evaluate(["kubernetes": value])
        expect(first.result == question.evaluate(["kubernetes": value]).result, "a question has one answer")
    }
    for name in (facts.nodes.value ?? [:]).keys {
        expect(facts.kubernetes(of: name).node.unschedulable.value != nil, "a node that is listed is known")
    }
}

private func expectDeclared(_ value: Value, _ type: CELType) {
    switch (value, type) {
    case (.list(let elements), .list(let type)):
        expect(elements.count <= 200, "lists have an end")
        for element in elements { expectDeclared(element, type) }
    case (.map(let map), .map(.string, let type)):
        for entry in map.entries { expectDeclared(entry.value, type) }
    case (.message("KubernetesAPI", _), .message("KubernetesAPI")): break
    case (.message(let name, let fields), .message(let declared)):
        let table = ClusterSurvey.messages[name] ?? []
        expect(name == declared && Set(table.map(\.name)) == Set(fields.keys), "a message is as declared: \(name)")
        for field in table { expectDeclared(fields[field.name] ?? .null, field.type) }
    case (.error, _): break
    case (.string(let text), .string):
        expect(text.unicodeScalars.allSatisfy { !Printable.deceives($0) }, "text does nothing to a terminal")
    default:
        expect(value.kind == "\(type)" || "google.protobuf.\(value.kind)" == "\(type)", "\(value.kind) is not \(type)")
    }
}

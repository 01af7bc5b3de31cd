import CEL

/// What nodes use, where a metrics server says it.
enum UsageSurvey: SurveyTemplate {
    static let read = SurveyRead(paths: ["/apis/metrics.k8s.io/v1beta1/nodes"], template: template)

    private static let shapes = ["usage": "sss"]

    private static let template = make(
        #"{{if eq .kind "NodeMetrics"}}"#,
        line("usage", text(".metadata.name"), text(".usage.cpu"), text(".usage.memory")), "{{end}}")

    /// `kubernetes.usage`, in percent of what the nodes have for pods, as `kubectl top` counts.
    static func usage(_ answer: Fact<String>, of nodes: Fact<[String: ClusterSurveyFacts.Node]>) -> Fact<Value> {
        answer.flatMap { SurveyRows.read($0, shapes) }.map { rows in
            let pairs = rows.rows.map { row in
                let path = "kubernetes.usage['\(row.text(0))']"
                let all = nodes.flatMap { nodes in
                    nodes[row.text(0)].map { Fact.known($0.allocatable) } ?? .unknown("Kubernetes has no such node")
                }
                let fields = [
                    "cpuPercent": all.flatMap { percent(row.text(1), of: $0.cpu) },
                    "memoryPercent": all.flatMap { percent(row.text(2), of: $0.memory) },
                ]
                return (row.text(0), Value.facts("Usage", at: path, fields))
            }
            return .map(MapValue(Dictionary(pairs) { first, _ in first }))
        }
    }

    private static func percent(_ used: String, of all: Double?) -> Fact<Value> {
        guard let all, all > 0 else { return .unknown("the node does not say how much it has for pods") }
        guard let used = KubernetesQuantity.parse(used) else {
            return .unknown("the metrics server says '\(Printable.escape(used, limit: 30))'")
        }
        return .known(.double(used / all * 100))
    }
}

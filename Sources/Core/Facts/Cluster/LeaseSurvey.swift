import CEL

/// The leases of nodes and of the two components of the control plane that elect a leader.
enum LeaseSurvey: SurveyTemplate {
    private static let path = "/apis/coordination.k8s.io/v1/namespaces"
    private static let leaders = ["kube-controller-manager", "kube-scheduler"]

    static let read = SurveyRead(
        paths: ["\(path)/kube-system/leases", "\(path)/kube-node-lease/leases"], template: template)

    private static let shapes = ["node": "ss", "leader": "sss"]

    private static let template = make(
        #"{{if eq .kind "Lease"}}{{if eq .metadata.namespace "kube-node-lease"}}"#,
        line("node", text(".metadata.name"), text(".spec.renewTime")),
        #"{{else if or (eq .metadata.name "\#(leaders[0])") (eq .metadata.name "\#(leaders[1])")}}"#,
        line("leader", text(".metadata.name"), text(".spec.holderIdentity"), text(".spec.renewTime")),
        "{{end}}{{end}}")

    struct Leases {
        /// How old the lease of a node is.
        var nodes: [String: Fact<Duration>]
        /// `kubernetes.leases`.
        var leaders: Value
    }

    /// - Parameter now: the host's time.
    static func leases(_ answer: Fact<String>, at now: Timestamp) -> Fact<Leases> {
        answer.flatMap { SurveyRows.read($0, shapes) }.map { rows in
            let nodes = rows.all("node").map {
                ($0.text(0), KubernetesNodeFacts.age(ofLease: $0.text(1), at: now))
            }
            let held = rows.all("leader").filter { leaders.contains($0.text(0)) }.map { row in
                let path = "kubernetes.leases['\(row.text(0))']"
                let age = KubernetesNodeFacts.age(ofLease: row.text(2), at: now).map(Value.duration)
                return (
                    row.text(0), Value.facts("Lease", at: path, ["holder": .known(.string(row.text(1))), "age": age])
                )
            }
            return Leases(
                nodes: Dictionary(nodes) { first, _ in first },
                leaders: .map(MapValue(Dictionary(held) { first, _ in first })))
        }
    }
}

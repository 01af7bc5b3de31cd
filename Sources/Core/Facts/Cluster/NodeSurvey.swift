/// All nodes, as the API has them.
enum NodeSurvey: SurveyTemplate {
    typealias Node = ClusterSurveyFacts.Node
    typealias Condition = Facts.Kubernetes.Condition

    static let read = SurveyRead(paths: ["/api/v1/nodes"], template: template)

    private static let shapes = [
        "node": "snsssssss", "normal": "s", "condition": "sssss", "taint": "sss", "cordon": "ss",
    ]

    // Of conditions that are as they should be only the names are printed, so that a thousand nodes are not too many.
    private static let template = make(
        #"{{if eq .kind "Node"}}"#,
        line(
            "node", text(".metadata.name"), flag(".spec.unschedulable"), text(".spec.podCIDR"),
            text(".status.nodeInfo.kubeletVersion"), text(".status.nodeInfo.containerRuntimeVersion"),
            text(".status.nodeInfo.kernelVersion"), text(".status.nodeInfo.osImage"), text(".status.allocatable.cpu"),
            text(".status.allocatable.memory")),
        #"{{range .status.conditions}}{{if and (eq .status "False") (ne .type "Ready")}}"#,
        line("normal", text(".type")), "{{else}}",
        line(
            "condition", text(".type"), text(".status"), text(".reason"),
            #"{{if eq .status "True"}}""{{else}}\#(text(".message")){{end}}"#, text(".lastTransitionTime")),
        "{{end}}{{end}}",
        "{{range .spec.taints}}", line("taint", text(".key"), text(".value"), text(".effect")), "{{end}}",
        "{{if .spec.unschedulable}}", cordon, "{{end}}{{end}}")

    // As NodeCordonState.view finds out whose the cordon is.
    private static let cordon =
        #"{{$run := ""}}{{range $key, $value := .metadata.annotations}}"#
        + #"{{if eq $key "\#(NodeCordonState.annotation)"}}{{$run = $value}}{{end}}{{end}}"#
        + #"{{$writer := "\#(KubectlObject.manager)"}}{{range .metadata.managedFields}}{{$manager := .manager}}"#
        + #"{{range $part, $fields := .fieldsV1}}{{if eq $part "f:spec"}}{{range $field, $_ := $fields}}"#
        + #"{{if and (eq $field "f:unschedulable") (ne $manager "\#(KubectlObject.manager)")}}{{$writer = $manager}}{{end}}"#
        + "{{end}}{{end}}{{end}}{{end}}" + line("cordon", text("$run"), text("$writer"))

    /// The nodes by their names; how old their leases are and how many pods they have is found out elsewhere.
    static func nodes(
        _ answer: Fact<String>, leases: Fact<[String: Fact<Duration>]>, pods: Fact<[String: Int]>
    ) -> Fact<[String: Node]> {
        answer.flatMap { SurveyRows.read($0, shapes) }.flatMap { rows in
            var nodes: [String: Node] = [:]
            for (leader, rest) in rows.groups(by: ["node"]) {
                let name = leader.text(0)
                guard KubernetesName.fault(ofNode: name) == nil else {
                    return .unknown("kubectl printed a node with an impossible name: '\(name)'")
                }
                let age = leases.flatMap { $0[name] ?? .unknown("the node has no lease") }
                nodes[name] = node(leader, rest, leaseAge: age, pods: pods.map { $0[name] ?? 0 })
            }
            return nodes.isEmpty ? .unknown("kubectl printed no nodes") : .known(nodes)
        }
    }

    private static func node(
        _ node: SurveyRows.Row, _ rest: ArraySlice<SurveyRows.Row>, leaseAge: Fact<Duration>, pods: Fact<Int>
    ) -> Node {
        let taints = rest.filter { $0.kind == "taint" }.prefix(50).map { taint in
            let value = taint.text(1, limit: 63)
            return taint.text(0) + (value.isEmpty ? "" : "=\(value)") + ":\(taint.text(2, limit: 20))"
        }
        let ready = rest.first { $0.kind == "condition" && $0.text(0) == "Ready" }
        return Node(
            facts: facts(isCordoned: node.number(1) == 1, rest, leaseAge), message: ready?.text(3) ?? "",
            podCIDR: node.text(2, limit: 60), kubelet: node.text(3, limit: 60), runtime: node.text(4, limit: 60),
            kernel: node.text(5, limit: 100), os: node.text(6, limit: 100), taints: taints, pods: pods,
            allocatable: .init(
                cpu: KubernetesQuantity.parse(node.text(7)), memory: KubernetesQuantity.parse(node.text(8))))
    }

    private static func facts(
        isCordoned: Bool, _ rows: ArraySlice<SurveyRows.Row>, _ leaseAge: Fact<Duration>
    ) -> Facts.Kubernetes.Node {
        let conditions = conditions(rows)
        let cordon = rows.first { $0.kind == "cordon" }
        let state = NodeCordonState(
            uid: "", isCordoned: isCordoned, run: cordon?.text(0, limit: 63), writer: cordon?.text(1))
        let unasked = "triage does not ask for it"
        return Facts.Kubernetes.Node(
            ready: KubernetesNodeFacts.isReady(conditions), unschedulable: .known(isCordoned),
            cordonedBy: .known(state.ownerName), conditions: .known(conditions), leaseAge: leaseAge,
            labels: .unknown(unasked), annotations: .unknown(unasked))
    }

    private static func conditions(_ rows: ArraySlice<SurveyRows.Row>) -> [String: Condition] {
        let since = "triage asks only since when conditions are not as they should be"
        let pairs = rows.compactMap { row in
            switch row.kind {
            case "normal": (row.text(0, limit: 100), Condition(status: "False", reason: "", since: .unknown(since)))
            case "condition":
                (
                    row.text(0, limit: 100),
                    Condition(
                        status: row.text(1, limit: 20), reason: row.text(2, limit: 200), since: row.instant(4))
                )
            default: nil
            }
        }
        return Dictionary(pairs) { first, _ in first }
    }
}

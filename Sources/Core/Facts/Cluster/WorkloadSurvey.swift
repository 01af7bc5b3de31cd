import CEL

/// Deployments, DaemonSets and StatefulSets that are not as wanted, and those that a cluster itself is made of.
enum WorkloadSurvey: SurveyTemplate {
    private static let path = "/apis/apps/v1"
    private static let limit = 200

    static let read = SurveyRead(
        paths: ["\(path)/deployments", "\(path)/daemonsets", "\(path)/statefulsets"], template: template,
        filter: """
            {
              wanted = $5 + 0; own = $4 ~ /\(systemNames)/ && ($3 == "\\"kube-system\\"" || $2 == "\\"DaemonSet\\"")
              bad = $6 < wanted || $7 < wanted && !$11 || $10 < $9; all += bad
            }
            own || bad && ++many <= \(limit) && (bytes += length($0) + 1) < 16000
            END { print "troubled " all + 0 }
            """)

    /// Parts of names, of which those of the pod network are of the usual ones.
    private static let systemNames = [
        "kube-proxy", "coredns", "kube-dns", "calico-node", "canal", "flannel", "cilium", "weave-net", "kube-router",
        "antrea-agent", "aws-node", "azure-cni", "kube-ovn-cni", "kindnet",
    ].joined(separator: "|")

    private static let shapes = ["workload": "sssnnnnnnn", "troubled": "n"]

    // Where pods are only replaced when somebody deletes them, older ones are as wanted.
    private static let template = make(
        #"{{$manual := 0}}{{with .spec.updateStrategy}}{{if eq .type "OnDelete"}}{{$manual = 1}}{{end}}{{end}}"#,
        #"{{if eq .kind "DaemonSet"}}"#,
        line(
            "workload", text(".kind"), text(".metadata.namespace"), text(".metadata.name"),
            number(".status.desiredNumberScheduled"), number(".status.numberReady"),
            number(".status.updatedNumberScheduled"), number(".status.numberAvailable"), versions),
        #"{{else if or (eq .kind "Deployment") (eq .kind "StatefulSet")}}"#,
        line(
            "workload", text(".kind"), text(".metadata.namespace"), text(".metadata.name"), number(".spec.replicas"),
            number(".status.readyReplicas"), number(".status.updatedReplicas"), available, versions),
        "{{end}}")

    private static let versions =
        number(".metadata.generation") + " " + number(".status.observedGeneration") + " " + number("$manual")

    /// Kubernetes before 1.22 does not count the available pods of a StatefulSet.
    private static let available =
        #"{{if and (eq .kind "StatefulSet") (not .status.availableReplicas)}}\#(number(".status.readyReplicas"))"#
        + "{{else}}\(number(".status.availableReplicas")){{end}}"

    /// `kubernetes.workloads`, `kubernetes.troubledWorkloadCount` and `kubernetes.systemPods`.
    static func workloads(_ answer: Fact<String>) -> (troubled: Fact<Value>, count: Fact<Value>, system: Fact<Value>) {
        let rows = answer.flatMap { SurveyRows.read($0, shapes) }
        let workloads = rows.map { $0.all("workload") }
        return (
            workloads.map { .list($0.filter(isTroubled).prefix(limit).map(value)) },
            rows.flatMap { $0.count("troubled", of: "workloads with trouble") },
            workloads.map { workloads in
                .map(MapValue(Dictionary(workloads.filter(isSystem).map(system)) { first, _ in first }))
            }
        )
    }

    private static func isTroubled(_ row: SurveyRows.Row) -> Bool {
        let (desired, isManual) = (row.number(3), row.number(9) == 1)
        return row.number(4) < desired || row.number(5) < desired && !isManual || row.number(8) < row.number(7)
    }

    private static func isSystem(_ row: SurveyRows.Row) -> Bool {
        (row.text(1) == "kube-system" || row.text(0) == "DaemonSet")
            && systemNames.split(separator: "|").contains { row.text(2).contains($0) }
    }

    private static func value(_ row: SurveyRows.Row) -> Value {
        var fields: [String: Value] = [
            "kind": .string(row.text(0)), "namespace": .string(row.text(1)), "name": .string(row.text(2)),
        ]
        let counts = ["desired", "ready", "updated", "available", "generation", "observedGeneration"]
        for (index, name) in counts.enumerated() { fields[name] = .int(Int64(row.number(3 + index))) }
        return .message(name: "Workload", fields: fields)
    }

    private static func system(_ row: SurveyRows.Row) -> (String, Value) {
        let fields: [String: Value] = ["desired": .int(Int64(row.number(3))), "ready": .int(Int64(row.number(4)))]
        return (row.text(2), .message(name: "SystemPods", fields: fields))
    }
}

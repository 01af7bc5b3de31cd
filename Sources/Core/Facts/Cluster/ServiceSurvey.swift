import CEL

/// Services with a selector that no ready pod is behind.
enum ServiceSurvey: SurveyTemplate {
    private static let limit = 100

    static let read = SurveyRead(
        paths: ["/api/v1/services", "/api/v1/endpoints"], template: template,
        filter: """
            { key = $2 " " $3 }
            $1 == "service" { services++; order[services] = key; line[key] = $0 }
            $1 == "ready" { ready[key] += $4; other[key] += $5 }
            END {
              print "services " services + 0
              for (key in line) all += !ready[key]
              print "troubled " all + 0
              for (i = 1; i <= services; i++) {
                key = order[i]; row = line[key] " " other[key] + 0
                if (!ready[key] && ++many <= \(limit) && (bytes += length(row) + 1) < 16000) print row
              }
            }
            """, more: .matching)

    private static let shapes = ["services": "n", "troubled": "n", "service": "ssssn", "matching": "wwn"]

    private static let template = make(
        #"{{if eq .kind "Service"}}{{if and .spec.selector (ne .spec.type "ExternalName")}}{{$labels := ""}}"#,
        #"{{range $key, $value := .spec.selector}}{{if $labels}}{{$labels = printf "%s," $labels}}{{end}}"#,
        #"{{$labels = printf "%s%s=%s" $labels $key $value}}{{end}}"#,
        line("service", text(".metadata.namespace"), text(".metadata.name"), text(".spec.clusterIP"), text("$labels")),
        #"{{end}}{{else if eq .kind "Endpoints"}}{{$space := .metadata.namespace}}{{$name := .metadata.name}}"#,
        "{{range .subsets}}",
        line("ready", text("$space"), text("$name"), count(".addresses"), count(".notReadyAddresses")),
        "{{end}}{{end}}")

    private static func count(_ list: String) -> String { "{{if \(list)}}{{len \(list)}}{{else}}0{{end}}" }

    /// `kubernetes.services`, `kubernetes.troubledServiceCount` and `kubernetes.serviceCount`.
    static func services(
        _ answer: Fact<String>
    ) -> (troubled: Fact<Value>, troubledCount: Fact<Value>, count: Fact<Value>) {
        let rows = answer.flatMap { SurveyRows.read($0, shapes) }
        return (
            rows.map { rows in
                let matching = rows.all("matching").map { ("\($0.text(0))/\($0.text(1))", $0.number(2)) }
                let asked = Dictionary(matching) { first, _ in first }
                let services = rows.all("service").prefix(limit).enumerated()
                return .list(services.map { value($1, asked, at: "kubernetes.services[\($0)]") })
            },
            rows.flatMap { $0.count("troubled", of: "services with trouble") },
            rows.flatMap { $0.count("services", of: "services") }
        )
    }

    private static func value(_ row: SurveyRows.Row, _ matching: [String: Int], at path: String) -> Value {
        let found = matching["\(row.text(0))/\(row.text(1))"].map { Fact.known(Value.int(Int64($0))) }
        return .facts(
            "KubernetesService", at: path,
            [
                "namespace": .known(.string(row.text(0))), "name": .known(.string(row.text(1))),
                "clusterIP": .known(.string(row.text(2))), "selector": .known(.string(row.text(3))),
                "ready": .known(.int(0)), "notReady": .known(.int(Int64(row.number(4)))),
                "matching": found ?? .unknown("its pods were not asked for, or not in time"),
            ])
    }
}

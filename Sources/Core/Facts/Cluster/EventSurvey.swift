import CEL

/// Warnings of the last quarter of an hour.
enum EventSurvey: SurveyTemplate {
    static let read = SurveyRead(
        paths: ["/api/v1/events?fieldSelector=type%3DWarning"], seconds: SurveyRead.longSeconds, asksFirst: true,
        template: template, minutes: 15, isReversed: true,
        filter: "NR <= \(limit) && (bytes += length($0) + 1) < 38000")

    private static let limit = 60
    private static let shapes = ["event": "ssssssn"]

    // Written by the older API, an event has lastTimestamp; by the newer one eventTime, and a series when it comes again.
    private static let template = make(
        #"{{$since := "@SINCE@"}}{{if eq .kind "Event"}}{{$at := ""}}{{$count := 1}}"#,
        "{{with .metadata.creationTimestamp}}{{$at = .}}{{end}}{{with .eventTime}}{{$at = .}}{{end}}",
        "{{with .lastTimestamp}}{{$at = .}}{{end}}{{with .count}}{{$count = .}}{{end}}",
        "{{with .series}}{{with .lastObservedTime}}{{$at = .}}{{end}}{{with .count}}{{$count = .}}{{end}}{{end}}",
        #"{{if and (ge $at $since) (eq .type "Warning")}}"#,
        line(
            "event", text("$at"),
            "{{if .involvedObject.namespace}}\(text(".involvedObject.namespace")){{else}}\(text(".metadata.namespace")){{end}}",
            text(".involvedObject.kind"), text(".involvedObject.name"), text(".reason"), text(".message"),
            number("$count")),
        "{{end}}{{end}}")

    /// `kubernetes.events`.
    static func events(_ answer: Fact<String>) -> Fact<Value> {
        answer.flatMap { SurveyRows.read($0, shapes) }.map { rows in
            .list(rows.rows.prefix(limit).enumerated().map { value($1, at: "kubernetes.events[\($0)]") })
        }
    }

    private static func value(_ row: SurveyRows.Row, at path: String) -> Value {
        .facts(
            "Event", at: path,
            [
                "at": row.instant(0).map { Value.instant($0, at: "\(path).at") },
                "namespace": .known(.string(row.text(1))), "object": .known(.string("\(row.text(2))/\(row.text(3))")),
                "reason": .known(.string(row.text(4))), "message": .known(.string(Redactor().redact(row.text(5)))),
                "count": .known(.int(Int64(row.number(6)))),
            ])
    }
}

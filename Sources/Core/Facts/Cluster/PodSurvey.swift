/// Pods that are not as they should be, and how many there are on each node.
enum PodSurvey: SurveyTemplate {
    /// A container that was started again this many minutes ago is not as it should be.
    static let recentMinutes = 10
    static let limit = 200

    static let read = SurveyRead(
        paths: ["/api/v1/pods"], seconds: SurveyRead.longSeconds, asksFirst: true, template: template,
        minutes: recentMinutes, filter: filter, more: .logs)

    static let shapes = [
        "pod": "sssssssssn", "is": "sssss", "init": "snnswsssnsns", "container": "snnswsssnsns", "log": "wwww",
        "on": "sn", "pods": "n", "troubled": "n",
    ]

    // Failed pods may lie about for days, and do not take the places of others.
    private static let filter = """
        /^(on|off) / { pods++; if ($1 == "on") here[$2]++; next }
        /^pod / { many++; late = $4 == "\\"Failed\\""; keep = ++seen[late] <= \(limit) && length(rows[late]) < 32000 }
        keep { rows[late] = rows[late] $0 "\\n" }
        END {
          ORS = ""
          print rows[0] rows[1]
          print "pods " pods + 0 "\\ntroubled " many + 0 "\\n"
          for (node in here) print "on " node " " here[node] "\\n"
        }
        """

    private static let template = make(
        #"{{if eq .kind "Pod"}}{{$since := "@SINCE@"}}{{$phase := printf "%v" .status.phase}}"#,
        #"{{$done := eq $phase "Succeeded"}}{{if or $done (eq $phase "Failed") (not .spec.nodeName)}}"#,
        line("off", text(".spec.nodeName")), "{{else}}", line("on", text(".spec.nodeName")), "{{end}}",
        "{{$ready := false}}{{range .status.conditions}}",
        #"{{if and (eq .type "Ready") (eq .status "True")}}{{$ready = true}}{{end}}{{end}}"#,
        "{{$odd := not $ready}}{{with .metadata.deletionTimestamp}}{{if lt . $since}}{{$odd = true}}{{end}}{{end}}",
        "{{range .status.containerStatuses}}{{with .lastState}}{{with .terminated}}{{with .finishedAt}}",
        "{{if ge . $since}}{{$odd = true}}{{end}}{{end}}{{end}}{{end}}{{end}}", "{{if and $odd (not $done)}}", pod,
        #"{{range .status.conditions}}{{if and (ne .status "True") (or (eq .type "Ready") (eq .type "PodScheduled"))}}"#,
        line("is", text(".type"), text(".status"), text(".reason"), text(".message"), text(".lastTransitionTime")),
        "{{end}}{{end}}{{range .status.initContainerStatuses}}", container("init"),
        "{{end}}{{range .status.containerStatuses}}", container("container"), "{{end}}{{end}}{{end}}")

    private static let pod =
        #"{{$owner := ""}}{{range .metadata.ownerReferences}}{{if .controller}}"#
        + #"{{$owner = printf "%s/%s" .kind .name}}{{end}}{{end}}"#
        + line(
            "pod", text(".metadata.namespace"), text(".metadata.name"), text("$phase"), text(".spec.nodeName"),
            text("$owner"), text(".status.reason"), text(".status.message"), text(".metadata.creationTimestamp"),
            text(".metadata.deletionTimestamp"), flag("$ready"))

    // Its state is one word, and behind it are why, in words, since when, and the exit status. A field of nothing is an error
    // to templates of Go where the API says null.
    private static func container(_ kind: String) -> String {
        let unknown = #"running "" "" "" -1"#
        let state =
            #"{{if .waiting}}waiting \#(text(".waiting.reason")) \#(text(".waiting.message")) "" -1"#
            + #"{{else if .terminated}}terminated \#(text(".terminated.reason")) \#(text(".terminated.message"))"#
            + #" \#(text(".terminated.finishedAt")) \#(number(".terminated.exitCode"))"#
            + #"{{else if .running}}running "" "" \#(text(".running.startedAt")) -1{{else}}\#(unknown){{end}}"#
        let last = "\(text(".reason")) \(number(".exitCode")) \(text(".finishedAt"))"
        let none = #""" -1 """#
        return line(
            kind, text(".name"), flag(".ready"), number(".restartCount"), text(".image"),
            "{{with .state}}\(state){{else}}\(unknown){{end}}",
            "{{with .lastState}}{{with .terminated}}\(last){{else}}\(none){{end}}{{else}}\(none){{end}}")
    }
}

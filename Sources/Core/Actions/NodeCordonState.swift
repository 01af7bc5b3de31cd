/// Whether new pods may be put on a node, and who said that they may not: what `node.cordon` and `node.uncordon` see.
///
/// A cordon is Belay's when the annotation `belay/run` names a run *and* nobody else wrote `spec.unschedulable` since:
/// `kubectl uncordon` leaves the annotation behind, and the next person's cordon would pass for that run's.
struct NodeCordonState: Sendable, Hashable {
    /// The node's uid: a node deleted and registered again is another one.
    var uid: String
    var isCordoned: Bool
    /// The value of the annotation, nil when there is none.
    var run: String?
    /// The field manager of `spec.unschedulable` while the node is cordoned; Belay's where Kubernetes keeps none.
    var writer: String?

    /// The annotation that says which run cordoned a node.
    static let annotation = "belay/run"

    /// Whose cordon it is.
    enum Owner: Sendable, Hashable {
        case nobody
        case run(String)
        case person
    }

    var owner: Owner {
        guard isCordoned else { return .nobody }
        guard let run, !run.isEmpty, writer == KubectlObject.manager else { return .person }
        return .run(run)
    }

    /// Cordoned by a run of Belay.
    func cordoned(by run: String) -> NodeCordonState {
        NodeCordonState(uid: uid, isCordoned: true, run: run, writer: KubectlObject.manager)
    }

    /// Schedulable, with an annotation or none.
    func lifted(leaving run: String? = nil) -> NodeCordonState {
        NodeCordonState(uid: uid, isCordoned: false, run: run, writer: nil)
    }

    // The node controller answers a cordon with a taint of its own some time later: it is not looked at.
    static let view = KubectlView(
        """

        unschedulable={{if .spec.unschedulable}}yes{{else}}no{{end}}\
        {{range $key, $value := .metadata.annotations}}{{if eq $key "\(annotation)"}}
        run={{printf "%q" $value}}{{end}}{{end}}\
        {{if .spec.unschedulable}}{{$writer := "\(KubectlObject.manager)"}}\
        {{range .metadata.managedFields}}{{$manager := .manager}}\
        {{range $part, $fields := .fieldsV1}}{{if eq $part "f:spec"}}\
        {{range $field, $_ := $fields}}{{if eq $field "f:unschedulable"}}\
        {{if ne $manager "\(KubectlObject.manager)"}}{{$writer = $manager}}{{end}}\
        {{end}}{{end}}{{end}}{{end}}{{end}}
        writer={{printf "%q" $writer}}{{end}}
        """)

    /// The state as ``view`` prints it.
    var text: String {
        ["uid=\(uid)", "unschedulable=\(isCordoned ? "yes" : "no")"]
            .appending(run.map { "run=\(GoQuoted.quote($0))" })
            .appending(writer.map { "writer=\(GoQuoted.quote($0))" })
            .joined(separator: "\n")
    }
}

extension NodeCordonState {
    /// Reads what ``view`` printed.
    init(_ output: CommandOutput, of node: KubectlObject) throws(ObservationError) {
        let values = try output.view(of: node)
        uid = values["uid"] ?? ""
        switch values["unschedulable"] {
        case "yes": isCordoned = true
        case "no": isCordoned = false
        default:
            throw ObservationError(
                "kubectl did not say whether node \(node.name) is cordoned",
                remedy: "Run 'kubectl get node \(node.name) -o yaml' on the execution host")
        }
        run = try Self.unquoted(values["run"], "the annotation \(Self.annotation)", node)
        writer = try Self.unquoted(values["writer"], "the field manager of spec.unschedulable", node)
    }

    private static func unquoted(
        _ text: String?, _ what: String, _ node: KubectlObject
    ) throws(ObservationError) -> String? {
        guard let text else { return nil }
        if let value = GoQuoted.unquote(text) { return value }
        throw ObservationError(
            "\(what) of node \(node.name) is \(Printable.escape(text, limit: 100)), which could not be put back as it is",
            remedy: "No run of Belay writes such a thing: see who did, and remove it by hand")
    }

    /// The fields `uid`, `unschedulable`, `run` and `writer`.
    var observation: Observation {
        Observation([
            "uid": .text(uid), "unschedulable": .text(isCordoned ? "yes" : "no"),
            "run": run.map(FieldValue.text) ?? .absent, "writer": writer.map(FieldValue.text) ?? .absent,
        ])
    }

    /// The state that has this observation, nil when none does.
    init?(_ observation: Observation) {
        guard let uid = observation.text("uid"), let unschedulable = observation.text("unschedulable") else {
            return nil
        }
        self.init(
            uid: uid, isCordoned: unschedulable == "yes", run: observation.text("run"),
            writer: observation.text("writer"))
    }

    /// The command that brings about this state from the others, and only from them.
    func write(on node: KubectlObject, from states: [NodeCordonState], others: KubectlOthers) -> Command {
        // What could be read back from Go's quotes is printable, and JSON quotes that alike.
        let owner = run.map(GoQuoted.quote) ?? "null"
        let annotation = "\"annotations\":{\"\(Self.annotation)\":\(owner)}"
        return node.write(
            .merge(metadata: annotation, spec: "\"unschedulable\":\(isCordoned ? "true" : "null")"),
            through: Self.view, from: states.map(\.text), to: text, others: others,
            manager: writer ?? KubectlObject.manager)
    }
}

extension [String] {
    /// This list with one more, if there is one.
    func appending(_ element: String?) -> [String] { self + (element.map { [$0] } ?? []) }
}

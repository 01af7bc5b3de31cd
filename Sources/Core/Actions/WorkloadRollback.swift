/// `workload.rollback`: the pod template of an older revision of a Deployment, DaemonSet or StatefulSet.
///
/// As `kubectl rollout undo` does it, but for the very revision that the plan shows, and only from the template that it
/// shows. Templates may have secrets (values of environment variables): they are compared by digest and shown without
/// those, and are written from the revision that keeps them, forth and back.
public struct WorkloadRollback: Action {
    /// `workload.rollback`.
    public static let kind = ActionKind(
        name: "workload.rollback",
        summary: "Puts a workload back to an older revision; undo puts back the template that was there.",
        disrupts: ["pods", "network"], touches: ["workload"],
        parameters: Workload.parameters(
            Workload.kinds,
            and: [ArgumentKind("revision", "its number, of 'kubectl rollout history'; default, and 0: the one before")])
    )

    private let workload: Workload
    private let wanted: Int?

    /// Reads `kind`, `namespace`, `name`, `revision`, `wait` and what the planner fills in.
    public init(arguments: Arguments) throws(ArgumentError) {
        workload = try Workload(arguments, kinds: Workload.kinds)
        let number = try arguments.whole("revision", in: 0...1_000_000_000) ?? 0
        wanted = number == 0 ? nil : number
    }

    private var object: KubectlObject { workload.object }

    /// Compensable: the template comes back exactly, the pods are others, and Kubernetes numbers its revisions anew.
    public var reversibility: Reversibility { .compensable }
    /// Its pods; those of kube-system may be everybody's network.
    public var disrupts: Set<String> { object.disrupted }
    /// SSH does not go over the cluster's network.
    public var cutsPath: Bool { false }
    /// It is kept by the API server.
    public var survivesReboot: Bool { true }
    /// In the cluster.
    public var place: Place { .cluster }

    /// One script that reads the workload, the list of its revisions, and two of them.
    public func observe() -> [Command] {
        let path = WorkloadRevision.path(object.kind)
        let view = KubectlView(
            WorkloadStrategy.view + "\nlimit={{.spec.revisionHistoryLimit}}"
                + WorkloadTemplate.shown(at: ".spec.template") + WorkloadTemplate.whole(at: ".spec.template"))
        return [
            .shell(
                WorkloadRevision.observe,
                [
                    object.kubeconfig, object.namespace ?? "", object.kind.resource, object.name, view.template,
                    WorkloadRevision.resource(object.kind), WorkloadRevision.listing(object.kind),
                    WorkloadTemplate.shown(at: path) + WorkloadTemplate.whole(at: path), wanted.map(String.init) ?? "",
                ])
        ]
    }

    /// Fields: `uid`, `template` and `templateSHA256`, `paused`, `strategy`, `partition`, `historyLimit`; of the latest
    /// revision `revision` (number), `revision.name`, `.uid`, `.sha256`; of the wanted one the same below `target`, and its
    /// `target.template`. What is not there is absent.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        let values = try outputs[0].view(of: object)
        let lines = try outputs[0].text(of: "kubectl").lines
        let latest = lines.firstIndex { $0.hasPrefix("latest ") } ?? lines.endIndex
        let target = lines.firstIndex { $0.hasPrefix("target ") } ?? lines.endIndex
        guard latest <= target, let template = WorkloadTemplate(Array(lines[..<latest])) else {
            throw .unreadable(object)
        }
        var fields = try WorkloadStrategy(values, of: object).fields
        fields["uid"] = .text(values["uid"] ?? "")
        fields["historyLimit"] = .text(values["limit"].flatMap { Int($0) }.map { "\($0)" } ?? "default")
        fields["template"] = .lines(template.lines)
        fields["templateSHA256"] = .text(template.sha256)
        fields.merge(try revision(lines[latest..<target], "revision")) { $1 }
        // The same as the present one, or the rollback is refused.
        fields["revision.template"] = nil
        fields.merge(try revision(lines[target...], "target")) { $1 }
        return Observation(fields)
    }

    private func revision(
        _ lines: ArraySlice<Substring>, _ name: String
    ) throws(ObservationError) -> [String: FieldValue] {
        let parts = [name, "\(name).name", "\(name).uid", "\(name).sha256", "\(name).template"]
        guard let head = lines.first else { return Dictionary(uniqueKeysWithValues: parts.map { ($0, .absent) }) }
        let words = head.drop { $0 != " " }.dropFirst()
        guard let revision = WorkloadRevision(words, Array(lines.dropFirst())) else { throw .unreadable(object) }
        let values: [FieldValue] = [
            .text(revision.number), .text(revision.name), .text(revision.uid), .text(revision.template.sha256),
            .lines(revision.template.lines),
        ]
        return Dictionary(uniqueKeysWithValues: zip(parts, values))
    }

    /// What is overwritten and how pods follow is the footprint. The revisions are the controller's: that the wanted one
    /// is what the plan shows, the write itself makes sure of.
    public func role(of field: String) -> FieldRole {
        let isRevision = ["revision", "target"].contains { field == $0 || field.hasPrefix("\($0).") }
        if isRevision { return .volatile("Kubernetes numbers the revisions anew with every change of the template") }
        return field == "historyLimit" ? .state : .footprint
    }

    /// The template of the revision, exactly.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        guard let strategy = WorkloadStrategy(before) else { throw .unreadable(object) }
        guard let target = before.text("target.sha256"), let number = before.text("target") else {
            throw noRevision(before)
        }
        if isSo(before) {
            return Prediction(after: before, notes: ["its template is that of revision \(number) already"])
        }
        try strategy.refuseWhatDoesNotRoll(object)
        try refuseWhatCannotComeBack(before)
        var after = before
        after["template"] = before["target.template"]
        after["templateSHA256"] = .text(target)
        return Prediction(after: after, notes: notes(before, number) + strategy.notes)
    }

    /// The older template, in one write that fails when somebody was faster, and the wait for the pods.
    public func apply(_ before: Observation) -> [Command] {
        guard let target = kept(before, "target"), !isSo(before) else { return [] }
        return workload.awaited(write(target, from: before.text("templateSHA256"), before, others: .fail))
    }

    /// The template that was there, from the revision that keeps it, unless somebody has set another one since.
    public func undo(_ before: Observation) -> [Command] {
        guard let latest = kept(before, "revision"), let target = before.text("target.sha256"), !isSo(before) else {
            return []
        }
        return [write(latest, from: target, before, others: .leave)]
    }

    private func isSo(_ state: Observation) -> Bool { state.text("templateSHA256") == state.text("target.sha256") }

    private func noRevision(_ before: Observation) -> ObservationError {
        ObservationError(
            wanted.map { "\(object.description) has no revision \($0)" }
                ?? "\(object.description) has no revision before the present one",
            remedy: "See 'kubectl rollout history'; else apply the manifest you want from where you keep it")
    }

    private func refuseWhatCannotComeBack(_ before: Observation) throws(ObservationError) {
        guard before.text("revision.sha256") == before.text("templateSHA256") else {
            throw ObservationError(
                "no revision keeps the present template of \(object.description), so that no undo could bring it back",
                remedy: "The controller-manager makes one within seconds: see that it runs, then plan again")
        }
        guard before.text("historyLimit") != "0" else {
            throw ObservationError(
                "\(object.description) keeps no old revisions (revisionHistoryLimit 0), so that no undo could bring the "
                    + "present one back",
                remedy: "Give it a revisionHistoryLimit of at least 1, then plan again")
        }
    }

    private func notes(_ before: Observation, _ number: String) -> [String] {
        let hides = [before, Observation(["template": before["target.template"] ?? .absent])].contains { seen in
            (seen.lines("template") ?? []).contains { $0.hasSuffix(" = \(WorkloadTemplate.hidden)") }
        }
        let isSame = before["template"] == before["target.template"]
        let hidden =
            isSame
            ? "only values that are not shown differ"
            : "values of environment variables are not shown; they may differ too"
        return [
            "from revision \(before.text("revision") ?? "?") to \(number); Kubernetes gives that a new number",
            "what is not in the pod template (replicas, ConfigMaps, Secrets, volumes' contents) stays as it is",
        ] + (hides || isSame ? [hidden] : [])
    }

    private struct Kept {
        var name: String
        var uid: String
        var sha256: String
    }

    private func kept(_ state: Observation, _ which: String) -> Kept? {
        guard let name = state.text("\(which).name"), let uid = state.text("\(which).uid"),
            let sum = state.text("\(which).sha256")
        else { return nil }
        return Kept(name: name, uid: uid, sha256: sum)
    }

    private func write(
        _ goal: Kept, from sum: String?, _ before: Observation, others: KubectlOthers
    ) -> Command {
        let uid = before.text("uid") ?? ""
        func state(_ sum: String) -> String { "uid=\(uid)\nsha256=\(sum)" }
        let revision = "\(WorkloadRevision.resource(object.kind))/\(goal.name)"
        // As the workload's own view prints it, if it is that very revision.
        let view =
            "{{if eq .metadata.uid \"\(goal.uid)\"}}uid=\(uid){{end}}"
            + WorkloadTemplate.whole(at: WorkloadRevision.path(object.kind))
        return object.write(
            .template(of: revision, view: view), through: KubectlView(WorkloadTemplate.whole(at: ".spec.template")),
            from: [state(sum ?? "")], to: state(goal.sha256), others: others)
    }
}

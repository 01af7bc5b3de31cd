/// A Deployment, DaemonSet or StatefulSet, as the actions on workloads are given it.
struct Workload: Sendable, Hashable {
    /// The object in the API.
    let object: KubectlObject
    /// Seconds apply waits until the pods are as told; 0 = it does not.
    let wait: Int

    /// The most that may be waited for.
    static let longestWait = 3600

    /// The arguments that say which, and the planner's.
    static func parameters(_ kinds: [KubectlObject.Kind], and own: [ArgumentKind] = []) -> [ArgumentKind] {
        [
            ArgumentKind("kind", kinds.map(\.rawValue).joined(separator: ", "), required: true),
            ArgumentKind("namespace", "its namespace", required: true),
            ArgumentKind("name", "its name", required: true),
        ] + own + [
            ArgumentKind(
                "wait",
                "seconds until its pods must be rolled out and available, or the step fails; default 300, 0 = not awaited"
            )
        ] + KubectlObject.parameters
    }

    /// The kinds that have revisions.
    static let kinds: [KubectlObject.Kind] = [.deployment, .daemonSet, .statefulSet]

    /// Reads `kind`, `namespace`, `name`, `wait` and what the planner fills in.
    init(_ arguments: Arguments, kinds: [KubectlObject.Kind]) throws(ArgumentError) {
        let word = try arguments.required("kind")
        guard let kind = kinds.first(where: { $0.rawValue == word }) else {
            throw ArgumentError("kind", "must be one of \(kinds.map(\.rawValue).joined(separator: ", "))")
        }
        object = try KubectlObject(kind, named: arguments)
        wait = try arguments.whole("wait", in: 0...Self.longestWait) ?? 300
    }

    // Facts do not have workloads, so no check of a runbook could tell that the pods came up: the write is followed by the
    // wait for it, and a rollout that does not become healthy fails the step, which is then undone.
    /// The write, and the wait for what the controller makes of it.
    func awaited(_ write: Command) -> [Command] { wait == 0 ? [write] : [write, object.rolledOut(within: wait)] }
}

extension Arguments {
    /// A whole number, nil when it was not given.
    func whole(_ name: String, in range: ClosedRange<Int>) throws(ArgumentError) -> Int? {
        guard let text = try text(name) else { return nil }
        guard let number = Int(text), "\(number)" == text, range.contains(number) else {
            throw ArgumentError(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

/// How a workload makes its pods follow its template.
struct WorkloadStrategy: Sendable, Hashable {
    var isPaused: Bool
    /// `RollingUpdate`, `Recreate` or `OnDelete`.
    var type: String
    /// A StatefulSet's pods below this number keep the template they have.
    var partition: Int

    /// What prints it in a view.
    static let view = """

        paused={{if .spec.paused}}yes{{else}}no{{end}}
        strategy={{with .spec.strategy}}{{.type}}{{end}}{{with .spec.updateStrategy}}{{.type}}{{end}}
        partition={{with .spec.updateStrategy}}{{with .rollingUpdate}}{{with .partition}}{{.}}{{end}}{{end}}{{end}}
        """

    /// Reads what ``view`` printed.
    init(_ values: [String: String], of object: KubectlObject) throws(ObservationError) {
        let partition = values["partition"] == "" ? 0 : values["partition"].flatMap { Int($0) }
        guard let paused = values["paused"], ["yes", "no"].contains(paused), let partition, partition >= 0,
            let type = values["strategy"], ["RollingUpdate", "Recreate", "OnDelete"].contains(type)
        else { throw .unreadable(object) }
        (isPaused, self.type, self.partition) = (paused == "yes", type, partition)
    }

    /// Whether it is paused and how pods are replaced: what predictions rely on.
    var fields: [String: FieldValue] {
        ["paused": .text(isPaused ? "yes" : "no"), "strategy": .text(type), "partition": .text("\(partition)")]
    }

    /// The strategy in an observation.
    init?(_ observation: Observation) {
        guard let paused = observation.text("paused"), let type = observation.text("strategy"),
            let partition = observation.text("partition").flatMap({ Int($0) })
        else { return nil }
        (isPaused, self.type, self.partition) = (paused == "yes", type, partition)
    }

    /// Refuses where a new template would change no pod.
    func refuseWhatDoesNotRoll(_ object: KubectlObject) throws(ObservationError) {
        if isPaused {
            throw ObservationError(
                "\(object.description) is paused: its pods would not follow",
                remedy: "Find out who paused it and why, then 'kubectl rollout resume', and plan again")
        }
        if type == "OnDelete" {
            throw ObservationError(
                "\(object.description) has the update strategy OnDelete: its pods would stay until somebody deletes them",
                remedy: "Delete its pods one by one, or give it the strategy RollingUpdate")
        }
    }

    /// What a reader must see of it.
    var notes: [String] {
        if type == "Recreate" { return ["strategy Recreate: all of its pods are gone before the first new one starts"] }
        return partition == 0 ? [] : ["partition \(partition): its pods below that number stay as they are"]
    }
}

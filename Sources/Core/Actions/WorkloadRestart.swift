/// `workload.restart`: new pods for a Deployment, DaemonSet or StatefulSet, by its own strategy.
///
/// As `kubectl rollout restart` does it: an annotation of the pod template, which makes it another one. Its value is the
/// run and not the time, so that what is written is known when it is planned, and undo can tell it.
public struct WorkloadRestart: Action {
    /// `workload.restart`.
    public static let kind = ActionKind(
        name: "workload.restart",
        summary:
            "Restarts the pods of a workload, as its strategy says; undo takes the mark back, which rolls them again.",
        disrupts: ["pods", "network"], touches: ["workload"], parameters: Workload.parameters(Workload.kinds))

    /// The annotation of the pod template that says which run restarted it.
    static let annotation = "belay/restarted-by"

    private let workload: Workload

    /// Reads `kind`, `namespace`, `name`, `wait` and what the planner fills in.
    public init(arguments: Arguments) throws(ArgumentError) {
        workload = try Workload(arguments, kinds: Workload.kinds)
    }

    private var object: KubectlObject { workload.object }

    /// Compensable: the template comes back exactly, the pods are others.
    public var reversibility: Reversibility { .compensable }
    /// Its pods; those of kube-system may be everybody's network.
    public var disrupts: Set<String> { object.disrupted }
    /// Pods that are replaced do not carry the path to the node: SSH does not go over the cluster's network.
    public var cutsPath: Bool { false }
    /// It is kept by the API server.
    public var survivesReboot: Bool { true }
    /// In the cluster.
    public var place: Place { .cluster }

    /// One read of the workload.
    public func observe() -> [Command] {
        [object.get(KubectlView(WorkloadStrategy.view + Self.mark))]
    }

    private static let mark = """
        {{range $key, $value := .spec.template.metadata.annotations}}{{if eq $key "\(annotation)"}}
        restartedBy={{printf "%q" $value}}{{end}}{{end}}
        """

    // A strategy that somebody has changed since is no reason to leave the mark.
    private static let guarded = KubectlView(mark)

    /// Fields: `uid`, `restartedBy` (the run, absent when none did), `paused`, `strategy`, `partition`.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        let values = try outputs[0].view(of: object)
        var fields = try WorkloadStrategy(values, of: object).fields
        fields["uid"] = .text(values["uid"] ?? "")
        fields["restartedBy"] = .absent
        if let quoted = values["restartedBy"] {
            guard let run = GoQuoted.unquote(quoted) else { throw .unreadable(object) }
            fields["restartedBy"] = .text(run)
        }
        return Observation(fields)
    }

    /// All of it: what it says decides what a restart does.
    public func role(of field: String) -> FieldRole { .footprint }

    /// The mark, exactly; the pods are not looked at.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        guard let strategy = WorkloadStrategy(before) else { throw .unreadable(object) }
        if isSo(before) { return Prediction(after: before, notes: ["this run has restarted it already"]) }
        try strategy.refuseWhatDoesNotRoll(object)
        return Prediction(
            after: after(before),
            notes: ["its pods are replaced as its strategy \(strategy.type) says; undo replaces them once more"]
                + strategy.notes)
    }

    /// The mark, in one write that fails when somebody was faster, and the wait for the new pods.
    public func apply(_ before: Observation) -> [Command] {
        isSo(before) ? [] : workload.awaited(write(after(before), from: before, others: .fail))
    }

    /// The mark that was there, or none, unless another run has restarted it since.
    public func undo(_ before: Observation) -> [Command] {
        isSo(before) ? [] : [write(before, from: after(before), others: .leave)]
    }

    private func isSo(_ state: Observation) -> Bool { state.text("restartedBy") == object.run }

    private func after(_ before: Observation) -> Observation {
        var after = before
        after["restartedBy"] = .text(object.run)
        return after
    }

    private func write(_ goal: Observation, from state: Observation, others: KubectlOthers) -> Command {
        // What could be read back from Go's quotes is printable, and JSON quotes that alike.
        let value = goal.text("restartedBy").map(GoQuoted.quote) ?? "null"
        let spec = "\"template\":{\"metadata\":{\"annotations\":{\"\(Self.annotation)\":\(value)}}}"
        return object.write(
            .merge(spec: spec), through: Self.guarded, from: [Self.text(state)], to: Self.text(goal), others: others)
    }

    /// The state as ``guarded`` prints it.
    private static func text(_ state: Observation) -> String {
        ["uid=\(state.text("uid") ?? "")"]
            .appending(state.text("restartedBy").map { "restartedBy=\(GoQuoted.quote($0))" }).joined(separator: "\n")
    }
}

extension KubectlObject {
    /// What new pods of it disrupt: in kube-system and beside it run the network and the names of all others.
    var disrupted: Set<String> {
        let isCluster = kind == .daemonSet || namespace == "kube-system"
        return isCluster ? ["pods", "network"] : ["pods"]
    }
}

/// `workload.scale`: how many pods a Deployment or StatefulSet has.
public struct WorkloadScale: Action {
    /// `workload.scale`.
    public static let kind = ActionKind(
        name: "workload.scale",
        summary:
            "Sets how many pods a workload has; undo sets the number that was there, unless others have scaled it.",
        disrupts: ["pods", "network"], touches: ["workload"],
        parameters: Workload.parameters(
            kinds, and: [ArgumentKind("replicas", "how many pods, 0 to 10000", required: true)]))

    // A DaemonSet has a pod on every node that it selects.
    private static let kinds: [KubectlObject.Kind] = [.deployment, .statefulSet]

    private let workload: Workload
    private let wanted: Int

    /// Reads `kind`, `namespace`, `name`, `replicas`, `wait` and what the planner fills in.
    public init(arguments: Arguments) throws(ArgumentError) {
        workload = try Workload(arguments, kinds: Self.kinds)
        guard let number = try arguments.whole("replicas", in: 0...10_000) else {
            throw ArgumentError("replicas", "must be given")
        }
        wanted = number
    }

    private var object: KubectlObject { workload.object }

    /// Compensable: the number comes back, the pods are others.
    public var reversibility: Reversibility { .compensable }
    /// Its pods; those of kube-system may be everybody's network.
    public var disrupts: Set<String> { object.disrupted }
    /// SSH does not go over the cluster's network.
    public var cutsPath: Bool { false }
    /// It is kept by the API server.
    public var survivesReboot: Bool { true }
    /// In the cluster.
    public var place: Place { .cluster }

    /// One read of the number, one of how pods are replaced, and one of the autoscalers in its namespace that are about it.
    public func observe() -> [Command] {
        [
            object.get(Self.view), object.get(Self.strategy),
            object.list("horizontalpodautoscalers.autoscaling", autoscalers),
        ]
    }

    private static let view = KubectlView("\nreplicas={{.spec.replicas}}")
    // Not in the view that undo compares: whoever changes the strategy has not scaled it.
    private static let strategy = KubectlView("\nupdates={{with .spec.updateStrategy}}{{.type}}{{end}}")

    private var autoscalers: String {
        """
        {{range .items}}{{$name := .metadata.name}}{{with .spec.scaleTargetRef}}\
        {{if and (eq .kind "\(object.kind.rawValue)") (eq .name "\(object.name)")}}{{$name}}
        {{end}}{{end}}{{end}}
        """
    }

    /// Fields: `uid`, `replicas`, `updates` (a StatefulSet's update strategy), `autoscalers` (their names).
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(3, outputs)
        let values = try outputs[0].view(of: object)
        try outputs[2].refuseFailure(about: object)
        let names = try outputs[2].text(of: "kubectl get hpa").lines.map(String.init).filter { !$0.isEmpty }
        guard let replicas = values["replicas"].flatMap({ Int($0) }), replicas >= 0,
            names.allSatisfy({ KubernetesName.fault(ofObject: $0) == nil }),
            let updates = try outputs[1].view(of: object)["updates"],
            ["", "RollingUpdate", "OnDelete"].contains(updates)
        else { throw .unreadable(object) }
        return Observation([
            "uid": .text(values["uid"] ?? ""), "replicas": .text("\(replicas)"), "updates": .text(updates),
            "autoscalers": .lines(names.sorted()),
        ])
    }

    /// All of it is what the write relies on.
    public func role(of field: String) -> FieldRole { .footprint }

    /// The number asked for, exactly.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        if let autoscaler = before.lines("autoscalers")?.first {
            throw ObservationError(
                "the HorizontalPodAutoscaler \(autoscaler) sets the number of pods of \(object.description), and would "
                    + "set it back",
                remedy: "Change the autoscaler's minReplicas and maxReplicas instead")
        }
        if isSo(before) { return Prediction(after: before, notes: ["it has that number already"]) }
        if before.text("updates") == "OnDelete", workload.wait > 0 {
            throw ObservationError(
                "\(object.description) has the update strategy OnDelete, of which kubectl awaits no rollout",
                remedy: "A step with wait: 0 sets the number and no more: then look at its pods yourself")
        }
        return Prediction(after: after(before), notes: notes(before))
    }

    /// The number, in one write that fails when somebody was faster, and the wait for the pods.
    public func apply(_ before: Observation) -> [Command] {
        isSo(before) ? [] : workload.awaited(write(after(before), from: before, others: .fail))
    }

    /// The number that was there, unless somebody has set another one since.
    public func undo(_ before: Observation) -> [Command] {
        isSo(before) ? [] : [write(before, from: after(before), others: .leave)]
    }

    private func isSo(_ state: Observation) -> Bool { state.text("replicas") == "\(wanted)" }

    private func notes(_ before: Observation) -> [String] {
        let now = before.text("replicas").flatMap { Int($0) } ?? 0
        if wanted == 0 { return ["no pod of it is left: it does not answer any more until it is scaled up"] }
        if wanted < now { return ["which pods go is Kubernetes' choice; undo starts others"] }
        return ["whether the nodes have room for \(wanted - now) more is seen when they are started"]
    }

    private func after(_ before: Observation) -> Observation {
        var after = before
        after["replicas"] = .text("\(wanted)")
        return after
    }

    private func write(_ goal: Observation, from state: Observation, others: KubectlOthers) -> Command {
        object.write(
            .merge(spec: "\"replicas\":\(goal.text("replicas") ?? "null")"), through: Self.view,
            from: [Self.text(state)], to: Self.text(goal), others: others)
    }

    /// The state as ``view`` prints it.
    private static func text(_ state: Observation) -> String {
        "uid=\(state.text("uid") ?? "")\nreplicas=\(state.text("replicas") ?? "")"
    }
}

/// `staticpod.restart`: has the kubelet start a component of the control plane anew.
///
/// Its program is told to end, and the kubelet starts the container again from the manifest, which stays in its place. Moving
/// the manifest out and back does the same at more risk: a node that dies in between has no such component until somebody
/// puts the file back, and etcd took 143 s to return, since the kubelet waits for an API that has no etcd.
/// So no file is changed, and there is nothing that undo would have to put back: it waits until the component runs again.
public struct StaticPodRestart: Action {
    /// `staticpod.restart`.
    public static let kind = ActionKind(
        name: "staticpod.restart",
        summary: "Restarts a static pod's program in place and waits until it is healthy; its manifest is not touched.",
        disrupts: ["pods", "etcd"],
        touches: ["staticpod"],
        parameters: [
            ArgumentKind(
                "component", "kube-apiserver, etcd, kube-scheduler or kube-controller-manager", required: true),
            ArgumentKind("limit", "seconds until it must run and be healthy again, 10 to 600; default 180"),
            ArgumentKind("stable", "for how many seconds the new process must live, 1 to 60; default 10"),
        ])

    private let component: ControlPlaneComponent
    private let limit: Int
    private let stable: Int

    /// Reads `component`, `limit` and `stable`.
    public init(arguments: Arguments) throws(ArgumentError) {
        component = try ControlPlaneComponent(arguments.required("component"))
        limit = try arguments.seconds("limit", in: 10...600, default: 180)
        stable = try arguments.seconds("stable", in: 1...60, default: 10)
    }

    /// It runs afterwards as it ran before.
    public var reversibility: Reversibility { .reversible }
    /// etcd's restart disrupts etcd.
    public var disrupts: Set<String> { component.disrupts }
    /// SSH needs no pod.
    public var cutsPath: Bool { false }
    /// A boot starts every static pod.
    public var survivesReboot: Bool { false }

    /// One script: the manifest's digest, the kubelet, the component's process and what it says of its health.
    public func observe() -> [Command] { [StaticPodScript.observe(component)] }

    /// Fields: `manifest`, `kubelet`, `running` (footprint), `health` (state), and `process`.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        let shown = try outputs[0].properties(of: "looking for \(component.rawValue)")
        guard let manifest = shown["manifest"], let kubelet = shown["kubelet"], !kubelet.isEmpty,
            let count = shown["processes"].flatMap({ Int($0) }), count >= 0, let health = shown["health"]
        else {
            throw ObservationError(
                "what runs of \(component.rawValue) could not be told",
                remedy: "Look for it on the node, then plan again")
        }
        return Observation([
            "manifest": manifest == "absent" ? .absent : .text(manifest), "kubelet": .text(kubelet),
            "running": .text(count == 0 ? "no" : count == 1 ? "yes" : "\(count) times"), "health": .text(health),
            "process": count == 1 ? .text(shown["process"] ?? "") : .absent,
        ])
    }

    /// What brings it back is the footprint.
    public func role(of field: String) -> FieldRole {
        switch field {
        case "manifest", "kubelet", "running": .footprint
        case "process": .volatile("a new process has a new PID")
        default: .state
        }
    }

    /// Running and healthy again, exactly; where nobody can be asked for its health, that stays open.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        try refuseWhatWouldNotComeBack(before)
        var after = before
        after["process"] = .text("a new process")
        after["health"] = .text(wanted(before))
        var notes = [component.outage]
        switch before.text("health") {
        case "healthy": break
        case "unasked": notes.append("its health cannot be asked for on this node: only that it stays up is waited for")
        case let health:
            notes.append("it is not healthy now (\(health ?? "unknown")): the step fails unless the restart cures it")
        }
        return Prediction(
            after: after, qualities: ["process": .unpredictable("the kernel chooses the PID")], notes: notes)
    }

    /// One script that ends the process and waits for the next one.
    public func apply(_ before: Observation) -> [Command] {
        [StaticPodScript.restart(component, limit: limit, stable: stable, wanted: wanted(before))]
    }

    /// Nothing is to be put back; what has run is waited for.
    public func undo(_ before: Observation) -> [Command] {
        guard before.text("running") == "yes" else { return [] }
        let health = before.text("health") ?? ""
        return [
            StaticPodScript.returned(
                component, limit: limit, wanted: ["healthy", "answers"].contains(health) ? health : "")
        ]
    }

    /// Nobody wants a cured component ill again.
    public func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        before == now || field == "health" && before != .text("healthy")
    }

    private func wanted(_ before: Observation) -> String {
        let health = before.text("health") ?? ""
        return ["unasked", "answers"].contains(health) ? health : "healthy"
    }

    private func refuseWhatWouldNotComeBack(_ before: Observation) throws(ObservationError) {
        guard before.text("manifest") != nil else {
            throw ObservationError(
                "there is no \(component.manifest) on this node, so the kubelet would not start it again",
                remedy: "Put the manifest back: manifest.edit does")
        }
        guard before.text("kubelet") == "active" else {
            throw ObservationError(
                "the kubelet is \(before.text("kubelet") ?? "unknown"), so nobody would start \(component.rawValue) again",
                remedy: "See to the kubelet first: restart-kubelet")
        }
        switch before.text("running") {
        case "yes": break
        case "no":
            throw ObservationError(
                "\(component.rawValue) does not run as a static pod: there is nothing to end, and the kubelet starts it as it is",
                remedy: "Mend what keeps it from running; a restart of the kubelet ends its waiting between attempts")
        case let times:
            throw ObservationError(
                "\(component.rawValue) runs \(times ?? "unknown"): which is meant cannot be told",
                remedy: "Look in \(FilePath.manifests) for a copy of its manifest, and move it out of there")
        }
    }
}

extension Arguments {
    /// Whole seconds within bounds.
    func seconds(
        _ name: String, in bounds: ClosedRange<Int>, default fallback: Int, orZero: Bool = false
    ) throws(ArgumentError) -> Int {
        guard let text = try text(name) else { return fallback }
        guard let seconds = Int(text), bounds.contains(seconds) || orZero && seconds == 0, "\(seconds)" == text else {
            throw ArgumentError(
                name, "must be \(bounds.lowerBound) to \(bounds.upperBound) seconds\(orZero ? ", or 0" : "")")
        }
        return seconds
    }
}

/// `node.drain`: cordons a node, and evicts its pods through the eviction API, which keeps PodDisruptionBudgets.
///
/// Not `kubectl drain`: that one leaves its cordon behind when it fails, evicts whatever it finds by then, and takes a budget
/// that never allows anything for one to wait for. Here the plan names whose pods are evicted (``DrainPod/key``); pods of
/// the same controllers may come and go until then, and any other makes the step fail before it evicts anything. Each
/// eviction names the pod's uid, and the step is over when the pods are gone, not when the API has agreed.
///
/// **Equivalence.** Undo is that of `node.cordon`: it lifts this run's cordon, and leaves one that was there before. What was
/// evicted runs elsewhere then and is not brought back to this node; pods that nobody would make again
/// are refused, and data in emptyDir volumes unless the step says so.
public struct NodeDrain: Action {
    /// `node.drain`.
    public static let kind = ActionKind(
        name: "node.drain",
        summary: "Cordons a node and evicts its pods within their disruption budgets; undo lifts its own cordon.",
        disrupts: ["node", "pods"], touches: ["scheduling"],
        parameters: [
            ArgumentKind(
                "seconds",
                "how long pods and budgets are waited for, 1 to 3600, default 300; the step's timeout must be 30 s longer"
            ),
            ArgumentKind("emptyDir", "pods with data in emptyDir volumes: refuse (default) or delete it with them"),
        ] + KubectlObject.nodeParameters)

    private let node: KubectlObject
    private let cordon: NodeCordon
    private let seconds: Int
    private let consent: DrainConsent

    /// Reads `seconds`, `emptyDir` and what the planner fills in.
    public init(arguments: Arguments) throws(ArgumentError) {
        node = try KubectlObject(node: arguments)
        cordon = try NodeCordon(arguments: arguments)
        guard let seconds = Int(try arguments.text("seconds") ?? "300"), (1...3600).contains(seconds) else {
            throw ArgumentError("seconds", "must be a number of seconds from 1 to 3600")
        }
        self.seconds = seconds
        consent = DrainConsent(
            emptyDir: try arguments.choice("emptyDir", of: ["refuse", "delete"], default: "refuse") == "delete")
    }

    /// The pods run elsewhere then; undo lifts the cordon.
    public var reversibility: Reversibility { .compensable }
    /// The path to a node does not lead through its pods.
    public var cutsPath: Bool { false }
    /// It is kept by the API server.
    public var survivesReboot: Bool { true }
    /// In the cluster.
    public var place: Place { .cluster }
    /// The wait, and what the cordon before it and the last look after it may take.
    public var leastTimeout: Int { seconds + 30 }
    /// The node's cordon, as for ``NodeCordon`` and ``NodeUncordon``: the pods are nobody else's subject.
    public var subject: String { cordon.subject }

    /// The node's cordon, its pods, all budgets, and which kind of eviction the API takes.
    public func observe() -> [Command] {
        cordon.observe() + [
            DrainPod.list(on: node), DisruptionBudget.list(through: node), EvictionKind.ask(through: node),
        ]
    }

    /// Fields: those of `node.cordon` and `eviction` (footprint); the pods that would be evicted (`pods`), those that
    /// end already (`going`), those that stay and why (`heldBack`), the budgets over the first, the pods that one holds now,
    /// and what stands in the way for good (`blocks`).
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(4, outputs)
        var observation = try cordon.parse([outputs[0]])
        let pods = try DrainPod.read(outputs[1], of: node)
        let look = DrainLook(pods: pods, budgets: try DisruptionBudget.read(outputs[2], of: node), consent: consent)
        observation.fields.merge(look.fields) { first, _ in first }
        observation["eviction"] = .text(try EvictionKind.read(outputs[3], of: node))
        return observation
    }

    /// Which pods run where changes by itself in hours; that no other controller's pods join is for ``permits(_:planned:)``.
    public func role(of field: String) -> FieldRole {
        DrainLook.names.contains(field) ? .volatile("pods come and go, and budgets with them") : .footprint
    }

    /// Cordoned, and the pods gone. Refused where the pods are not to be evicted, or never could be.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        let blocks = before.lines("blocks") ?? []
        guard blocks.isEmpty else {
            throw ObservationError(
                "\(node.name) cannot be drained: \(DrainLook.some(blocks, "; "))",
                remedy: "Move or delete these pods yourself, change the budgets or the replicas; "
                    + "or say 'emptyDir: delete' where that is what stands in the way")
        }
        var prediction = try cordon.predict(before)
        // The cordon knows of its own fields alone.
        prediction.after.fields.merge(before.fields) { cordoned, _ in cordoned }
        guard !isDrained(before) else {
            prediction.notes.append("there is no pod to evict")
            return prediction
        }
        let reason =
            "pods of the same controllers that come before the cordon are evicted too; others make the step fail"
        for field in ["pods", "going", "heldByBudget", "budgets"] {
            prediction.after[field] = .lines([])
            prediction.qualities[field] = .bounded(reason)
        }
        prediction.qualities["heldBack"] = .bounded("those that stay, and what is put there past the scheduler")
        prediction.notes += DrainNotes.all(before, seconds: seconds)
        return prediction
    }

    /// The cordon first, then the evictions; nothing where the node is cordoned and empty.
    public func apply(_ before: Observation) -> [Command] {
        let isCordoned = before.text("unschedulable") == "yes"
        if isCordoned, isDrained(before) { return [] }
        return cordon.apply(before) + [evict(before)]
    }

    /// Lifts this run's cordon, as the undo of `node.cordon` does; where somebody else's was there, says so.
    public func undo(_ before: Observation) -> [Command] {
        if apply(before).isEmpty { return cordon.undo(before) }
        let lifted = cordon.undo(before)
        return lifted.isEmpty ? [.shell(DrainScript.left, [node.name])] : lifted
    }

    /// The same commands, or with fewer controllers to evict the pods of.
    public func permits(_ now: [Command], planned: [Command]) -> Bool {
        guard let list = now.last, let plan = planned.last, now.dropLast() == planned.dropLast(),
            list.input == plan.input, list.accepts == plan.accepts,
            list.argv.prefix(DrainScript.wordsBeforeKeys) == plan.argv.prefix(DrainScript.wordsBeforeKeys)
        else { return now == planned }
        return Set(list.argv.dropFirst(DrainScript.wordsBeforeKeys))
            .isSubset(of: plan.argv.dropFirst(DrainScript.wordsBeforeKeys))
    }

    private func isDrained(_ before: Observation) -> Bool {
        (before.lines("pods") ?? []).isEmpty && (before.lines("going") ?? []).isEmpty
    }

    private func evict(_ before: Observation) -> Command {
        .shell(
            DrainScript.evict,
            [
                node.kubeconfig, node.name, before.text("uid") ?? "", DrainPod.template, DrainPod.filter,
                before.text("eviction") ?? "", String(seconds),
            ] + DrainLook.keys(before.lines("pods") ?? []))
    }
}

/// What a step says may be lost with the pods.
struct DrainConsent: Sendable, Hashable {
    /// Data in emptyDir volumes.
    var emptyDir = false
}

/// Sentences beside the diff of a drain.
enum DrainNotes {
    static func all(_ before: Observation, seconds: Int) -> [String] {
        let pods = before.lines("pods") ?? []
        let held = before.lines("heldByBudget") ?? []
        func some(_ lines: [String]) -> String { DrainLook.some(lines.map(DrainLook.pod), ", ") }
        let data = pods.filter { DrainLook.hasEmptyDir($0) }
        let jobs = pods.filter { DrainLook.isOfJob($0) }
        let stay = before.lines("heldBack") ?? []
        return ["\(count(pods)) evicted; what runs elsewhere then is not brought back by undo, which lifts the cordon"]
            .appending(
                held.isEmpty
                    ? nil
                    : "held by their budgets now, and waited for, \(seconds) s at most, or all is rolled back: "
                        + DrainLook.some(held, "; ")
            )
            .appending(stay.isEmpty ? nil : "not evicted: \(DrainLook.some(stay, "; "))")
            .appending(data.isEmpty ? nil : "their data in emptyDir volumes is deleted: \(some(data))")
            .appending(jobs.isEmpty ? nil : "pods of Jobs, whose work begins again elsewhere: \(some(jobs))")
    }

    private static func count(_ pods: [String]) -> String { pods.count == 1 ? "1 pod is" : "\(pods.count) pods are" }
}

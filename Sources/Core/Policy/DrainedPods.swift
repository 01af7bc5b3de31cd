import CEL

extension NodePlan {
    /// What the drain of this plan found of the node's pods, nil without one.
    ///
    /// As it was when the plan was made: that no other pods join until it runs is for the step itself
    /// (``NodeDrain/permits(_:planned:)``), and what budgets allow by then for the API.
    var drainedPods: Value? {
        let drain = steps.first { step in
            step.action == NodeDrain.kind.name && step.restores == nil && step.skipped == nil
        }
        guard let before = drain?.before, let pods = before.lines("pods"), let held = before.lines("heldByBudget")
        else {
            return nil
        }
        let others = (before.lines("going") ?? []) + (before.lines("heldBack") ?? [])
        return PolicySchema.message(
            "NodePods", at: "node.pods",
            [
                "total": .int(Int64(pods.count + others.count)),
                "pdbBlocked": .texts(held.map { String($0.prefix { $0 != ":" }) }),
                "localStorage": .texts(pods.filter(DrainLook.hasEmptyDir).map(DrainLook.pod)),
            ])
    }
}

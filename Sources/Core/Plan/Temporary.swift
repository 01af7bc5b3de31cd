/// How long what a run leaves in place may stay there: until then somebody keeps it, or it is given back.
public enum Temporary {
    /// The shortest and the longest time, in seconds: five minutes to a week.
    public static let seconds = 300...604_800

    /// What is wrong with a time, as the end of a sentence; nil when nothing is.
    public static func fault(_ time: Duration) -> String? {
        let (least, most) = (Duration.seconds(seconds.lowerBound), Duration.seconds(seconds.upperBound))
        guard !(least...most).contains(time) else { return nil }
        return "must be \(DurationText.spell(least)) to \(DurationText.spell(most)), not \(DurationText.spell(time))"
    }
}

extension Plan {
    /// Refuses what would promise more than can be kept: a temporary run is given back, and what cannot be undone cannot be.
    /// - Throws: ``PlanError`` naming the step.
    public func checkTemporary() throws(PlanError) {
        guard temporarySeconds != nil else { return }
        for node in nodes {
            for step in node.steps where step.mayLeaveForGood {
                throw PlanError(
                    step: step.name,
                    message: "\(step.action) cannot be undone on \(node.name), so the run cannot be temporary",
                    remedy:
                        "Have the step keep what it takes away, where it can (archive), or make it no temporary run.")
            }
        }
    }
}

extension StepPlan {
    fileprivate var mayLeaveForGood: Bool { skipped == nil && reversibility == .irreversible && !apply.isEmpty }
}

extension Planner {
    /// What somebody else changed of what a run left of a step, one sentence each; empty where it is as it was left, or as it was
    /// before. Whoever gives it back unasked must not overwrite that (law 6).
    ///
    /// Only the footprint is compared: what else there is may change by itself in hours.
    public static func conflicts(_ node: NodeRun, step: Step, now: Observation) -> [String] {
        guard let index = node.plan.steps.indices.last(where: { "undo-\(node.plan.steps[$0].name)" == step.name })
        else { return [] }
        guard let left = node.steps[index].after, let before = node.steps[index].before else {
            return ["what step '\(node.plan.steps[index].name)' left was never observed"]
        }
        return now.differences(from: left) { step.action.role(of: $0) == .footprint && now[$0] != before[$0] }
            .filter { !step.action.isEquivalent($0.field, before: left[$0.field], now: now[$0.field]) }
            .map { "somebody changed \($0.field) of step '\(node.plan.steps[index].name)' since" }
    }
}

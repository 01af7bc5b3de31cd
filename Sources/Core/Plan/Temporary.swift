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

/// What the nodes of a plan have to do with what is given back, besides the executor.
public enum OnNode: String, Codable, Sendable, Hashable {
    /// Each node gives back by itself what the run leaves there, once it is due.
    case returns
    /// The run that the plan rolls back is due on its nodes so: it is taken from each before anything is undone there.
    case takes
}

extension Plan {
    /// Refuses what would promise more than can be kept: a temporary run is given back, and what cannot be undone cannot be.
    /// - Throws: ``PlanError`` naming the step.
    public func checkTemporary() throws(PlanError) {
        guard temporarySeconds != nil else {
            guard onNode == .returns else { return }
            throw PlanError(
                message: "what is in place for good is not given back by the node either",
                remedy: "Say for how long with --temporary, or leave --on-node out.")
        }
        for node in nodes {
            for step in node.steps where step.mayLeaveForGood {
                throw PlanError(
                    step: step.name,
                    message: "\(step.action) cannot be undone on \(node.name), so the run cannot be temporary",
                    remedy:
                        "Have the step keep what it takes away, where it can (archive), or make it no temporary run.")
            }
            guard onNode == .returns else { continue }
            for step in node.steps {
                guard let why = try step.obstacle(on: node.name) else { continue }
                throw PlanError(
                    step: step.name, message: "\(why), so the node cannot give it back by itself",
                    remedy: "Leave onNode out (--on-node): `belay return --due` gives it back, from a timer.")
            }
        }
    }
}

extension StepPlan {
    fileprivate var mayLeaveForGood: Bool { skipped == nil && reversibility == .irreversible && !apply.isEmpty }

    // A node has neither the cluster's credentials nor anybody to ask: it gives back what it can tell to be still as the run
    // left it, and nothing else. What cuts the path may be among it: that is put back to what it was when Belay came.
    fileprivate func obstacle(on node: String) throws(PlanError) -> String? {
        guard skipped == nil, !apply.isEmpty else { return nil }
        guard place == .node else { return "\(action) is done through the cluster's API and not on \(node)" }
        do throws(ArgumentError) {
            guard try !makeAction().canReturnAlone(from: before) else { return nil }
        } catch {
            throw PlanError(step: name, message: error.message, remedy: "Make the plan again.")
        }
        return "nobody but Belay can tell on \(node) whether what \(action) leaves is still as it was left"
    }
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

import CEL

/// Makes a node's part of a plan from what was observed of it: pure, so that a dry run shows what a run would do.
public enum Planner {
    /// A step before it is planned for a node.
    public struct Step: Sendable {
        /// Its name in the runbook.
        public var name: String
        /// The action's name.
        public var kind: String
        /// The action's arguments.
        public var arguments: Arguments
        /// The action.
        public var action: any Action
        /// Set when it restores what another run found.
        public var restores: Observation?
        /// Seconds its commands may take.
        public var timeoutSeconds: Int
        /// Its checks.
        public var verify: [CheckPlan]
        /// Sentences to be shown beside its diff.
        public var notes: [String] = []
    }

    /// Everything about one node that a plan is made from.
    public struct Subject: Sendable {
        /// The node as the inventory has it.
        public var node: Inventory.Node
        /// Who answered.
        public var identity: NodeIdentity
        /// One observation for each step, in order, all read at the same time.
        public var observations: [Observation]

        /// Collects the parts.
        public init(node: Inventory.Node, identity: NodeIdentity, observations: [Observation]) {
            self.node = node
            self.identity = identity
            self.observations = observations
        }
    }

    /// Seconds a new TCP and SSH connection may take in the dead-man's arithmetic.
    public static let reconnectSeconds = 10

    /// Plans one node.
    /// - Parameter deadManSeconds: the delay the runbook asks for; nil = as short as is safe.
    /// - Throws: ``PlanError`` naming node and step when the node's state does not allow it.
    public static func plan(
        _ steps: [Step], verify: [CheckPlan], services: [String], deadManSeconds: Int?, for subject: Subject
    ) throws(PlanError) -> NodePlan {
        var planned: [StepPlan] = []
        for (step, observed) in zip(steps, subject.observations) {
            let before = chained(step, observed, after: planned)
            planned.append(try plan(step, from: before, on: subject.node.name))
        }
        return NodePlan(
            name: subject.node.name, identity: subject.identity, roles: subject.node.roles.sorted(),
            pool: subject.node.pool,
            steps: planned, verify: verify, services: services,
            deadManSeconds: try deadMan(planned, verify, asked: deadManSeconds, on: subject.node.name))
    }

    // A step sees what an earlier step of the same kind leaves, where the two look at the very same thing.
    private static func chained(_ step: Step, _ observed: Observation, after planned: [StepPlan]) -> Observation {
        let earlier = planned.last { $0.action == step.kind && $0.arguments == step.arguments }
        return earlier?.prediction.after ?? observed
    }

    private static func plan(_ step: Step, from before: Observation, on node: String) throws(PlanError) -> StepPlan {
        let action = step.action
        do {
            var prediction = try action.predict(before)
            prediction.notes += step.notes
            let planned = StepPlan(
                name: step.name, action: step.kind, arguments: step.arguments, reversibility: action.reversibility,
                cutsPath: action.cutsPath, restores: step.restores, timeoutSeconds: step.timeoutSeconds, before: before,
                prediction: prediction, apply: action.apply(before), undo: action.undo(before), verify: step.verify)
            try refuseUnsendable(planned, action, on: node)
            return planned
        } catch let error as ObservationError {
            throw PlanError(node: node, step: step.name, message: error.message, remedy: error.remedy)
        } catch let error as PlanError {
            throw error
        } catch {
            throw PlanError(node: node, step: step.name, message: "\(error)", remedy: "Report this.")
        }
    }

    private static func refuseUnsendable(_ step: StepPlan, _ action: any Action, on node: String) throws(PlanError) {
        if (step.apply + step.undo).contains(where: { $0.argv.contains { $0.utf8.contains(0) } }) {
            throw PlanError(
                node: node, step: step.name, message: "a command has a NUL byte in an argument",
                remedy: "Remove it from the parameter: no program can be given one.")
        }
        if action.cutsPath, action.survivesReboot, !step.apply.isEmpty {
            throw PlanError(
                node: node, step: step.name,
                message:
                    "it can cut the path to the node and its effect survives a reboot, which no dead-man covers yet",
                remedy: "Do it by hand from the node's console; Belay refuses what the node could not undo by itself.")
        }
    }

    // Law 3: longer than everything between arming and disarming, or the node reverts while all is well; the time a
    // person sees in the plan is the time they may be cut off.
    private static func deadMan(
        _ steps: [StepPlan], _ verify: [CheckPlan], asked: Int?, on node: String
    ) throws(PlanError) -> Int? {
        guard let first = steps.firstIndex(where: { $0.cutsPath && !$0.apply.isEmpty }) else { return nil }
        let covered = steps[first...]
        let perStep = covered.reduce(0) { $0 + $1.timeoutSeconds + longest($1.verify) }
        let needed = perStep + longest(covered.flatMap(\.verify) + verify) + reconnectSeconds
        guard let asked else { return needed + reconnectSeconds }
        guard asked > needed else {
            throw PlanError(
                node: node, step: steps[first].name,
                message:
                    "the dead-man's delay of \(asked) s is not longer than apply, verify and reconnect, \(needed) s",
                remedy: "Set deadMan.delay in the runbook to more than \(needed)s, or shorten the steps' limits.")
        }
        return asked
    }

    private static func longest(_ checks: [CheckPlan]) -> Int { checks.map(\.withinSeconds).max() ?? 0 }
}

/// A node's state does not allow the plan; nothing was changed.
public struct PlanError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The node, nil when it is about the plan as a whole.
    public var node: String?
    /// The step, nil when it is about the node as a whole.
    public var step: String?
    /// What does not allow it.
    public var message: String
    /// What to do.
    public var remedy: String

    /// Describes a refusal.
    public init(node: String? = nil, step: String? = nil, message: String, remedy: String) {
        self.node = node
        self.step = step
        self.message = message
        self.remedy = remedy
    }

    /// `node: step 'x': message. remedy`.
    public var description: String {
        [node, step.map { "step '\($0)'" }, "\(message). \(remedy)"].compactMap(\.self).joined(separator: ": ")
    }
}

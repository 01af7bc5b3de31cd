public import CEL

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
        /// Its condition, nil for always.
        public var when: String?
        /// Whether it is left out when it cannot be begun.
        public var optional = false
        /// Sentences to be shown beside its diff.
        public var notes: [String] = []

        package init(
            name: String, kind: String, arguments: Arguments, action: any Action, restores: Observation? = nil,
            timeoutSeconds: Int, verify: [CheckPlan], when: String? = nil, optional: Bool = false
        ) {
            self.name = name
            self.kind = kind
            self.arguments = arguments
            self.action = action
            self.restores = restores
            self.timeoutSeconds = timeoutSeconds
            self.verify = verify
            self.when = when
            self.optional = optional
        }
    }

    /// Everything about one node that a plan is made from.
    public struct Subject: Sendable {
        /// The node as the inventory has it.
        public var node: Inventory.Node
        /// Who answered; nil when no step runs on the node itself and it was not reached.
        public var identity: NodeIdentity?
        /// Where its cluster steps run, nil when there is no such place.
        public var host: HostPlan?
        /// The kubeconfig there.
        public var kubeconfig: String?
        /// What is known of it: the value of `facts` in expressions.
        public var facts: Value
        /// One observation for each step, in order, all read at the same time.
        public var observations: [Result<Observation, ObservationError>]

        /// Collects the parts.
        public init(
            node: Inventory.Node, identity: NodeIdentity?, host: HostPlan? = nil, kubeconfig: String? = nil,
            facts: Facts,
            observations: [Result<Observation, ObservationError>]
        ) {
            self.init(
                node: node, identity: identity, host: host, kubeconfig: kubeconfig, facts: facts.value,
                observations: observations)
        }

        init(
            node: Inventory.Node, identity: NodeIdentity?, host: HostPlan?, kubeconfig: String?, facts: Value,
            observations: [Result<Observation, ObservationError>]
        ) {
            self.node = node
            self.identity = identity
            self.host = host
            self.kubeconfig = kubeconfig
            self.facts = facts
            self.observations = observations
        }
    }

    /// Seconds a new TCP and SSH connection may take in the dead-man's arithmetic.
    public static let reconnectSeconds = 10

    /// What a plan of a node is about, besides its steps.
    public struct Frame: Sendable {
        /// What must hold when its turn comes.
        public var preconditions: [CheckPlan] = []
        /// Checks after the last step.
        public var verify: [CheckPlan] = []
        /// The units whose facts the checks read.
        public var services: [String] = []
        /// The dead-man's delay that the runbook asks for; nil = as short as is safe.
        public var deadManSeconds: Int?
        /// The runbook's parameters as bound, for conditions.
        public var parameters: [String: ParameterValue] = [:]

        /// An empty frame.
        public init() {}
    }

    /// Plans one node.
    /// - Throws: ``PlanError`` naming node and step when the node's state does not allow it.
    public static func plan(
        _ steps: [Step], _ frame: Frame, for subject: Subject
    ) throws(PlanError) -> NodePlan {
        let name = subject.node.name
        var planned: [StepPlan] = []
        for index in steps.indices {
            let step = try plan(steps, index, after: planned, frame, subject)
            try refuseUnsendable(step, on: name)
            planned.append(step)
        }
        let placed = planned.filter { $0.skipped == nil }
        let usesNode = placed.contains { $0.place == .node } || planned.isEmpty
        guard !usesNode || subject.identity != nil else {
            throw PlanError(node: name, message: "it was not reached", remedy: "Check the node's address and keys.")
        }
        return NodePlan(
            name: name, identity: usesNode ? subject.identity : nil, host: subject.host,
            kubeconfig: subject.kubeconfig, kubernetesName: subject.node.nameInKubernetes,
            roles: subject.node.roles.sorted(), pool: subject.node.pool, preconditions: frame.preconditions,
            steps: planned, verify: frame.verify, services: frame.services,
            deadManSeconds: try deadMan(planned, frame.verify, asked: frame.deadManSeconds, on: name),
            deadManAtBoot: zip(steps, planned).contains { step, planned in
                planned.cutsPath && step.action.survivesReboot && !planned.apply.isEmpty
            })
    }

    private static func plan(
        _ steps: [Step], _ index: Int, after planned: [StepPlan], _ frame: Frame, _ subject: Subject
    ) throws(PlanError) -> StepPlan {
        let step = steps[index]
        let name = subject.node.name
        if let when = step.when {
            let ran = Dictionary(uniqueKeysWithValues: planned.map { ($0.name, !$0.apply.isEmpty) })
            let (holds, reason) = try StepCondition(when, parameters: frame.parameters).ask(subject.facts, ran: ran)
            if holds == false { return skipped(step, reason) }
            if holds == nil {
                guard step.optional else {
                    throw PlanError(
                        node: name, step: step.name, message: "its condition cannot be told: \(reason)",
                        remedy: "Find out why the fact is not known, or make the step optional.")
                }
                return skipped(step, reason)
            }
        }
        do throws(ObservationError) {
            let observed = try subject.observations[index].get()
            guard step.action.place == .node || subject.host != nil else {
                throw ObservationError(
                    "there is no execution host for kubectl", remedy: "Set cluster.kubectl in the inventory.")
            }
            return try plan(step, from: chained(step, observed, after: zip(steps, planned)))
        } catch {
            if step.optional { return skipped(step, error.message) }
            throw PlanError(node: name, step: step.name, message: error.message, remedy: error.remedy)
        }
    }

    private static func skipped(_ step: Step, _ why: String) -> StepPlan {
        StepPlan(
            name: step.name, action: step.kind, arguments: step.arguments, reversibility: step.action.reversibility,
            place: step.action.place, when: step.when, optional: step.optional, skipped: why, cutsPath: false,
            timeoutSeconds: step.timeoutSeconds, before: Observation(), prediction: Prediction(after: Observation()),
            apply: [], undo: [], verify: step.verify)
    }

    // A step sees what the earlier ones leave, in the fields that they share.
    private static func chained(
        _ step: Step, _ observed: Observation, after earlier: Zip2Sequence<[Step], [StepPlan]>
    ) -> Observation {
        var chained = observed
        for (before, planned) in earlier where planned.skipped == nil && before.action.place == step.action.place {
            guard before.action.subject == step.action.subject else { continue }
            for (field, value) in planned.prediction.after.fields where planned.before[field] != value {
                if chained[field] != nil { chained[field] = value }
            }
        }
        return chained
    }

    private static func plan(_ step: Step, from before: Observation) throws(ObservationError) -> StepPlan {
        let action = step.action
        if let fault = step.timeoutFault { throw fault }
        var prediction = try action.predict(before)
        prediction.notes += step.notes
        return StepPlan(
            name: step.name, action: step.kind, arguments: step.arguments, reversibility: action.reversibility,
            place: action.place, when: step.when, optional: step.optional, cutsPath: action.cutsPath,
            restores: step.restores, timeoutSeconds: step.timeoutSeconds, before: before,
            prediction: prediction, apply: action.apply(before), undo: action.undo(before), verify: step.verify)
    }

    private static func refuseUnsendable(_ step: StepPlan, on node: String) throws(PlanError) {
        if (step.apply + step.undo).contains(where: { $0.argv.contains { $0.utf8.contains(0) } }) {
            throw PlanError(
                node: node, step: step.name, message: "a command has a NUL byte in an argument",
                remedy: "Remove it from the parameter: no program can be given one.")
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

extension Planner.Step {
    /// Ended by its time limit, a step that waits could not say what it waited for.
    fileprivate var timeoutFault: ObservationError? {
        guard timeoutSeconds < action.leastTimeout else { return nil }
        return ObservationError(
            "its timeout of \(timeoutSeconds) s is shorter than what \(kind) may wait, \(action.leastTimeout) s with its arguments",
            remedy: "Set the step's timeout to \(action.leastTimeout)s or more, or have it wait for less.")
    }
}

import CEL

/// What was done before, for policies: derived from the audit log, which is the only place it is kept.
public struct History: Codable, Sendable, Hashable {
    /// Of what no policy reads nothing is asked.
    public static let notAsked = Fact<History>.unknown("it was not asked for, since no policy reads it")
    /// How far back it goes at most: a decision's input must not grow with the log.
    public static let seconds = 7 * 24 * 3600
    /// How many steps it has at most.
    public static let maxSteps = 1000

    /// From when on it is complete: nothing that began then or later is missing.
    public var since: Timestamp
    /// The steps that were begun, newest first.
    public var steps: [HistoryStep]

    /// Takes the newest steps of those that began since `logStart`.
    /// - Parameters:
    ///   - steps: in any order.
    ///   - logStart: when the log begins.
    public init(_ steps: [HistoryStep], logStart: Timestamp, now: Timestamp) {
        let horizon = max(logStart, now.adding(seconds: -Self.seconds))
        let sorted = steps.filter { $0.startedAt >= horizon }.sorted { ($0.startedAt, $0.run) > ($1.startedAt, $1.run) }
        self.steps = Array(sorted.prefix(Self.maxSteps))
        // What was left out began before this.
        let dropped = sorted.dropFirst(Self.maxSteps).first
        since = dropped.map { Timestamp(milliseconds: $0.startedAt.milliseconds + 1) } ?? horizon
        self.steps.removeAll { $0.startedAt < since }
    }
}

/// A step that a run began on a node, whatever came of it: an element of `history.runs`.
public struct HistoryStep: Codable, Sendable, Hashable {
    /// The run's id.
    public var run: String
    /// The node it was done to.
    public var node: String
    /// That node's pool, as the plan had it.
    public var pool: String
    /// Whether that node was of the control plane.
    public var controlPlane: Bool
    /// The action.
    public var action: String
    /// The runbook's name.
    public var runbook: String
    /// SHA-256 of the runbook's file, hex.
    public var runbookDigest: String
    /// Who asked for it.
    public var user: String
    /// What the step disrupts.
    public var disrupts: Fact<[String]>
    /// When it was begun.
    public var startedAt: Timestamp
    /// When the run was done with the node; nil while it is not.
    public var finishedAt: Timestamp?
    /// How the run ended on the node: `succeeded`, `rolledBack`, `needsPerson`, or `running`.
    public var outcome: String

    /// A step of a plan.
    /// - Parameter state: where the run stands on the node.
    public init(
        _ step: StepPlan, of plan: Plan, on node: NodePlan, state: NodeState, startedAt: Timestamp,
        finishedAt: Timestamp?
    ) {
        run = plan.id
        self.node = node.name
        pool = node.pool
        controlPlane = node.roles.contains("control-plane")
        action = step.action
        runbook = plan.runbook.name
        runbookDigest = plan.runbook.digest
        user = plan.requester
        disrupts =
            (try? step.makeAction()).map { .known($0.disrupts.sorted()) }
            ?? .unknown("this version cannot make '\(step.action)' of its arguments")
        self.startedAt = startedAt
        self.finishedAt = state.isFinal ? finishedAt : nil
        outcome =
            switch state {
            case .succeeded: "succeeded"
            case .rolledBack: "rolledBack"
            default: state.isFinal ? "needsPerson" : "running"
            }
    }
}

extension History {
    var celValue: Value {
        .message(
            name: "History",
            fields: ["since": .instant(since, at: "history.since"), "runs": .list(steps.map(\.celValue))])
    }
}

extension HistoryStep {
    fileprivate var celValue: Value {
        var known: [String: Value] = [
            "id": .string(run), "node": .string(node), "pool": .string(pool), "controlPlane": .bool(controlPlane),
            "action": .string(action), "runbook": .string(runbook),
            "runbookDigest": .string(runbookDigest), "user": .string(user),
            "disrupts": disrupts.policyValue(at: "history.runs.disrupts", Value.texts),
            "startedAt": .instant(startedAt, at: "history.runs.startedAt"), "outcome": .string(outcome),
        ]
        if let finishedAt { known["finishedAt"] = .instant(finishedAt, at: "history.runs.finishedAt") }
        return PolicySchema.message("Run", at: "history.runs", known, cause: "the run is under way")
    }
}

public import Core

/// What an entry is about, beyond what stands in every entry.
public struct EntryFacts: Sendable {
    /// The runbook of its run.
    public let runbook: String?
    /// The number of the step it is about, counted from 0, whether or not the plan is known.
    public let stepIndex: Int?
    /// The step it is about.
    public let step: StepPlan?
    /// How it came out, in one word or as an exit status; nil for what has no outcome.
    public let outcome: String?

    /// Looks an entry up in a plan.
    /// - Parameter plan: of the run it belongs to.
    public init(_ record: LogRecord, plan: Plan?) {
        runbook = plan?.runbook.name
        outcome = record.event?.outcome
        stepIndex = if case .run(let event)? = record.event { event.step } else { nil }
        guard let index = stepIndex,
            let node = plan?.nodes.first(where: { $0.name == record.node }), node.steps.indices.contains(index)
        else {
            step = nil
            return
        }
        step = node.steps[index]
    }
}

extension LogEvent {
    fileprivate var outcome: String? {
        switch self {
        case .decided(let decision): decision.allowed ? "allowed" : "denied"
        case .approval(let approval):
            (try? ApprovalStatement(bytes: approval.statement.bytes)).map {
                $0.decision == .approve ? "approved" : "denied"
            }
        case .notified(let told): told.failure == nil ? "told" : "failed"
        case .nodeReturn(let record): record.standing.name
        case .run(let event): event.outcome
        case .began, .planned, .adopted, .decisionInput, .breakGlassUsed, .reviewed, .kept, .trusted, .recoveredLog,
            .blobErased, .keyRotated, .read, .incidentStarted, .incidentNoted, .incidentClosed, .incidentTied, .triaged:
            nil
        }
    }
}

extension Event {
    /// The step it is about, counted from 0; nil when it is about a node or the run.
    public var step: Int? {
        switch self {
        case .intent(let intent): intent.write.step
        case .outcome(let write, _): write.step
        case .observed(let step, _, _), .unobservable(let step, _, _), .unchanged(let step), .evaluated(let step, _, _),
            .skipped(let step, _), .stale(let step, _), .conflict(let step, _):
            step
        case .verified(let step, _): step
        case .started, .recovering, .judged, .admitted, .nodeState, .unreachable, .resolved, .wave, .finished: nil
        }
    }

    fileprivate var outcome: String? {
        switch self {
        case .finished(let end): end.rawValue
        case .nodeState(let state, _): state.rawValue
        case .outcome(_, let answer): answer.outcome
        case .judged(let findings): findings.contains(where: \.denies) ? "denied" : "allowed"
        case .admitted(let failures), .verified(_, let failures): failures.isEmpty ? "held" : "failed"
        case .resolved(let signed): (try? Resolution(bytes: signed.statement.bytes))?.verdict.rawValue
        case .started, .recovering, .intent, .observed, .unobservable, .unchanged, .evaluated, .skipped, .stale,
            .conflict, .unreachable, .wave:
            nil
        }
    }
}

extension NodeAnswer {
    fileprivate var outcome: String {
        switch self {
        case .granted: "granted"
        case .released: "released"
        case .ended: "ended"
        case .armed: "armed"
        case .won: "won"
        case .reverted: "reverted"
        case .ownReturn(let standing): standing.name
        case .noDeadMan: "none"
        case .done(let status, _, _): "\(status)"
        case .running: "running"
        case .lost: "lost"
        case .absent: "absent"
        case .refused: "refused"
        }
    }
}

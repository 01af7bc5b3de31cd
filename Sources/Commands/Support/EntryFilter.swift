import Core
import Engine

/// Which entries of the log somebody asked for: those that fit everything that is given.
struct EntryFilter: Sendable {
    var node: String?
    var user: String?
    /// From then on.
    var since: Timestamp?
    /// Up to then, that instant included.
    var until: Timestamp?
    /// A run's id, or its beginning.
    var run: String?
    /// The runbook of the run.
    var runbook: String?
    /// The action of the step.
    var action: String?
    /// How it came out, as ``EntryFacts/outcome`` has it; capitals, spaces and dashes do not matter.
    var outcome: String?
    /// The entry's type.
    var type: String?
    /// Part of the entry's JSON, or of the event's when that is in a blob; capitals do not matter.
    var text: String?

    /// Whether an entry is among them. An executor `alice@laptop:7` is found by `alice` too.
    /// - Parameter plan: of the run it belongs to; nil when there is none.
    func admits(_ entry: IndexedRecord, plan: Plan?) -> Bool {
        admits(entry.record) && admits(EntryFacts(entry.record, plan: plan)) && hasText(entry)
    }

    private func admits(_ record: LogRecord) -> Bool {
        if let node, record.node != node { return false }
        if let user, record.by != user, !record.by.hasPrefix(user + "@") { return false }
        if let since, record.at < since { return false }
        if let until, record.at > until { return false }
        if let run, record.run?.hasPrefix(run) != true { return false }
        if let type, record.type != type { return false }
        return true
    }

    private func admits(_ facts: EntryFacts) -> Bool {
        if let runbook, facts.runbook != runbook { return false }
        if let action, facts.step?.action != action { return false }
        if let outcome, facts.outcome.map(Self.plain) != Self.plain(outcome) { return false }
        return true
    }

    // `rolled-back`, `rolled back` and `rolledBack` mean the same.
    private static func plain(_ word: String) -> String { word.lowercased().filter { $0.isLetter || $0.isNumber } }

    private func hasText(_ entry: IndexedRecord) -> Bool {
        guard let text else { return true }
        let needle = Array(text.lowercased().utf8)
        func holds(_ bytes: [UInt8]) -> Bool {
            String(decoding: bytes, as: UTF8.self).lowercased().utf8.contains(needle)
        }
        if holds(entry.bytes) { return true }
        guard entry.record.blob != nil, let event = entry.record.event, let body = try? JSON.encode(event) else {
            return false
        }
        return holds(body)
    }
}

/// What an entry is about, beyond what stands in every entry.
struct EntryFacts: Sendable {
    /// The runbook of its run.
    let runbook: String?
    /// The step it is about.
    let step: StepPlan?
    /// How it came out, in one word or as an exit status; nil for what has no outcome.
    let outcome: String?

    /// - Parameter plan: of the run it belongs to.
    init(_ record: LogRecord, plan: Plan?) {
        runbook = plan?.runbook.name
        outcome = record.event?.outcome
        guard case .run(let event)? = record.event, let index = event.step,
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
        case .run(let event): event.outcome
        case .planned, .adopted, .trusted, .recoveredLog, .blobErased: nil
        }
    }
}

extension Event {
    /// The step it is about, counted from 0; nil when it is about a node or the run.
    var step: Int? {
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
        case .judged(let findings): findings.contains { $0.outcome != .warn } ? "denied" : "allowed"
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
        case .noDeadMan: "none"
        case .done(let status, _, _): "\(status)"
        case .running: "running"
        case .lost: "lost"
        case .absent: "absent"
        case .refused: "refused"
        }
    }
}

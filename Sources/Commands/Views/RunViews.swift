import Core
import Engine

/// A run in a list.
struct RunSummary: Encodable, Sendable, Hashable {
    /// Where a run stands, in the words of the design.
    enum Standing: String, Encodable, Sendable {
        case planned, denied, running, interrupted, succeeded, rolledBack, stale, partial, needsPerson, abandoned,
            damaged
    }

    var id: String
    var standing: Standing
    var runbook: String
    var requester: String
    var createdAt: Timestamp
    /// The run it rolls back.
    var rollsBack: String?
    /// Node name → its state.
    var nodes: [String: String]
    /// Why its records do not fold; nil when they do.
    var fault: String?
    /// What of it nobody has reviewed yet; nil when nothing is.
    var review: OpenReview?

    /// What it left in place for a time; nil for a run that left nothing, or for good.
    var temporary: Temporary?

    /// What is to be given back, and what became of it.
    struct Temporary: Encodable, Sendable, Hashable {
        /// Where it is in place.
        var nodes: [String]
        var since: Timestamp
        var due: Timestamp
        /// Node → the run that gave it back there.
        var returned: [String: String]
        var keptBy: String?
        var keptBecause: String?
        /// Node → what it said last of giving it back by itself; nil where nodes do not.
        var onNode: [String: String]?
        /// The nodes that gave it back by themselves.
        var returnedAlone: [String] = []
        /// The nodes that began to and stopped.
        var stopped: [String] = []
        /// The nodes that may still give it back though it is kept.
        var stillArmed: [String] = []

        /// Whether it is still to be given back.
        var isOpen: Bool { keptBy == nil && !nodes.isEmpty }

        /// In a few words.
        var words: String {
            if let keptBy { return "temporary, kept by \(keptBy)" }
            return nodes.isEmpty ? "temporary, given back" : "temporary, due back \(due.toSeconds)"
        }
    }

    /// Broken glass that waits for somebody to look at it.
    struct OpenReview: Encodable, Sendable, Hashable {
        /// Who broke it.
        var by: String
        var incident: String
        var since: Timestamp
        var due: Timestamp
    }

    /// - Parameters:
    ///   - isHeld: whether a process drives it now.
    ///   - change: what it left in place for a time, as the whole log has it.
    init(_ run: StoredRun, isHeld: Bool, change: TemporaryChange? = nil) {
        id = run.id
        runbook = run.plan.runbook.name
        requester = run.plan.requester
        createdAt = run.plan.createdAt
        rollsBack = run.plan.rollsBack
        nodes = Dictionary(
            run.state.nodes.map { ($0.plan.name, $0.state.rawValue) }, uniquingKeysWith: { first, _ in first })
        fault = run.fault
        review = run.openReviews.first.map {
            OpenReview(
                by: $0.record.principal.name, incident: $0.record.incident, since: $0.at, due: $0.record.reviewBy)
        }
        temporary = change.map { Temporary($0) }
        standing = Self.standing(run, isHeld)
    }

    private static func standing(_ run: StoredRun, _ isHeld: Bool) -> Standing {
        if run.fault != nil { return .damaged }
        switch run.state.end {
        case .succeeded: return .succeeded
        case .rolledBack: return .rolledBack
        case .stale: return .stale
        case .denied: return .denied
        case .partial: return .partial
        case .needsPerson: return .needsPerson
        case .abandoned: return .abandoned
        case nil: break
        }
        if run.isOpen { return isHeld ? .running : .interrupted }
        return run.decision?.phase == .plan && run.decision?.allowed == false ? .denied : .planned
    }

    /// True while somebody has to do something about it.
    var isPressing: Bool { [.interrupted, .needsPerson, .damaged].contains(standing) || hasReturnTrouble }

    /// True while a node gives back what somebody keeps, or does not give back what nobody does.
    var hasReturnTrouble: Bool { temporary.map { !$0.stillArmed.isEmpty || $0.isOpen && !$0.stopped.isEmpty } ?? false }
}

extension RunSummary.Temporary {
    init(_ change: TemporaryChange) {
        self.init(
            nodes: change.nodes, since: change.since, due: change.due, returned: change.returned,
            keptBy: change.kept?.by, keptBecause: change.kept?.reason,
            onNode: change.isOnNode ? change.standings.mapValues(\.words) : nil, returnedAlone: change.returnedAlone,
            stopped: change.stopped.standings.keys.sorted(), stillArmed: change.stillArmed)
    }
}

/// `belay runs list`.
struct RunsView: Sendable {
    let runs: [RunSummary]

    func text() -> String {
        guard !runs.isEmpty else { return "The log has no run.\n" }
        let rows = runs.map { run in
            [
                run.id, run.standing.rawValue,
                run.runbook + (run.rollsBack.map { " (rolls back \($0))" } ?? "")
                    + (run.temporary.map { " (\($0.words))" } ?? ""), run.requester,
                run.nodes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " "),
            ].map(\.printable)
        }
        return Table.lines([["RUN", "STANDS", "RUNBOOK", "BY", "NODES"]] + rows).text
    }

    /// A JSON array.
    func json() throws -> String { try JSONText.pretty(runs) }
}

/// `belay status`: what is under way, what is in place for a time, and what waits for somebody.
struct StatusView: Sendable {
    let runs: [RunSummary]
    /// Those that are open.
    let incidents: [IncidentSummary]
    let now: Timestamp

    /// Drops what needed a person and was rolled back since by a run that succeeded.
    init(_ all: [RunSummary], incidents: [IncidentSummary] = [], now: Timestamp) {
        (self.incidents, self.now) = (incidents, now)
        let settled = Set(all.filter { $0.standing == .succeeded }.compactMap(\.rollsBack))
        runs = all.filter {
            $0.standing == .running || $0.isPressing && !settled.contains($0.id) || $0.review != nil
                || $0.temporary?.isOpen == true || $0.hasReturnTrouble
        }
    }

    /// 7 when somebody has to do something, else 0.
    var exit: Exit {
        runs.contains { $0.isPressing || $0.review != nil || isOverdue($0) } ? .needsPerson : .done
    }

    private func isOverdue(_ run: RunSummary) -> Bool { run.temporary.map { $0.isOpen && now >= $0.due } ?? false }

    func text(_ style: Style) -> String {
        let open = incidents.map { incident in
            "\(style.warning("INCIDENT OPEN")) \(style.strong(incident.id.printable)) for \(incident.age(at: now)): \(incident.title.printable)"
        }
        if runs.isEmpty { return (open + ["Nothing is under way, and nothing waits for a person."]).text }
        return (open + runs.flatMap { lines($0, style) }).text
    }

    func json() throws -> String { try JSONText.pretty(runs) }

    private func lines(_ run: RunSummary, _ style: Style) -> [String] {
        let id = run.id.printable
        let nodes = run.nodes.sorted { $0.key < $1.key }.map { "\($0.key.printable) \($0.value)" }.joined(
            separator: ", ")
        let (word, advice) =
            switch run.standing {
            case .running: ("under way", "watch it: belay runs show \(id)")
            case .interrupted: (style.bad("INTERRUPTED"), "bring its nodes to an end: belay recover --run \(id)")
            case .damaged:
                (style.bad("DAMAGED") + " \((run.fault ?? "").printable)", "what is wrong: belay audit verify")
            case .needsPerson: (style.bad("NEEDS A PERSON"), "what to do: belay runs show \(id)")
            default: (run.standing.rawValue, "")
            }
        return ["\(style.strong(id)) \(run.runbook.printable): \(word)", "  \(nodes)"]
            + (advice.isEmpty ? [] : ["  → \(advice)"]) + (run.review.map { lines($0, id, style) } ?? [])
            + (run.temporary.map { lines($0, of: run, style) } ?? [])
    }

    private func lines(_ temporary: RunSummary.Temporary, of run: RunSummary, _ style: Style) -> [String] {
        guard temporary.isOpen else { return kept(temporary, of: run, style) }
        let age = Span.words(max(0, now.milliseconds - temporary.since.milliseconds))
        let due =
            isOverdue(run)
            ? style.bad("OVERDUE") + " since \(temporary.due.toSeconds)" : "due back \(temporary.due.toSeconds)"
        let id = run.id.printable
        return [
            "  \(style.warning("TEMPORARY")) on \(temporary.nodes.map(\.printable).joined(separator: ", ")) for \(age), "
                + "since \(temporary.since.toSeconds), by \(run.requester.printable): \(due)"
                + (temporary.onNode == nil ? "" : ", also by the node itself")
        ] + answers(temporary) + [
            "  → give it back: belay return \(id), or have it for good: belay keep \(id) --reason 'why'"
        ]
    }

    // What the nodes said when they were asked last.
    private func answers(_ temporary: RunSummary.Temporary) -> [String] {
        (temporary.onNode ?? [:]).sorted { $0.key < $1.key }.map { "  \($0.key.printable): \($0.value.printable)" }
    }

    private func kept(_ temporary: RunSummary.Temporary, of run: RunSummary, _ style: Style) -> [String] {
        guard !temporary.stillArmed.isEmpty else { return [] }
        let nodes = temporary.stillArmed.map(\.printable).joined(separator: ", ")
        return [
            "  \(style.bad("KEPT, BUT")) \(nodes) still gives it back by itself at \(temporary.due.toSeconds)",
            "  → take it from there: belay keep \(run.id.printable) --reason 'why'",
        ]
    }

    private func lines(_ review: RunSummary.OpenReview, _ id: String, _ style: Style) -> [String] {
        let age = Span.words(max(0, now.milliseconds - review.since.milliseconds))
        let due =
            now < review.due
            ? "due \(review.due.toSeconds)" : style.bad("OVERDUE") + " since \(review.due.toSeconds)"
        return [
            "  \(style.warning("REVIEW OPEN")) for \(age), \(due): \(review.by.printable) broke the glass for \(review.incident.printable)",
            "  → somebody else looks at it (belay audit show \(id)) and signs: belay review \(id) --comment 'why'",
        ]
    }
}

/// `belay runs show`: plan, decision, who approved, and what happened, in the log's order.
struct RunView: Sendable {
    let run: StoredRun
    let inventory: Inventory
    let isHeld: Bool
    let verbose: Bool
    /// What it left in place for a time, as the whole log has it.
    var change: TemporaryChange?

    func text(_ style: Style) -> String {
        let plan = PlanView(
            plan: run.plan, planSha256: run.planSha256, file: "", decision: nil, preview: nil, verbose: verbose)
        let origin = run.adoption.map { ["", style.warning($0)] } ?? []
        let decision = run.decision.map { [""] + DecisionView($0, verbose: verbose).lines(style) } ?? []
        let timeline =
            ["", style.strong("What happened")] + run.records.map { TimelineView($0, plan: run.plan).line(style) }
        return plan.text(style) + (origin + decision + approvals + timeline + temporary(style) + [""]).text
            + RunEndView(run: run, inventory: inventory, isHeld: isHeld).text(style)
    }

    private func temporary(_ style: Style) -> [String] {
        guard let change else { return [] }
        let head = style.strong("Temporary") + ", since \(change.since.toSeconds)"
        let nodes = change.nodes.map {
            "\($0.printable): in place" + (change.kept == nil ? ", due back \(change.due.toSeconds)" : "")
        }
        let back = change.returned.sorted { $0.key < $1.key }.map {
            "\($0.key.printable): given back by run \($0.value.printable)"
        }
        let keepings = run.keepings.map { entry, outcome in
            switch outcome {
            case .success(let keeping):
                "kept by \(keeping.by.printable) at \(keeping.at.toSeconds): \(keeping.reason.printable)"
            case .failure(let refusal):
                style.bad("entry \(entry.index) keeps nothing:") + " \(refusal.message.printable)"
            }
        }
        let alone = change.standings.sorted { $0.key < $1.key }.map {
            "\($0.key.printable), by the node itself: \($0.value.words.printable)"
        }
        return ["", head] + (nodes + back + alone + keepings).indented(2)
    }

    private var approvals: [String] {
        (run.decision?.approvals.counted ?? []).map {
            "approved by \($0.principal.name.printable) at \($0.at.toSeconds): \($0.comment.printable)"
        }
    }

    /// Summary, plan (masked), decision, what a person has to type by hand, and every record with its index.
    func json() throws -> String {
        struct Entry: Encodable {
            let index: UInt64
            let at: Timestamp
            let by: String
            let node: String?
            let type: String
        }
        struct Shown: Encodable {
            let summary: RunSummary
            let planSha256: String
            let plan: Plan
            let decision: Decision?
            let byHand: [ByHand]
            let timeline: [Entry]
        }
        let timeline = run.records.map {
            Entry(index: $0.index, at: $0.record.at, by: $0.record.by, node: $0.record.node, type: $0.record.type)
        }
        let shown = Shown(
            summary: RunSummary(run, isHeld: isHeld, change: change), planSha256: run.planSha256, plan: run.plan.masked,
            decision: run.decision, byHand: isHeld ? [] : run.state.byHand, timeline: timeline)
        return try JSONText.pretty(shown)
    }
}

/// How a run ended, or why that cannot be said.
struct RunEndView: Sendable {
    let run: StoredRun
    let inventory: Inventory
    let isHeld: Bool

    func text(_ style: Style) -> String {
        if let fault = run.fault { return style.bad("THE LOG DOES NOT FOLD: ") + fault.printable + "\n" }
        guard run.state.isStarted else { return "It has not been applied.\n" }
        if isHeld { return "It is under way in another process.\n" }
        return OutcomeView(state: run.state, inventory: inventory, pointsToRecords: false).text(style)
    }
}

extension StoredRun {
    /// What is to be said of a run that was found on a node: what a node wrote about it is no proof of who asked for it.
    var adoption: String? {
        guard case .adopted(let record) = origin else { return nil }
        let hosts = record.pieces.map(\.host.name.printable).joined(separator: " and ")
        return
            "Found on \(hosts): who asked for the plan and who approved it only the log of \(record.holder.printable) can prove."
    }
}

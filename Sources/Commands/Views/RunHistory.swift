import Core
import Engine

/// What happened in a run as a person reads it: an intent and its outcome are one thing, which took a time.
struct RunHistory: Sendable {
    /// A node and what happened to it.
    struct Part: Sendable {
        let node: NodeRun
        let items: [HistoryItem]
    }

    /// The run.
    let run: StoredRun
    /// What is about the run as a whole, or about no node of its plan.
    let whole: [HistoryItem]
    /// The nodes, in the plan's order.
    let nodes: [Part]
    /// Node name → the later run that took back what this one did there.
    let takenBack: [String: String]

    /// - Parameter all: every run of the log, for those that rolled this one back.
    init(_ run: StoredRun, among all: [StoredRun]) {
        self.run = run
        let later = all.filter { $0.plan.rollsBack == run.id }.flatMap { back in
            back.state.nodes.filter { $0.state == .succeeded }.map { ($0.plan.name, back.id) }
        }
        takenBack = Dictionary(later, uniquingKeysWith: { $1 })
        let names = Set(run.plan.nodes.map(\.name))
        var parts: [String: [HistoryItem]] = [:]
        for record in run.records {
            let name = record.record.node.flatMap { names.contains($0) ? $0 : nil } ?? ""
            let open = parts[name]?.lastIndex { $0.isEnded(by: record) }
            if let open {
                parts[name]?[open].outcome = record
            } else {
                parts[name, default: []].append(HistoryItem(record: record, plan: run.plan))
            }
        }
        whole = parts[""] ?? []
        nodes = run.state.nodes.map { Part(node: $0, items: parts[$0.plan.name] ?? []) }
    }

    /// For each of these the date, where it is not that of the one before; the run's own day is not said.
    func newDays(_ items: [HistoryItem]) -> [String?] {
        var last = run.plan.createdAt.day
        return items.map { item in
            defer { last = item.record.record.at.day }
            return item.record.record.at.day == last ? nil : item.record.record.at.day
        }
    }

    /// The nodes where something that this run did is still there, or may be.
    var inPlace: [NodeRun] {
        let alone = run.returnedAlone
        return nodes.map(\.node).filter {
            !$0.inPlace.isEmpty && takenBack[$0.plan.name] == nil && !alone.contains($0.plan.name)
        }
    }

    /// Every decision of the policies, with its entry.
    var decisions: [(entry: IndexedRecord, decision: Decision)] {
        run.records.compactMap { entry in
            if case .decided(let decision)? = entry.record.event { (entry, decision) } else { nil }
        }
    }

    /// Every signed word for or against the plan that can be read, with its entry.
    var approvals: [(entry: IndexedRecord, statement: ApprovalStatement)] {
        run.records.compactMap { entry in
            guard case .approval(let record)? = entry.record.event,
                let statement = try? ApprovalStatement(bytes: record.statement.bytes)
            else { return nil }
            return (entry, statement)
        }
    }

    /// When the first executor began; nil when none has.
    var began: Timestamp? { first { if case .started = $0 { true } else { false } } }

    /// When it ended, the last time.
    var ended: Timestamp? {
        run.state.end == nil ? nil : last { if case .finished = $0 { true } else { false } }
    }

    private func first(_ isIt: (Event) -> Bool) -> Timestamp? { times(isIt).first }
    private func last(_ isIt: (Event) -> Bool) -> Timestamp? { times(isIt).last }

    private func times(_ isIt: (Event) -> Bool) -> [Timestamp] {
        run.records.compactMap { if case .run(let event)? = $0.record.event, isIt(event) { $0.record.at } else { nil } }
    }
}

/// One thing that happened.
struct HistoryItem: Sendable {
    /// What the log says of it first.
    let record: IndexedRecord
    /// What came of it, where it is an intent.
    var outcome: IndexedRecord?
    private let plan: Plan

    init(record: IndexedRecord, plan: Plan) {
        self.record = record
        self.plan = plan
    }

    /// Whether it waits for this outcome.
    fileprivate func isEnded(by later: IndexedRecord) -> Bool {
        guard outcome == nil, case .intent(let intent)? = event, case .run(.outcome(let write, _))? = later.record.event
        else { return false }
        return intent.write == write
    }

    /// What happened; nil for what is no step of the run, or was erased.
    private var event: Event? { if case .run(let event)? = record.record.event { event } else { nil } }
    private var node: NodePlan? { plan.nodes.first { $0.name == record.record.node } }

    /// The entries it stands for.
    var indices: [UInt64] { [record.index] + (outcome.map { [$0.index] } ?? []) }

    /// What was done, or what was seen; printable.
    var title: String {
        guard case .intent(let intent)? = event else { return TimelineView(record, plan: plan).words }
        return ProgressView.words(intent.write, node)
    }

    /// What came of it, printable; nil for what is no intent.
    var result: String? {
        guard case .intent? = event else { return nil }
        return answer.map(TimelineView.words) ?? "the log has no outcome of it"
    }

    /// What the node said.
    var answer: NodeAnswer? {
        guard case .run(.outcome(_, let answer))? = (outcome ?? record).record.event else { return nil }
        return answer
    }

    /// Milliseconds from the intent to its outcome; nil when there is none, or when the clock was set back meanwhile.
    var took: Int64? {
        guard let outcome, outcome.record.at >= record.record.at else { return nil }
        return outcome.record.at.milliseconds - record.record.at.milliseconds
    }

    /// The exit status of what was run; nil where nothing was.
    var status: Int? {
        switch answer {
        case .done(let status, _, _), .reverted(let status, _, _): status
        default: nil
        }
    }

    /// The step it is about.
    var step: (number: Int, plan: StepPlan)? {
        guard let index = event?.step, let node, node.steps.indices.contains(index) else { return nil }
        return (index, node.steps[index])
    }

    /// What it printed; nil where it printed nothing.
    var output: OutputView? {
        switch answer {
        case .done(_, _, let payload), .reverted(_, _, let payload): OutputView(payload, step?.plan)
        case .ownReturn(let standing): standing.output.flatMap { OutputView($0, nil) }
        default: nil
        }
    }

    /// What the policies said, where it is their answer at the node's turn.
    var findings: [Finding] { if case .judged(let findings)? = event { findings } else { [] } }

    /// The checks that did not hold, each in full.
    var failures: [String] {
        switch event {
        case .verified(_, let failures), .admitted(let failures): failures
        default: []
        }
    }

    /// What was expected and what was found, where the two differ.
    var differences: [Difference] {
        switch event {
        case .stale(_, let found), .conflict(_, let found): found
        default: []
        }
    }

    /// Whether the step's commands were sent here.
    var isApply: Bool { if case .intent(let intent)? = event, case .apply = intent.write { true } else { false } }

    /// What was read of the step's state, and when.
    var observed: (moment: Moment, state: Observation)? {
        if case .observed(_, let moment, let state)? = event { (moment, state) } else { nil }
    }
}

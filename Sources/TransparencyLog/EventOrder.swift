/// Whether events come in an order in which they can have happened: nothing has an outcome that was not intended before, on
/// record, and nothing is intended in a run that has ended. It keeps what is open, and of each run that ended or was adopted a
/// number.
struct EventOrder: Sendable {
    private struct Place: Hashable {
        let run: Int
        let node: Int

        init(_ subject: OrderedEvents.Subject) {
            run = subject.run.hash
            node = subject.node.hash
        }
    }

    private static let maxFailures = 100
    /// Of what was read: earlier intents are not known.
    private let first: UInt64
    /// Intents without an outcome of a run on a node, the last one last.
    private var open: [Place: OpenIntents] = [:]
    private var ended: Set<Int> = []
    /// Their first intents were in another log.
    private var adopted: Set<Int> = []
    /// Runs whose beginning was read, where not all was.
    private var begun: Set<Int> = []
    private(set) var failures: [VerificationFailure] = []

    /// - Parameter first: the index of the first entry that is read.
    init(from first: UInt64) {
        self.first = first
    }

    /// The next events, in the order of the log.
    mutating func add(_ chunk: OrderedEvents) {
        for event in chunk.events { add(event, of: chunk.subject(of: event)) }
    }

    private mutating func add(_ event: OrderedEvent, of subject: OrderedEvents.Subject) {
        let run = subject.run.hash
        switch event.kind {
        case .planned: if first > 0 { begun.insert(run) }
        case .adopted: adopted.insert(run)
        case .recovering, .resolved: ended.remove(run)
        case .finished: ended.insert(run)
        case .intent:
            if ended.contains(run) { fail(event, afterEndOf: subject) }
            let named = OrderedEvent.Named(index: event.index, leaf: event.leaf)
            open[Place(subject), default: OpenIntents()].append(named)
        case .outcome: settle(event, subject)
        }
    }

    private mutating func settle(_ event: OrderedEvent, _ subject: OrderedEvents.Subject) {
        let (run, place) = (subject.run.hash, Place(subject))
        var intents = open.removeValue(forKey: place) ?? OpenIntents()
        defer { if !intents.isEmpty { open[place] = intents } }
        guard let named = event.named else {
            let isElsewhere = adopted.contains(run) || first > 0 && !begun.contains(run)
            if !isElsewhere { fail(event, subject, "names no intent", intents.last) }
            return
        }
        // Whoever takes a run over asks for its leases first, and only then what became of an earlier intent.
        guard !intents.remove(named), named.index >= first else { return }
        fail(event, subject, "names entry \(named.index) as its intent", intents.last)
    }

    private mutating func fail(
        _ event: OrderedEvent, _ subject: OrderedEvents.Subject, _ what: String, _ last: OrderedEvent.Named?
    ) {
        let expected = last.map { "the one that is open is entry \($0.index), with leaf hash \($0.leaf)" }
        report(
            .outcomeWithoutIntent, event,
            "Entry \(event.index), an outcome\(subject), \(what); \(expected ?? "none is open there")",
            "What it tells of was not announced in the log before it was done, or not so: it was done past the journal, "
                + "or entries were left out when they were written. Compare the node's own record of the run.")
    }

    private mutating func fail(_ event: OrderedEvent, afterEndOf subject: OrderedEvents.Subject) {
        report(
            .intentAfterEnd, event, "Entry \(event.index) is an intent\(subject), which had ended before",
            "After its end a run does nothing more unless somebody recovers or resolves it, which would be an entry. "
                + "Find out who went on with it.")
    }

    private mutating func report(
        _ kind: VerificationFailure.Kind, _ event: OrderedEvent, _ what: String, _ meaning: String
    ) {
        guard failures.count < Self.maxFailures else { return }
        failures.append(
            VerificationFailure(kind, entries: event.index..<(event.index + 1), what: what, meaning: meaning))
    }
}

/// Intents of a run on a node that have no outcome. Nearly always there is one at most, which needs no array.
private struct OpenIntents {
    private var first: OrderedEvent.Named?
    private var others: [OrderedEvent.Named] = []

    var isEmpty: Bool { first == nil }
    var last: OrderedEvent.Named? { others.last ?? first }

    mutating func append(_ intent: OrderedEvent.Named) {
        if first == nil { first = intent } else { others.append(intent) }
    }

    /// False when it is none of them.
    mutating func remove(_ intent: OrderedEvent.Named) -> Bool {
        if first == intent {
            first = others.isEmpty ? nil : others.removeFirst()
            return true
        }
        guard let found = others.firstIndex(of: intent) else { return false }
        others.remove(at: found)
        return true
    }
}

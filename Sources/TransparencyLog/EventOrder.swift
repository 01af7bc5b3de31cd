/// An entry of a run that the order of events depends on (`audit/README.md`).
struct OrderedEvent: Sendable {
    enum Kind: Sendable { case planned, adopted, recovering, resolved, intent, outcome, finished }

    /// The intent that an outcome says it is of.
    struct Named: Sendable, Equatable {
        let index: UInt64
        let leaf: TreeHash
    }

    let index: UInt64
    let leaf: TreeHash
    let kind: Kind
    /// Empty where the entry is of none.
    let run: String
    /// Empty for one of the run as a whole.
    let node: String
    /// Nil where `intent` is missing, or is not an index and a leaf hash.
    let named: Named?

    /// Nil for an entry of another type, or without one. `scanner` has just scanned it; `previous` is an event before it, most
    /// likely of the same run and node.
    init?(_ scanner: JSONScanner, index: UInt64, leaf: TreeHash, after previous: OrderedEvent?) {
        let head = scanner.head
        guard let type = head.type, let kind = Kind(type, scanner) else { return nil }
        self.index = index
        self.leaf = leaf
        self.kind = kind
        run = head.run.map { scanner.string(at: $0, orLike: previous?.run) } ?? ""
        node = head.node.map { scanner.string(at: $0, orLike: previous?.node) } ?? ""
        let hash = head.intentLeaf.flatMap { TreeHash(hex: scanner.raw($0)) }
        if let index = head.intentIndex, let hash { named = Named(index: index, leaf: hash) } else { named = nil }
    }
}

extension OrderedEvent.Kind {
    fileprivate init?(_ type: JSONText, _ scanner: JSONScanner) {
        if scanner.isText(type, "intent") {
            self = .intent
        } else if scanner.isText(type, "outcome") {
            self = .outcome
        } else if scanner.isText(type, "run.end") {
            self = .finished
        } else if scanner.isText(type, "plan") {
            self = .planned
        } else if scanner.isText(type, "adopted") {
            self = .adopted
        } else if scanner.isText(type, "recovering") {
            self = .recovering
        } else if scanner.isText(type, "resolved") {
            self = .resolved
        } else {
            return nil
        }
    }
}

/// Whether events come in an order in which they can have happened: nothing has an outcome that was not intended before, on
/// record, and nothing is intended in a run that has ended. It keeps what is open, and of each run that ended or was adopted a
/// number.
struct EventOrder: Sendable {
    private struct Place: Hashable {
        let run: Int
        let node: String
    }

    private static let maxFailures = 100
    /// Of what was read: earlier intents are not known.
    private let first: UInt64
    /// Intents without an outcome of a run on a node, the last one last.
    private var open: [Place: [OrderedEvent.Named]] = [:]
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

    /// The next event, in the order of the log.
    mutating func add(_ event: OrderedEvent) {
        let run = event.run.hashValue
        switch event.kind {
        case .planned: if first > 0 { begun.insert(run) }
        case .adopted: adopted.insert(run)
        case .recovering, .resolved: ended.remove(run)
        case .finished: ended.insert(run)
        case .intent:
            if ended.contains(run) { fail(afterEnd: event) }
            let named = OrderedEvent.Named(index: event.index, leaf: event.leaf)
            open[Place(run: run, node: event.node), default: []].append(named)
        case .outcome: settle(event, run)
        }
    }

    private mutating func settle(_ event: OrderedEvent, _ run: Int) {
        let place = Place(run: run, node: event.node)
        var intents = open.removeValue(forKey: place) ?? []
        defer { if !intents.isEmpty { open[place] = intents } }
        guard let named = event.named else {
            let isElsewhere = adopted.contains(run) || first > 0 && !begun.contains(run)
            if !isElsewhere { fail(event, "names no intent", intents.last) }
            return
        }
        // Whoever takes a run over asks for its leases first, and only then what became of an earlier intent.
        guard let found = intents.firstIndex(of: named) else {
            if named.index >= first { fail(event, "names entry \(named.index) as its intent", intents.last) }
            return
        }
        intents.remove(at: found)
    }

    private mutating func fail(_ event: OrderedEvent, _ what: String, _ last: OrderedEvent.Named?) {
        let expected = last.map { "the one that is open is entry \($0.index), with leaf hash \($0.leaf)" }
        report(
            .outcomeWithoutIntent, event,
            "Entry \(event.index), an outcome\(place(event)), \(what); \(expected ?? "none is open there")",
            "What it tells of was not announced in the log before it was done, or not so: it was done past the journal, "
                + "or entries were left out when they were written. Compare the node's own record of the run.")
    }

    private mutating func fail(afterEnd event: OrderedEvent) {
        report(
            .intentAfterEnd, event, "Entry \(event.index) is an intent\(place(event)), which had ended before",
            "After its end a run does nothing more unless somebody recovers or resolves it, which would be an entry. "
                + "Find out who went on with it.")
    }

    private func place(_ event: OrderedEvent) -> String {
        (event.run.isEmpty ? " of no run" : " of run \(event.run)") + (event.node.isEmpty ? "" : " on \(event.node)")
    }

    private mutating func report(
        _ kind: VerificationFailure.Kind, _ event: OrderedEvent, _ what: String, _ meaning: String
    ) {
        guard failures.count < Self.maxFailures else { return }
        failures.append(
            VerificationFailure(kind, entries: event.index..<(event.index + 1), what: what, meaning: meaning))
    }
}

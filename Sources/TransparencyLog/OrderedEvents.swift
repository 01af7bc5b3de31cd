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
    /// The place of its run's name among those of its chunk; that name is empty where the entry is of none.
    let run: Int
    /// The same of its node; empty for one of the run as a whole.
    let node: Int
    /// Nil where `intent` is missing, or is not an index and a leaf hash.
    let named: Named?
}

/// The events of a chunk. Those of one run lie together and tell of few nodes: each name is made a string once, not for each event.
struct OrderedEvents: Sendable {
    /// What a run or a node is called.
    struct Name: Sendable {
        let text: String
        /// Stands for the text where names are compared; nobody outside of this process can make two that have the same.
        let hash: Int

        init(_ text: String) {
            self.text = text
            hash = text.hashValue
        }
    }

    /// Whom an event is of.
    struct Subject: CustomStringConvertible {
        let run: Name
        let node: Name

        var description: String {
            (run.text.isEmpty ? " of no run" : " of run \(run.text)") + (node.text.isEmpty ? "" : " on \(node.text)")
        }
    }

    /// So many of the last names are looked at before another one is added; one may be there twice.
    private static let lookback = 8

    private(set) var events: [OrderedEvent] = []
    private var names = [Name("")]

    /// None yet.
    init() {
        // Most entries are events.
        events.reserveCapacity(Tile.fullWidth)
    }

    func subject(of event: OrderedEvent) -> Subject { Subject(run: names[event.run], node: names[event.node]) }

    /// Adds an entry that `scanner` has just scanned, unless it is of another type or has none.
    mutating func add(_ scanner: borrowing JSONScanner, index: UInt64, leaf: TreeHash) {
        let head = scanner.head
        guard let type = head.type, let kind = OrderedEvent.Kind(type, scanner) else { return }
        var named: OrderedEvent.Named?
        if let index = head.intentIndex, let text = head.intentLeaf, let hash = TreeHash(hex: scanner.raw(text)) {
            named = OrderedEvent.Named(index: index, leaf: hash)
        }
        let (run, node) = (place(of: head.run, scanner), place(of: head.node, scanner))
        events.append(OrderedEvent(index: index, leaf: leaf, kind: kind, run: run, node: node, named: named))
    }

    private mutating func place(of text: JSONText?, _ scanner: borrowing JSONScanner) -> Int {
        guard let text, text.end > text.start else { return 0 }
        for place in names.indices.suffix(Self.lookback).reversed() where scanner.isPlain(text, names[place].text) {
            return place
        }
        names.append(Name(scanner.string(at: text)))
        return names.count - 1
    }
}

extension OrderedEvent.Kind {
    fileprivate init?(_ type: JSONText, _ scanner: borrowing JSONScanner) {
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

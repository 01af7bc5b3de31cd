import Core

extension [IndexedRecord] {
    /// The same records as whoever may read the log may see them: without secrets, whether or not their blobs are there.
    public var shown: [IndexedRecord] {
        let redactor = Redactor(declared: compactMap(\.record.event?.plan).flatMap(\.secrets))
        return map { $0.shown(redactor) }
    }
}

extension IndexedRecord {
    fileprivate func shown(_ redactor: Redactor) -> IndexedRecord {
        guard record.blob != nil, let event = record.event else { return self }
        var copy = self
        copy.record.event = record.shown.flatMap(Self.event) ?? redacted(event, redactor).flatMap(Self.event)
        return copy
    }

    // Too long to be shown in the entry itself.
    private func redacted(_ event: LogEvent, _ redactor: Redactor) -> JSONTree? {
        (try? JSON.encode(event)).flatMap { try? JSON.decode(JSONTree.self, from: $0) }.map(redactor.redact)
    }

    private static func event(_ tree: JSONTree) -> LogEvent? {
        (try? JSON.encode(tree)).flatMap { try? JSON.decode(LogEvent.self, from: $0) }
    }
}

extension LogEvent {
    fileprivate var plan: Plan? {
        switch self {
        case .planned(let planned): try? Plan(bytes: planned.plan.bytes)
        case .adopted(let record): try? record.plan()
        default: nil
        }
    }
}

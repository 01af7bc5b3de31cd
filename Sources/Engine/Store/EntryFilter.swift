public import Core

/// Which entries of the log somebody asked for: those that fit everything that is given.
public struct EntryFilter: Sendable, Hashable {
    /// The node, by its whole name.
    public var node: String?
    /// A person or an executor.
    public var user: String?
    /// From then on.
    public var since: Timestamp?
    /// Up to then, that instant included.
    public var until: Timestamp?
    /// A run's id, or its beginning.
    public var run: String?
    /// The runbook of the run.
    public var runbook: String?
    /// The action of the step.
    public var action: String?
    /// How it came out, as ``EntryFacts/outcome`` has it; capitals, spaces and dashes do not matter.
    public var outcome: String?
    /// The entry's type.
    public var type: String?
    /// Part of the entry's JSON, or of the event's when that is in a blob; capitals do not matter.
    public var text: String?

    /// Entries that fit everything that is given.
    public init(
        node: String? = nil, user: String? = nil, since: Timestamp? = nil, until: Timestamp? = nil, run: String? = nil,
        runbook: String? = nil, action: String? = nil, outcome: String? = nil, type: String? = nil, text: String? = nil
    ) {
        self.node = node
        self.user = user
        self.since = since
        self.until = until
        self.run = run
        self.runbook = runbook
        self.action = action
        self.outcome = outcome
        self.type = type
        self.text = text
    }

    /// Whether an entry is among them. An executor `alice@laptop:7` is found by `alice` too.
    /// - Parameter plan: of the run it belongs to; nil when there is none.
    public func admits(_ entry: IndexedRecord, plan: Plan?) -> Bool {
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

    /// An outcome as it is compared: `rolled-back`, `rolled back` and `rolledBack` mean the same.
    public static func plain(_ word: String) -> String { word.lowercased().filter { $0.isLetter || $0.isNumber } }

    /// What ``text`` is looked for in, in small letters: the entry, and its event when that was read back from a blob.
    public static func texts(of entry: IndexedRecord) -> [String] {
        var texts = [String(decoding: entry.bytes, as: UTF8.self).lowercased()]
        if entry.record.blob != nil, let event = entry.record.event, let body = try? JSON.encode(event) {
            texts.append(String(decoding: body, as: UTF8.self).lowercased())
        }
        return texts
    }

    private func hasText(_ entry: IndexedRecord) -> Bool {
        guard let text else { return true }
        let needle = Array(text.lowercased().utf8)
        return Self.texts(of: entry).contains { $0.utf8.contains(needle) }
    }
}

import Core
import Engine
import GRDB

/// A filter as SQL, for no fewer entries than the filter admits: what is found is filtered again. Values are bound, never written into it.
struct IndexQuery {
    /// What must hold, all of it; empty for all entries.
    private(set) var conditions: [String] = []
    /// The values, in the order of their question marks.
    private(set) var arguments: [any DatabaseValueConvertible] = []

    // More of them find little less and cost each.
    private static let maxTrigrams = 64

    init(_ filter: EntryFilter) {
        if let node = filter.node { add("node = ?", IndexKey.key(node)) }
        if let user = filter.user { addUser(IndexKey.key(user)) }
        if let since = filter.since { add("at >= ?", since.milliseconds) }
        if let until = filter.until { add("at <= ?", until.milliseconds) }
        if let run = filter.run { addRun(IndexKey.key(run)) }
        if let type = filter.type { add("type = ?", IndexKey.key(type)) }
        if let outcome = filter.outcome { add("outcome = ?", IndexKey.key(EntryFilter.plain(outcome))) }
        if let runbook = filter.runbook {
            add("run IN (SELECT run FROM plans WHERE runbook = ?)", IndexKey.key(runbook))
        }
        if let action = filter.action {
            add(
                """
                EXISTS (SELECT 1 FROM steps WHERE steps.run = entries.run AND steps.node = entries.node \
                AND steps.step = entries.step AND steps.action = ?)
                """, IndexKey.key(action))
        }
        if let text = filter.text, let match = Self.match(text) {
            add("number IN (SELECT rowid FROM texts WHERE texts MATCH ?)", match)
        }
    }

    private mutating func add(_ condition: String, _ values: any DatabaseValueConvertible...) {
        conditions.append(condition)
        arguments += values
    }

    // `alice` and `alice@…`; 'A' follows '@'. Of a name that is not ASCII the key is one with all others of its kind.
    private mutating func addUser(_ user: String) {
        guard user != IndexKey.other else { return add("by = ?", user) }
        add("(by IN (?, ?) OR (by >= ? AND by < ?))", user, IndexKey.other, user + "@", user + "A")
    }

    // The last scalar there is follows whatever a key may go on with.
    private mutating func addRun(_ beginning: String) {
        guard beginning != IndexKey.other else { return add("run = ?", beginning) }
        add("(run = ? OR (run >= ? AND run < ?))", IndexKey.other, beginning, beginning + "\u{10FFFF}")
    }

    /// The words of a text as an FTS5 query: each three characters in a row, quoted, so that none is syntax. Nil for less than three.
    static func match(_ text: String) -> String? {
        let scalars = Array(text.lowercased().unicodeScalars)
        guard scalars.count >= 3, !scalars.contains("\0") else { return nil }
        var trigrams: [String] = []
        for start in 0...(scalars.count - 3) where trigrams.count < maxTrigrams {
            let quoted = quote(scalars[start..<(start + 3)])
            if !trigrams.contains(quoted) { trigrams.append(quoted) }
        }
        return trigrams.joined(separator: " AND ")
    }

    // By scalars: a quotation mark with an accent on it is one character, and ends the string for SQLite.
    private static func quote(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView("\"".unicodeScalars)
        for scalar in scalars { text.append(contentsOf: scalar == "\"" ? [scalar, scalar] : [scalar]) }
        return String(text) + "\""
    }
}

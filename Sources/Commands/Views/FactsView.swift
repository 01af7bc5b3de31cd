import CEL
import Core
import Engine

/// `belay facts`: of each node its groups of facts, in human units.
struct FactsView: Sendable {
    let sights: [NodeFactsSight]

    func text(_ style: Style) -> String {
        sights.map { ([style.strong(Self.heading($0))] + Self.body($0, style).indented(2)).text }
            .joined(separator: "\n")
    }

    private static func heading(_ sight: NodeFactsSight) -> String {
        let asked = "\(sight.node.printable) (\(sight.address.printable)), \(sight.observedAt.toSeconds)"
        guard case .success = sight.facts else { return asked }
        return "\(asked): \(sight.bytes / 1024) KiB in \(Span.words(Int64(sight.milliseconds)))"
    }

    private static func body(_ sight: NodeFactsSight, _ style: Style) -> [String] {
        switch sight.facts {
        case .success(let facts): FactsValueView(facts.value).lines(style)
        case .failure(let failure):
            [style.bad("not asked: \(failure.message.printable)"), "→ \(failure.remedy.printable)"]
        }
    }

    /// A JSON array.
    func json() throws -> String { try JSONText.pretty(sights.map(Row.init)) }

    private struct Row: Encodable {
        let node, address, observedAt: String
        var bytes: Int?
        var facts: FactsJSON?
        var problem: Problem?

        struct Problem: Encodable { let message, remedy: String }

        init(_ sight: NodeFactsSight) {
            (node, address, observedAt) = (sight.node, sight.address, sight.observedAt.description)
            switch sight.facts {
            case .success(let found): (bytes, facts) = (sight.bytes, FactsJSON(found.value))
            case .failure(let failure): problem = Problem(message: failure.message, remedy: failure.remedy)
            }
        }
    }
}

/// The value of `facts`, as lines.
struct FactsValueView: Sendable {
    private let value: Value
    private let schema = FactSchema.node

    init(_ value: Value) { self.value = value }

    func lines(_ style: Style) -> [String] {
        guard case .message(_, let fields) = value else { return [FactWords(name: "facts").one(value)] }
        return schema.fields.flatMap { field in
            field.name == "kubernetes" ? [] : lines(field, fields[field.name] ?? .null, style)
        }
    }

    /// A field: on one line where it has room, else its name and what it holds below.
    private func lines(_ field: FactField, _ value: Value, _ style: Style) -> [String] {
        let words = FactWords(name: field.name)
        switch value {
        case .message(let name, let fields):
            if let cause = Self.onlyCause(fields) { return ["\(field.name): unknown: \(cause)"] }
            return [style.strong(field.name)]
                + (schema.messages[name] ?? []).flatMap { lines($0, fields[$0.name] ?? .null, style) }.indented(2)
        case .list(let items) where items.isEmpty: return ["\(field.name): none"]
        case .list(let items):
            if case .message(let name, _)? = items.first {
                return [style.strong(field.name)] + table(items.map { (nil, $0) }, name).indented(2)
            }
            return wrapped(field.name, items.map(words.one))
        case .map(let map) where map.count == 0: return ["\(field.name): none"]
        case .map(let map): return lines(field.name, map, style)
        default:
            let text = words.one(value)
            return ["\(field.name): \(text.isEmpty ? "-" : text)"]
        }
    }

    private func lines(_ name: String, _ map: MapValue, _ style: Style) -> [String] {
        let entries = map.entries.map { (FactWords(name: "").one($0.key.value), $0.value) }
        var lines = [style.strong(name)]
        if let message = entries.lazy.compactMap({ Self.message($0.1) }).first {
            lines += table(entries.map { ($0.0, $0.1) }, message).indented(2)
            return lines + entries.flatMap { lists(of: $0.1, named: $0.0) }.indented(2)
        }
        for (key, value) in entries {
            if case .list(let items) = value {
                lines += ["  \(key):\(items.isEmpty ? " none" : "")"] + items.map(FactWords(name: "").one).indented(4)
            } else {
                lines.append("  \(key): \(FactWords(name: key).one(value))")
            }
        }
        return lines
    }

    private static func message(_ value: Value) -> String? {
        if case .message(let name, _) = value { name } else { nil }
    }

    /// Rows of messages, a column for each field that is no list.
    private func table(_ rows: [(key: String?, value: Value)], _ message: String) -> [String] {
        let columns = (schema.messages[message] ?? []).filter { !Self.isList($0) }
        let heads = (rows.first?.key == nil ? [] : ["NAME"]) + columns.map { $0.name }
        let cells = rows.map { row in
            let fields: [String: Value] = if case .message(_, let fields) = row.value { fields } else { [:] }
            return (row.key.map { [$0] } ?? [])
                + columns.map { FactWords(name: $0.name).one(fields[$0.name] ?? .null) }.map { $0.isEmpty ? "-" : $0 }
        }
        return Table.lines([heads] + cells)
    }

    /// What a table has no room for.
    private func lists(of value: Value, named key: String) -> [String] {
        guard case .message(let message, let fields) = value else { return [] }
        return (schema.messages[message] ?? []).filter(Self.isList).flatMap { field -> [String] in
            guard case .list(let items)? = fields[field.name], !items.isEmpty else { return [] }
            return ["\(key) \(field.name):"] + items.map(FactWords(name: "").one).indented(2)
        }
    }

    private static func isList(_ field: FactField) -> Bool { if case .list = field.type { true } else { false } }

    /// The cause that all fields are unknown for, if it is one.
    private static func onlyCause(_ fields: [String: Value]) -> String? {
        let causes = fields.values.map { value -> String? in
            if case .error(let error) = value { error.cause.printable } else { nil }
        }
        guard let first = causes.first, let cause = first, causes.allSatisfy({ $0 == cause }) else { return nil }
        return cause
    }

    private func wrapped(_ name: String, _ items: [String]) -> [String] {
        let line = items.joined(separator: ", ")
        return line.count <= 90 ? ["\(name): \(line)"] : ["\(name):"] + items.indented(2)
    }
}

/// A single value in words, in the unit that its field's name tells.
struct FactWords: Sendable {
    let name: String

    func one(_ value: Value) -> String {
        switch value {
        case .bool(let bool): bool ? "yes" : "no"
        case .int(let int): amount(int)
        case .double(let double): "\((double * 100).rounded() / 100)\(isShare ? " %" : "")"
        case .string(let text): text.printable
        case .timestamp(let instant): instant.description
        case .duration(let duration): Self.span(duration)
        case .error(let error): "unknown: \(error.cause.printable)"
        default: ""
        }
    }

    private var isShare: Bool { name.hasSuffix("Percent") || name.hasPrefix("pressure") }

    private func amount(_ int: Int64) -> String {
        if name.hasSuffix("BytesPerSecond") { return Self.bytes(int) + "/s" }
        return name.hasSuffix("Bytes") ? Self.bytes(int) : String(int)
    }

    /// `512 B`, `1.5 KiB`, `23.6 GiB`.
    static func bytes(_ count: Int64) -> String {
        var (size, unit) = (Double(count), "B")
        for next in ["KiB", "MiB", "GiB", "TiB", "PiB"] where size.magnitude >= 1024 {
            (size, unit) = (size / 1024, next)
        }
        return unit == "B" ? "\(count) B" : "\((size * 10).rounded() / 10) \(unit)"
    }

    /// `-0.4 s`, `2 h 3 min`, `364 d`.
    static func span(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        if seconds.magnitude >= 2 * 86_400 { return "\(seconds / 86_400) d" }
        let milliseconds = seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        return (milliseconds < 0 ? "-" : "") + Span.words(Int64(milliseconds.magnitude))
    }
}

/// What facts there are: `belay facts --schema`, which docs/facts.md is.
struct FactsSchemaView: Sendable {
    let schema: FactSchema

    // Every text of it is this program's own.
    var markdown: String {
        let heading = [
            "# Facts", "",
            "What `belay facts NODE` shows and expressions of triage read as `facts`, each a value or an error with its cause.",
            "This page is what `belay facts --schema` prints.", "",
        ]
        return (heading + schema.fields.flatMap { field in section(field) }).text
    }

    private func section(_ field: FactField) -> [String] {
        let head = ["## facts.\(field.name)", "", "`\(field.type)`: \(field.about)", ""]
        return head
            + messages(in: field.type, seen: []).flatMap { name in
                ["| \(name) | type | |", "|---|---|---|"]
                    + (schema.messages[name] ?? []).map { "| `\($0.name)` | `\($0.type)` | \(Self.cell($0.about)) |" }
                    + [""]
            }
    }

    private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }

    /// The messages that a type is made of, in the order in which they come.
    private func messages(in type: CELType, seen: [String]) -> [String] {
        switch type {
        case .list(let element), .map(_, let element): return messages(in: element, seen: seen)
        case .message(let name) where !seen.contains(name):
            return (schema.messages[name] ?? []).reduce([name]) { found, field in
                found + messages(in: field.type, seen: seen + found)
            }
        default: return []
        }
    }

    func json() throws -> String {
        func rows(_ fields: [FactField]) -> [Row] { fields.map(Row.init) }
        return try JSONText.pretty(Document(facts: rows(schema.fields), types: schema.messages.mapValues(rows)))
    }

    private struct Document: Encodable {
        let facts: [Row]
        let types: [String: [Row]]
    }

    private struct Row: Encodable {
        let name, type, about: String
        init(_ field: FactField) { (name, type, about) = (field.name, field.type.description, field.about) }
    }
}

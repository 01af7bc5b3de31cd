/// That an incident begins: what triage, plans and runs may be tied to.
public struct IncidentStart: Codable, Sendable, Hashable {
    /// What it is called, in the log once: `INC-4711`, or made from the date.
    public var id: String
    /// What is wrong, in a line.
    public var title: String

    /// - Throws: ``ArgumentError`` for an id that is none, or a title that says nothing or too much.
    public init(id: String, title: String) throws(ArgumentError) {
        self.id = try IncidentWords.id(id)
        self.title = try IncidentWords.text(title, "the title", most: IncidentWords.mostTitleBytes)
    }
}

/// What somebody writes down about an incident.
public struct IncidentNote: Codable, Sendable, Hashable {
    /// The incident.
    public var incident: String
    /// Their words.
    public var text: String

    /// - Throws: ``ArgumentError`` for a text that says nothing or too much.
    public init(incident: String, text: String) throws(ArgumentError) {
        self.incident = incident
        self.text = try IncidentWords.text(text, "the note", most: IncidentWords.mostBytes)
    }
}

/// That an incident is over.
public struct IncidentClosing: Codable, Sendable, Hashable {
    /// The incident.
    public var incident: String
    /// What it was, and what ended it.
    public var summary: String

    /// - Throws: ``ArgumentError`` for a summary that says nothing or too much.
    public init(incident: String, summary: String) throws(ArgumentError) {
        self.incident = incident
        self.summary = try IncidentWords.text(summary, "--summary", most: IncidentWords.mostBytes)
    }
}

/// That a run belongs to an incident: an entry of the run, beside its plan, whose bytes are signed.
public struct IncidentTie: Codable, Sendable, Hashable {
    /// The incident.
    public var incident: String

    /// Names the incident.
    public init(incident: String) {
        self.incident = incident
    }
}

/// What an incident's words must be: they are in the log for good, and an entry has 65,535 bytes.
public enum IncidentWords {
    /// Of a title.
    public static let mostTitleBytes = 200
    /// Of a note or a summary.
    public static let mostBytes = 4000
    static let mostIDBytes = 64

    /// The id, if it is one: letters, digits, `.`, `_` and `-`, which mean nothing to a shell, a page or a policy's pattern.
    static func id(_ text: String) throws(ArgumentError) -> String {
        let plain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard plain, (1...mostIDBytes).contains(text.utf8.count),
            text.first?.isLetter == true || text.first?.isNumber == true
        else {
            throw ArgumentError(
                nil,
                "the id '\(Printable.escape(text, limit: 80))' is none: give 1 to \(mostIDBytes) letters, digits, '.', '_' or '-', of which the first is one of the former two"
            )
        }
        // What is taken out of entries would be no name any more.
        guard Redactor().redact(text) == text else {
            throw ArgumentError(nil, "the id looks like a secret: give another one")
        }
        return text
    }

    static func text(_ text: String, _ name: String, most: Int) throws(ArgumentError) -> String {
        guard text.contains(where: { !$0.isWhitespace }), text.utf8.count <= most else {
            throw ArgumentError(nil, "\(name) has \(text.utf8.count) bytes: give 1 to \(most), not only blanks")
        }
        return text
    }

    /// An id that is free: `INC20261127-1`, by the date in UTC and the number of that day. It is of the form that the shipped
    /// policy about break-glass asks for.
    /// - Parameter taken: every id of the log.
    public static func freeID(at now: Timestamp, taken: some Sequence<String>) -> String {
        let taken = Set(taken.map { $0.lowercased() })
        let day = now.description.prefix(10).filter { $0 != "-" }
        var number = 1
        while taken.contains("inc\(day)-\(number)") { number += 1 }
        return "INC\(day)-\(number)"
    }
}

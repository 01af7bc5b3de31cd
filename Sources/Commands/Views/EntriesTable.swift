import Core
import Engine

/// `belay audit export --format csv`: one line for each entry (RFC 4180), safe to open in a spreadsheet.
struct EntriesTable: Sendable {
    let entries: [IndexedRecord]
    /// Run → its plan, for runbooks, steps and actions.
    let plans: [String: Plan]

    private static let header = [
        "index", "at", "by", "run", "node", "type", "runbook", "step", "action", "outcome", "summary",
    ]

    /// The header line and a line for each entry, each ended by CR LF.
    var csv: String {
        ([Self.header] + entries.map(cells)).map { $0.map(Self.cell).joined(separator: ",") + "\r\n" }.joined()
    }

    private func cells(_ entry: IndexedRecord) -> [String] {
        let record = entry.record
        let plan = record.run.flatMap { plans[$0] }
        let facts = EntryFacts(record, plan: plan)
        return [
            "\(entry.index)", record.at.description, record.by, record.run ?? "", record.node ?? "", record.type,
            facts.runbook ?? "", facts.step?.name ?? "", facts.step?.action ?? "", facts.outcome ?? "",
            TimelineView(entry, plan: plan).words,
        ]
    }

    // The wide forms are signs of a formula too, in some languages of a spreadsheet; blanks before one are dropped by some.
    private static let formulaSigns: Set<Unicode.Scalar> = ["=", "+", "-", "@", "＝", "＋", "－", "＠"]

    /// A cell: printable, no formula, quoted where it has to be.
    static func cell(_ text: String) -> String {
        var text = text.printable
        let first = text.unicodeScalars.first { !$0.properties.isWhitespace }
        if let first, formulaSigns.contains(first) { text = "'" + text }
        // By unicode scalar: whoever reads the table does not take a comma and a combining mark behind it for one sign.
        guard text.unicodeScalars.contains(where: { $0 == "," || $0 == "\"" }) else { return text }
        return "\"" + text.unicodeScalars.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
    }
}

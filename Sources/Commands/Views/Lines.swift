import Core

extension [String] {
    /// Every line moved right; empty ones stay empty.
    func indented(_ columns: Int) -> [String] {
        let margin = String(repeating: " ", count: columns)
        return map { $0.isEmpty ? "" : margin + $0 }
    }

    /// One text, each line ended.
    var text: String { isEmpty ? "" : joined(separator: "\n") + "\n" }
}

extension String {
    /// Safe for a terminal: whatever comes from a node, a file or a plan goes through here.
    var printable: String { Printable.escape(self) }

    /// Its lines, each safe for a terminal; the newline at the end of a file begins no line of its own.
    var printableLines: [String] {
        var lines = split(separator: "\n", omittingEmptySubsequences: false).map { Printable.escape(String($0)) }
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}

/// What `-o json` prints.
enum JSONText {
    /// A value for programs, and for the terminal that it may end in: what that would act on is spelled as JSON escapes.
    static func pretty(_ value: some Encodable) throws -> String {
        Printable.spell(json: String(decoding: try JSON.encodePretty(value), as: UTF8.self), keepsLines: true)
    }
}

extension Timestamp {
    /// Without the milliseconds nobody reads: `2026-11-22T18:00:00Z`.
    var toSeconds: String { description.prefix(19) + "Z" }

    /// Only the date, in UTC: `2026-11-22`.
    var day: String { String(description.prefix(10)) }

    /// Only the time of day, in UTC: `18:00:00Z`.
    var timeOfDay: String { toSeconds.dropFirst(11).description }
}

/// `1 step`, `2 steps`; the plural when it is not made with `s`.
func count(_ number: Int, _ word: String, _ plural: String? = nil) -> String {
    "\(number) \(number == 1 ? word : plural ?? word + "s")"
}

/// Columns as wide as their widest cell; the last is not padded.
enum Table {
    /// The rows as lines. Cells must be printable and without colours.
    static func lines(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }.joined(separator: "  ")
        }
    }
}

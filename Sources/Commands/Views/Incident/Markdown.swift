import Core

/// Markdown from texts that are anybody's: none of them is read as Markdown or as HTML, whichever program makes a page of it. Of a
/// bare address some make a link to what it says.
enum Markdown {
    /// Words in a line: one line, and every sign with a meaning taken out of it.
    static func text(_ text: String, limit: Int = 1000) -> String {
        let scalars = Array(Printable.escape(text, limit: limit).unicodeScalars.drop { $0 == " " })
        let digits = scalars.prefix { ("0"..."9").contains($0) }.count
        var result = ""
        for (index, scalar) in scalars.enumerated() {
            result += sign(
                scalar, after: scalars[..<index], isFirst: index == 0, endsNumber: digits > 0 && index == digits)
        }
        return result
    }

    // Entities where any Markdown knows them; a backslash for what only Markdown takes for a sign.
    private static func sign(
        _ scalar: Unicode.Scalar, after earlier: ArraySlice<Unicode.Scalar>, isFirst: Bool, endsNumber: Bool
    ) -> String {
        switch scalar {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        case "\\", "`", "*", "_", "[", "]", "{", "}", "|", "~", "#", "!", "$": "\\\(scalar)"
        // A list, a rule, or an underlined heading, where a line begins with it.
        case "-" where isFirst, "+" where isFirst, "=" where isFirst: "\\\(scalar)"
        case "." where endsNumber, ")" where endsNumber: "\\\(scalar)"
        // What some make links of without being asked.
        case "/" where earlier.last == ":": "\\/"
        case "." where String(String.UnicodeScalarView(earlier.suffix(3))).lowercased() == "www": "\\."
        default: String(scalar)
        }
    }

    /// A name or a command, in a code span that it cannot end.
    static func code(_ text: String, limit: Int = 300) -> String {
        let text = Printable.escape(text, limit: limit)
        guard text.contains(where: { $0 != " " }) else { return "(blank)" }
        let fence = String(repeating: "`", count: longestRun(in: text) + 1)
        let needsRoom = text.unicodeScalars.first == "`" || text.unicodeScalars.last == "`" || text.hasPrefix(" ")
        return needsRoom ? "\(fence) \(text) \(fence)" : fence + text + fence
    }

    /// What a node printed, in a fence that it cannot end; each line behind a bar, so that none passes for one of ours on a
    /// terminal either.
    static func block(_ lines: [String]) -> [String] {
        let lines = lines.map { "| " + Printable.escape($0) }
        let fence = String(repeating: "`", count: max(3, (lines.map(longestRun).max() ?? 0) + 1))
        return [fence + "text"] + lines + [fence]
    }

    /// What a person wrote, as a quotation of all its lines; two blanks at the end of one keep them apart on a page.
    static func quote(_ text: String) -> [String] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            Self.text(String($0), limit: 4096)
        }
        return lines.enumerated().map { index, line in
            let isFollowed = lines.indices.contains(index + 1) && !lines[index + 1].isEmpty
            return line.isEmpty ? ">" : "> \(line)\(isFollowed ? "  " : "")"
        }
    }

    private static func longestRun(in text: String) -> Int {
        var (longest, current) = (0, 0)
        for scalar in text.unicodeScalars {
            current = scalar == "`" ? current + 1 : 0
            longest = max(longest, current)
        }
        return longest
    }
}

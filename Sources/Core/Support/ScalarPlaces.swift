/// Finds where a character of a scalar's value stands in the file, so that errors inside an expression are exact.
struct ScalarPlaces {
    let node: YAMLNode
    let source: SourceText

    /// The place of the scalar's `line`-th line and `column`-th character (both from 1, of its value).
    ///
    /// Exact for plain and quoted scalars on one line, for `|` blocks, and for `>` blocks without empty lines; else the
    /// start of the scalar.
    func place(line: Int, column: Int) -> (line: Int, column: Int) {
        let start = (line: node.line, column: node.column)
        guard case .scalar(let text, let style) = node.content else { return start }
        switch style {
        case .literal: return inBlock(text, line: line, column: column) ?? start
        case .plain, .quoted: return onOneLine(text, style, line: line, column: column) ?? start
        case .folded: return inFolded(text, line: line, column: column) ?? start
        }
    }

    /// A folded block's lines follow its `>` and are joined by one blank each.
    private func inFolded(_ text: String, line: Int, column: Int) -> (line: Int, column: Int)? {
        var (rest, left) = (Array(text.unicodeScalars)[...], column - 1)
        var number = node.line + 1
        while line == 1, let written = source.line(number) {
            let content = written.drop { $0 == " " }
            guard !content.isEmpty, rest.starts(with: content) else { return nil }
            if left <= content.count { return (number, content.startIndex + left + 1) }
            rest = rest.dropFirst(content.count + 1)
            left -= content.count + 1
            number += 1
        }
        return nil
    }

    /// A block's lines follow its `|`, each behind the block's indentation.
    private func inBlock(_ text: String, line: Int, column: Int) -> (line: Int, column: Int)? {
        let lines = SourceText(text)
        guard let value = lines.line(line), let written = source.line(node.line + line),
            written.suffix(value.count).elementsEqual(value)
        else { return nil }
        return (node.line + line, written.count - value.count + column)
    }

    private func onOneLine(_ text: String, _ style: YAMLStyle, line: Int, column: Int) -> (line: Int, column: Int)? {
        guard line == 1, let written = source.line(node.line) else { return nil }
        var rest = written.dropFirst(node.column - 1)
        let quote = style == .quoted ? rest.popFirst() : nil
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index + 1 == column { break }
            // In '…' a quote is doubled; in "…" a quote and a backslash have a backslash before them.
            let isEscaped = (quote == "'" && scalar == "'") || (quote == "\"" && (scalar == "\"" || scalar == "\\"))
            if isEscaped { _ = rest.popFirst() }
            guard rest.popFirst() == scalar else { return nil }
        }
        return (node.line, rest.startIndex + 1)
    }
}

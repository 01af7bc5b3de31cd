/// One thing wrong (or doubtful) in a file or a value, said so that a person can mend it: what, where, why, what to do.
public struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    /// How bad it is.
    public enum Severity: String, Codable, Sendable {
        /// The input is refused.
        case error
        /// The input is used, and probably does not mean what its author meant.
        case warning
    }

    /// How bad it is.
    public var severity: Severity
    /// One sentence without a full stop: what is wrong and, where it is short, what would be right.
    public var summary: String
    /// More about why; nil when the summary says it all.
    public var detail: String?
    /// Where it is.
    public var location: SourceLocation
    /// The field it is about, as a path (`spec.steps[0].with.service`); empty for the document as a whole.
    public var field: String
    /// What the reader can do; nil when the summary says it.
    public var remedy: String?

    /// Collects the parts.
    public init(
        _ summary: String, severity: Severity = .error, detail: String? = nil, at location: SourceLocation,
        field: String = "", remedy: String? = nil
    ) {
        self.severity = severity
        self.summary = summary
        self.detail = detail
        self.location = location
        self.field = field
        self.remedy = remedy
    }

    /// One line, safe for a terminal: `file:line:column: field: summary. Remedy`.
    public var description: String {
        let about = [location.description, severity == .warning ? "warning" : "", field].filter { !$0.isEmpty }
        return Printable.escape((about + [sentence]).joined(separator: ": "))
    }

    private var sentence: String {
        [summary, detail, remedy].compactMap { $0 }.joined(separator: ". ")
    }

    /// For people: the sentence, the line of `source` it is about with a caret span under it, and the remedy.
    ///
    /// Each of them is one line of its own and safe for a terminal, since files may be hostile. The quoted line is cut around
    /// the span, and control characters in it are shown as `?`, so that the caret stands where it should.
    public func render(source: String) -> String { render(in: SourceText(source)) }

    fileprivate func render(in source: SourceText) -> String {
        let about = field.isEmpty ? summary : "\(field): \(summary)"
        var lines = ["\(severity.rawValue): \(Printable.escape(about))"]
        if !location.file.isEmpty { lines.append("  --> \(Printable.escape("\(location)"))") }
        lines += excerpt(of: source)
        if let detail { lines.append("  " + Printable.escape(detail)) }
        if let remedy { lines.append("  help: " + Printable.escape(remedy)) }
        return lines.joined(separator: "\n")
    }

    private func excerpt(of source: SourceText) -> [String] {
        guard let line = location.line, let text = source.line(line) else { return [] }
        let column = min(location.column ?? 1, text.count + 1)
        let start = max(0, column - 1 - 60)
        let shown = text.dropFirst(start).prefix(100).map(Self.printable)
        let offset = column - 1 - start
        let carets = max(1, min(location.length, shown.count - offset))
        let gutter = String(repeating: " ", count: "\(line)".count)
        return [
            " \(gutter) |",
            " \(line) | " + String(String.UnicodeScalarView(shown)),
            " \(gutter) | " + String(repeating: " ", count: offset) + String(repeating: "^", count: carets),
        ]
    }

    private static func printable(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        scalar == "\t" ? " " : Printable.deceives(scalar) ? "?" : scalar
    }
}

/// A span in a file. Lines and columns start at 1; columns count Unicode scalars, as YAML parsers and editors' LSPs do.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    /// The file's name as the reader knows it; empty when the input is no file.
    public var file: String
    /// The line, nil for the file as a whole.
    public var line: Int?
    /// The column, nil for the line as a whole.
    public var column: Int?
    /// How many columns it spans, at least 1.
    public var length: Int

    /// Collects the parts.
    public init(file: String, line: Int? = nil, column: Int? = nil, length: Int = 1) {
        self.file = file
        self.line = line
        self.column = column
        self.length = length
    }

    /// `file:line:column`, as far as it is known.
    public var description: String {
        ([file] + [line, column].compactMap { $0 }.map { "\($0)" }).filter { !$0.isEmpty }.joined(separator: ":")
    }
}

/// Everything wrong with an input: never only the first fault, and never empty when thrown.
public struct Diagnostics: Error, Sendable, Hashable, CustomStringConvertible {
    /// In the order of the file.
    public var all: [Diagnostic]

    /// Sorts them by place.
    public init(_ all: [Diagnostic]) {
        self.all = all.enumerated().sorted { Self.order($0) < Self.order($1) }.map(\.element)
    }

    private static func order(_ item: EnumeratedSequence<[Diagnostic]>.Element) -> (Int, Int, Int) {
        (item.element.location.line ?? 0, item.element.location.column ?? 0, item.offset)
    }

    /// One line each.
    public var description: String { all.map(\.description).joined(separator: "\n") }

    /// All of them with their lines of `source`, an empty line between.
    public func render(source: String) -> String {
        // Taken apart once: a file may have as many faults as lines.
        let source = SourceText(source)
        return all.map { $0.render(in: source) }.joined(separator: "\n\n")
    }
}

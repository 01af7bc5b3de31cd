/// A span of an expression's source text.
public struct SourceRange: Sendable, Hashable {
    /// Start of the span, in UTF-8 bytes from the beginning of the expression.
    public let offset: Int
    /// Length of the span in UTF-8 bytes.
    public let length: Int
    /// Line of the start, counted from 1.
    public let line: Int
    /// Column of the start, counted from 1 in unicode scalars.
    public let column: Int

    /// A span that starts at `line`:`column`.
    public init(offset: Int, length: Int, line: Int, column: Int) {
        self.offset = offset
        self.length = length
        self.line = line
        self.column = column
    }

    /// The span from the start of this one to the end of `other`.
    func through(_ other: SourceRange) -> SourceRange {
        let end = max(offset + length, other.offset + other.length)
        return SourceRange(offset: offset, length: end - offset, line: line, column: column)
    }
}

extension String {
    /// The text of a span; bytes outside the text are left out.
    func text(of range: SourceRange) -> String {
        let bytes = utf8.dropFirst(range.offset).prefix(range.length)
        return String(decoding: bytes, as: UTF8.self)
    }
}

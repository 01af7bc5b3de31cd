/// A text by lines and columns of Unicode scalars.
struct SourceText: Sendable {
    private let lines: [Substring.UnicodeScalarView]

    init(_ text: String) {
        lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.last == "\r" ? $0.dropLast() : $0
        }
    }

    /// The scalars of a line, counted from 1; nil when there is no such line.
    func line(_ number: Int) -> [Unicode.Scalar]? {
        lines.indices.contains(number - 1) ? Array(lines[number - 1]) : nil
    }
}

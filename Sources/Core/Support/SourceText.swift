/// A text by lines and columns of Unicode scalars.
struct SourceText: Sendable {
    // Taken apart once: a line may have thousands of faults, and each of them shows a part of it.
    private let lines: [[Unicode.Scalar]]

    init(_ text: String) {
        lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map {
            Array($0.last == "\r" ? $0.dropLast() : $0)
        }
    }

    /// The scalars of a line, counted from 1; nil when there is no such line.
    func line(_ number: Int) -> [Unicode.Scalar]? {
        lines.indices.contains(number - 1) ? lines[number - 1] : nil
    }
}

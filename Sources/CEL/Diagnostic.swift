/// One reason why an expression was refused when it was loaded.
public struct Diagnostic: Sendable, Equatable {
    /// What sort of reason it is.
    public enum Kind: String, Sendable {
        /// The text is not CEL.
        case syntax
        /// A variable, field or function that does not exist.
        case undeclared
        /// Operands or arguments of types that do not fit.
        case type
        /// A literal that cannot be a value: out of range, a malformed duration.
        case literal
        /// Good CEL which this evaluator does not support.
        case unsupported
        /// Too long or too deeply nested.
        case limit
    }

    /// What sort of reason it is.
    public let kind: Kind
    /// The reason, in a sentence for a person.
    public let message: String
    /// Where in the expression.
    public let range: SourceRange

    /// Line, from 1.
    public var line: Int { range.line }
    /// Column, from 1, in unicode scalars.
    public var column: Int { range.column }
    /// UTF-8 bytes from the start of the expression.
    public var offset: Int { range.offset }
    /// Length in UTF-8 bytes.
    public var length: Int { range.length }

    /// The message, the line of the expression it speaks of, and a caret under the place.
    ///
    /// - Parameters:
    ///   - source: the expression that was compiled.
    ///   - file: a name to put before the position.
    public func render(source: String, file: String? = nil) -> String {
        let prefix = file.map { "\($0):" } ?? ""
        let heading = "\(prefix)\(line):\(column): \(message)"
        let lines = source.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(line - 1) else { return heading }
        let scalars = Array(lines[line - 1])
        let marked = source.text(of: range).unicodeScalars.prefix { $0 != "\n" }.count
        let window = Self.window(column: column, marked: marked, lineLength: scalars.count)
        let shown = scalars[window.lowerBound..<window.upperBound].map(Self.printable)
        // Tabs are kept in the padding, so that the caret stands under its place at any tab width.
        let padding = scalars[window.lowerBound..<min(column - 1, window.upperBound)].map { $0 == "\t" ? "\t" : " " }
        let carets = String(repeating: "^", count: max(1, min(marked, window.upperBound - (column - 1))))
        return "\(heading)\n\(shown.joined())\n\(padding.joined())\(carets)"
    }

    /// Of a very long line only the neighbourhood of the place is shown.
    private static func window(column: Int, marked: Int, lineLength: Int) -> Range<Int> {
        let start = min(max(0, column - 1), lineLength)
        let lower = lineLength <= 200 ? 0 : max(0, start - 80)
        return lower..<min(lineLength, max(start, lower) + 120 + min(marked, 80))
    }

    /// Control and bidirectional-override characters could make a terminal show something else than the source.
    private static func printable(_ scalar: Unicode.Scalar) -> String {
        if scalar == "\t" { return "\t" }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return "\u{FFFD}"
        default: return String(Character(scalar))
        }
    }
}

/// An expression was refused when it was loaded.
public struct CompileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The reasons, in the order of the source; never empty.
    public let diagnostics: [Diagnostic]

    /// The messages with their positions, one on a line.
    public var description: String {
        diagnostics.map { "\($0.line):\($0.column): \($0.message)" }.joined(separator: "\n")
    }

    /// Every diagnostic with its line of source and a caret.
    public func render(source: String, file: String? = nil) -> String {
        diagnostics.map { $0.render(source: source, file: file) }.joined(separator: "\n")
    }
}

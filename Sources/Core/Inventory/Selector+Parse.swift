extension Selector {
    /// The most characters of a selector.
    static let lengthLimit = 4096

    /// Reads a selector.
    /// - Throws: the first fault, at its column of line 1; render it with the text as the source.
    public static func parse(_ text: String) throws(Diagnostics) -> Selector {
        var reader = SelectorReader(text)
        return Selector(text: text, requirements: try reader.requirements())
    }
}

/// Reads requirements one by one from the text's scalars.
private struct SelectorReader {
    private let scalars: [Unicode.Scalar]
    private var index = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars.prefix(Selector.lengthLimit + 1)) }

    mutating func requirements() throws(Diagnostics) -> [Selector.Requirement] {
        guard scalars.count <= Selector.lengthLimit else {
            throw fault("is longer than \(Selector.lengthLimit) characters", from: 0)
        }
        var requirements = [try requirement()]
        while !isAtEnd {
            guard take(",") else {
                throw fault(
                    "',' must stand between two requirements", from: index, remedy: "For instance role=worker,pool=a")
            }
            requirements.append(try requirement())
        }
        return requirements
    }

    private mutating func requirement() throws(Diagnostics) -> Selector.Requirement {
        skipSpace()
        let start = index
        let isNegated = take("!")
        let key = try key()
        var test = isNegated ? Selector.Test.absent : .exists
        if !isNegated, let found = try comparison(key) { test = found }
        return Selector.Requirement(key: key, test: test, columns: start + 1..<endColumn(from: start))
    }

    private mutating func key() throws(Diagnostics) -> Selector.Key {
        skipSpace()
        let start = index
        let word = word()
        guard !word.isEmpty else {
            throw fault("a key must stand here: name, role, pool, group, or a label's", from: start)
        }
        if let key = Selector.Key.words[word] { return key }
        let label = word.hasPrefix("label.") ? String(word.dropFirst("label.".count)) : word
        guard !label.isEmpty, label.unicodeScalars.allSatisfy(Self.isKey) else {
            throw fault("must be a key: letters, digits, '-', '_', '.' and '/'", from: start)
        }
        return .label(label)
    }

    private mutating func comparison(_ key: Selector.Key) throws(Diagnostics) -> Selector.Test? {
        skipSpace()
        if take("!") {
            guard take("=") else { throw fault("'=' must follow '!' here", from: index) }
            return .noneOf([try value(key)])
        }
        if take("=") {
            _ = take("=")
            return .anyOf([try value(key)])
        }
        let start = index
        switch word() {
        case "": return nil
        case "in": return .anyOf(try values(key))
        case "notin": return .noneOf(try values(key))
        default:
            throw fault(
                "',' or one of =, !=, in, notin must follow a key", from: start,
                remedy: "For instance role=worker,pool=a")
        }
    }

    private mutating func values(_ key: Selector.Key) throws(Diagnostics) -> [String] {
        skipSpace()
        guard take("(") else { throw fault("'(' must follow: in (a, b)", from: index) }
        var values = [try value(key)]
        while !take(")") {
            guard take(",") else { throw fault("',' or ')' must follow a value", from: index) }
            values.append(try value(key))
        }
        return values
    }

    private mutating func value(_ key: Selector.Key) throws(Diagnostics) -> String {
        skipSpace()
        let start = index
        let word = word()
        // A label may have no value, as those of Kubernetes' roles; nothing else is ever empty.
        if word.isEmpty {
            guard case .label = key else { throw fault("a \(key.text) must stand here", from: start) }
        }
        skipSpace()
        return word
    }

    private mutating func word() -> String {
        let word = scalars[index...].prefix { !$0.properties.isWhitespace && !Self.marks.contains($0) }
        index += word.count
        return String(String.UnicodeScalarView(word))
    }

    private static let marks: Set<Unicode.Scalar> = [",", "=", "!", "(", ")"]

    private static func isKey(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                || "-_./".unicodeScalars.contains(scalar))
    }

    private var isAtEnd: Bool { index == scalars.count }

    private mutating func skipSpace() {
        while !isAtEnd, scalars[index].properties.isWhitespace { index += 1 }
    }

    private mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard !isAtEnd, scalars[index] == mark else { return false }
        index += 1
        return true
    }

    private func endColumn(from start: Int) -> Int {
        let trailing = scalars[start..<index].reversed().prefix { $0.properties.isWhitespace }.count
        return max(start + 2, index - trailing + 1)
    }

    private func fault(_ summary: String, from start: Int, remedy: String? = nil) -> Diagnostics {
        let length = max(
            1, scalars[min(start, scalars.count)...].prefix { !$0.properties.isWhitespace && $0 != "," }.count)
        let place = SourceLocation(file: "", line: 1, column: start + 1, length: length)
        return Diagnostics([Diagnostic(summary, at: place, remedy: remedy)])
    }
}

/// A value in an INI inventory. Ansible reads it as a literal of Python and, where it is none, takes the text as it stands.
///
/// Whole numbers, booleans, `None` and simple quoted texts are read here. Other literals are ``AnsibleValue/Content/other``,
/// which is refused where it matters: better than a guess.
enum AnsibleLiteral {
    static func content(of raw: String) -> AnsibleValue.Content {
        let text = String(raw.unicodeScalars.drop { $0 == " " || $0 == "\t" })
        if let quote = text.unicodeScalars.first, quote == "'" || quote == "\"" {
            return quoted(text, by: quote) ?? .text(raw)
        }
        if text.hasPrefix("{{") || text.hasPrefix("{%") || text.hasPrefix("{#") { return .text(raw) }
        if text.hasPrefix("[") || text.hasPrefix("{") || text.hasPrefix("(") || isPrefixed(text) { return .other }
        // A comment of Python ends a literal; in a text that is none it stays.
        let word = AnsibleWords.trimmed(String(text.prefix { $0 != "#" }))
        switch word {
        case "True": return .bool(true)
        case "False": return .bool(false)
        case "None": return .null
        case "": return .text(raw)
        default: return number(word) ?? .text(raw)
        }
    }

    /// Nil when it is no literal.
    private static func quoted(_ text: String, by quote: Unicode.Scalar) -> AnsibleValue.Content? {
        var value = String.UnicodeScalarView()
        var rest = text.unicodeScalars.dropFirst()
        while let scalar = rest.popFirst() {
            if scalar == quote {
                let after = AnsibleWords.trimmed(String(rest))
                if after.isEmpty || after.hasPrefix("#") { return .text(String(value)) }
                return ["'", "\"", ","].contains { after.hasPrefix($0) } ? .other : nil
            }
            if scalar == "\\" {
                guard let next = rest.popFirst(), next == "\\" || next == "'" || next == "\"" else { return .other }
                value.append(next)
            } else {
                value.append(scalar)
            }
        }
        return nil
    }

    /// `b'…'`, `r"…"` and their like.
    private static func isPrefixed(_ text: String) -> Bool {
        let letters = text.unicodeScalars.prefix { "bBrRuUfF".unicodeScalars.contains($0) }
        let next = text.unicodeScalars.dropFirst(letters.count).first
        return (1...2).contains(letters.count) && (next == "'" || next == "\"")
    }

    private static func number(_ word: String) -> AnsibleValue.Content? {
        let bytes = Array(word.utf8)
        let digits = bytes.drop { $0 == 0x2B || $0 == 0x2D }
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        guard let first = digits.first, isDigit(first) || first == 0x2E else { return nil }
        if digits.allSatisfy(isDigit) {
            // 0644 is no literal of Python 3; 0 and 00 are.
            guard first != 0x30 || digits.allSatisfy({ $0 == 0x30 }) else { return nil }
            return bytes.count - digits.count <= 1 ? Int64(word).map { .int($0) } ?? .other : .other
        }
        let others = Set("._eExXoObBjJabcdefABCDEF+-".utf8)
        let isOne = digits.count { $0 == 0x2E } <= 1 && digits.allSatisfy { isDigit($0) || others.contains($0) }
        return isOne && !isName(digits) ? .other : nil
    }

    // `1e3`, `0x16`, `1.5`, `1_000`; not `10a`, `3com`.
    private static func isName(_ digits: ArraySlice<UInt8>) -> Bool {
        let text = String(decoding: digits, as: UTF8.self)
        let isRadix = ["0x", "0X", "0o", "0O", "0b", "0B"].contains { text.hasPrefix($0) }
        return !isRadix && Double(text.filter { $0 != "_" && $0 != "j" && $0 != "J" }) == nil
    }
}

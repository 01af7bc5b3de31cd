/// Text from a node made safe for a terminal and a log line: bounded, and every control character visible.
public enum Printable {
    /// Escapes control, format and bidi characters as `\u{…}`, newlines as `\n`, and cuts at `limit` scalars.
    public static func escape(_ text: String, limit: Int = 4096) -> String {
        var escaped = ""
        for (count, scalar) in text.unicodeScalars.enumerated() {
            guard count < limit else { return escaped + "…" }
            escaped += escape(scalar)
        }
        return escaped
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\t": "\\t"
        default: deceives(scalar) ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
    }

    /// Spells the same characters as JSON does, and so leaves JSON what it is: there they can only stand inside strings,
    /// where the escape means the same.
    /// - Parameter keepsLines: newlines stay, and CR before them, which ends lines of a table (RFC 4180).
    public static func spell(json text: String, keepsLines: Bool) -> String {
        guard !text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) || keepsLines && $0 == 0x0A }) else { return text }
        var spelled = ""
        let scalars = text.unicodeScalars
        for index in scalars.indices {
            let scalar = scalars[index]
            let next = scalars.index(after: index)
            let endsLine = scalar == "\n" || scalar == "\r" && next < scalars.endIndex && scalars[next] == "\n"
            if deceives(scalar), !(keepsLines && endsLine) {
                spelled += scalar.utf16.map(spell).joined()
            } else {
                spelled.unicodeScalars.append(scalar)
            }
        }
        return spelled
    }

    private static func spell(_ unit: UInt16) -> String {
        let hex = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
    }

    /// Whether a terminal acts on it, or a reader does not see it or sees the text around it in another order.
    public static func deceives(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: true
        default: false
        }
    }
}

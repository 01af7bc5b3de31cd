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
        default:
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
                "\\u{\(String(scalar.value, radix: 16))}"
            default: String(scalar)
            }
        }
    }
}

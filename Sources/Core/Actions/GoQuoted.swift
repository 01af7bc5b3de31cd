/// Text as Go's `%q` prints it: one line in quotes, whatever was in it.
enum GoQuoted {
    static func quote(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// - Returns: nil for what does not come from printable text; only that can be quoted again to the same bytes.
    static func unquote(_ quoted: String) -> String? {
        guard quoted.utf8.count >= 2, quoted.hasPrefix("\""), quoted.hasSuffix("\"") else { return nil }
        let text = String(quoted.dropFirst().dropLast()).replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
        return quote(text) == quoted ? text : nil
    }
}

/// Which services an expression reads: `facts.services['kubelet']`, `facts.services["x"]`, `facts.services.x` and
/// `facts.services[parameters.service]`.
///
/// It reads the text, not the syntax tree, and may find a name too many (inside a string, say): that costs one more
/// question to the node. A name it misses (a computed one) is an error when the expression is evaluated, never a guess.
enum ServiceReferences {
    static func names(in source: String, parameters: [String: ParameterValue]) -> [String] {
        var rest = source[...]
        var names: [String] = []
        while let start = rest.firstIndex(of: "s") {
            rest = rest[start...]
            guard rest.hasPrefix("services") else {
                rest = rest.dropFirst()
                continue
            }
            rest = rest.dropFirst("services".count).drop(while: \.isWhitespace)
            if let name = name(rest, parameters) { names.append(name) }
        }
        return names
    }

    private static func name(_ text: Substring, _ parameters: [String: ParameterValue]) -> String? {
        if text.first == "." { return String(word(text.dropFirst().drop(while: \.isWhitespace))) }
        guard text.first == "[" else { return nil }
        let index = text.dropFirst().drop(while: \.isWhitespace)
        if let quote = index.first, quote == "'" || quote == "\"" {
            let name = index.dropFirst().prefix { $0 != quote }
            return name.contains("\\") ? nil : String(name)
        }
        let prefix = "parameters."
        guard index.hasPrefix(prefix) else { return nil }
        return parameters[String(word(index.dropFirst(prefix.count)))]?.text
    }

    private static func word(_ text: Substring) -> Substring {
        text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }
}

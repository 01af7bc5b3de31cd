/// The words of a host's line, as Python's `shlex.split(line, comments=True)` parts them, which Ansible uses.
enum AnsibleWords {
    static func split(_ text: String) throws(AnsibleFault) -> [String] {
        var words: [String] = []
        // Nil between words; an empty word is one that was written as quotes.
        var word: String?
        var quote: Unicode.Scalar?
        var rest = text.unicodeScalars[...]
        func append(_ scalar: Unicode.Scalar) { word = (word ?? "") + String(scalar) }
        while let scalar = rest.popFirst() {
            if let open = quote {
                if scalar == open {
                    quote = nil
                } else if scalar == "\\", open == "\"", let next = rest.first, next == "\"" || next == "\\" {
                    append(next)
                    rest.removeFirst()
                } else {
                    append(scalar)
                }
            } else if scalar == "#" {
                break
            } else if " \t\r\n".unicodeScalars.contains(scalar) {
                if let done = word { words.append(done) }
                word = nil
            } else if scalar == "'" || scalar == "\"" {
                quote = scalar
                word = word ?? ""
            } else if scalar == "\\" {
                guard let next = rest.popFirst() else { throw AnsibleFault("ends with a backslash") }
                append(next)
            } else {
                append(scalar)
            }
        }
        guard quote == nil else { throw AnsibleFault("a quote is not closed") }
        return words + [word].compactMap(\.self)
    }

    /// Without white space at both ends.
    static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let body = scalars.drop { $0.properties.isWhitespace }
        let end = body.lastIndex { !$0.properties.isWhitespace }
        return end.map { String(body[...$0]) } ?? ""
    }
}

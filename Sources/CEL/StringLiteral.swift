/// Strings and bytes between quotation marks.
enum StringLiteral {
    /// Reads from the opening mark; the prefix was read before.
    static func read(
        _ lexer: inout Lexer, isRaw: Bool, isBytes: Bool, from start: SourceRange
    ) throws(CompileError) -> Token.Kind {
        let mark = lexer.looksAt("'") ? "'" : "\""
        let isTriple = lexer.looksAt(mark + mark + mark)
        let delimiter = isTriple ? mark + mark + mark : mark
        lexer.advance(delimiter.utf8.count)
        var content = Content(isBytes: isBytes)
        while !lexer.looksAt(delimiter) {
            guard let scalar = lexer.current, isTriple || (scalar != "\n" && scalar != "\r") else {
                throw lexer.failure("the string is not closed: \(delimiter) is missing", at: lexer.since(start))
            }
            if scalar == "\\", !isRaw {
                try readEscape(&lexer, into: &content)
            } else {
                content.append(scalar)
                lexer.advance()
            }
        }
        lexer.advance(delimiter.utf8.count)
        return isBytes ? .bytes(content.bytes) : .string(Text.string(content.scalars))
    }

    /// Text becomes scalars or UTF-8; the escapes of bytes are bytes.
    private struct Content {
        let isBytes: Bool
        var scalars: [Unicode.Scalar] = []
        var bytes: [UInt8] = []

        init(isBytes: Bool) { self.isBytes = isBytes }

        mutating func append(_ scalar: Unicode.Scalar) {
            if isBytes { bytes.append(contentsOf: String(Character(scalar)).utf8) } else { scalars.append(scalar) }
        }
    }

    private static let simple: [Unicode.Scalar: Unicode.Scalar] = [
        "a": "\u{07}", "b": "\u{08}", "f": "\u{0C}", "n": "\n", "r": "\r", "t": "\t", "v": "\u{0B}", "\\": "\\",
        "?": "?", "\"": "\"", "'": "'", "`": "`",
    ]

    private static func readEscape(_ lexer: inout Lexer, into content: inout Content) throws(CompileError) {
        let start = lexer.here
        lexer.advance()
        guard let scalar = lexer.current else {
            throw lexer.failure("the string is not closed", at: lexer.since(start))
        }
        if let meant = simple[scalar] {
            content.append(meant)
            return lexer.advance()
        }
        switch scalar {
        case "x", "X": try readCode(&lexer, skipping: 1, digits: 2, radix: 16, from: start, into: &content)
        case "0"..."3": try readCode(&lexer, skipping: 0, digits: 3, radix: 8, from: start, into: &content)
        case "u" where !content.isBytes:
            try readCode(&lexer, skipping: 1, digits: 4, radix: 16, from: start, into: &content)
        case "U" where !content.isBytes:
            try readCode(&lexer, skipping: 1, digits: 8, radix: 16, from: start, into: &content)
        default:
            lexer.advance()
            throw lexer.failure("no such escape in a string; write r'…' to keep backslashes", at: lexer.since(start))
        }
    }

    private static func readCode(
        _ lexer: inout Lexer, skipping: Int, digits: Int, radix: Int, from start: SourceRange,
        into content: inout Content
    ) throws(CompileError) {
        lexer.advance(skipping)
        var text = ""
        for _ in 0..<digits {
            guard let digit = lexer.current, digit.isHexDigit else { break }
            text.unicodeScalars.append(digit)
            lexer.advance()
        }
        guard text.utf8.count == digits, let code = UInt32(text, radix: radix) else {
            throw lexer.failure(
                "the escape needs \(digits) \(radix == 8 ? "octal" : "hexadecimal") digits", at: lexer.since(start))
        }
        if content.isBytes {
            content.bytes.append(UInt8(truncatingIfNeeded: code))
        } else if let scalar = Unicode.Scalar(code) {
            content.append(scalar)
        } else {
            throw lexer.failure("the escape is not a unicode scalar", at: lexer.since(start))
        }
    }
}

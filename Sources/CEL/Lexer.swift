/// Splits an expression into tokens (language definition, section "Syntax").
struct Lexer {
    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var offset = 0
    private var line = 1
    private var column = 1

    init(_ source: String) { scalars = Array(source.unicodeScalars) }

    /// All tokens, ending with `.end`.
    static func tokens(of source: String) throws(CompileError) -> [Token] {
        var lexer = Lexer(source)
        var tokens: [Token] = []
        repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
        return tokens
    }

    // MARK: Reading scalars

    var current: Unicode.Scalar? { peek(0) }

    func peek(_ distance: Int) -> Unicode.Scalar? {
        scalars.indices.contains(place + distance) ? scalars[place + distance] : nil
    }

    mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where place < scalars.count {
            let scalar = scalars[place]
            place += 1
            offset += UTF8.width(scalar)
            (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
        }
    }

    func looksAt(_ text: String) -> Bool {
        var distance = 0
        for scalar in text.unicodeScalars {
            guard peek(distance) == scalar else { return false }
            distance += 1
        }
        return true
    }

    mutating func take(while accepts: (Unicode.Scalar) -> Bool) -> String {
        let start = place
        while let scalar = current, accepts(scalar) { advance() }
        return Text.string(scalars[start..<place])
    }

    // MARK: Places

    /// The empty span at the current place.
    var here: SourceRange { SourceRange(offset: offset, length: 0, line: line, column: column) }

    func since(_ start: SourceRange) -> SourceRange {
        SourceRange(offset: start.offset, length: offset - start.offset, line: start.line, column: start.column)
    }

    func failure(_ message: String, at range: SourceRange, kind: Diagnostic.Kind = .syntax) -> CompileError {
        CompileError(diagnostics: [Diagnostic(kind: kind, message: message, range: range)])
    }

    // MARK: Tokens

    mutating func next() throws(CompileError) -> Token {
        skipBlanks()
        let start = here
        guard let scalar = current else { return Token(kind: .end, range: start) }
        let kind: Token.Kind
        if scalar.isDigit || (scalar == "." && peek(1)?.isDigit == true) {
            kind = try number(from: start)
        } else if let prefix = stringPrefix() {
            advance(prefix.length)
            kind = try StringLiteral.read(&self, isRaw: prefix.isRaw, isBytes: prefix.isBytes, from: start)
        } else if scalar.startsIdentifier {
            kind = word()
        } else if scalar == "`" {
            kind = try quotedIdentifier(from: start)
        } else {
            kind = try symbol(from: start)
        }
        return Token(kind: kind, range: since(start))
    }

    private mutating func skipBlanks() {
        while let scalar = current {
            if ["\t", "\n", "\u{0C}", "\r", " "].contains(scalar) {
                advance()
            } else if looksAt("//") {
                while let scalar = current, scalar != "\n" {
                    _ = scalar
                    advance()
                }
            } else {
                return
            }
        }
    }

    private mutating func word() -> Token.Kind {
        let name = take(while: \.continuesIdentifier)
        if Token.keywords.contains(name) { return .keyword(name) }
        return .identifier(name, reserved: Token.reserved.contains(name))
    }

    private mutating func quotedIdentifier(from start: SourceRange) throws(CompileError) -> Token.Kind {
        advance()
        let name = take { $0.continuesIdentifier || [".", "-", "/", " "].contains($0) }
        guard current == "`", !name.isEmpty else {
            throw failure("a field name in backticks has only letters, digits and _ . - / space", at: since(start))
        }
        advance()
        return .quotedIdentifier(name)
    }

    private mutating func symbol(from start: SourceRange) throws(CompileError) -> Token.Kind {
        if let symbol = Token.symbols.first(where: { looksAt($0) }) {
            advance(symbol.unicodeScalars.count)
            return .symbol(symbol)
        }
        let scalar = current ?? " "
        advance()
        let hint = scalar == "=" ? "; did you mean '=='?" : scalar == "&" ? "; did you mean '&&'?" : ""
        let more = scalar == "|" ? "; did you mean '||'?" : hint
        throw failure(
            "\(Value.string(String(Character(scalar))).rendered()) does not belong here\(more)", at: since(start))
    }

    /// `r`, `b`, `rb`, `br` in any case before a quotation mark, or nothing before it.
    private func stringPrefix() -> (length: Int, isRaw: Bool, isBytes: Bool)? {
        var (length, isRaw, isBytes) = (0, false, false)
        while let scalar = peek(length), length <= 2 {
            switch scalar {
            case "'", "\"": return (length, isRaw, isBytes)
            case "r", "R":
                if isRaw { return nil }
                isRaw = true
            case "b", "B":
                if isBytes { return nil }
                isBytes = true
            default: return nil
            }
            length += 1
        }
        return nil
    }
}

extension Unicode.Scalar {
    var isDigit: Bool { ("0"..."9").contains(self) }
    var isHexDigit: Bool { isDigit || ("a"..."f").contains(self) || ("A"..."F").contains(self) }
    var startsIdentifier: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) || self == "_" }
    var continuesIdentifier: Bool { startsIdentifier || isDigit }
}

// MARK: - Numbers

extension Lexer {
    mutating func number(from start: SourceRange) throws(CompileError) -> Token.Kind {
        if looksAt("0x") || looksAt("0X") {
            advance(2)
            return try integer(take(while: \.isHexDigit), radix: 16, from: start)
        }
        var text = take(while: \.isDigit)
        var isDouble = false
        if current == ".", peek(1)?.isDigit == true {
            advance()
            text += "." + take(while: \.isDigit)
            isDouble = true
        }
        if let exponent = exponentLength() {
            advance(exponent)
            text += "e" + (exponent == 2 && peek(-1) == "-" ? "-" : "") + take(while: \.isDigit)
            isDouble = true
        }
        return isDouble ? try double(text, from: start) : try integer(text, radix: 10, from: start)
    }

    /// The length of `e`, `e+` or `e-` when digits follow it.
    private func exponentLength() -> Int? {
        guard current == "e" || current == "E" else { return nil }
        let isSigned = peek(1) == "+" || peek(1) == "-"
        return peek(isSigned ? 2 : 1)?.isDigit == true ? (isSigned ? 2 : 1) : nil
    }

    private mutating func integer(_ digits: String, radix: Int, from start: SourceRange) throws(CompileError)
        -> Token.Kind
    {
        let isUnsigned = current == "u" || current == "U"
        if isUnsigned { advance() }
        try refuseTrailingWord(from: start)
        guard !digits.isEmpty else { throw failure("hexadecimal digits are missing after 0x", at: since(start)) }
        guard let magnitude = UInt64(digits, radix: radix) else {
            throw failure("the integer does not fit 64 bits", at: since(start), kind: .literal)
        }
        return isUnsigned ? .uint(magnitude) : .int(magnitude)
    }

    private mutating func double(_ text: String, from start: SourceRange) throws(CompileError) -> Token.Kind {
        try refuseTrailingWord(from: start)
        guard let double = Double(text.hasPrefix(".") ? "0" + text : text), double.isFinite else {
            throw failure("the number does not fit a double", at: since(start), kind: .literal)
        }
        return .double(double)
    }

    private mutating func refuseTrailingWord(from start: SourceRange) throws(CompileError) {
        guard current?.continuesIdentifier == true else { return }
        _ = take(while: \.continuesIdentifier)
        throw failure("not a number; a duration is written duration('10m')", at: since(start))
    }
}

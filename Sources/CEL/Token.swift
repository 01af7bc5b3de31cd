/// A word of the language with its place.
struct Token: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// An identifier; `reserved` words may only follow a dot.
        case identifier(String, reserved: Bool)
        /// A field name in backticks.
        case quotedIdentifier(String)
        /// `true`, `false`, `null` and `in`.
        case keyword(String)
        /// The magnitude of an integer: the sign is the parser's, since only it knows that -9223372036854775808 is one.
        case int(UInt64)
        case uint(UInt64)
        case double(Double)
        case string(String)
        case bytes([UInt8])
        /// An operator or a bracket.
        case symbol(String)
        case end
    }

    let kind: Kind
    let range: SourceRange

    func isSymbol(_ text: String) -> Bool { kind == .symbol(text) }

    /// How a message names the token.
    var named: String {
        switch kind {
        case .end: "the end of the expression"
        case .identifier(let name, _), .quotedIdentifier(let name), .keyword(let name): "'\(name.prefix(40))'"
        case .symbol(let text): "'\(text)'"
        case .int, .uint, .double: "a number"
        case .string: "a string"
        case .bytes: "a bytes literal"
        }
    }

    static let keywords: Set<String> = ["true", "false", "null", "in"]
    static let reserved: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
        "namespace", "return", "var", "void", "while",
    ]
    /// Longest first, so that `<=` is not read as `<`.
    static let symbols = [
        "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[",
        "]", "{", "}",
    ]
}

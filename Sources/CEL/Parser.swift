/// A Pratt parser: operators climb by their precedence, everything else is a prefix or a postfix.
struct Parser {
    /// The longest source, in bytes.
    static let maximumLength = 32 * 1024
    /// The most levels of nesting. With it every recursion over the tree fits a stack of 2 MiB, even unoptimised.
    static let maximumHeight = 100

    private let tokens: [Token]
    private var place = 0
    private var depth = 0

    static func parse(_ source: String) throws(CompileError) -> Node {
        guard source.utf8.count <= maximumLength else {
            let start = SourceRange(offset: 0, length: 0, line: 1, column: 1)
            let message = "the expression is longer than \(maximumLength / 1024) KiB"
            throw CompileError(diagnostics: [Diagnostic(kind: .limit, message: message, range: start)])
        }
        var parser = Parser(tokens: try Lexer.tokens(of: source))
        let node = try parser.expression()
        if parser.current.kind != .end { throw parser.unexpected("an operator or the end") }
        return node
    }

    private init(tokens: [Token]) { self.tokens = tokens }

    // MARK: Tokens

    var current: Token { tokens[min(place, tokens.count - 1)] }
    var following: Token { tokens[min(place + 1, tokens.count - 1)] }

    @discardableResult mutating func advance() -> Token {
        let token = current
        place += 1
        return token
    }

    mutating func take(_ symbol: String) -> Bool {
        guard current.isSymbol(symbol) else { return false }
        advance()
        return true
    }

    @discardableResult mutating func expect(_ symbol: String) throws(CompileError) -> Token {
        guard current.isSymbol(symbol) else { throw unexpected("'\(symbol)'") }
        return advance()
    }

    func unexpected(_ wanted: String) -> CompileError {
        failure("\(wanted) expected, not \(current.named)", at: current.range)
    }

    func failure(_ message: String, at range: SourceRange, kind: Diagnostic.Kind = .syntax) -> CompileError {
        CompileError(diagnostics: [Diagnostic(kind: kind, message: message, range: range)])
    }

    /// A node, unless it would be too high.
    func node(_ kind: Node.Kind, _ range: SourceRange, focus: SourceRange? = nil) throws(CompileError) -> Node {
        let node = Node(kind, range: range, focus: focus)
        guard node.height <= Self.maximumHeight else { throw tooDeep(range) }
        return node
    }

    func tooDeep(_ range: SourceRange) -> CompileError {
        failure("nested more than \(Self.maximumHeight) levels", at: range, kind: .limit)
    }

    // MARK: Operators

    mutating func expression() throws(CompileError) -> Node {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumHeight else { throw tooDeep(current.range) }
        let condition = try binary(above: 0)
        guard current.isSymbol("?") else { return condition }
        let mark = advance()
        let yes = try binary(above: 0)
        try expect(":")
        let no = try expression()
        return try node(.conditional(condition, yes, no), condition.range.through(no.range), focus: mark.range)
    }

    private mutating func binary(above floor: Int) throws(CompileError) -> Node {
        var left = try unary()
        while let symbol = BinaryOperator(current), symbol.precedence > floor {
            let mark = advance()
            let right = try binary(above: symbol.precedence)
            left = try node(.binary(symbol, left, right), left.range.through(right.range), focus: mark.range)
        }
        return left
    }

    private mutating func unary() throws(CompileError) -> Node {
        guard case .symbol(let text) = current.kind, let symbol = UnaryOperator(rawValue: text) else {
            return try postfix(try primary())
        }
        let mark = advance()
        if symbol == .negate, let literal = try negativeLiteral(mark) { return try postfix(literal) }
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumHeight else { throw tooDeep(mark.range) }
        let operand = try unary()
        return try node(.unary(symbol, operand), mark.range.through(operand.range), focus: mark.range)
    }

    /// `-` before a number belongs to the number: otherwise the smallest integer could not be written.
    private mutating func negativeLiteral(_ mark: Token) throws(CompileError) -> Node? {
        let range = mark.range.through(current.range)
        switch current.kind {
        case .int(let magnitude):
            guard magnitude <= Int64.min.magnitude else {
                throw failure("the integer does not fit 64 bits", at: range, kind: .literal)
            }
            advance()
            return try node(.literal(.int(Int64(truncatingIfNeeded: 0 &- magnitude))), range)
        case .double(let double):
            advance()
            return try node(.literal(.double(-double)), range)
        default: return nil
        }
    }

    // MARK: Postfix

    private mutating func postfix(_ start: Node) throws(CompileError) -> Node {
        var operand = start
        while true {
            if take(".") {
                operand = try member(of: operand)
            } else if current.isSymbol("[") {
                let bracket = advance()
                try refuseOptional()
                let index = try expression()
                let close = try expect("]")
                let focus = bracket.range.through(close.range)
                operand = try node(.index(operand, index), operand.range.through(close.range), focus: focus)
            } else if current.isSymbol("{") {
                let message = "making messages (Name{field: …}) is not supported; maps are written {'key': value}"
                throw failure(message, at: current.range, kind: .unsupported)
            } else {
                return operand
            }
        }
    }

    func refuseOptional() throws(CompileError) {
        guard current.isSymbol("?") else { return }
        throw failure("optional fields and elements (?) are not supported", at: current.range, kind: .unsupported)
    }

    private mutating func member(of operand: Node) throws(CompileError) -> Node {
        try refuseOptional()
        let name = advance()
        switch name.kind {
        case .quotedIdentifier(let field):
            return try node(.select(operand, field: field), operand.range.through(name.range), focus: name.range)
        case .identifier(let field, _):
            if current.isSymbol("(") { return try call(field, name, target: operand) }
            let kind = typeName(operand, field).map { Node.Kind.literal(.type($0)) } ?? .select(operand, field: field)
            return try node(kind, operand.range.through(name.range), focus: name.range)
        default:
            throw failure("a field or function name expected after '.', not \(name.named)", at: name.range)
        }
    }

    /// The two types whose names are not plain ones (language definition, "Abstract types").
    private func typeName(_ operand: Node, _ field: String) -> String? {
        guard field == "Timestamp" || field == "Duration", case .select(let package, "protobuf") = operand.kind,
            case .identifier("google") = package.kind
        else { return nil }
        return "google.protobuf.\(field)"
    }

    /// Functions that have the name of their library before their own.
    private static let qualified: Set<String> = ["optional.of", "optional.none"]

    private mutating func call(_ name: String, _ token: Token, target: Node?) throws(CompileError) -> Node {
        try expect("(")
        let arguments = try list(until: ")")
        let range = (target?.range ?? token.range).through(tokens[place - 1].range)
        if let macro = try expand(name, token, target: target, arguments: arguments, range: range) { return macro }
        if case .identifier(let library)? = target?.kind, Self.qualified.contains("\(library).\(name)") {
            return try node(.call("\(library).\(name)", target: nil, arguments: arguments), range, focus: token.range)
        }
        return try node(.call(name, target: target, arguments: arguments), range, focus: token.range)
    }

    /// Expressions separated by commas, with the closing bracket; lists may end in a comma.
    private mutating func list(until close: String) throws(CompileError) -> [Node] {
        var elements: [Node] = []
        while !current.isSymbol(close) {
            try refuseOptional()
            elements.append(try expression())
            if current.isSymbol(",") {
                let comma = advance()
                if close == ")", current.isSymbol(close) {
                    throw failure("an argument expected after ','", at: comma.range)
                }
            } else if !current.isSymbol(close) {
                throw unexpected("',' or '\(close)'")
            }
        }
        advance()
        return elements
    }

    // MARK: Primary

    private mutating func primary() throws(CompileError) -> Node {
        let token = advance()
        if let value = try literal(token) { return try node(.literal(value), token.range) }
        switch token.kind {
        case .identifier(let name, let isReserved):
            if isReserved { throw failure("'\(name)' is a reserved word", at: token.range) }
            return current.isSymbol("(") ? try call(name, token, target: nil) : try node(.identifier(name), token.range)
        case .symbol("("):
            let inner = try expression()
            try expect(")")
            return inner
        case .symbol("["):
            let elements = try list(until: "]")
            return try node(.list(elements), token.range.through(tokens[place - 1].range))
        case .symbol("{"): return try map(from: token)
        case .symbol("."):
            throw failure("names that begin with '.' are not supported", at: token.range, kind: .unsupported)
        case .quotedIdentifier:
            throw failure("backticks are for fields: they stand after a '.'", at: token.range)
        default: throw failure("an expression expected, not \(token.named)", at: token.range)
        }
    }

    private func literal(_ token: Token) throws(CompileError) -> Value? {
        switch token.kind {
        case .keyword("true"): return .bool(true)
        case .keyword("false"): return .bool(false)
        case .keyword("null"): return .null
        case .int(let magnitude):
            guard let int = Int64(exactly: magnitude) else {
                throw failure(
                    "the integer does not fit 64 bits; write \(magnitude)u for a uint", at: token.range, kind: .literal)
            }
            return .int(int)
        case .uint(let uint): return .uint(uint)
        case .double(let double): return .double(double)
        case .string(let string): return .string(string)
        case .bytes(let bytes): return .bytes(bytes)
        default: return nil
        }
    }

    private mutating func map(from open: Token) throws(CompileError) -> Node {
        var entries: [(key: Node, value: Node)] = []
        while !current.isSymbol("}") {
            try refuseOptional()
            let key = try expression()
            try expect(":")
            entries.append((key, try expression()))
            if !take(","), !current.isSymbol("}") { throw unexpected("',' or '}'") }
        }
        let close = advance()
        return try node(.map(entries), open.range.through(close.range))
    }
}

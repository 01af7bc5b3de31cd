import Testing

@testable import CEL

@Suite("Parser")
struct ParserTests {
    @Test(
        "operators bind as the language says",
        arguments: [
            ("1 + 2 * 3", "(1 + (2 * 3))"), ("1 - 2 - 3", "((1 - 2) - 3)"), ("(1 + 2) * 3", "((1 + 2) * 3)"),
            ("a || b && c", "(a || (b && c))"), ("a && b || c", "((a && b) || c)"),
            ("a == b && c < d", "((a == b) && (c < d))"), ("1 + 2 < 3 in x", "(((1 + 2) < 3) in x)"),
            ("!a.b && c", "((! a.b) && c)"), ("-a.b", "(- a.b)"), ("-5 - -5", "(-5 - -5)"),
            ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"), ("a || b ? c : d", "((a || b) ? c : d)"),
            ("a[0].b(c, d)[1]", "a[0].b(c, d)[1]"), ("[1, 2,]", "[1, 2]"), ("{'k': 1,}", "{'k': 1}"),
            ("l.exists(i, i > 0)", "l.exists(i, (i > 0))"), ("l.map(i, i > 0, i + 1)", "l.map(i, (i > 0), (i + 1))"),
            ("l.existsOne(i, i)", "l.exists_one(i, i)"), ("has(m.k)", "has(m.k)"), ("m.`a-b`.while", "m.a-b.while"),
        ])
    func precedence(source: String, tree: String) throws {
        #expect(try Parser.parse(source).tree == tree)
    }

    @Test(
        "what is not an expression is refused where it goes wrong",
        arguments: [
            ("", 1, "an expression expected, not the end of the expression", Diagnostic.Kind.syntax),
            ("1 +", 4, "an expression expected, not the end", .syntax), ("(1", 3, "')' expected", .syntax),
            ("1 2", 3, "an operator or the end expected, not a number", .syntax),
            ("f(1,)", 4, "an argument expected", .syntax), ("[1 2]", 4, "',' or ']' expected", .syntax),
            ("{1 2}", 4, "':' expected", .syntax), ("a.1", 2, "an operator or the end", .syntax),
            ("while", 1, "'while' is a reserved word", .syntax), ("a.in", 3, "a field or function name", .syntax),
            ("has(a)", 1, "has() takes one field selection", .syntax),
            ("l.all(1, true)", 7, "the first argument of all() is a new variable", .syntax),
            ("l.all(i)", 3, "all() takes a variable and an expression", .syntax),
            ("l.all(i, v, true)", 3, "with two variables is not supported", .unsupported),
            ("Foo{a: 1}", 4, "making messages", .unsupported), ("a.?b", 3, "optional", .unsupported),
            ("a[?0]", 3, "optional", .unsupported), (".a", 1, "names that begin with '.'", .unsupported),
            ("9223372036854775808", 1, "write 9223372036854775808u", .literal),
            ("-9223372036854775809", 1, "does not fit 64 bits", .literal),
        ])
    func refused(source: String, column: Int, message: String, kind: Diagnostic.Kind) {
        let diagnostics = refusals(source)
        #expect(diagnostics.first?.column == column, "\(diagnostics)")
        #expect(diagnostics.first?.message.contains(message) == true, "\(diagnostics)")
        #expect(diagnostics.first?.kind == kind)
    }

    @Test(
        "nesting is bounded in every direction",
        arguments: [
            String(repeating: "(", count: 5000) + "1", String(repeating: "[", count: 5000),
            String(repeating: "!", count: 5000) + "b", String(repeating: "x[", count: 5000),
            "1" + String(repeating: " + 1", count: 5000), "x" + String(repeating: ".a", count: 5000),
            "b" + String(repeating: " ? b : b", count: 3000), String(repeating: "{1:", count: 5000),
        ])
    func nesting(source: String) {
        #expect(refusals(source).first?.kind == .limit)
    }

    @Test("a source beyond 32 KiB is refused")
    func length() {
        #expect(refusals("'" + String(repeating: "a", count: 33_000) + "'").first?.kind == .limit)
    }

    @Test("a node of the greatest height evaluates")
    func greatestHeight() throws {
        #expect(try value("0" + String(repeating: " + 1", count: Parser.maximumHeight - 1)) == 99)
        let brackets = (open: String(repeating: "[", count: 99), close: String(repeating: "]", count: 99))
        #expect(try value(brackets.open + brackets.close).kind == "list")
        #expect(refusals("[" + brackets.open + "1" + brackets.close + "]").first?.kind == .limit)
    }
}

extension Node {
    /// The tree in parentheses.
    var tree: String {
        switch kind {
        case .literal(let value): value.rendered()
        case .identifier(let name): name
        case .select(let operand, let field): "\(operand.tree).\(field)"
        case .has(let operand, let field): "has(\(operand.tree).\(field))"
        case .index(let operand, let index): "\(operand.tree)[\(index.tree)]"
        case .call(let name, let target, let arguments):
            (target.map { $0.tree + "." } ?? "") + "\(name)(\(arguments.map(\.tree).joined(separator: ", ")))"
        case .unary(let symbol, let operand): "(\(symbol.rawValue) \(operand.tree))"
        case .binary(let symbol, let left, let right): "(\(left.tree) \(symbol.rawValue) \(right.tree))"
        case .conditional(let condition, let yes, let no): "(\(condition.tree) ? \(yes.tree) : \(no.tree))"
        case .list(let elements): "[\(elements.map(\.tree).joined(separator: ", "))]"
        case .map(let entries): "{\(entries.map { "\($0.key.tree): \($0.value.tree)" }.joined(separator: ", "))}"
        case .comprehension(let macro):
            "\(macro.range.tree).\(macro.macro.rawValue)(\(macro.variable), "
                + (macro.filter.map { $0.tree + ", " } ?? "") + "\(macro.body.tree))"
        }
    }
}

import Testing

@testable import CEL

@Suite("Lexer")
struct LexerTests {
    @Test("tokens know their byte offset, line and column")
    func places() throws {
        let tokens = try Lexer.tokens(of: "'é' +\n  foo.bar")
        #expect(tokens.map(\.range.offset) == [0, 5, 9, 12, 13, 16])
        #expect(tokens.map(\.range.length) == [4, 1, 3, 1, 3, 0])
        #expect(tokens.map(\.range.line) == [1, 1, 2, 2, 2, 2])
        // The é is two bytes and one column.
        #expect(tokens.map(\.range.column) == [1, 5, 3, 6, 7, 10])
    }

    @Test(
        "literals have their values",
        arguments: [
            ("42", Token.Kind.int(42)), ("0xFf", .int(255)), ("7u", .uint(7)), ("0x10U", .uint(16)),
            ("1.5", .double(1.5)), (".5", .double(0.5)), ("1e3", .double(1000)), ("2.5e-1", .double(0.25)),
            ("'a\\n'", .string("a\n")), (#"r'\n'"#, .string("\\n")), ("'''a'b'''", .string("a'b")),
            (#"'\x41\u00e9\101'"#, .string("A\u{E9}A")), (#"b'\xff\377é'"#, .bytes([255, 255, 0xC3, 0xA9])),
            ("bR'\\'", .bytes([0x5C])), ("in", .keyword("in")), ("inner", .identifier("inner", reserved: false)),
            ("while", .identifier("while", reserved: true)), ("// note\n7", .int(7)),
        ])
    func literals(text: String, kind: Token.Kind) throws {
        let tokens = try Lexer.tokens(of: text)
        #expect(tokens.map(\.kind) == [kind, .end])
    }

    @Test(
        "what is no token is refused at its place",
        arguments: [
            ("1 = 2", 3, "'=' does not belong here; did you mean '=='?"), ("a & b", 3, "did you mean '&&'?"),
            ("'abc", 1, "the string is not closed: ' is missing"), ("'a\nb'", 1, "the string is not closed"),
            (#"'a\q'"#, 3, "no such escape"), (#"'\ud800'"#, 2, "not a unicode scalar"),
            (#"'\x4'"#, 2, "2 hexadecimal"),
            ("10m", 1, "duration('10m')"), ("0x", 1, "hexadecimal digits are missing"),
            ("18446744073709551616", 1, "does not fit 64 bits"), ("1e999", 1, "does not fit a double"),
            ("a # b", 3, "'#'"),
        ])
    func refused(text: String, column: Int, message: String) {
        let diagnostics = refusals(text)
        #expect(diagnostics.count == 1)
        #expect(diagnostics.first?.column == column)
        #expect(diagnostics.first?.message.contains(message) == true, "\(diagnostics)")
    }
}

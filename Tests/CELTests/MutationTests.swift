import Testing

@testable import CEL

@Suite struct MutationTests {
    private static func mutants(_ source: String) throws -> [String] {
        var declarations = Declarations()
        declarations.declare(variable: "n", .int)
        declarations.declare(variable: "s", .string)
        declarations.declare(variable: "d", .duration)
        declarations.declare(variable: "x", .dyn)
        let program = try Program.compile(source, declarations: declarations, expecting: .bool)
        return program.mutants.map { $0.program.source }
    }

    @Test(
        "each operator and constant is changed alone, in the order of the text",
        arguments: [
            ("n == 1", ["n != 1", "n == 2", "n == 0"]), ("n != 0", ["n == 0", "n != 1"]),
            ("n < n", ["n <= n", "n >= n"]), ("n <= n", ["n < n", "n > n"]), ("n > n", ["n >= n", "n <= n"]),
            ("n >= n", ["n > n", "n < n"]), ("!(n < n)", ["(n < n)", "!(n <= n)", "!(n >= n)"]),
            ("true && false || true", ["true || false || true", "true && false && true"]),
            ("s == 'é~'", ["s != 'é~'", "s == '~'"]), ("s == r\"~\"", ["s != r\"~\"", "s == '-'"]),
            (
                "d <= duration('1m')",
                ["d < duration('1m')", "d > duration('1m')", "d <= duration('61s')", "d <= duration('59s')"]
            ),
            ("uint(n) == 1u", ["uint(n) != 1u", "uint(n) == 2u", "uint(n) == 0u"]),
        ])
    func changes(source: String, mutants: [String]) throws {
        #expect(try Self.mutants(source) == mutants)
    }

    @Test(
        "changes that do not compile, or to another type, are left out",
        arguments: [
            ("timestamp('2026-11-22T12:00:00Z') > timestamp(s)", 2), ("n == 9223372036854775807", 2),
            ("s.startsWith('ab')", 1), ("'&&' == s", 2), ("n in [n]", 0),
        ])
    func leftOut(source: String, count: Int) throws {
        let mutants = try Self.mutants(source)
        #expect(mutants.count == count, "\(mutants)")
    }

    @Test("a change has the place of what it replaces, in bytes, lines and columns")
    func place() throws {
        let program = try Program.compile("'é' == 'é' &&\n  true", declarations: Declarations())
        let last = try #require(program.mutants.last).mutation
        #expect(last == Mutation(range: SourceRange(offset: 13, length: 2, line: 1, column: 12), replacement: "||"))
    }
}

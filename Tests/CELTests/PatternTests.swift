import Testing

@testable import CEL

@Suite("Regular expressions")
struct PatternTests {
    @Test(
        "matches() finds a match anywhere, as a method and as a function",
        arguments: [
            ("abc", "b", true), ("abc", "^b", false), ("abc", "^abc$", true), ("abc", "", true), ("", "a*", true),
            ("Abc", "(?i)^aBC$", true), ("a\nb", "a.b", false), ("a\nb", "(?s)a.b", true), ("n1", #"^n\d$"#, true),
            ("x{1}", #"\Qx{1}\E"#, true), ("abab", "(?P<pair>ab)+$", true),
        ])
    func found(text: String, pattern: String, expected: Bool) throws {
        let bindings: [String: Value] = ["names": [.string(text), .string(pattern)]]
        // A literal is compiled with the program, a value when it is evaluated.
        let literal = "\(Value.string(pattern))"
        for source in [
            "names[0].matches(\(literal))", "matches(names[0], \(literal))", "names[0].matches(names[1])",
            "matches(names[0], names[1])",
        ] { #expect(try value(source, bindings) == .bool(expected), "\(source)") }
    }

    @Test(
        "text and expression are unicode scalars and nothing else: no C strings, no canonical equivalence",
        arguments: [
            (#"'a\u0000b'.matches('b$')"#, true), (#"'a\u0000b'.matches('a\u0000b')"#, true),
            (#"'ab'.matches('a\u0000b')"#, false), (#"'a'.matches('a\u0000')"#, false),
            (#"'é'.matches('^.$')"#, true), (#"'e\u0301'.matches('^.$')"#, false),
            (#"'e\u0301'.matches('é')"#, false), (#"'é'.matches('é') && !'é'.matches('e\u0301')"#, true),
            (#"'Straße 👩‍👩‍👧'.matches('^\\pL+ \\x{1F469}')"#, true), (#"'٣'.matches('\\d')"#, false),
        ])
    func scalars(source: String, expected: Bool) throws {
        #expect(try value(source) == .bool(expected))
    }

    @Test("each literal of a program is its own expression")
    func several() throws {
        let source = #"['a1', 'b2'].map(s, [s.matches('^a'), s.matches('^b'), s.matches(s)])"#
        #expect(try value(source) == [[true, false, true], [false, true, true]])
    }

    @Test(
        "a literal that is no expression is refused with the program, with RE2's reason and a caret",
        arguments: [
            ("node.name.matches('a(b')", "'a(b' is not a regular expression: RE2 says 'missing ): a(b'", 19, 5),
            ("matches(node.name, '(?=a)')", "RE2 says 'invalid perl operator: (?='", 20, 7),
            (#"node.name.matches('(a)\\1')"#, "RE2 says 'invalid escape sequence: ", 19, 8),
            (#"node.name.matches('a{1001}')"#, "RE2 says 'invalid repetition size: {1001}'", 19, 9),
        ])
    func refusedLiteral(source: String, reason: String, column: Int, length: Int) throws {
        let diagnostics = refusals("b &&\n\(source)")
        let diagnostic = try #require(diagnostics.first)
        #expect(diagnostics.count == 1)
        #expect(diagnostic.kind == .literal)
        #expect(diagnostic.message.contains(reason), "\(diagnostic.message)")
        #expect(diagnostic.line == 2 && diagnostic.column == column && diagnostic.length == length, "\(diagnostic)")
        let carets = String(repeating: " ", count: column - 1) + String(repeating: "^", count: length)
        #expect(diagnostic.render(source: "b &&\n\(source)").hasSuffix("\(source)\n\(carets)"))
    }

    @Test("a value that is no expression is an error with RE2's reason, escaped and short")
    func refusedValue() throws {
        let error = try #require(try failure("'a'.matches(params.p)", ["params": .map(["p": "\u{1B}[2J(\n"])]))
        #expect(error.kind == .invalidArgument)
        #expect(error.message.contains(#"is not a regular expression: RE2 says 'missing ]: [2J(\n'"#), "\(error)")
        #expect(error.position != nil)
        let long = Value.string(String(repeating: "é", count: 400) + "(\u{1B}")
        let message = try #require(try failure("'a'.matches(params.p)", ["params": .map(["p": long])])).message
        #expect(message.unicodeScalars.count < 200 && !message.unicodeScalars.contains("\u{1B}"))
    }

    @Test("other types than strings are refused: when they are known, and when they are met")
    func types() throws {
        for source in ["node.total.matches('a')", "node.name.matches(1)", "matches(node.name, b'a')"] {
            #expect(refusals(source).map(\.kind) == [.type], "\(source)")
        }
        #expect(try failure("x.matches('a')", ["x": 1])?.kind == .noSuchOverload)
        #expect(try failure("'a'.matches(x)", ["x": 1])?.kind == .noSuchOverload)
    }

    @Test(
        "an expression that is too long or becomes too large is a limit's error, which nothing absorbs",
        arguments: [String(repeating: "a", count: 1025), #"\pL{1000}"#, #"\pL{40}"#])
    func tooLarge(pattern: String) throws {
        #expect(refusals("'a'.matches(r'\(pattern)')").map(\.kind) == [.limit])
        let bindings: [String: Value] = ["params": .map(["p": .string(pattern)])]
        #expect(try failure("'a'.matches(params.p) || true", bindings)?.kind == .costLimit)
    }

    @Test("an expression that backtracks for ever elsewhere takes time in proportion to the text")
    func catastrophic() throws {
        let text = Value.string(String(repeating: "a", count: 30_000) + "b")
        let start = ContinuousClock.now
        let evaluation = try run(
            "x.matches('(a+)+$') || x.matches(params.p)", ["x": text, "params": .map(["p": "(a|aa)+$"])])
        #expect(try evaluation.result.get() == false)
        #expect(ContinuousClock.now - start < .seconds(2))
    }

    @Test("it costs text times what the expression was compiled to, and more for one that is compiled each time")
    func cost() throws {
        func cost(_ source: String, _ text: String, _ pattern: String = "a") throws -> Int {
            try run(source, ["x": .string(text), "params": .map(["p": .string(pattern)])]).cost
        }
        let long = String(repeating: "b", count: 16_000)
        // Three for the nodes.
        #expect(try cost("x.matches('a')", "") == 4)
        #expect(try cost("x.matches('a')", long) == 3 + 1001)
        let wide = try Pattern("[^a]{20}").size
        #expect(try cost("x.matches('[^a]{20}')", long) == 3 + 1001 * (1 + wide / 16))
        #expect(try cost("x.matches(params.p)", "") >= 4 + 17)
        let bindings: [String: Value] = ["x": .string(long)]
        #expect(try failure("x.matches('[^a]{900}c') || true", bindings)?.kind == .costLimit)
    }

    @Test("many tasks search with one program at once")
    func shared() async throws {
        let program = try Program.compile("node.name.matches('^n(\\\\d+)-[a-z]*$')", declarations: .sample)
        let results = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                let node = Value.message(
                    name: "Node", fields: ["name": .string("n\(number)-\(number % 2 == 0 ? "a" : "A")")])
                group.addTask { (try? program.evaluate(["node": node]).result.get()) == .bool(number % 2 == 0) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count == 200 && results.allSatisfy { $0 })
    }
}

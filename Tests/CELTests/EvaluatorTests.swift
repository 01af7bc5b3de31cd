import Testing

@testable import CEL

@Suite("Evaluator")
struct EvaluatorTests {
    private static let unknown = Value.unknown(path: "node.firewall", cause: "nft: exit 1")

    @Test(
        "&& and || absorb an error when the other side decides, in both orders",
        arguments: [
            ("true && x", "error"), ("false && x", "false"), ("x && true", "error"), ("x && false", "false"),
            ("true || x", "true"), ("false || x", "error"), ("x || true", "true"), ("x || false", "error"),
            ("x && x", "error"), ("x || x", "error"), ("!x", "error"), ("x ? 1 : 1", "error"),
        ])
    func absorption(source: String, outcome: String) throws {
        let result = try run(source, ["x": Self.unknown]).result
        #expect((try? result.get().rendered()) ?? "error" == outcome)
    }

    @Test("the types of instants and spans have the names of their messages")
    func typeNames() throws {
        let source = "[google.protobuf.Timestamp, google.protobuf.Duration].map(t, [t == type(x), t == type(x - x)])"
        #expect(
            try value(source, ["x": .timestamp(Timestamp(parsing: "2026-03-29T01:00:00Z"))]) == [
                [true, false], [false, true],
            ])
    }

    @Test("a quantifier absorbs the errors of other elements, exists_one does not")
    func quantifiers() throws {
        #expect(try value("[0, 1].exists(e, 1 / e == 1)") == true)
        #expect(try value("[0, 1].all(e, 1 / e == 7)") == false)
        #expect(try failure("[0, 1].all(e, 1 / e == 1)")?.kind == .divideByZero)
        #expect(try failure("[0, 1].exists(e, 1 / e == 7)")?.kind == .divideByZero)
        #expect(try failure("[0, 1].exists_one(e, 1 / e == 1)")?.kind == .divideByZero)
    }

    @Test(
        "an unknown fact is an error wherever it is read",
        arguments: [
            "node.firewall", "node.firewall.backend == ''", "node.firewall == node.firewall",
            "[node.firewall].size() == 1",
            "node.labels.zone == 'a'", "has(node.labels.zone)", "'zone' in node.labels", "node.labels['zone'] == 'a'",
            "names == ['a', 'b']", "names[1] == 'b'", "names.join(',') == ''", "'zz' in names", "names.all(n, n != '')",
            "node.labels == {'zone': 'a'}",
        ])
    func unknownFacts(source: String) throws {
        let error = try #require(try failure(source, Self.facts))
        #expect(error.kind == .unknownFact)
        #expect(error.path == "node.firewall")
        #expect(error.message == "node.firewall is not known: nft: exit 1")
    }

    @Test("an unknown fact that does not matter does not spoil the result")
    func irrelevantUnknowns() throws {
        #expect(try value("'a' in names && names.size() == 2", Self.facts) == true)
        #expect(try value("node.name == 'n1' || node.firewall.backend == ''", Self.facts) == true)
        #expect(try value("has(node.labels.pool)", Self.facts) == false)
    }

    private static let facts: [String: Value] = [
        "node": .message(
            name: "Node", fields: ["name": "n1", "firewall": unknown, "labels": .map(["zone": unknown])]),
        "names": ["a", unknown],
    ]

    @Test("an error bound by the host is placed where it is read, not where it came from")
    func rebound() throws {
        let foreign = try #require(try failure("1 + 1 + 1 + 1 / 0"))
        #expect(foreign.position?.column == 15)
        #expect(try failure("b || x", ["b": false, "x": .error(foreign)])?.position?.column == 6)
    }

    @Test(
        "errors have a kind and a place",
        arguments: [
            ("9223372036854775807 + 1", EvaluationError.Kind.overflow, 21), ("1 / 0", .divideByZero, 3),
            ("1u - 2u", .overflow, 4),
            ("-(-9223372036854775808)", .overflow, 1), ("[1][1]", .indexOutOfRange, 4), ("{'a': 1}.b", .noSuchKey, 10),
            ("node.name", .unboundVariable, 1), ("x + 1", .unboundVariable, 1), ("int('a')", .invalidArgument, 1),
            ("int(1e30)", .range, 1), ("{'a': 1, 'a': 2}", .duplicateKey, 10), ("{1: 1, 1u: 2}", .duplicateKey, 8),
            ("dyn(1) + 'a'", .noSuchOverload, 8), ("dyn(1).size()", .noSuchOverload, 8),
            ("string(b'\\xff')", .invalidArgument, 1),
            ("timestamp('9999-12-31T23:59:59Z') + duration('1s')", .range, 35),
            ("duration('2540400h') + duration('2540400h')", .overflow, 22),
            ("'abc'.substring(2, 1)", .indexOutOfRange, 7),
        ])
    func errors(source: String, kind: EvaluationError.Kind, column: Int) throws {
        let error = try failure(source)
        #expect(error?.kind == kind, "\(String(describing: error))")
        #expect(error?.position?.column == column)
    }

    @Test("a message without a declared field is an error, not null")
    func missingField() throws {
        #expect(try failure("node.total", ["node": .message(name: "Node", fields: [:])])?.kind == .noSuchField)
    }

    @Test(
        "numbers compare across their types and NaN equals nothing",
        arguments: [
            ("dyn(1) == 1u && dyn(1) == 1.0 && 1 < 2u && 1.5 > 1", true), ("-1 < 0u", true),
            ("0.0 / 0.0 == 0.0 / 0.0", false),
            ("0.0 / 0.0 <= 1.0", false), ("[1, 2u] == [1.0, 2.0]", true), ("dyn({1: 'a'}) == {1u: 'a'}", true),
            ("dyn(1) == '1'", false),
            ("dyn(2.0) in {2: 'a'}", true),
        ])
    func numbers(source: String, expected: Bool) throws {
        #expect(try value(source) == .bool(expected))
    }

    private static let texts: [(String, Value)] = [
        (#"'\u00e9' == 'e\u0301'"#, Value.bool(false)), (#"'\u00e9' in {'e\u0301': 1}"#, false),
        (#"{'\u00e9': 1, 'e\u0301': 2}.size()"#, 2), (#"'e\u0301'.size()"#, 2), ("'👩‍👩‍👧'.size()", 5),
        (#"'e\u0301'.contains('e')"#, true), (#"'e\u0301x'.endsWith('\u0301x')"#, true),
        (#"'a\r\nb'.split('\n')"#, ["a\r", "b"]),
        (#"'e\u0301'.substring(0, 1)"#, "e"), (#"'e\u0301x'.indexOf('x')"#, 2),
        (#"'e\u0301'.replace('e', 'a')"#, "a\u{301}"),
        (#"'Z' < 'a' && '\uffff' < '\U00010000'"#, true), (#"['\u00e9'].exists(s, s == 'e\u0301')"#, false),
    ]

    @Test("text is unicode scalars", arguments: texts)
    func unicode(source: String, expected: Value) throws {
        #expect(try value(source) == expected)
    }

    private static let calls: [(String, Value)] = [
        (
            "string(1.0) + string(0.1) + string(1e21) + string(1.5e-7) + string(123456789.25)",
            Value.string("10.11e+211.5e-07123456789.25")
        ),
        ("string(timestamp('2026-03-01T12:00:00.50+01:30'))", "2026-03-01T10:30:00.5Z"),
        (
            "string(timestamp('0001-01-01T00:00:00Z')) + string(timestamp('2000-02-29T00:00:00Z'))",
            "0001-01-01T00:00:00Z2000-02-29T00:00:00Z"
        ),
        ("string(duration('1h30m') - duration('1.5ms'))", "5399.9985s"),
        ("string(duration('-0.000000001s'))", "-0.000000001s"),
        ("'a,b,,c'.split(',', 3)", ["a", "b", ",c"]), ("'ab'.split('')", ["a", "b"]), ("['a', 'b'].join('-')", "a-b"),
        ("' x '.trim() + 'A'.lowerAscii() + 'b'.upperAscii()", "xaB"), ("'abab'.replace('b', '', 1)", "aab"),
        ("'ab'.replace('', '-')", "-a-b-"), ("'abc'.lastIndexOf('c') + 'abc'.indexOf('b', 2)", 1),
        ("[1, 2, 3].map(i, i > 1, i * 2)", [4, 6]), ("{'b': 1, 'a': 2}.map(k, k)", ["b", "a"]), ("bool('true')", true),
        ("now.getDayOfWeek() + now.getHours('+02:00')", 8),
    ]

    @Test("functions give their values", arguments: calls)
    func functions(source: String, expected: Value) throws {
        let now = try Timestamp(parsing: "2026-03-01T06:00:00Z")
        #expect(try value(source, ["now": .timestamp(now)]) == expected)
    }

    @Test("a policy of the sort that ships evaluates")
    func policy() throws {
        let source =
            "names.filter(n, n != node.name).size() + 1 <= params.max && now - timestamp('2026-03-01T00:00:00Z') < duration(params.wait)"
        let bindings: [String: Value] = [
            "node": .message(name: "Node", fields: ["name": "n1"]), "names": ["n1", "n2"],
            "params": .map(["max": 2, "wait": "10m"]),
            "now": .timestamp(try Timestamp(parsing: "2026-03-01T00:09:59Z")),
        ]
        #expect(try value(source, bindings) == true)
    }
}

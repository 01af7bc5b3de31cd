import Testing

@testable import CEL

@Suite("Checker")
struct CheckerTests {
    @Test(
        "a type is deduced",
        arguments: [
            ("node.total + 1", "int"), ("names.filter(n, n != '').size()", "int"),
            ("now - duration('1h')", "timestamp"),
            ("now - now", "duration"), ("params.max * 2", "int"), ("x - now", "duration"), ("x + x", "dyn"),
            ("[]", "list(dyn)"),
            ("[1, 'a']", "list(dyn)"), ("names.map(n, n.size())", "list(int)"), ("b ? [] : names", "list(string)"),
            ("{'a': [1]}", "map(string, list(int))"), ("node.conditions['Ready'].status", "string"),
            ("node.labels.map(k, k)", "list(string)"), ("1 < 1.5", "bool"), ("size(x) in [1, 2]", "bool"),
            ("node.firewall", "Firewall"), ("[] + names", "list(string)"), ("type(1)", "type"),
        ])
    func deduced(source: String, type: String) throws {
        #expect(try "\(Program.compile(source, declarations: .sample).type)" == type)
    }

    @Test(
        "a mistake is told with its line, its column and the way out",
        arguments: [
            ("nod.ready", 1, 1, 3, "there is no variable 'nod'; did you mean 'node'?"),
            ("node.firewal.backend", 1, 6, 7, "Node has no field 'firewal'; did you mean 'firewall'?"),
            (
                "b &&\n  node.firewall.inputPolcy == 'x'", 2, 17, 10,
                "Firewall has no field 'inputPolcy'; did you mean 'inputPolicy'?"
            ),
            ("node.zzzzzzzz", 1, 6, 8, "Node has no field 'zzzzzzzz'"),
            ("node.name.startWith('a')", 1, 11, 9, "there is no function 'startWith'; did you mean 'startsWith'?"),
            ("names.exist(n, n == '')", 1, 7, 5, "did you mean 'exists'?"),
            ("startsWith(node.name, 'a')", 1, 1, 10, "'startsWith' is written value.startsWith()"),
            ("node.name + 1", 1, 11, 1, "'+' does not take string and int; convert with string(…)"),
            ("1 + 1.0", 1, 3, 1, "'+' does not take int and double; convert one with int(…) or double(…)"),
            ("node.name == 1", 1, 11, 2, "string and int are never equal; convert with string(…)"),
            ("1 in names", 1, 3, 2, "int is never in list(string)"),
            ("'é' in 5", 1, 5, 2, "'in' asks a list or the keys of a map, not int"),
            ("node.name && b", 1, 1, 9, "the left side of '&&' must be bool, not string"),
            ("!node.name", 1, 1, 1, "'!' does not take string"),
            ("b ? 1 : 'a'", 1, 3, 1, "the two sides of ':' must be of one type, not int and string"),
            ("node.name ? 1 : 2", 1, 1, 9, "the condition before '?' must be bool"),
            ("names['a']", 1, 7, 3, "the index of a list is an int, not string"),
            ("node['name']", 1, 6, 6, "Node cannot be indexed"), ("node.name.size", 1, 11, 4, "string has no fields"),
            ("{1.5: 2}", 1, 2, 3, "the key of a map is a string, int, uint or bool, not double"),
            ("names.all(n, n)", 1, 14, 1, "the condition of all() must be bool, not string"),
            ("node.ready.all(n, b)", 1, 1, 10, "all() goes over a list or the keys of a map, not bool"),
            (
                "node.name.startsWith(1)", 1, 11, 10,
                "there is no string.startsWith(int); there is string.startsWith(string)"
            ),
            ("has(node.firewall)", 1, 10, 8, "has() is for maps: 'firewall' is a declared field of Node"),
            ("has(node.nope)", 1, 10, 4, "Node has no field 'nope'"),
            ("duration('10x')", 1, 10, 5, "'10x' is not a duration, such as '90s'"),
            ("timestamp('2026-02-30T00:00:00Z')", 1, 11, 22, "is not an RFC 3339 timestamp"),
        ])
    func refused(source: String, line: Int, column: Int, length: Int, message: String) {
        let diagnostics = refusals(source)
        #expect(diagnostics.count == 1, "\(diagnostics)")
        #expect(diagnostics.first?.line == line)
        #expect(diagnostics.first?.column == column)
        #expect(diagnostics.first?.length == length)
        #expect(diagnostics.first?.message.contains(message) == true, "\(diagnostics)")
    }

    @Test(
        "good CEL that is not supported is refused as such, with the reason",
        arguments: [
            ("node.name.find('^a')", "matches() says whether a text has a match"),
            ("type(now) == google.protobuf.Any", "'google' belongs to a library that is not supported"),
            ("math.greatest(1, 2)", "library that is not supported"), ("'%d'.format([1])", "format() is not supported"),
        ])
    func unsupported(source: String, reason: String) {
        let diagnostics = refusals(source)
        #expect(diagnostics.map(\.kind) == [.unsupported])
        #expect(diagnostics.first?.message.contains(reason) == true, "\(diagnostics)")
    }

    @Test("all mistakes are told, up to a bound")
    func several() {
        #expect(refusals("nod.a && node.b && node.name + 1 == 2").count == 3)
        #expect(refusals("[" + String(repeating: "zz,", count: 500) + "]").count == Checker.maximumDiagnostics)
    }

    @Test("the caret stands under the place, in the right line")
    func caret() throws {
        let source = "b &&\n\t'é' + node.nmae == ''"
        let diagnostic = try #require(refusals(source).first)
        let expected = """
            kubelet.yaml:2:13: Node has no field 'nmae'; did you mean 'name'?
            \t'é' + node.nmae == ''
            \t           ^^^^
            """
        #expect(diagnostic.render(source: source, file: "kubelet.yaml") == expected)
    }

    @Test("a caret display cannot steer a terminal and stays short")
    func hostileCaret() throws {
        let source = "'\u{1B}[2J\u{202E}' + zz"
        let text = try #require(refusals(source).first).render(source: source)
        #expect(!text.unicodeScalars.contains("\u{1B}") && !text.unicodeScalars.contains("\u{202E}"))
        #expect(text.hasSuffix("\n          ^^"))
        let long = "'" + String(repeating: "a", count: 20_000) + "' + zz"
        #expect(try #require(refusals(long).first).render(source: long).utf8.count < 600)
    }

    @Test("the expected type is required, dyn is checked when evaluated")
    func expecting() throws {
        #expect(refusals("node.name", expecting: .bool).first?.message == "the expression must be bool, not string")
        let program = try Program.compile("x", declarations: .sample, expecting: .bool)
        #expect(try program.evaluate(["x": true]).result.get() == true)
        #expect(throws: EvaluationError.self) { try program.evaluate(["x": "true"]).result.get() }
    }

    @Test("references are the longest static paths, without the variables of macros")
    func references() throws {
        let source = "node.firewall.inputPolicy == 'x' && names.exists(n, n == node.name) && has(node.labels.zone)"
        let program = try Program.compile(source, declarations: .sample)
        #expect(program.references == ["node.firewall.inputPolicy", "names", "node.name", "node.labels.zone"])
        let indexed = try Program.compile("node.conditions[params.key].status", declarations: .sample)
        #expect(indexed.references == ["node.conditions", "params.key"])
        #expect(try Program.compile("node == node", declarations: .sample).references == ["node"])
    }

    @Test("a type notation is read or refused with the reason")
    func notation() throws {
        #expect(try CELType(parsing: "map(string, list( Condition ))") == .map(.string, .list(.message("Condition"))))
        #expect(try CELType(parsing: "timestamp") == .timestamp)
        for bad in [
            "", "list", "list(int", "list(int))", "map(int)", "map(double, int)", "1x",
            "list(" + String(repeating: "list(", count: 99),
        ] {
            #expect(throws: CELType.NotationError.self) { try CELType(parsing: bad) }
        }
        var declarations = Declarations.sample
        declarations.declare(variable: "y", .list(.message("Gone")))
        #expect(declarations.undeclaredMessages == ["Gone"])
    }
}

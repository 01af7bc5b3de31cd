import Testing

@testable import CEL

@Suite("Trace")
struct TraceTests {
    private func lines(_ source: String, _ bindings: [String: Value]) throws -> [String] {
        try run(source, bindings).trace.map { "\($0.expression) = \($0.rendered)" }
    }

    @Test("the values of sub-expressions are told, innermost first")
    func values() throws {
        let bindings: [String: Value] = ["node": .message(name: "Node", fields: ["total": 3]), "b": false]
        #expect(
            try lines("node.total + 1 > 5 || b", bindings) == [
                "node = Node{total: 3}", "node.total = 3", "node.total + 1 = 4", "node.total + 1 > 5 = false",
                "b = false",
                "node.total + 1 > 5 || b = false",
            ])
    }

    @Test("of a quantifier only the deciding element is told")
    func deciding() throws {
        #expect(
            try lines("names.all(n, n != 'b')", ["names": ["a", "b", "c"]]) == [
                "names = ['a', 'b', 'c']", "n = 'b'", "n != 'b' = false", "names.all(n, n != 'b') = false",
            ])
        #expect(try lines("names.filter(n, n != 'b')", ["names": ["a", "b"]]).count == 2)
    }

    @Test("of an error the failing sub-expression is told, with its place")
    func errors() throws {
        let evaluation = try run("[1, 0, 2].all(i, 4 / i > 0)")
        #expect(evaluation.trace.map(\.rendered).contains("error: division by zero"))
        #expect(evaluation.trace.first { $0.expression == "4 / i" }?.position.column == 18)
        #expect(evaluation.trace.contains { $0.expression == "i" && $0.rendered == "0" })
    }

    @Test("a trace is bounded")
    func bounded() throws {
        let source = "b" + String(repeating: " || b && b", count: 90)
        #expect(try run(source, ["b": false]).trace.count == Limits.default.traceEntries)
        #expect(try run(source, ["b": false]).trace.allSatisfy { $0.expression.unicodeScalars.count <= 200 })
    }
}

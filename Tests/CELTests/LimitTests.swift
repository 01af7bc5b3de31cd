import Foundation
import Testing

@testable import CEL

@Suite("Limits")
struct LimitTests {
    private static let tens = "[0,1,2,3,4,5,6,7,8,9]"

    @Test("the cost limit ends nested loops and is absorbed by nothing")
    func cost() throws {
        let loops =
            "\(Self.tens).map(a, \(Self.tens).map(b, \(Self.tens).map(c, \(Self.tens).map(d, \(Self.tens).map(e, 1)))))"
        let evaluation = try run("true || \(loops).size() > 0")
        #expect(try evaluation.result.get() == true)
        for source in ["\(loops).size() > 0 || true", "[0].exists(i, \(loops).size() > i) || true"] {
            let evaluation = try run(source)
            guard case .failure(let error) = evaluation.result else {
                return #expect(Bool(false), "\(source) has a value")
            }
            #expect(error.kind == .costLimit)
            #expect(evaluation.cost < 101_000)
        }
    }

    @Test(
        "memory is paid for before it is used",
        arguments: [
            "'aaaaaaaaaa'" + String(repeating: ".replace('a', 'aaaaaaaaaaaaaaaaaaaa')", count: 40),
            "['a']" + String(repeating: ".map(s, s + s + s + s + s + s + s + s)", count: 40),
            "[[1]]" + String(repeating: ".map(l, l + l + l + l + l + l + l + l)", count: 40),
            "['a', 'a', 'a', 'a']" + String(repeating: ".map(s, [s, s, s, s, s, s].join(s))", count: 40),
        ])
    func memory(source: String) throws {
        #expect(try failure(source)?.kind == .costLimit)
    }

    @Test("a lower limit is kept")
    func lowerLimits() throws {
        var limits = Limits.default
        limits.cost = 5
        #expect(try failure("1 + 1 + 1 + 1", limits: limits)?.kind == .costLimit)
        limits = .default
        limits.depth = 3
        #expect(try failure("1 + (1 + (1 + 1))", limits: limits)?.kind == .depthLimit)
        #expect(try failure("b || (1 + (1 + 1)) == 3 || true", ["b": true], limits: limits) == nil)
    }

    @Test("values nested without end are compared and shown within bounds")
    func deepValues() throws {
        var deep = Value.int(1)
        for _ in 0..<3000 { deep = .list([deep]) }
        #expect(try failure("x == x", ["x": deep])?.kind == .depthLimit)
        #expect(deep.rendered() == "[[[[[[[[…]]]]]]]]")
    }

    @Test("a rendered value is bounded and shows no control characters")
    func rendering() {
        let text = Value.list(Array(repeating: "a\u{1B}\n\u{202E}'", count: 1000)).rendered(limit: 40)
        #expect(text.unicodeScalars.count == 40)
        #expect(text.hasPrefix(#"['a\u001b\n\u202e\'', "#))
        #expect(Value.map(["b": 1.5, "a": [.null, .uint(1)]]).rendered() == "{'b': 1.5, 'a': [null, 1u]}")
    }

    @Test(
        "the greatest height fits the stack of a small thread", .timeLimit(.minutes(5)),
        arguments: [
            String(repeating: "(", count: 99) + "1" + String(repeating: ")", count: 99),
            String(repeating: "[", count: 99) + String(repeating: "]", count: 99),
            String(repeating: "[0].map(i, ", count: 98) + "1" + String(repeating: ")", count: 98),
            String(repeating: "!", count: 98) + "true",
            String(repeating: "{1: ", count: 98) + "1" + String(repeating: "}", count: 98),
            String(repeating: "b ? b : ", count: 98) + "b", String(repeating: "b && ", count: 98) + "b",
            String(repeating: "1 + (", count: 98) + "1" + String(repeating: ")", count: 98),
        ])
    func smallStack(source: String) async {
        let hasValue = await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: (try? value(source, ["b": true])) != nil) }
            thread.stackSize = 2 << 20
            thread.start()
        }
        #expect(hasValue)
    }
}

import Foundation
import Testing

@testable import CEL

@Suite("Random input")
struct RandomInputTests {
    /// SplitMix64: the same inputs every time.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// A longer run is asked for by the environment.
    private static let rounds = ProcessInfo.processInfo.environment["BELAY_RANDOM_ROUNDS"].flatMap(Int.init) ?? 500

    private static let seeds = [
        "node.firewall.inputPolicy == 'ACCEPT' || (b && names.exists(n, n == node.name))",
        "names.filter(n, n.startsWith('a')).map(n, n.size() > 1, n + '-').join(', ') + string(1.5e3)",
        "now - timestamp('2026-01-01T00:00:00.5Z') < duration(params.window) ? [1, -2][0] : {'a': 0x1F}.a",
        "x[0].y.z(1u, b'\\xff', r'\\d', \"\\u00e9\") % 3 >= -9223372036854775808 && !has(params.k)",
    ]
    private static let pieces = [
        "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "!", "-", "+", "*", "/", "%", "<", "==", "&&", "||", "in",
        "'", "\"", "\\",
        "'''", "9223372036854775807", "0u", "1e308", "x", "names", ".all(i, ", ".map(i, i)", "has(", "\u{0}", "é", "👩‍👩‍👧",
        "//", "\n", "`",
        "size(", "int(", "duration('", "timestamp('", ".split('')", ".replace('', 'aa')", "matches",
    ]

    private static func mutated(_ generator: inout Generator) -> String {
        var scalars = Array(seeds[Int.random(in: 0..<seeds.count, using: &generator)].unicodeScalars)
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let place = Int.random(in: 0...scalars.count, using: &generator)
            let end = min(scalars.count, place + Int.random(in: 0...6, using: &generator))
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: scalars.removeSubrange(place..<end)
            case 1:
                scalars.insert(
                    contentsOf: scalars[place..<end], at: Int.random(in: 0...scalars.count, using: &generator))
            default:
                let piece = pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                scalars.insert(contentsOf: piece.unicodeScalars, at: place)
            }
        }
        return Text.string(scalars)
    }

    @Test(
        "mutated expressions are refused or evaluated, never more", .timeLimit(.minutes(2)),
        arguments: [1, 2, 3, 4] as [UInt64])
    func mutations(seed: UInt64) throws {
        var generator = Generator(state: seed)
        var limits = Limits.default
        limits.cost = 2000
        let bindings: [String: Value] = [
            "node": .message(
                name: "Node", fields: ["name": "a", "firewall": .unknown(path: "node.firewall", cause: "?")]),
            "names": ["a", "b\u{301}", .unknown(path: "names", cause: "?")],
            "now": .timestamp(try #require(Timestamp(seconds: 0))),
            "params": .map(["window": "1h", "k": .null]), "x": [.map(["y": 1])], "b": true,
        ]
        var (compiled, refused) = (0, 0)
        for _ in 0..<Self.rounds {
            let source = Self.mutated(&generator)
            do throws(CompileError) {
                let program = try Program.compile(source, declarations: .sample)
                compiled += 1
                #expect(program.evaluate(bindings, limits: limits).trace.count <= limits.traceEntries)
            } catch {
                refused += 1
                #expect(!error.render(source: source).isEmpty)
            }
            if let program = try? Program.unchecked(source) { _ = program.evaluate(bindings, limits: limits) }
        }
        #expect(compiled > 10 && refused > 200, "the mutations reach both ends: \(compiled), \(refused)")
    }
}

import Core
import Foundation
import RandomStates
import Testing

/// Values through real shells.
@Suite("shell quote", .timeLimit(.minutes(2)))
struct ShellQuoteTests {
    @Test("any word comes out of a shell as it went in", arguments: ScriptNodes.installed)
    func roundTrip(shell: [String]) async throws {
        var generator = SeededGenerator(seed: 42)
        let pieces = [
            "'", "\\", "$", "`", "\"", "\n", " ", ";", "\u{301}", "'\u{301}", "*", "!", "#", "~", "a", "é", "🦊", "\t",
            "\r", "-", "%s", "\u{7f}", "\u{1}",
        ]
        let words = (0..<200).map { _ in
            (0..<Int.random(in: 0...12, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }
                .joined()
        }
        let text = "printf '%s\\000' \(ShellQuote.join(words))"
        let output = try await LocalNode().run(Command(shell + ["-c", text]))
        #expect(output.output.bytes == words.flatMap { Array($0.utf8) + [0] })
    }

    @Test(
        "people see quotes only where they are needed",
        arguments: [
            (["systemctl", "restart", "kubelet.service"], "systemctl restart kubelet.service"),
            (["a b", ""], "'a b' ''"),
            (["it's"], #"'it'\''s'"#), (["é"], "'é'"), (["$x"], "'$x'"),
        ])
    func display(argv: [String], shown: String) {
        #expect(ShellQuote.display(argv) == shown)
    }
}

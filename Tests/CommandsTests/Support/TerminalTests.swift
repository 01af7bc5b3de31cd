import Foundation
import Testing

@testable import Commands
@testable import Core

/// The last gate: whatever a view or a verb forgot, no terminal acts on it.
struct TerminalTests {
    private static let colored = Style(isColored: true)

    private func shown(_ text: String, _ style: Style = .plain) -> [String] {
        let recorder = Sink()
        let terminal = Terminal(
            style: style, errorStyle: style, output: { recorder.take($0) }, complaint: { recorder.take($0) })
        terminal.write(text)
        terminal.complain(text)
        return recorder.taken
    }

    @Test("what a view let through is spelled out, on both streams, with colours and without")
    func neutralised() {
        for style in [.plain, Self.colored] {
            for text in shown("a\(Hostile.text)\nb", style) {
                #expect(Hostile.found(in: text) == [] && text.contains("\\u001b[2J"), "\(text.debugDescription)")
                #expect(text.hasPrefix("a\\u0000") && text.hasSuffix("\nb\n"))
            }
        }
    }

    @Test("our own colours pass where there are any, and no other sequence")
    func colors() {
        let bad = Self.colored.bad("DENIED")
        #expect(bad == "\u{1B}[31mDENIED\u{1B}[0m")
        #expect(shown(bad, Self.colored) == [bad + "\n", bad + "\n"])
        #expect(shown(bad)[0] == "\\u001b[31mDENIED\\u001b[0m\n")
        #expect(shown("\u{1B}[5mx\u{1B}]0;x\u{1B}", Self.colored)[0] == "\\u001b[5mx\\u001b]0;x\\u001b\n")
    }

    @Test("JSON stays the same JSON, a table keeps its ends of lines, and other text is untouched")
    func unchanged() throws {
        let words = ["a\(Hostile.text)", "größer → 𝄞"]
        let json = String(decoding: try JSON.encodePretty(words), as: UTF8.self)
        #expect(try JSON.decode([String].self, from: Array(shown(json)[0].utf8)) == words)
        #expect(shown("a,b\r\nc,d\r\n")[0] == "a,b\r\nc,d\r\n")
        #expect(shown("größer → 𝄞 e\u{301}")[0] == "größer → 𝄞 e\u{301}\n")
    }

    @Test("nothing but it and the questions to a person writes to the terminal")
    func onlyWay() throws {
        let form =
            /(?m)^(?!\s*\/\/).*\b(?:print|debugPrint|dump|puts|fputs|printf|NSLog)\(|FileHandle\.standard(?:Output|Error)|\/dev\/tty"/
        var found: Set<String> = []
        let sources = URL(fileURLWithPath: "\(SignedProject.root)/Sources")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        // The simulator is no part of the program.
        for case let file as URL in files where file.pathExtension == "swift" && !file.path.contains("/belay-sim/") {
            if try String(contentsOf: file, encoding: .utf8).contains(form) { found.insert(file.lastPathComponent) }
        }
        #expect(found == ["Terminal.swift", "Person.swift"])
    }
}

/// What a terminal was given, text by text.
private final class Sink: @unchecked Sendable {
    // A test writes in order.
    private(set) var taken: [String] = []
    func take(_ text: String) { taken.append(text) }
}

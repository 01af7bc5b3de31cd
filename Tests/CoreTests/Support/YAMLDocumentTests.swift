import Testing

@testable import Core

@Suite("YAML documents")
struct YAMLDocumentTests {
    static func faults<T>(_ text: String, _ body: (YAMLFields) -> T) -> [String] {
        do throws(Diagnostics) {
            _ = try YAMLDocument(Array(text.utf8), file: "f").read(body)
            return []
        } catch {
            return error.all.map(\.description)
        }
    }

    @Test("a file of more than 256 KiB is refused before it is parsed")
    func tooLarge() {
        let text = "a: " + String(repeating: "x", count: YAMLDocument.sizeLimit)
        #expect(Self.faults(text) { $0.string("a") } == ["f: the file has 262147 bytes, more than 262144"])
        #expect(Self.faults(String(text.prefix(YAMLDocument.sizeLimit))) { $0.string("a") } == [])
    }

    @Test("bytes that are not UTF-8 are refused at their line")
    func notUTF8() {
        let error = #expect(throws: Diagnostics.self) { try YAMLDocument(Array("a: b\nc: ".utf8) + [0xFF], file: "f") }
        #expect(error?.description == "f:2: the file is not UTF-8 text")
    }

    @Test("aliases of aliases as a key are refused without being expanded", .timeLimit(.minutes(5)))
    func bomb() {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...40 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        text += "? *a40\n: x\n"
        #expect(Self.faults(text) { _ in } == ["f:2:10: anchors and aliases are not accepted. Write the value out"])
    }

    @Test("deep nesting is refused, not a crash")
    func deep() {
        #expect(!Self.faults("a: " + String(repeating: "[", count: 100_000)) { _ in }.isEmpty)
        let closed = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        #expect(Self.faults("a: \(closed)") { _ in }.first?.contains("nested more than 64 deep") == true)
    }

    @Test("text that only looks like anchors is accepted")
    func lookalikes() {
        let text = "a: \"x && y * z\"\nb: 'R&D *bold*'\nc: |\n  run a & b *\n"
        #expect(Self.faults(text) { ($0.string("a"), $0.string("b"), $0.string("c")) } == [])
    }

    @Test("all faults are reported, in the order of the file")
    func allFaults() {
        let found = Self.faults("name: [a]\ncount: x\nwhen: 90\nextra: 1\n") { fields in
            (
                fields.string("name"), fields.int("count"), fields.optionalDuration("when"),
                fields.bool("on", default: true)
            )
        }
        #expect(
            found == [
                "f:1:7: name: must be a text, not a list",
                "f:2:8: count: must be a whole number, not text",
                "f:3:7: when: must be a duration: \(DurationText.form)",
                "f:4:1: extra: there is no such field; known are count, name, on, when",
            ])
    }

    @Test(
        "the spellings of YAML 1.1 booleans are refused, the quoted text is not",
        arguments: ["yes", "No", "on", "OFF", "y"])
    func ambiguous(word: String) {
        #expect(Self.faults("a: \(word)") { $0.bool("a", default: false) }.count == 1)
        #expect(Self.faults("a: \(word)") { $0.string("a") }.first?.contains("\"\(word)\" in quotes") == true)
        #expect(Self.faults("a: '\(word)'") { $0.string("a") } == [])
    }

    @Test(
        "scalars keep their types",
        arguments: [
            ("3", YAMLScalar.int(3)), ("-1", .int(-1)), ("0644", .string("0644")), ("0x1F", .string("0x1F")),
            ("1.5", .double(1.5)),
            ("0.5", .double(0.5)), ("1e3", .string("1e3")), ("10m", .string("10m")), ("true", .bool(true)),
            ("'3'", .string("3")),
            ("99999999999999999999", .double(1e20)), (".inf", .string(".inf")), ("~", .null), ("on", .ambiguous("on")),
        ])
    func scalarTypes(text: String, expected: YAMLScalar) throws {
        let document = try YAMLDocument(Array("a: \(text)".utf8), file: "f")
        #expect(try document.read { $0.node("a")?.scalar } == expected)
    }

    @Test("the place of a value that is empty is as long as a caret")
    func emptyValue() throws {
        let document = try YAMLDocument(Array("a:\nb: x\n".utf8), file: "f")
        let error = #expect(throws: Diagnostics.self) { try document.read { ($0.strings("a"), $0.string("b")) } }
        #expect(error?.all.map(\.location) == [SourceLocation(file: "f", line: 1, column: 3, length: 1)])
    }

    @Test("a file with as many faults as fields is shown in time, on a line each or on one", arguments: ["\n", ", "])
    func manyFaults(separator: String) throws {
        let fields = (0..<10_000).map { "k\($0): 1" }.joined(separator: separator)
        let text = separator == "\n" ? fields : "{\(fields)}"
        let document = try YAMLDocument(Array(text.utf8), file: "f")
        let error = #expect(throws: Diagnostics.self) { try document.read { _ in } }
        #expect(error?.all.count == 10_000)
        let seconds = processorSeconds {
            #expect(error?.render(source: text).contains("k9999: there is no such field") == true)
        }
        #expect(seconds < 15)
    }

    @Test("a diagnostic shows the line and underlines the value, and no control characters")
    func rendering() {
        let source = "name: x\nlayer: no\u{1B}[31mde # é\n"
        let fault = Diagnostic(
            "must be one of node", at: SourceLocation(file: "f", line: 2, column: 8, length: 9), field: "layer",
            remedy: "Choose one")
        #expect(
            fault.render(source: source) == """
                error: layer: must be one of node
                  --> f:2:8
                   |
                 2 | layer: no?[31mde # é
                   |        ^^^^^^^^^
                  help: Choose one
                """)
    }
}

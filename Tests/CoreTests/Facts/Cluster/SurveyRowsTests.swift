import Testing

@testable import Core

@Suite("Lines of a survey")
struct SurveyRowsTests {
    private static let shapes = ["pod": "ssn", "log": "ww", "none": ""]

    private static func read(_ text: String) -> Fact<SurveyRows> { SurveyRows.read(text, shapes) }

    @Test("words are text in Go's quotes, numbers and bare words, with one space between them")
    func words() throws {
        let rows = try #require(Self.read("pod \"a b\" \"\" 3\n\nlog x.y-z QUJD+/=\nnone\n").value).rows
        #expect(rows.map(\.kind) == ["pod", "log", "none"])
        #expect(rows[0].text(0) == "a b" && rows[0].text(1) == "" && rows[0].number(2) == 3)
        #expect(rows[1].text(1) == "QUJD+/=")
    }

    @Test(
        "what Go escapes is read, and shown so that a terminal does nothing with it",
        arguments: [
            (#"a\nb"#, "a\\nb"), (#"\t\"\\"#, "\\t\"\\"), (#"\x1b[2J"#, "\\u{1b}[2J"), (#"\a\v\b\f\r"#, nil),
            (#"\u202eabc"#, "\\u{202e}abc"), (#"\U000e0001"#, "\\u{e0001}"), ("é", "é"), (#"\xc3\xa9"#, "é"),
            (#"\xff"#, "\u{fffd}"), (#"\x00"#, "\\u{0}"), (#"\u00e9"#, "é"),
        ] as [(String, String?)])
    func escapes(written: String, shown: String?) throws {
        let rows = try #require(Self.read("pod \"\(written)\" \"x\" 1").value).rows
        if let shown { #expect(rows[0].text(0) == shown) }
        #expect(rows[0].text(0).unicodeScalars.allSatisfy { !Printable.deceives($0) })
    }

    @Test("text is cut at its limit")
    func limits() throws {
        let rows = try #require(Self.read("pod \"\(String(repeating: "x", count: 400))\" \"\" 0").value).rows
        #expect(rows[0].text(0).unicodeScalars.count == 301 && rows[0].text(0, limit: 5) == "xxxxx…")
    }

    @Test("numbers are as Go prints them, also a large one that it took for a double")
    func numbers() throws {
        let values = [("7", 7), ("-1", -1), ("1.234567e+06", 1_234_567), ("0", 0)]
        for (written, number) in values {
            #expect(try #require(Self.read("pod \"\" \"\" \(written)").value).rows[0].number(2) == number)
        }
    }

    @Test(
        "one line that the template does not print, and the whole answer is unknown",
        arguments: [
            "Warning: something", "pod", "pod \"a\" \"b\"", "pod \"a\" \"b\" x", "pod \"a\" \"b\" 1.5",
            "pod \"a\" \"b\" 1e999", "pod \"a\" \"b\" nan", "pod \"a\" \"b\" 1 2", "pod  \"a\" \"b\" 1",
            "pod \"a\" \"b\" 1 ", " pod \"a\" \"b\" 1", "pod \"a\" b 1", "pod \"a \"b\" 1", "pod \"a\"\"b\" 1",
            #"pod "a\q" "b" 1"#, #"pod "a\x+1" "b" 1"#, #"pod "a\u12" "b" 1"#, #"pod "a\ud800" "b" 1"#,
            #"pod "a\U00110000" "b" 1"#, #"pod "a\" "b" 1"#, "pod \"a\t\" \"b\" 1", "log a b\"", "log a é", "log a",
            "{\"kind\":\"List\"}", "none none", "\u{0}", "pod \"a\" \"b\" 99999999999999999999999999999999",
        ])
    func foreign(line: String) {
        #expect(Self.read("pod \"a\" \"b\" 1\n\(line)\n").value == nil)
    }

    @Test("lines are grouped behind those that lead")
    func groups() throws {
        let text = "none\npod \"a\" \"\" 1\nlog a b\nlog c d\npod \"b\" \"\" 2\n"
        let groups = try #require(Self.read(text).value).groups(by: ["pod"])
        #expect(groups.map { $0.leader.text(0) } == ["a", "b"] && groups.map(\.rest.count) == [2, 0])
        #expect(try #require(Self.read("").value).groups(by: ["pod"]).isEmpty)
    }

    @Test(
        "amounts of Kubernetes",
        arguments: [
            ("2", 2), ("1900m", 1.9), ("123456789n", 0.123456789), ("8152552Ki", 8_348_213_248),
            ("1.5Gi", 1_610_612_736),
            ("1e3", nil), ("", nil), ("-1", nil), ("1Zi", nil), ("Ki", nil), ("1 Ki", nil), ("٣", nil), ("1..2", nil),
        ] as [(String, Double?)])
    func quantities(text: String, amount: Double?) {
        let parsed = KubernetesQuantity.parse(text)
        #expect(parsed == amount || abs((parsed ?? 0) - (amount ?? 0)) < 1e-9 * abs(amount ?? 0))
    }
}

import Testing

@testable import CEL

@Suite("Zones of timestamps")
struct ZoneTests {
    /// What a function says of an instant in a zone that is not known when the expression is compiled.
    private static func evaluated(_ function: String, _ zone: String, _ instant: String) throws -> Evaluation {
        let now = try Timestamp(parsing: instant)
        return try run("now.\(function)(x)", ["now": .timestamp(now), "x": .string(zone)])
    }

    @Test(
        "clocks show the time of their zone, also on the days on which they are changed",
        arguments: [
            // 02:00 is left out in Amsterdam on 2026-03-29.
            ("Europe/Amsterdam", "2026-03-29T00:59:59Z", [2026, 2, 29, 1, 59, 59]),
            ("Europe/Amsterdam", "2026-03-29T01:00:00Z", [2026, 2, 29, 3, 0, 0]),
            ("Europe/Amsterdam", "2026-03-29T21:59:59Z", [2026, 2, 29, 23, 59, 59]),
            // It comes twice on 2026-10-25.
            ("Europe/Amsterdam", "2026-10-24T22:00:00Z", [2026, 9, 25, 0, 0, 0]),
            ("Europe/Amsterdam", "2026-10-25T00:59:59Z", [2026, 9, 25, 2, 59, 59]),
            ("Europe/Amsterdam", "2026-10-25T01:00:00Z", [2026, 9, 25, 2, 0, 0]),
            ("Europe/Amsterdam", "2026-10-25T23:00:00Z", [2026, 9, 26, 0, 0, 0]),
            // Never changed; half an hour; the day before, and the year after.
            ("Asia/Tokyo", "2026-03-29T01:00:00Z", [2026, 2, 29, 10, 0, 0]),
            ("Asia/Tokyo", "2026-10-25T01:00:00Z", [2026, 9, 25, 10, 0, 0]),
            ("Asia/Kolkata", "2026-03-29T01:00:00Z", [2026, 2, 29, 6, 30, 0]),
            ("America/St_Johns", "2026-01-01T03:29:59Z", [2025, 11, 31, 23, 59, 59]),
            ("Pacific/Kiritimati", "2026-12-31T10:00:00Z", [2027, 0, 1, 0, 0, 0]),
            ("UTC", "2026-03-29T01:00:00Z", [2026, 2, 29, 1, 0, 0]),
            ("+05:45", "2026-03-29T01:00:00Z", [2026, 2, 29, 6, 45, 0]),
        ])
    func shown(zone: String, instant: String, fields: [Int64]) throws {
        let functions = ["getFullYear", "getMonth", "getDate", "getHours", "getMinutes", "getSeconds"]
        for (function, field) in zip(functions, fields) {
            #expect(try Self.evaluated(function, zone, instant).result == .success(.int(field)), "\(function)")
        }
    }

    @Test("days of the week and of the year are those of the zone")
    func days() throws {
        let instant = "2026-12-31T23:30:00Z"
        let found = try ["getDayOfWeek", "getDayOfYear", "getDayOfMonth"].map {
            try Self.evaluated($0, "Europe/Amsterdam", instant).result.get()
        }
        #expect(found == [5, 0, 0])
    }

    @Test(
        "what is no zone is an error, whichever part is asked for",
        arguments: [
            "Europe/Amsterdan", "", "Local", "EST", "europe/amsterdam", "Europe/", "../etc/localtime", "GMT+8",
            "+2:00", "02:00Z", "Europe/Amsterdam\0", "Asia/\u{212A}olkata", String(repeating: "Europe/", count: 5000),
        ])
    func unknown(zone: String) throws {
        for function in ["getHours", "getDayOfYear", "getMilliseconds"] {
            guard case .failure(let error) = try Self.evaluated(function, zone, "2026-03-29T01:00:00Z").result else {
                Issue.record("\(zone) is taken for a zone")
                continue
            }
            #expect(error.kind == .invalidArgument && error.message.contains("is no time zone"), "\(error)")
        }
    }

    @Test("a zone that is written down is looked up when the expression is compiled")
    func literals() throws {
        #expect(refusals("now.getHours('Europe/Amsterdam') == now.getHours('+02:00')").isEmpty)
        let diagnostic = try #require(refusals("now.getHours('Europe/Amsterdan') == 9").first)
        #expect(diagnostic.kind == .literal && diagnostic.column == 14)
        #expect(diagnostic.message.hasSuffix("; did you mean 'Europe/Amsterdam'?"), "\(diagnostic)")
    }

    @Test("as many unknown zones as an expression has room for are refused at once", .timeLimit(.minutes(1)))
    func manyUnknown() {
        let calls = Array(repeating: "now.getHours('Europe/Amsterdan')", count: 900)
        #expect(refusals("[\(calls.joined(separator: ","))]").count == Checker.maximumDiagnostics)
    }

    @Test("looking a zone up has its price")
    func cost() throws {
        let plain = try Self.evaluated("getHours", "+02:00", "2026-03-29T01:00:00Z").cost
        #expect(plain >= 10)
    }
}

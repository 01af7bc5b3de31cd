import CEL
import Testing

@testable import Core

/// What a calendar in `belay.yaml` may say; `calendar:` stands in line 4.
@Suite struct CalendarParseTests {
    static func faults(_ text: String) -> [String] {
        let error = #expect(throws: Diagnostics.self) { try ChangeCalendarTests.calendar(text) }
        return error?.all.map(\.description) ?? []
    }

    @Test("a calendar is read with its zones, days and times")
    func whole() throws {
        let calendar = try ChangeCalendarTests.calendar(
            """

              zone: Europe/Amsterdam
              windows:
              - {name: nights, weekdays: [mon, thu], start: "22:15", duration: 4h, first: 2026-01-05, last: 2026-12-18}
              - {name: tokyo, zone: Asia/Tokyo, weekdays: [sat], start: 09:00, duration: 7d}
              freezes:
              - {name: year-end, start: 2026-12-18T17:00, end: 2027-01-04T08:00, except: [sre-leads, staging]}
            """)
        #expect(calendar.zone.name == "Europe/Amsterdam")
        let (nights, tokyo) = (calendar.windows[0], calendar.windows[1])
        #expect(nights.zone == calendar.zone && tokyo.zone.name == "Asia/Tokyo")
        #expect(
            nights.weekdays == [.mon, .thu] && nights.start == 22 * 3600 + 900 && nights.duration == .seconds(14_400))
        #expect(nights.first == 20_458 && nights.last == 20_805 && tokyo.first == nil && tokyo.last == nil)
        #expect(calendar.freezes.map(\.name) == ["year-end"])
    }

    @Test(
        "what is no zone of the database is refused, with the name that was probably meant",
        arguments: ["Europe/Amsterdm", "europe/amsterdam"])
    func unknownZone(_ zone: String) {
        #expect(
            Self.faults("{zone: \(zone)}") == [
                "etc/belay.yaml:4:18: calendar.zone: there is no time zone '\(zone)'; did you mean 'Europe/Amsterdam'?"
            ])
    }

    @Test("a zone that is like none is refused, with what to write")
    func strangeZone() {
        #expect(
            Self.faults("{windows: [{name: a, zone: CET, weekdays: [mon], start: 09:00, duration: 1h}]}") == [
                "etc/belay.yaml:4:38: calendar.windows[0].zone: there is no time zone 'CET'. "
                    + "Write a name of the IANA time zone database, such as Europe/Amsterdam, or UTC"
            ])
    }

    @Test(
        "short forms, offsets and paths are no zones", arguments: ["CET", "EST5EDT", "GMT+2", "Mars/Olympus", "../UTC"])
    func noZone(_ zone: String) {
        #expect(Zone(zone) == nil)
    }

    @Test("of two windows or freezes with one name the second is refused; a window may be called as a freeze is")
    func sameName() throws {
        let window = "{name: a, weekdays: [mon], start: 09:00, duration: 1h}"
        let freeze = "{name: a, start: 2026-01-01T00:00, end: 2026-01-02T00:00}"
        #expect(
            Self.faults("{windows: [\(window),\n  \(window)],\n  freezes: [\(freeze),\n  \(freeze)]}") == [
                "etc/belay.yaml:5:3: calendar.windows: the name 'a' is taken by an earlier item",
                "etc/belay.yaml:7:3: calendar.freezes: the name 'a' is taken by an earlier item",
            ])
        #expect(try ChangeCalendarTests.calendar("{windows: [\(window)], freezes: [\(freeze)]}").windows.count == 1)
    }

    @Test(
        "a window of no length, of more than a week or without an end is refused",
        arguments: [
            ("0s", "must be at least 1m"), ("59s", "must be at least 1m"), ("7d1ms", "must be at most 7d"),
            ("8", "must be a duration: \(DurationText.form)"),
        ])
    func duration(_ text: String, _ fault: String) {
        #expect(
            Self.faults("{windows: [{name: a, weekdays: [mon], start: 09:00, duration: \(text)}]}") == [
                "etc/belay.yaml:4:73: calendar.windows[0].duration: \(fault)"
            ])
    }

    @Test(
        "an end before its start, or at it, is refused",
        arguments: [
            ("2026-01-02T00:00", "2026-01-01T00:00"), ("2026-01-02T00:00", "2026-01-02T00:00"),
            // Both are left out by the clocks, so both are the instant after.
            ("2026-03-29T02:15", "2026-03-29T02:45"),
        ])
    func backwards(start: String, end: String) {
        let text = "{zone: Europe/Amsterdam, freezes: [{name: a, start: \(start), end: \(end)}]}"
        #expect(Self.faults(text) == ["etc/belay.yaml:4:86: calendar.freezes[0].end: must be after the start"])
    }

    @Test("a last day before the first is refused, and the same day is not")
    func bounds() throws {
        let window = { (last: String) in
            "{windows: [{name: a, weekdays: [mon], start: 09:00, duration: 1h, first: 2026-01-02, last: \(last)}]}"
        }
        #expect(
            Self.faults(window("2026-01-01")) == [
                "etc/belay.yaml:4:102: calendar.windows[0].last: must not be before the first day"
            ])
        #expect(try ChangeCalendarTests.calendar(window("2026-01-02")).windows.count == 1)
    }

    @Test(
        "times and dates have one form, and must exist",
        arguments: [
            "9:00", "24:00", "09:60", "09:00:00", "9", "09:00Z", "09:00:00+02:00", "'09:00 '",
        ])
    func timeOfDay(_ text: String) {
        let faults = Self.faults("{windows: [{name: a, weekdays: [mon], start: \(text), duration: 1h}]}")
        #expect(
            faults.count == 1 && faults[0].hasPrefix("etc/belay.yaml:4:56: calendar.windows[0].start: must be a time"))
    }

    @Test(
        "the same for dates, of 1970 to 2100",
        arguments: ["2026-02-29", "2026-1-5", "1969-12-31", "2101-01-01", "2026-01-01T00:00", "20260101"])
    func date(_ text: String) {
        let faults = Self.faults(
            "{windows: [{name: a, weekdays: [mon], start: 09:00, duration: 1h, first: \(text)}]}")
        #expect(
            faults.count == 1 && faults[0].hasPrefix("etc/belay.yaml:4:84: calendar.windows[0].first: must be a date"))
    }

    @Test(
        "and for both together, without an offset",
        arguments: ["2026-01-01", "2026-01-01T00:00Z", "2026-01-01T00:00:00", "2026-01-01 00:00", "2026-01-32T00:00"])
    func dateAndTime(_ text: String) {
        let faults = Self.faults("{freezes: [{name: a, start: \(text), end: 2027-01-01T00:00}]}")
        #expect(
            faults.count == 1 && faults[0].hasPrefix("etc/belay.yaml:4:39: calendar.freezes[0].start: must be a date"))
    }

    @Test("what is missing or not known is said, all of it")
    func missing() {
        #expect(
            Self.faults(
                "{windows: [{}, {name: b, weekdays: [monday], start: 09:00, duration: 1h}], freezes: [{until: 1}]}")
                == [
                    "etc/belay.yaml:4:22: calendar.windows[0].name: is missing: a text is required",
                    "etc/belay.yaml:4:22: calendar.windows[0].weekdays: is missing: a list of days, such as [mon, tue], is required",
                    "etc/belay.yaml:4:22: calendar.windows[0].start: is missing: a time of day such as 09:00 is required",
                    "etc/belay.yaml:4:22: calendar.windows[0].duration: is missing: a duration is required",
                    "etc/belay.yaml:4:46: calendar.windows[1].weekdays: 'monday' is not known here; known are fri, mon, sat, sun, thu, tue, wed",
                    "etc/belay.yaml:4:96: calendar.freezes[0].name: is missing: a text is required",
                    "etc/belay.yaml:4:96: calendar.freezes[0].start: is missing: a date and a time such as 2026-12-18T17:00, in the years 1970 to 2100 is required",
                    "etc/belay.yaml:4:96: calendar.freezes[0].end: is missing: a date and a time such as 2026-12-18T17:00, in the years 1970 to 2100 is required",
                    "etc/belay.yaml:4:97: calendar.freezes[0].until: there is no such field; known are end, except, name, start, zone",
                ])
    }
}

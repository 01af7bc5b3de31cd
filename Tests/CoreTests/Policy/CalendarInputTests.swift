import Testing

@testable import Core

/// The change calendar as policies see it. In the samples it is Sunday, 2026-11-22T12:00:00Z.
@Suite struct CalendarInputTests {
    private typealias Samples = PolicySamples

    static let calendar = Result {
        try ChangeCalendarTests.calendar(
            """
            {zone: Europe/Amsterdam, windows: [
              {name: noon, weekdays: [sun], start: 12:30, duration: 1h},
              {name: night, zone: Asia/Tokyo, weekdays: [mon], start: 01:00, duration: 3h}],
             freezes: [
              {name: past, start: 2026-11-01T00:00, end: 2026-11-22T13:00},
              {name: sales, start: 2026-11-20T00:00, end: 2026-12-01T00:00, except: [leads]}]}
            """)
    }

    @Test(
        "what touches now is there as instants, and what comes next",
        arguments: [
            "calendar.zone == 'Europe/Amsterdam' && calendar.hasWindows",
            "calendar.windows.map(w, w.name) == ['noon'] && calendar.windows[0].zone == 'Europe/Amsterdam'",
            "calendar.windows.all(w, w.opensAt == timestamp('2026-11-22T11:30:00Z') && w.closesAt - now == duration('30m'))",
            "calendar.freezes.map(f, f.name) == ['sales'] && calendar.freezes[0].except == ['leads']",
            "calendar.freezes.all(f, f.start == timestamp('2026-11-19T23:00:00Z') && now < f.end)",
            "calendar.upcoming.map(w, w.name) == ['night'] && calendar.upcoming[0].opensAt - now == duration('4h')",
        ])
    func bound(expression: String) throws {
        let decision = try Samples.judge(
            Samples.policy(expression), Samples.input(calendar: try Self.calendar.get()))
        #expect(decision.allowed, "\(decision.findings)")
    }

    @Test(
        "without a calendar its lists are empty, and not unknown",
        arguments: [
            "calendar.zone == 'UTC' && !calendar.hasWindows", "calendar.windows.size() + calendar.upcoming.size() == 0",
            "calendar.freezes.size() == 0",
        ])
    func empty(expression: String) throws {
        let decision = try Samples.judge(Samples.policy(expression))
        #expect(decision.allowed, "\(decision.findings)")
    }

    @Test("a recorded input has the instants, so that the same is decided again without the calendar or its zones")
    func recorded() throws {
        let input = Samples.input(phase: .execute, calendar: try Self.calendar.get())
        let read = try JSON.decode(PolicyInput.self, from: JSON.encode(input))
        #expect(read.calendar == input.calendar && read.calendar.windows.map(\.name) == ["noon"])
        let set = try ShippedPoliciesTests.loaded()
        #expect(set.judge(read) == set.judge(input))
        #expect(set.judge(read).findings.contains { $0.policy == "change-freeze" })
    }

    @Test("where no calendar is configured the shipped policies on it deny nothing")
    func shipped() throws {
        let judged = { (calendar: ChangeCalendar) in
            try ShippedPoliciesTests.loaded().judge(Samples.input(phase: .execute, calendar: calendar)).findings
                .map(\.policy).filter { $0.hasPrefix("change-") }
        }
        #expect(try judged(.empty) == [])
        #expect(try judged(Self.calendar.get()) == ["change-freeze"])
    }

    @Test("the same plan is denied before its window, allowed in it and denied after it")
    func overTime() throws {
        let set = try ShippedPoliciesTests.loaded()
        let calendar = try ChangeCalendarTests.calendar(
            "{windows: [{name: noon, weekdays: [sun], start: 12:00, duration: 1h}]}")
        let denied = { (text: String) in
            var input = Samples.input(phase: .execute)
            input.now = try ChangeCalendarTests.instant(text)
            input.calendar = calendar.moment(at: input.now)
            return set.judge(input).findings.contains { $0.policy == "change-window" }
        }
        #expect(try denied("2026-11-22T11:59:59Z"))
        #expect(try !denied("2026-11-22T12:00:00Z"))
        // The step may take half a minute.
        #expect(try !denied("2026-11-22T12:59:30Z"))
        #expect(try denied("2026-11-22T12:59:31Z"))
        #expect(try denied("2026-11-22T13:00:00Z"))
    }
}

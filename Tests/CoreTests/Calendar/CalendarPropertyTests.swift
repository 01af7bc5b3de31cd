import CEL
import Foundation
import RandomStates
import Testing

@testable import Core

/// Windows against clocks that are looked at minute by minute.
@Suite struct CalendarPropertyTests {
    /// A zone, and an instant around which its clocks are changed (or just any).
    struct Place: CustomTestStringConvertible {
        var zone: String
        var around: String

        var testDescription: String { "\(zone) \(around)" }
    }

    static let places = [
        Place(zone: "Europe/Amsterdam", around: "2026-03-29T01:00:00Z"),
        Place(zone: "Europe/Amsterdam", around: "2026-10-25T01:00:00Z"),
        Place(zone: "Australia/Lord_Howe", around: "2026-04-04T15:00:00Z"),
        Place(zone: "Australia/Lord_Howe", around: "2026-10-03T15:30:00Z"),
        Place(zone: "America/Santiago", around: "2026-09-06T04:00:00Z"),
        Place(zone: "Asia/Beirut", around: "2026-10-24T21:00:00Z"),
        Place(zone: "America/St_Johns", around: "2010-11-07T02:31:00Z"),
        Place(zone: "Pacific/Apia", around: "2011-12-30T10:00:00Z"),
        Place(zone: "Asia/Tokyo", around: "2026-03-29T01:00:00Z"),
        Place(zone: "Asia/Kolkata", around: "2026-12-31T18:30:00Z"),
    ]

    /// Minutes since 1970.
    typealias Minute = Int
    static let day: Minute = 1440

    /// - Parameter shown: what clocks show, in minutes; it opens on that day and at about that time, and on others.
    static func random(_ zone: Zone, near shown: Minute, _ random: inout SeededGenerator) -> ChangeCalendar.Window {
        let days = ChangeCalendar.Weekday.allCases.filter { _ in Bool.random(using: &random) }
        let start = (shown + day + Int.random(in: -90...90, using: &random)) % day
        let today = shown / day
        let isShort = Bool.random(using: &random)
        return ChangeCalendar.Window(
            name: "w", zone: zone, weekdays: Set(days + [.init(of: today)]),
            start: start * 60,
            duration: .seconds(60 * Int.random(in: 1...(isShort ? 300 : 7 * day), using: &random)),
            first: Bool.random(using: &random) ? today - Int.random(in: 0...9, using: &random) : nil,
            last: Bool.random(using: &random) ? today + Int.random(in: 9...12, using: &random) : nil)
    }

    static func shown(_ minute: Minute, _ rules: TimeZone) -> Minute {
        minute + rules.secondsFromGMT(for: Date(timeIntervalSince1970: Double(minute) * 60)) / 60
    }

    /// Every opening in a range of minutes: a start counts at the first minute at which the clocks show it or a later time.
    static func openings(
        of window: ChangeCalendar.Window, in range: Range<Minute>, rules: TimeZone
    ) -> [Minute] {
        let days = (range.lowerBound / day - 1)...(range.upperBound / day + 1)
        let starts = days.filter { day in
            window.weekdays.contains(.init(of: day)) && day >= window.first ?? day && day <= window.last ?? day
        }.map { $0 * day + window.start / 60 }
        var left = starts.drop { $0 <= shown(range.lowerBound, rules) }
        var found: [Minute] = []
        for minute in range {
            while let start = left.first, start <= shown(minute, rules) {
                found.append(minute)
                left = left.dropFirst()
            }
        }
        return found
    }

    /// Every minute of half a day before and after, and of three days both edges of whatever opens.
    static func minutes(_ around: Minute, starts: [Minute], duration: Minute) -> [Minute] {
        let ends = starts.map { $0 + duration }
        let edges = (starts + ends).flatMap { [$0 - 1, $0] }.filter { abs($0 - around) < 3 * day }
        return Array((around - day / 2)..<(around + day / 2)) + edges
    }

    @Test(
        "at every minute exactly those openings are found that a look at the clock minute by minute finds",
        arguments: places)
    func bruteForce(_ place: Place) throws {
        let zone = try #require(Zone(place.zone))
        let rules = try #require(TimeZone(identifier: place.zone))
        let around = Int(try ChangeCalendarTests.instant(place.around).milliseconds / 60_000)
        var random = SeededGenerator(seed: UInt64(around))
        for _ in 0..<12 {
            let window = Self.random(zone, near: Self.shown(around, rules), &random)
            // Of what is open three days before nothing was opened earlier than this, and of what is next nothing later.
            let starts = Self.openings(
                of: window, in: around - 10 * Self.day..<around + 14 * Self.day, rules: rules)
            let duration = Int(window.duration.components.seconds / 60)
            for minute in Self.minutes(around, starts: starts, duration: duration) {
                let now = Core.Timestamp(milliseconds: Int64(minute) * 60_000)
                let open = window.openings(at: now).map { Int($0.opensAt.milliseconds / 60_000) }
                let expected = starts.filter { $0 <= minute && minute < $0 + duration }
                let next = window.nextOpening(after: now).map { Int($0.opensAt.milliseconds / 60_000) }
                guard open != expected || next != starts.first(where: { $0 > minute }) else { continue }
                Issue.record("\(now): \(window): found \(open) and next \(next ?? 0), not \(expected) of \(starts)")
                return
            }
        }
    }
}

import Foundation
import Testing

@testable import Core

/// What is open and frozen at an instant, and what opens next.
@Suite struct ChangeCalendarTests {
    typealias Instant = Core.Timestamp

    struct Case: Decodable, CustomTestStringConvertible {
        struct Expected: Decodable {
            var open: [String]
            var next: String?
        }

        var name: String
        var zone: String
        var window: String
        var at: [String: Expected]

        var testDescription: String { name }
    }

    struct Cases: Decodable {
        var cases: [Case]
    }

    static let cases = Result {
        try JSON.decode(Cases.self, from: ModelFixture.bytes("calendar/openings.json")).cases
    }

    static func calendar(_ text: String) throws -> ChangeCalendar {
        try ConfigurationTests.parse("log: {origin: example.com/prod}\ncalendar: \(text)").calendar
    }

    static func instant(_ text: String) throws -> Instant { try #require(Instant(text), "\(text)") }

    @Test("windows are open from a first instant to a last, whatever is done to the clocks", arguments: try cases.get())
    func openings(_ item: Case) throws {
        let calendar = try Self.calendar("{zone: \(item.zone), windows: [{name: w, \(item.window)}]}")
        for (text, expected) in item.at {
            let moment = calendar.moment(at: try Self.instant(text))
            let open = try expected.open.map { try $0.split(separator: "/").map { try Self.instant(String($0)) } }
            #expect(moment.windows.map { [$0.opensAt, $0.closesAt] } == open, "\(item.name) at \(text)")
            #expect(moment.windows.allSatisfy { $0.name == "w" && $0.zone == item.zone })
            let next = try expected.next.map(Self.instant)
            #expect(moment.upcoming.map(\.opensAt) == [next].compactMap(\.self), "\(item.name) at \(text)")
        }
    }

    @Test("all windows that are open are there, in the order of the file, and the one that opens first is next")
    func several() throws {
        let calendar = try Self.calendar(
            """
            {windows: [
              {name: late, weekdays: [sun], start: 18:00, duration: 1h},
              {name: day, weekdays: [sun], start: 08:00, duration: 10h},
              {name: noon, zone: Asia/Tokyo, weekdays: [sun], start: 21:00, duration: 1h}]}
            """)
        let moment = calendar.moment(at: try Self.instant("2026-11-22T12:00:00Z"))
        #expect(moment.windows.map(\.name) == ["day", "noon"])
        #expect(moment.windows.map(\.zone) == ["UTC", "Asia/Tokyo"])
        #expect(moment.upcoming.map(\.name) == ["late"] && moment.hasWindows)
    }

    @Test("a freeze holds from its start until its end, at the first but not at the last")
    func freezes() throws {
        let calendar = try Self.calendar(
            """
            {zone: Europe/Amsterdam, freezes: [
              {name: summer, start: 2026-07-01T00:00, end: 2026-08-01T00:00, except: [sre, staging]},
              {name: tokyo, zone: Asia/Tokyo, start: 2026-07-01T00:00, end: 2026-07-02T00:00}]}
            """)
        let held = { (text: String) in calendar.moment(at: try Self.instant(text)).freezes.map(\.name) }
        #expect(try held("2026-06-30T14:59:59Z") == [])
        #expect(try held("2026-06-30T15:00:00Z") == ["tokyo"])
        #expect(try held("2026-06-30T22:00:00Z") == ["summer", "tokyo"])
        #expect(try held("2026-07-01T15:00:00Z") == ["summer"])
        #expect(try held("2026-07-31T21:59:59.999Z") == ["summer"])
        #expect(try held("2026-07-31T22:00:00Z") == [])
        #expect(calendar.freezes.map(\.except) == [["sre", "staging"], []])
        #expect(!calendar.moment(at: try Self.instant("2026-07-01T00:00:00Z")).hasWindows)
    }

    @Test("a freeze goes by the same rule where clocks leave a time out or show it twice")
    func freezesAndClocks() throws {
        let calendar = try Self.calendar(
            """
            {zone: Europe/Amsterdam, freezes: [
              {name: spring, start: 2026-03-29T02:30, end: 2026-03-29T04:00},
              {name: autumn, start: 2026-10-25T02:30, end: 2026-10-25T03:00}]}
            """)
        let bounds = calendar.freezes.flatMap { [$0.start, $0.end] }
        #expect(
            try bounds
                == [
                    "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z",
                ].map(Self.instant))
    }

    @Test("without a calendar nothing is open, frozen or to come, in UTC")
    func empty() throws {
        let configuration = try ConfigurationTests.parse("log: {origin: example.com/prod}")
        #expect(configuration.calendar == .empty)
        let moment = configuration.calendar.moment(at: try Self.instant("2026-11-22T12:00:00Z"))
        #expect(moment == .init(zone: "UTC", freezes: [], windows: [], hasWindows: false, upcoming: []))
        #expect(configuration.calendar.digestLines == [])
    }

    @Test("whatever a calendar says is in the digest of the policy set, a line each")
    func digest() throws {
        let lines = try Self.calendar(
            """
            {zone: Asia/Tokyo, windows: [
              {name: w, zone: UTC, weekdays: [sun, mon], start: 09:30, duration: 90m, last: 1970-01-03}],
             freezes: [{name: f, start: 2026-07-01T00:00, end: 2026-07-02T00:00, except: [a]}]}
            """
        ).digestLines
        #expect(
            lines == [
                "calendar Asia/Tokyo", "window w UTC mon,sun 34200 1h30m - 2",
                "freeze f 2026-06-30T15:00:00.000Z 2026-07-01T15:00:00.000Z",
                "except f ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
            ])
    }
}

import Foundation

/// A zone of the IANA time zone database: what clocks show there at an instant, and when they show a time.
///
/// The rules are those that come with Foundation, so that this machine's own database changes nothing. They say nothing of
/// daylight saving time after the year 2100.
public struct Zone: Sendable, Hashable {
    /// Its name, such as `Europe/Amsterdam`.
    public let name: String
    private let rules: TimeZone

    /// Where clocks are never changed.
    public static let utc = Zone(name: "UTC", rules: .gmt)

    private init(name: String, rules: TimeZone) {
        self.name = name
        self.rules = rules
    }

    /// The zone of a name; nil when there is none. Short forms are refused, since `IST` is three zones and `EST` half of one.
    public init?(_ name: String) {
        if name == Self.utc.name {
            self = .utc
            return
        }
        guard name.contains("/"), let rules = TimeZone(identifier: name), rules.identifier == name else { return nil }
        self.init(name: name, rules: rules)
    }

    /// Names for suggestions; there are more.
    static var commonNames: [String] { TimeZone.knownTimeZoneIdentifiers.filter { $0.contains("/") } }

    private static let secondsOfDay = 86_400

    /// The day that clocks there show, counted from 1970-01-01.
    func day(at instant: Timestamp) -> Int {
        let seconds = Int((Double(instant.milliseconds) / 1000).rounded(.down))
        let shown = seconds + offset(at: seconds)
        return Int((Double(shown) / Double(Self.secondsOfDay)).rounded(.down))
    }

    /// The first instant at which clocks there show a time or a later one.
    ///
    /// A time that is left out in spring is so the instant of the change, and one that comes twice in autumn the first of both.
    /// - Parameters:
    ///   - seconds: the time of day, in seconds after midnight on a clock that is not changed.
    ///   - day: the day, counted from 1970-01-01.
    func instant(showing seconds: Int, on day: Int) -> Timestamp {
        let time = day * Self.secondsOfDay + seconds
        // Clocks are at most 14 hours from UTC: a day away both of these are beyond any change that matters here.
        let (before, after) = (offset(at: time - Self.secondsOfDay), offset(at: time + Self.secondsOfDay))
        if offset(at: time - before) == before { return .at(time - before) }
        if offset(at: time - after) == after { return .at(time - after) }
        // It is left out: clocks go over it somewhere between what either offset makes of it.
        return .at(change(from: before, after: time - after, notAfter: time - before))
    }

    /// The instant, in seconds since 1970, at which an offset ends that holds at one instant and not at a later one.
    private func change(from offset: Int, after early: Int, notAfter late: Int) -> Int {
        var (early, late) = (early, late)
        while late - early > 1 {
            let middle = early + (late - early) / 2
            if self.offset(at: middle) == offset { early = middle } else { late = middle }
        }
        return late
    }

    /// By how many seconds clocks there are ahead of UTC.
    private func offset(at seconds: Int) -> Int {
        rules.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
    }
}

extension Timestamp {
    fileprivate static func at(_ seconds: Int) -> Timestamp { Timestamp(milliseconds: Int64(seconds) * 1000) }
}

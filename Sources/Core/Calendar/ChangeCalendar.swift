public import CEL

/// When changes are made and when they are not, as `belay.yaml` has it: windows that recur every week, and freezes.
///
/// Policies decide what follows from it. They see it as it is at the instant of a decision (``Moment``), expanded to
/// instants, so that no expression has to work out which day it is where.
public struct ChangeCalendar: Sendable, Hashable {
    /// The zone of whatever names none of its own.
    public var zone: Zone
    /// When changes are made.
    public var windows: [Window]
    /// When none are made.
    public var freezes: [Freeze]

    /// Nothing is configured.
    public static let empty = ChangeCalendar(zone: .utc, windows: [], freezes: [])

    /// A day of the week, in the words of the file.
    public enum Weekday: String, Sendable, CaseIterable {
        /// Monday to Sunday.
        case mon, tue, wed, thu, fri, sat, sun

        /// - Parameter day: counted from 1970-01-01, which was a Thursday.
        init(of day: Int) {
            let index = (day + 3) % 7
            self = Self.allCases[index < 0 ? index + 7 : index]
        }
    }

    /// A time of the week in which changes are made.
    public struct Window: Sendable, Hashable {
        /// Its name, unique among windows.
        public var name: String
        /// Whose clocks it goes by.
        public var zone: Zone
        /// The days on which it opens.
        public var weekdays: Set<Weekday>
        /// When it opens, in seconds after midnight.
        public var start: Int
        /// How long it stays open, as time passes and not as clocks show it: a minute to seven days.
        public var duration: Duration
        /// The first and the last day on which it may open, counted from 1970-01-01; nil = no bound.
        public var first: Int?
        /// See ``first``.
        public var last: Int?
    }

    /// A stretch of time in which nothing is changed, but for exceptions.
    public struct Freeze: Codable, Sendable, Hashable {
        /// Its name, unique among freezes.
        public var name: String
        /// When it begins.
        public var start: Timestamp
        /// When it is over: the first instant it no longer holds.
        public var end: Timestamp
        /// Groups and environments to which it does not apply.
        public var except: [String]
    }

    /// One occurrence of a window.
    public struct Opening: Codable, Sendable, Hashable {
        /// The window's name.
        public var name: String
        /// The window's zone, for whoever shows the instants.
        public var zone: String
        /// When it opens.
        public var opensAt: Timestamp
        /// When it is closed: the first instant it is no longer open.
        public var closesAt: Timestamp
    }

    /// The calendar at one instant, as a decision is made from it: to judge the same input again no zone's rules are needed.
    public struct Moment: Codable, Sendable, Hashable {
        /// The calendar's zone.
        public var zone: String
        /// The freezes that hold.
        public var freezes: [Freeze]
        /// The windows that are open.
        public var windows: [Opening]
        /// Whether there are any windows at all: where there are none, none can be asked for.
        public var hasWindows: Bool
        /// What opens next, at most one; empty when nothing will.
        public var upcoming: [Opening]
    }
}

extension ChangeCalendar {
    /// All that it says, as `word value…` lines for the digest of the policy set; none for the empty one.
    public var digestLines: [String] {
        guard self != .empty else { return [] }
        return ["calendar \(zone.name)"] + windows.map(\.digestLine) + freezes.flatMap(\.digestLines)
    }
}

extension ChangeCalendar.Window {
    fileprivate var digestLine: String {
        let days = ChangeCalendar.Weekday.allCases.filter(weekdays.contains).map(\.rawValue).joined(separator: ",")
        let bounds = [first, last].map { day in day.map { "\($0)" } ?? "-" }.joined(separator: " ")
        return "window \(name) \(zone.name) \(days) \(start) \(DurationText.spell(duration)) \(bounds)"
    }
}

extension ChangeCalendar.Freeze {
    // An exception may be any text, with lines of its own.
    fileprivate var digestLines: [String] {
        ["freeze \(name) \(start) \(end)"] + except.map { "except \(name) \(Digest.sha256($0.utf8))" }
    }
}

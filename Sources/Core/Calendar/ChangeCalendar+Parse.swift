import CEL

extension ChangeCalendar {
    init(_ fields: YAMLFields) {
        let zone = fields.zone("zone", default: .utc)
        self.zone = zone
        windows = fields.list("windows") { Window($0, zone: zone) }
        freezes = fields.list("freezes") { Freeze($0, zone: zone) }
        fields.refuseDuplicates("windows", windows.map(\.name))
        fields.refuseDuplicates("freezes", freezes.map(\.name))
    }
}

extension ChangeCalendar.Window {
    fileprivate init(_ fields: YAMLFields, zone: Zone) {
        name = fields.name("name")
        self.zone = fields.zone("zone", default: zone)
        weekdays = fields.weekdays("weekdays")
        start = fields.required("start", "a time of day such as 09:00", WallClock.timeOfDay) ?? 0
        duration = fields.windowDuration("duration")
        first = fields.optional("first", WallClock.dateForm, WallClock.day)
        last = fields.optional("last", WallClock.dateForm, WallClock.day)
        if let first, let last, last < first { fields.error("last", "must not be before the first day") }
    }
}

extension ChangeCalendar.Freeze {
    fileprivate init(_ fields: YAMLFields, zone common: Zone) {
        name = fields.name("name")
        let zone = fields.zone("zone", default: common)
        let begin = fields.required("start", WallClock.form, WallClock.dateAndTime)
        let finish = fields.required("end", WallClock.form, WallClock.dateAndTime)
        let instant = { (time: WallClock.Time?) in zone.instant(showing: time?.seconds ?? 0, on: time?.day ?? 0) }
        start = instant(begin)
        end = instant(finish)
        except = fields.strings("except")
        if begin != nil, finish != nil, end <= start { fields.error("end", "must be after the start") }
    }
}

extension YAMLFields {
    fileprivate func zone(_ name: String, default fallback: Zone) -> Zone {
        guard let text = optionalString(name) else { return fallback }
        if let zone = Zone(text) { return zone }
        let hint = Suggestion.hint(for: text, among: Zone.commonNames)
        error(
            name, "there is no time zone '\(text)'\(hint)",
            remedy: hint.isEmpty
                ? "Write a name of the IANA time zone database, such as Europe/Amsterdam, or UTC" : nil)
        return fallback
    }

    fileprivate func weekdays(_ name: String) -> Set<ChangeCalendar.Weekday> {
        let known = ChangeCalendar.Weekday.allCases.map(\.rawValue)
        guard let words = words(name, among: known) else {
            missing(name, "a list of days, such as [mon, tue],")
            return []
        }
        return Set(words.compactMap(ChangeCalendar.Weekday.init(rawValue:)))
    }

    fileprivate func windowDuration(_ name: String) -> Duration {
        let longest = Duration.seconds(7 * 86_400)
        guard let duration = optionalDuration(name, atLeast: .seconds(60)) else {
            missing(name, "a duration")
            return longest
        }
        if duration > longest { error(name, "must be at most \(DurationText.spell(longest))") }
        return duration
    }

    fileprivate func required<T>(_ name: String, _ form: String, _ parse: (String) -> T?) -> T? {
        if node(name) == nil { missing(name, form) }
        return optional(name, form, parse)
    }

    fileprivate func optional<T>(_ name: String, _ form: String, _ parse: (String) -> T?) -> T? {
        guard let text = optionalString(name) else { return nil }
        if let value = parse(text) { return value }
        error(name, "must be \(form), not '\(text)'")
        return nil
    }
}

/// Dates and times as people write them. Without a zone they are no instants.
private enum WallClock {
    typealias Time = (day: Int, seconds: Int)

    static let dateForm = "a date such as 2026-12-18, in the years 1970 to 2100"
    static let form = "a date and a time such as 2026-12-18T17:00, in the years 1970 to 2100"

    /// Days since 1970-01-01.
    static func day(_ date: String) -> Int? { parse("\(date)T00:00:00Z")?.day }

    /// Seconds after midnight.
    static func timeOfDay(_ time: String) -> Int? { parse("1970-01-01T\(time):00Z")?.seconds }

    static func dateAndTime(_ text: String) -> Time? { parse("\(text):00Z") }

    private static func parse(_ text: String) -> Time? {
        guard let instant = try? CEL.Timestamp(parsing: text), (0..<year2101).contains(instant.seconds) else {
            return nil
        }
        let (day, seconds) = Int(instant.seconds).quotientAndRemainder(dividingBy: 86_400)
        return (day, seconds)
    }

    private static let year2101: Int64 = 4_133_980_800
}

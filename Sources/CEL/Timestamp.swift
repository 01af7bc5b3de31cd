/// An instant between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z, the range of protobuf timestamps.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Seconds since 1970-01-01T00:00:00Z; negative before.
    public let seconds: Int64
    /// Nanoseconds after `seconds`, 0 to 999,999,999.
    public let nanoseconds: Int32

    static let secondsRange: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

    /// The instant, or `nil` when it is outside the range.
    public init?(seconds: Int64, nanoseconds: Int32 = 0) {
        guard Self.secondsRange.contains(seconds), (0..<1_000_000_000).contains(nanoseconds) else { return nil }
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Reads RFC 3339, such as `2026-03-01T12:00:00.5+01:00`. Leap seconds are not taken.
    public init(parsing rfc3339: String) throws(EvaluationError) {
        var reader = DigitReader(rfc3339)
        guard let parsed = Self.parse(&reader), reader.isAtEnd else {
            let text = Value.string(rfc3339).rendered(limit: 60)
            throw EvaluationError(
                .invalidArgument, "\(text) is not an RFC 3339 timestamp, such as 2026-03-01T12:00:00Z")
        }
        guard let timestamp = Timestamp(seconds: parsed.seconds, nanoseconds: parsed.nanoseconds) else {
            throw EvaluationError(.range, "'\(rfc3339)' is outside the years 0001 to 9999")
        }
        self = timestamp
    }

    private static func parse(_ reader: inout DigitReader) -> (seconds: Int64, nanoseconds: Int32)? {
        guard let year = reader.number(digits: 4), reader.take("-"), let month = reader.number(digits: 2),
            reader.take("-"), let day = reader.number(digits: 2), reader.take("T"),
            let hour = reader.number(digits: 2), reader.take(":"), let minute = reader.number(digits: 2),
            reader.take(":"), let second = reader.number(digits: 2)
        else { return nil }
        guard (1...12).contains(month), (1...Calendar.days(in: month, of: year)).contains(day), hour < 24, minute < 60,
            second < 60
        else { return nil }
        guard let nanoseconds = reader.fraction(), let offset = reader.zone() else { return nil }
        let days = Calendar.daysSinceEpoch(year: year, month: month, day: day)
        return (days * 86_400 + hour * 3600 + minute * 60 + second - offset, nanoseconds)
    }

    /// Chronological order.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// The instant a number of nanoseconds away.
    func adding(nanoseconds: Int64) throws(EvaluationError) -> Timestamp {
        let (seconds, remainder) = nanoseconds.dividedDown(by: 1_000_000_000)
        let (carry, rest) = (Int64(self.nanoseconds) + remainder).dividedDown(by: 1_000_000_000)
        guard let sum = Timestamp(seconds: self.seconds + seconds + carry, nanoseconds: Int32(rest)) else {
            throw EvaluationError(.range, "the timestamp would be outside the years 0001 to 9999")
        }
        return sum
    }

    /// Nanoseconds from `other` to this instant.
    func nanoseconds(since other: Timestamp) throws(EvaluationError) -> Int64 {
        let (whole, overflow) = (seconds - other.seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = whole.addingReportingOverflow(Int64(nanoseconds) - Int64(other.nanoseconds))
        if overflow || carry { throw EvaluationError(.range, "the duration would be longer than about 292 years") }
        return sum
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC, with as many digits of a second as needed.
    public var description: String {
        let fields = TimeFields(self, offsetSeconds: 0)
        func padded(_ number: Int64, _ width: Int = 2) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let date = "\(padded(fields.year, 4))-\(padded(fields.month))-\(padded(fields.day))"
        let time = "\(padded(fields.hour)):\(padded(fields.minute)):\(padded(fields.second))"
        return "\(date)T\(time)\(Decimal.fraction(of: Int64(nanoseconds)))Z"
    }
}

/// The parts of an instant in a zone of fixed offset.
struct TimeFields {
    let year, month, day, hour, minute, second: Int64
    /// Days since the first of January, and since Sunday.
    let dayOfYear, dayOfWeek: Int64

    init(_ timestamp: Timestamp, offsetSeconds: Int64) {
        let (days, rest) = (timestamp.seconds + offsetSeconds).dividedDown(by: 86_400)
        (year, month, day) = Calendar.civil(daysSinceEpoch: days)
        (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60)
        dayOfYear = days - Calendar.daysSinceEpoch(year: year, month: 1, day: 1)
        dayOfWeek = (days + 4).dividedDown(by: 7).remainder
    }
}

/// The proleptic Gregorian calendar. Years are counted from March, so that the leap day ends a year.
enum Calendar {
    static func days(in month: Int64, of year: Int64) -> Int64 {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return switch month {
        case 2: isLeap ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let (era, yearOfEra) = shifted.dividedDown(by: 400)
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func civil(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (daysSinceEpoch + 719_468).dividedDown(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = (shiftedMonth + 2) % 12 + 1
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

extension Int64 {
    /// Division that rounds down, with a remainder that is never negative.
    func dividedDown(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

/// Reads fixed fields of ASCII digits.
struct DigitReader {
    private var bytes: ArraySlice<UInt8>

    /// Longer texts cannot be timestamps; they are cut so that they fail at once.
    init(_ text: String) { bytes = Array(text.utf8.prefix(64))[...] }

    var isAtEnd: Bool { bytes.isEmpty }

    mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard bytes.first == UInt8(ascii: mark) else { return false }
        bytes.removeFirst()
        return true
    }

    mutating func number(digits: Int) -> Int64? {
        let field = bytes.prefix(digits)
        guard field.count == digits, field.allSatisfy({ (48...57).contains($0) }) else { return nil }
        bytes.removeFirst(digits)
        return field.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }

    /// An optional fraction of a second, in nanoseconds; further digits than nine are refused.
    mutating func fraction() -> Int32? {
        guard take(".") else { return 0 }
        let digits = bytes.prefix { (48...57).contains($0) }
        guard (1...9).contains(digits.count), let number = number(digits: digits.count) else { return nil }
        return Int32((digits.count..<9).reduce(number) { total, _ in total * 10 })
    }

    /// `Z` or an offset such as `+05:30`, in seconds.
    mutating func zone() -> Int64? {
        if take("Z") { return 0 }
        let sign: Int64 = take("-") ? -1 : take("+") ? 1 : 0
        guard sign != 0 else { return nil }
        return clock().map { sign * $0 }
    }

    /// Hours and minutes, in seconds.
    mutating func clock() -> Int64? {
        guard let hours = number(digits: 2), take(":"), let minutes = number(digits: 2), hours < 24, minutes < 60 else {
            return nil
        }
        return hours * 3600 + minutes * 60
    }
}

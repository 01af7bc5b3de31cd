import Foundation

/// A zone of the IANA time zone database: by how much clocks there are ahead of UTC.
///
/// The rules are those that come with Foundation, so that neither this machine's own database nor `TZDIR` changes anything.
/// They say nothing of daylight saving time after the year 2100.
public struct Zone: Sendable, Hashable {
    /// Its name, such as `Europe/Amsterdam`.
    public let name: String
    private let rules: TimeZone

    /// Where clocks are never changed.
    public static let utc = Zone(name: "UTC", rules: .gmt)

    /// Whether the rules are those that came with Foundation. Its ICU would take others from where these variables point, and
    /// looks at them once, as the process first needs a zone: whoever uses zones otherwise too asks this before.
    public static let hasOwnRules = unsetenv("ICU_DATA") == 0 && unsetenv("ICU_TIMEZONE_FILES_DIR") == 0

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
        // The longest name of the database has 32 letters.
        guard Self.hasOwnRules, name.utf8.count <= 64, name.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            name.contains("/"),
            let rules = TimeZone(identifier: name), rules.identifier == name
        else { return nil }
        self.init(name: name, rules: rules)
    }

    /// Names for suggestions; there are more.
    public static let commonNames =
        hasOwnRules ? TimeZone.knownTimeZoneIdentifiers.filter { $0.contains("/") } : []

    /// By how many seconds clocks there are ahead of UTC.
    /// - Parameter seconds: the instant, since 1970-01-01T00:00:00Z.
    public func offset(at seconds: Int) -> Int {
        rules.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
    }
}

import Foundation

/// A zone of the IANA time zone database: by how much clocks there are ahead of UTC.
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
        // The longest name of the database has 32 letters.
        guard name.utf8.count <= 64, name.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), name.contains("/"),
            let rules = TimeZone(identifier: name), rules.identifier == name
        else { return nil }
        self.init(name: name, rules: rules)
    }

    /// Names for suggestions; there are more.
    public static let commonNames = TimeZone.knownTimeZoneIdentifiers.filter { $0.contains("/") }

    /// By how many seconds clocks there are ahead of UTC.
    /// - Parameter seconds: the instant, since 1970-01-01T00:00:00Z.
    public func offset(at seconds: Int) -> Int {
        rules.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
    }
}

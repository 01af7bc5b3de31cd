/// Durations as people write them in YAML: `90s`, `10m`, `2h`, `1h30m`, `500ms`.
///
/// A bare number is refused: nobody knows whether `10` meant seconds or minutes.
public enum DurationText {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// What is accepted, for messages.
    public static let form = "a whole number with a unit, such as 500ms, 90s, 10m, 2h or 1h30m"

    /// The duration, or nil when the text is not ``form``; units must come in descending order, each at most once.
    public static func parse(_ text: String) -> Duration? {
        var rest = text.utf8[...]
        var total: Int64 = 0
        var remaining = units[...]
        guard !rest.isEmpty, rest.count <= 32 else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            rest = rest[digits.endIndex...]
            let name = rest.prefix { (0x61...0x7A).contains($0) }
            rest = rest[name.endIndex...]
            guard let count = Int64(String(Substring(digits))),
                let unit = remaining.firstIndex(where: { $0.name == String(Substring(name)) })
            else { return nil }
            let (product, tooBig) = count.multipliedReportingOverflow(by: remaining[unit].milliseconds)
            let (sum, overflow) = total.addingReportingOverflow(product)
            guard !tooBig, !overflow else { return nil }
            total = sum
            remaining = remaining[(unit + 1)...]
        }
        return .milliseconds(total)
    }

    /// The shortest spelling that ``parse(_:)`` reads back, to the millisecond: `1h30m`, `90s` reads back as `1m30s`.
    public static func spell(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        var rest = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        guard rest > 0 else { return "0s" }
        return units.reduce(into: "") { text, unit in
            if rest >= unit.milliseconds { text += "\(rest / unit.milliseconds)\(unit.name)" }
            rest %= unit.milliseconds
        }
    }
}

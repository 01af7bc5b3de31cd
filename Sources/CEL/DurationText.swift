extension Duration {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1000), ("µs", 1000), ("μs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]

    /// Reads the notation of CEL: signed decimal numbers with units, such as `1h30m`, `1.5s`, `-2ms`.
    ///
    /// The range is that of 64 bits of nanoseconds, about ±292 years.
    public init(parsingCEL text: String) throws(EvaluationError) {
        var rest = Substring(text)
        let isNegative = rest.hasPrefix("-")
        if isNegative || rest.hasPrefix("+") { rest = rest.dropFirst() }
        if rest == "0" {
            self = .zero
            return
        }
        var total: Int64 = 0
        repeat {
            guard let term = try Self.term(&rest) else {
                let shown = Value.string(text).rendered(limit: 60)
                throw EvaluationError(.invalidArgument, "\(shown) is not a duration, such as '90s', '1h30m' or '250ms'")
            }
            let (sum, overflow) = total.addingReportingOverflow(term)
            if overflow { throw Self.tooLong }
            total = sum
        } while !rest.isEmpty
        self = .nanoseconds(isNegative ? -total : total)
    }

    static var tooLong: EvaluationError { EvaluationError(.range, "the duration would be longer than about 292 years") }

    /// One number with its unit, in nanoseconds; `nil` when there is none.
    private static func term(_ rest: inout Substring) throws(EvaluationError) -> Int64? {
        let whole = digits(&rest)
        var fraction: Substring = ""
        if rest.first == "." {
            rest = rest.dropFirst()
            fraction = digits(&rest)
        }
        let name = rest.prefix { $0 != "." && !("0"..."9").contains($0) }
        guard !(whole.isEmpty && fraction.isEmpty), let unit = units.first(where: { Text.equal($0.name, String(name)) })
        else { return nil }
        rest = rest.dropFirst(name.count)
        guard let number = Int64(whole.isEmpty ? "0" : whole) else { throw tooLong }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit.nanoseconds)
        let (sum, carry) = product.addingReportingOverflow(Decimal.part(fraction, of: unit.nanoseconds))
        if overflow || carry { throw tooLong }
        return sum
    }

    private static func digits(_ rest: inout Substring) -> Substring {
        let digits = rest.prefix { ("0"..."9").contains($0) && $0.utf8.count == 1 }
        rest = rest.dropFirst(digits.count)
        return digits
    }

    /// Seconds with as many decimals as needed: `5400s`, `-1.5s`.
    public var celDescription: String {
        let (seconds, attoseconds) = components
        let nanoseconds = attoseconds / 1_000_000_000
        let sign = seconds < 0 || nanoseconds < 0 ? "-" : ""
        return "\(sign)\(seconds.magnitude)\(Decimal.fraction(of: Int64(nanoseconds.magnitude)))s"
    }

    /// The duration in nanoseconds, or an error beyond 64 bits.
    func nanoseconds() throws(EvaluationError) -> Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        if overflow || carry { throw Self.tooLong }
        return sum
    }
}

/// Decimal fractions without floating point.
enum Decimal {
    /// `0.digits` of a whole, rounded down.
    static func part(_ digits: Substring, of whole: Int64) -> Int64 {
        var (part, unit) = (Int64(0), whole)
        // A unit has at most thirteen digits; what is beyond them is less than a nanosecond.
        for (index, digit) in digits.utf8.prefix(13).enumerated() {
            let power = (0...index).reduce(Int64(1)) { total, _ in total * 10 }
            unit = whole / power
            part += Int64(digit - 48) * unit + Int64(digit - 48) * (whole % power) / power
        }
        return part
    }

    /// Nanoseconds as `.5`, or nothing when there are none.
    static func fraction(of nanoseconds: Int64) -> String {
        guard nanoseconds != 0 else { return "" }
        let digits = String(String(1_000_000_000 + nanoseconds).dropFirst())
        return "." + digits.prefix(9 - digits.reversed().prefix { $0 == "0" }.count)
    }
}

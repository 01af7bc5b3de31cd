/// How two numbers stand to each other; NaN stands to nothing.
enum Ordering {
    case less, equal, greater, unordered

    init<Number: Comparable>(_ left: Number, _ right: Number) {
        self = left < right ? .less : left == right ? .equal : left > right ? .greater : .unordered
    }
}

/// Numeric rules of the language definition: comparison crosses the types exactly, arithmetic never does.
enum Numbers {
    /// The order of two numbers of any numeric types; `nil` when one is not a number.
    static func order(_ left: Value, _ right: Value) -> Ordering? {
        switch (left, right) {
        case (.int(let a), .int(let b)): Ordering(a, b)
        case (.uint(let a), .uint(let b)): Ordering(a, b)
        case (.double(let a), .double(let b)): Ordering(a, b)
        // The standard library compares integers of different types by their exact values.
        case (.int(let a), .uint(let b)): a < b ? .less : a == b ? .equal : .greater
        case (.uint(let a), .int(let b)): a < b ? .less : a == b ? .equal : .greater
        // The official suite compares through a double, as the other implementations do: 2^63-1 and 2^63 are equal.
        case (.int(let a), .double(let b)): Ordering(Double(a), b)
        case (.double(let a), .int(let b)): Ordering(a, Double(b))
        case (.uint(let a), .double(let b)): Ordering(Double(a), b)
        case (.double(let a), .uint(let b)): Ordering(a, Double(b))
        default: nil
        }
    }

    /// Integer arithmetic that reports overflow and division by zero.
    static func integer<Number: FixedWidthInteger>(
        _ symbol: BinaryOperator, _ left: Number, _ right: Number
    ) throws(EvaluationError) -> Number {
        let outcome: (partialValue: Number, overflow: Bool)
        switch symbol {
        case .add: outcome = left.addingReportingOverflow(right)
        case .subtract: outcome = left.subtractingReportingOverflow(right)
        case .multiply: outcome = left.multipliedReportingOverflow(by: right)
        case .divide:
            if right == 0 { throw EvaluationError(.divideByZero, "division by zero") }
            outcome = left.dividedReportingOverflow(by: right)
        default:
            if right == 0 { throw EvaluationError(.divideByZero, "modulus by zero") }
            outcome = left.remainderReportingOverflow(dividingBy: right)
        }
        if outcome.overflow {
            throw EvaluationError(.overflow, "\(left) \(symbol.rawValue) \(right) overflows 64 bits")
        }
        return outcome.partialValue
    }

    /// IEEE arithmetic; `nil` for `%`, which doubles do not have.
    static func double(_ symbol: BinaryOperator, _ left: Double, _ right: Double) -> Double? {
        switch symbol {
        case .add: left + right
        case .subtract: left - right
        case .multiply: left * right
        case .divide: left / right
        default: nil
        }
    }

    /// The shortest text that reads back as the same double, laid out as the reference implementation does.
    static func text(_ double: Double) -> String {
        if double.isNaN { return "NaN" }
        if double.isInfinite { return double < 0 ? "-Inf" : "+Inf" }
        let parts = "\(double.magnitude)".split(separator: "e")
        let mantissa = (parts.first ?? "0").split(separator: ".")
        let whole = String(mantissa.first ?? "0")
        let fraction = mantissa.count > 1 && mantissa[1] != "0" ? String(mantissa[1]) : ""
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let leadingZeros = (whole + fraction).prefix { $0 == "0" }.count
        let digits = String((whole + fraction).dropFirst(leadingZeros))
        let point = whole.count + exponent - leadingZeros
        return (double.sign == .minus ? "-" : "") + layout(digits: digits, point: point)
    }

    /// `digits` with the decimal point after `point` of them.
    private static func layout(digits padded: String, point: Int) -> String {
        let kept = padded.count - padded.reversed().prefix { $0 == "0" }.count
        let digits = String(padded.prefix(kept))
        guard !digits.isEmpty else { return "0" }
        if point < -3 || point > 21 {
            let tail = digits.count > 1 ? "." + digits.dropFirst() : ""
            let power = abs(point - 1)
            return "\(digits.prefix(1))\(tail)e\(point < 1 ? "-" : "+")\(power < 10 ? "0" : "")\(power)"
        }
        if point <= 0 { return "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count { return digits + String(repeating: "0", count: point - digits.count) }
        return "\(digits.prefix(point)).\(digits.dropFirst(point))"
    }
}

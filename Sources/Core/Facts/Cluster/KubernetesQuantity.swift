/// Amounts as Kubernetes writes them: `1900m`, `8152552Ki`, `123456789n`, `4`.
enum KubernetesQuantity {
    private static let units: [String: Double] = [
        "": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
        "Ki": 0x1p10, "Mi": 0x1p20, "Gi": 0x1p30, "Ti": 0x1p40, "Pi": 0x1p50, "Ei": 0x1p60,
    ]

    /// The number; nil for what is none, or less than none.
    static func parse(_ text: String) -> Double? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = units[String(text.dropFirst(digits.count))]
        guard digits.utf8.count <= 30, let number = Double(digits), let unit else { return nil }
        return number * unit
    }
}

/// The names that a line of known_hosts is about: ssh_config(5), PATTERNS.
struct HostPatterns: Sendable {
    let patterns: [HostPattern]

    /// Takes a comma list; nil when one is so long that ssh(1) would not look at it.
    init?(_ list: ArraySlice<UInt8>) {
        patterns = list.split(separator: UInt8(ascii: ",")).map(HostPattern.init)
        guard patterns.allSatisfy({ $0.text.count < 1023 }) else { return nil }
    }

    var areLiteral: Bool { patterns.allSatisfy(\.isLiteral) }

    /// A negated pattern that matches rules the whole line out.
    func match(_ name: [UInt8]) -> Bool {
        let matching = patterns.filter { $0.match(name) }
        return !matching.isEmpty && matching.allSatisfy { !$0.isNegated }
    }
}

/// One name with `*` and `?`, perhaps negated. Bytes, since that is what ssh(1) compares: no two spellings of a name are
/// the same, but for the case of ASCII letters.
struct HostPattern: Sendable {
    let text: [UInt8]
    let isNegated: Bool

    init(_ field: ArraySlice<UInt8>) {
        isNegated = field.first == UInt8(ascii: "!")
        text = lowercased(field.dropFirst(isNegated ? 1 : 0))
    }

    var isLiteral: Bool { !isNegated && !text.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") } }

    /// Greedy matching with one point to fall back to: linear in practice, quadratic at worst, never exponential.
    func match(_ name: [UInt8]) -> Bool {
        var (p, n) = (0, 0)
        var fallback: (pattern: Int, name: Int)?
        while n < name.count {
            if p < text.count, text[p] == UInt8(ascii: "*") {
                fallback = (p, n)
                p += 1
            } else if p < text.count, text[p] == UInt8(ascii: "?") || text[p] == name[n] {
                (p, n) = (p + 1, n + 1)
            } else if let last = fallback {
                fallback = (last.pattern, last.name + 1)
                (p, n) = (last.pattern + 1, last.name + 1)
            } else {
                return false
            }
        }
        return text[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

/// Lower case of ASCII letters alone, as ssh(1) does.
func lowercased(_ bytes: some Collection<UInt8>) -> [UInt8] {
    bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
}

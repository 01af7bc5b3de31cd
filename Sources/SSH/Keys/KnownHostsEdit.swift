/// A known_hosts file without the lines of one name.
struct KnownHostsEdit {
    private(set) var bytes: [UInt8]
    private(set) var removed: [KnownHosts.Known] = []
    private let file: String

    init(_ bytes: [UInt8], file: String) {
        (self.bytes, self.file) = (bytes, file)
        if let last = bytes.last, last != UInt8(ascii: "\n") { self.bytes.append(UInt8(ascii: "\n")) }
    }

    /// Takes the name out of every line that trusts it by another key; a line that names nothing else goes.
    mutating func remove(_ name: String, except keys: [PublicKey]) {
        let name = lowercased(name.utf8)
        var kept: [UInt8] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
        for (index, text) in lines.enumerated() {
            guard let line = KnownHostsLine(text), line.role == .trusted, !keys.contains(line.key),
                let rest = Self.without(name, line)
            else {
                kept += text + [UInt8(ascii: "\n")]
                continue
            }
            removed.append(
                KnownHosts.Known(
                    key: line.key, role: .trusted, source: KnownHosts.Source(file: file, line: index + 1)))
            if !rest.isEmpty { kept += rest + Self.afterNames(text) + [UInt8(ascii: "\n")] }
        }
        bytes = kept
    }

    /// The names that are left; nil when the line does not name it literally, empty when nothing is.
    private static func without(_ name: [UInt8], _ line: KnownHostsLine) -> [UInt8]? {
        switch line.names {
        case .hashed(let salt, let hash):
            var hashed = HashedNames()
            hashed.append([HashedNames.Item(salt: salt, hash: hash, entry: 0)])
            return hashed.entries(for: name).isEmpty ? nil : []
        case .patterns(let names):
            let rest = names.patterns.filter { !($0.isLiteral && $0.text == name) }
            guard rest.count < names.patterns.count else { return nil }
            // Negations alone match nothing.
            guard rest.contains(where: { !$0.isNegated }) else { return [] }
            return Array(
                rest.map { ($0.isNegated ? [UInt8(ascii: "!")] : []) + $0.text }.joined(separator: [UInt8(ascii: ",")]))
        }
    }

    private static func afterNames(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        text.drop(while: KnownHostsLine.isSpace).drop { !KnownHostsLine.isSpace($0) }
    }
}

/// What `ssh -G` prints for one host: a line for each setting, its name in lower case first.
struct HostConfig: Sendable, Hashable {
    /// Longer answers are refused: OpenSSH prints about 5 KB.
    static let limit = 256 * 1024

    private let values: [String: [String]]

    init(_ output: String) {
        var values: [String: [String]] = [:]
        for line in output.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2 else { continue }
            values[parts[0].lowercased(), default: []].append(String(parts[1]))
        }
        self.values = values
    }

    /// The one value of a setting; nil when it is not printed or is `none`.
    func value(_ name: String) -> String? {
        values[name]?.last.flatMap { $0.lowercased() == "none" ? nil : $0 }
    }

    /// Whether a setting is `none`, which is not the same as not being set.
    func isNone(_ name: String) -> Bool { values[name]?.last?.lowercased() == "none" }

    /// The values of a setting that may be given several times.
    func list(_ name: String) -> [String] { (values[name] ?? []).filter { $0.lowercased() != "none" } }

    /// `yes`, as ssh -G spells it.
    func isOn(_ name: String) -> Bool { ["yes", "true"].contains(value(name)) }

    /// Paths on one line. ssh -G does not quote them: a word that does not begin like a path belongs to the one before.
    func paths(_ name: String) -> [String] {
        var paths: [String] = []
        for word in (value(name) ?? "").split(separator: " ", omittingEmptySubsequences: false) {
            if let first = word.first, "/~$%".contains(first) || paths.isEmpty {
                paths.append(String(word))
            } else if let last = paths.popLast() {
                paths.append(last + " " + word)
            }
        }
        return paths.filter { !$0.isEmpty && $0.lowercased() != "none" }
    }

    /// `yes`, `no` or seconds.
    var connectTimeout: Duration? { value("connecttimeout").flatMap(Int.init).map { .seconds(max(1, min($0, 3600))) } }

    /// One hop of a ProxyJump: `[user@]host[:port]`, also as an `ssh://` URI, the address perhaps in brackets.
    struct Hop: Hashable {
        var user: String?
        var host: String
        var port: UInt16?

        init?(_ text: some StringProtocol) {
            var rest = text.hasPrefix("ssh://") ? text.dropFirst(6)[...] : text[...]
            if rest.hasSuffix("/") { rest = rest.dropLast() }
            if let at = rest.lastIndex(of: "@") {
                user = String(rest[..<at])
                rest = rest[rest.index(after: at)...]
            }
            guard let (host, port) = Self.split(String(rest)), !host.isEmpty, user != "" else { return nil }
            self.host = host
            guard let port else { return }
            guard let number = UInt16(port), number > 0 else { return nil }
            self.port = number
        }

        private static func split(_ text: String) -> (host: String, port: String?)? {
            if text.hasPrefix("[") {
                guard let end = text.firstIndex(of: "]") else { return nil }
                let rest = text[text.index(after: end)...]
                let host = String(text[text.index(after: text.startIndex)..<end])
                if rest.isEmpty { return (host, nil) }
                return rest.hasPrefix(":") ? (host, String(rest.dropFirst())) : nil
            }
            // More than one colon without brackets is an IPv6 address.
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : (text, nil)
        }
    }

    /// The hops of a ProxyJump, first one first; nil when it cannot be read.
    func hops() -> [Hop]? {
        guard let text = value("proxyjump") else { return [] }
        let hops = text.split(separator: ",").map { Hop($0) }
        let read = hops.compactMap(\.self)
        return read.count == hops.count ? read : nil
    }
}

/// Reads the small answers: files of one line, and an HTTP status.
enum MachineFacts {
    /// `/proc/uptime`: seconds since boot with two decimals, then idle time (proc(5)).
    ///
    /// It counts time spent suspended, which systemd's monotonic start times do not; servers are not suspended.
    static func uptime(_ text: String) -> Fact<Duration> {
        let parts = text.prefix(64).split(separator: " ").first?.split(separator: ".") ?? []
        guard parts.count == 2, let seconds = Int64(parts[0]), (0...10_000_000_000).contains(seconds),
            parts[1].utf8.count == 2, let hundredths = Int64(parts[1]), hundredths >= 0
        else { return .unknown("/proc/uptime is unreadable: \(Printable.escape(text, limit: 40))") }
        return .known(.milliseconds(seconds * 1000 + hundredths * 10))
    }

    /// A machine or boot id: 32 hex digits, with or without dashes.
    static func identifier(_ text: String) -> Fact<String> {
        word(text).flatMap { id in
            let digits = id.utf8.filter { $0 != 0x2D }
            let isHex = digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
            return digits.count == 32 && isHex ? .known(id) : .unknown("not an id: \(Printable.escape(id, limit: 40))")
        }
    }

    /// One printable word on one line.
    static func word(_ text: String) -> Fact<String> {
        let line = text.hasSuffix("\n") ? String(text.dropLast()) : text
        let isPrintable = line.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard (1...255).contains(line.utf8.count), isPrintable else {
            return .unknown("expected one word, found: \(Printable.escape(text, limit: 40))")
        }
        return .known(line)
    }

    /// PRETTY_NAME of os-release(5), whose values are quoted like a shell's.
    static func prettyName(_ text: String) -> Fact<String> {
        let key = "PRETTY_NAME="
        guard let line = text.lines.prefix(200).first(where: { $0.hasPrefix(key) }) else {
            return .unknown("/etc/os-release names no PRETTY_NAME")
        }
        let value = line.dropFirst(key.count)
        let isQuoted = value.count >= 2 && (value.first == "\"" || value.first == "'") && value.last == value.first
        return .known(Printable.escape(String(isQuoted ? value.dropFirst().dropLast() : value), limit: 200))
    }

    /// Three digits; `000` is curl's way to say that nobody answered.
    static func httpStatus(_ text: String) -> Fact<Int> {
        let digits = text.hasSuffix("\n") ? text.dropLast() : text[...]
        guard digits.utf8.count == 3, let status = Int(digits), status == 0 || (100...599).contains(status) else {
            return .unknown("not an HTTP status: \(Printable.escape(text, limit: 40))")
        }
        return .known(status)
    }
}

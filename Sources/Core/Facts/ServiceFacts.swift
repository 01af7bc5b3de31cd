/// Reads `systemctl show` of one unit.
enum ServiceFacts {
    static func service(_ text: String, uptime: Fact<Duration>) -> Fact<Facts.Service> {
        let values = properties(text)
        guard let load = values["LoadState"], let active = values["ActiveState"], let sub = values["SubState"] else {
            return .unknown("systemctl showed no state: \(Printable.escape(text, limit: 60))")
        }
        let isActive = active == "active"
        let words = [load, active, sub, values["UnitFileState"] ?? ""]
        guard words.allSatisfy(isWord) else { return .unknown("systemctl showed an unreadable state") }
        return stableFor(values, isActive: isActive, uptime: uptime).flatMap { stableFor in
            guard let pid = count(values["MainPID"]), let restarts = count(values["NRestarts"]) else {
                return .unknown("systemctl showed an unreadable MainPID or NRestarts")
            }
            return .known(
                Facts.Service(
                    loaded: load == "loaded", active: isActive, state: "\(active)/\(sub)", enabled: String(words[3]),
                    mainPid: pid,
                    restarts: restarts, stableFor: stableFor))
        }
    }

    /// The start time belongs to the current main process, so this is the time without a restart by construction.
    private static func stableFor(
        _ values: [String: Substring], isActive: Bool, uptime: Fact<Duration>
    ) -> Fact<Duration> {
        guard isActive, let start = values["ExecMainStartTimestampMonotonic"] else { return .known(.zero) }
        guard let microseconds = Int64(start), microseconds >= 0 else {
            return .unknown("systemctl showed an unreadable start time")
        }
        if microseconds == 0 { return .known(.zero) }
        return uptime.flatMap { .known(max(.zero, $0 - .microseconds(microseconds))) }
    }

    private static func properties(_ text: String) -> [String: Substring] {
        var values: [String: Substring] = [:]
        for line in text.lines.prefix(1000) {
            guard let equals = line.firstIndex(of: "=") else { continue }
            values[String(line[..<equals])] = line[line.index(after: equals)...]
        }
        return values
    }

    /// Units that are no services have no main process and no restarts: nothing shown counts as none.
    private static func count(_ text: Substring?) -> Int? {
        guard let text else { return 0 }
        return Int(text).flatMap { $0 >= 0 ? $0 : nil }
    }

    private static func isWord(_ text: Substring) -> Bool {
        text.utf8.count <= 64 && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x2D }
    }
}

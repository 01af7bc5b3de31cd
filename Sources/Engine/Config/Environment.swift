import Foundation
public import Core

/// What Belay takes from the process's environment; guardrails never come from here.
public enum Environment {
    /// A variable, nil when unset or empty.
    public static func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The home folder of the account that runs this process: by the system's list of users, whatever `HOME` says. Paths of
    /// guardrails begin with it.
    public static let home: String? = {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16384)
        guard getpwuid_r(getuid(), &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        let path = String(cString: entry.pw_dir)
        return path.hasPrefix("/") ? path : nil
    }()

    /// A path that begins with `~/` as the account's own; every other as it is.
    static func expandingHome(_ path: String) -> String {
        guard path.hasPrefix("~/"), let home else { return path }
        return home + path.dropFirst(1)
    }

    /// Where live logs are kept unless the project says otherwise: `~/.local/state/belay` of the account.
    public static var stateFolder: String? { home.map { $0 + "/.local/state/belay" } }

    /// Names this executor in leases and log entries: `user@host:pid`, without spaces.
    public static var holder: String {
        let user = variable("USER") ?? variable("LOGNAME") ?? "uid\(getuid())"
        let text = "\(user)@\(ProcessInfo.processInfo.hostName):\(getpid())"
        return String(text.unicodeScalars.map { $0.properties.isWhitespace ? "_" : Character($0) })
    }
}

/// The machine's clocks.
public struct SystemClock: Clock {
    /// A clock.
    public init() {}

    /// The time of day.
    public func now() -> Timestamp {
        Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }

    /// Seconds since boot, suspended time included: deadlines on nodes go on while a laptop sleeps.
    public func uptime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Waits.
    public func sleep(seconds: Double) async throws {
        try await Task.sleep(for: .milliseconds(Int64(seconds * 1000)))
    }
}

/// Nonces from the system's random numbers.
public struct SystemNonces: Nonces {
    /// A source.
    public init() {}

    /// 128 bits as 32 hex digits.
    public func next() -> String {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

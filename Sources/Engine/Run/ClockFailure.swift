import Core

/// The executor's clock is behind the log: a window that is over would open again, and an approval, a grant or a cooldown would
/// not have ended.
public struct ClockFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// What the clock shows, and what the log has.
    public let message: String
    /// What to do.
    public let remedy: String

    /// How far a clock may be behind, in seconds: machines that share a log are never exactly together.
    static let tolerance = 5

    /// Checks the instant of a decision against the log's newest time. Not against that of its last entry, which anybody whose
    /// clock is set back adds with a command that only reads.
    static func check(_ now: Timestamp, against records: [IndexedRecord]) throws(ClockFailure) {
        guard let newest = records.max(by: { $0.record.at < $1.record.at }),
            now.adding(seconds: tolerance) < newest.record.at
        else { return }
        throw ClockFailure(
            message: "the clock shows \(now), and entry \(newest.index) of the log was made at \(newest.record.at)",
            remedy:
                "Set the clock right (timedatectl); nothing is decided before that. docs/security.md says what to do "
                + "when it is the entry that is wrong.")
    }

    /// Both sentences.
    public var description: String { "\(message). \(remedy)" }
}

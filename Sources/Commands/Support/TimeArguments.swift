import Core

/// Times as people give them on the command line.
enum TimeArguments {
    /// Whole seconds of a duration such as `4h`.
    static func seconds(_ text: String, option: String) throws -> Int {
        guard let duration = DurationText.parse(text), duration >= .seconds(1) else {
            throw UsageError("\(option) '\(text)' is no time", remedy: "Write \(DurationText.form).")
        }
        return Int(duration.components.seconds)
    }

    /// The instant `2h` after another one, or the instant that is written out.
    static func later(_ text: String, option: String, than instant: Timestamp) throws -> Timestamp {
        if let written = Timestamp(text) { return written }
        guard let duration = DurationText.parse(text), (.seconds(1)...(.seconds(366 * 86_400))).contains(duration)
        else {
            throw UsageError(
                "\(option) '\(text)' is no time",
                remedy: "Write \(DurationText.form), at most 366d, or 2026-11-22T18:00:00Z.")
        }
        return instant.adding(seconds: Int(duration.components.seconds))
    }

    /// The instant `2h` before `now`, or the instant that is written out.
    static func instant(_ text: String, option: String, now: Timestamp) throws -> Timestamp {
        if let instant = Timestamp(text) { return instant }
        guard let duration = DurationText.parse(text) else {
            throw UsageError(
                "\(option) '\(text)' is no time", remedy: "Write how long ago, such as 2h, or 2026-11-22T18:00:00Z.")
        }
        return Timestamp(milliseconds: now.milliseconds - Int64(duration.components.seconds) * 1000)
    }
}

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

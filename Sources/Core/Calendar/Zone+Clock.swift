import CEL

/// What clocks in a zone show at an instant, and when they show a time.
extension Zone {
    private static let secondsOfDay = 86_400

    /// The day that clocks there show, counted from 1970-01-01.
    func day(at instant: Timestamp) -> Int {
        let seconds = Int((Double(instant.milliseconds) / 1000).rounded(.down))
        let shown = seconds + offset(at: seconds)
        return Int((Double(shown) / Double(Self.secondsOfDay)).rounded(.down))
    }

    /// The first instant at which clocks there show a time or a later one.
    ///
    /// A time that is left out in spring is so the instant of the change, and one that comes twice in autumn the first of both.
    /// - Parameters:
    ///   - seconds: the time of day, in seconds after midnight on a clock that is not changed.
    ///   - day: the day, counted from 1970-01-01.
    func instant(showing seconds: Int, on day: Int) -> Timestamp {
        let time = day * Self.secondsOfDay + seconds
        // Clocks are at most 14 hours from UTC: a day away both of these are beyond any change that matters here.
        let (before, after) = (offset(at: time - Self.secondsOfDay), offset(at: time + Self.secondsOfDay))
        if offset(at: time - before) == before { return .at(time - before) }
        if offset(at: time - after) == after { return .at(time - after) }
        // It is left out: clocks go over it somewhere between what either offset makes of it.
        return .at(change(from: before, after: time - after, notAfter: time - before))
    }

    /// The instant, in seconds since 1970, at which an offset ends that holds at one instant and not at a later one.
    private func change(from offset: Int, after early: Int, notAfter late: Int) -> Int {
        var (early, late) = (early, late)
        while late - early > 1 {
            let middle = early + (late - early) / 2
            if self.offset(at: middle) == offset { early = middle } else { late = middle }
        }
        return late
    }
}

extension Timestamp {
    fileprivate static func at(_ seconds: Int) -> Timestamp { Timestamp(milliseconds: Int64(seconds) * 1000) }
}

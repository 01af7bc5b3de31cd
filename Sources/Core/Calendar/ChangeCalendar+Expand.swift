import CEL

extension ChangeCalendar {
    /// The calendar at an instant. A freeze or window that ends at that instant is over.
    public func moment(at now: Timestamp) -> Moment {
        Moment(
            zone: zone.name, freezes: freezes.filter { $0.start <= now && now < $0.end },
            windows: windows.flatMap { $0.openings(at: now) }, hasWindows: !windows.isEmpty,
            upcoming: [nextOpening(after: now)].compactMap(\.self))
    }

    /// What opens first after an instant, and not at it; nil when nothing ever will. A freeze may hold then.
    public func nextOpening(after instant: Timestamp) -> Opening? {
        windows.compactMap { $0.nextOpening(after: instant) }.min { $0.opensAt < $1.opensAt }
    }
}

extension ChangeCalendar.Window {
    /// Its occurrences that are open at an instant, the earliest first: several when it lasts longer than until the next.
    func openings(at instant: Timestamp) -> [ChangeCalendar.Opening] {
        let today = zone.day(at: instant)
        // Clocks may have gone back over midnight since it opened, or, across the date line, forward by a day and more.
        return (today - 9...today + 1).filter(recurs).map(opening)
            .filter { $0.opensAt <= instant && instant < $0.closesAt }
    }

    /// Its first occurrence that opens after an instant, nil when it was the last.
    func nextOpening(after instant: Timestamp) -> ChangeCalendar.Opening? {
        let today = zone.day(at: instant)
        let begin = max(today, first ?? today)
        // Of today and tomorrow it may have opened already (see above); the seven days from then on are a whole week.
        return (begin...begin + 8).lazy.filter(recurs).map(opening).first { $0.opensAt > instant }
    }

    private func recurs(on day: Int) -> Bool {
        weekdays.contains(.init(of: day)) && day >= first ?? day && day <= last ?? day
    }

    private func opening(on day: Int) -> ChangeCalendar.Opening {
        let opensAt = zone.instant(showing: start, on: day)
        let (seconds, attoseconds) = duration.components
        let closesAt = Timestamp(
            milliseconds: opensAt.milliseconds + seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        return ChangeCalendar.Opening(name: name, zone: zone.name, opensAt: opensAt, closesAt: closesAt)
    }
}

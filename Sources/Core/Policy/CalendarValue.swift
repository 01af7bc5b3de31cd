import CEL

extension ChangeCalendar.Moment {
    /// The binding of `calendar`.
    var celValue: Value {
        .message(
            name: "Calendar",
            fields: [
                "zone": .string(zone), "hasWindows": .bool(hasWindows),
                "freezes": .list(freezes.map(\.celValue)),
                "windows": .list(windows.map { $0.celValue(in: "calendar.windows") }),
                "upcoming": .list(upcoming.map { $0.celValue(in: "calendar.upcoming") }),
            ])
    }
}

extension ChangeCalendar.Freeze {
    fileprivate var celValue: Value {
        .message(
            name: "Freeze",
            fields: [
                "name": .string(name), "except": .texts(except),
                "start": .instant(start, at: "calendar.freezes.start"),
                "end": .instant(end, at: "calendar.freezes.end"),
            ])
    }
}

extension ChangeCalendar.Opening {
    fileprivate func celValue(in path: String) -> Value {
        .message(
            name: "Window",
            fields: [
                "name": .string(name), "zone": .string(zone),
                "opensAt": .instant(opensAt, at: "\(path).opensAt"),
                "closesAt": .instant(closesAt, at: "\(path).closesAt"),
            ])
    }
}

/// Makes the skew of a node's clock of what it printed: its time, and for how long it was up then.
enum ClockReading {
    static func report(_ answers: FactAnswers) -> FactReport {
        var report = FactReport(answers)
        let early = answers.answers.text(.uptime).flatMap(MachineFacts.uptime)
        switch early.flatMap({ skew(report, asked: answers.now, upThen: $0) }) {
        case .known(let skew): report.set("skew", String(skew))
        case .unknown(let cause): report.fail("skew", cause)
        }
        return report
    }

    /// The first answer of all was given when the node was asked; since then its own clock of uptime went on.
    private static func skew(_ report: FactReport, asked: Timestamp, upThen: Duration) -> Fact<Double> {
        guard let date = number(report, "date"), let uptime = number(report, "uptime") else {
            return .unknown(report.silence)
        }
        let age = uptime - upThen / .seconds(1)
        guard (0...120).contains(age) else { return .unknown("its uptime does not go on evenly") }
        return .known(date - age - Double(asked.milliseconds) / 1000)
    }

    private static func number(_ report: FactReport, _ name: String) -> Double? {
        report.values[name].flatMap { Double($0) }.flatMap { $0.isFinite ? $0 : nil }
    }
}

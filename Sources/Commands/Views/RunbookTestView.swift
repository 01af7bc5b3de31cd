import Core

/// `belay runbook test`: each case, file by file, and of one that fails what is not as it says.
struct RunbookTestView: Sendable {
    let outcomes: [RunbookTestFile.Outcome]

    var failures: [RunbookTestFile.Outcome] { outcomes.filter { !$0.faults.isEmpty } }

    func text(_ style: Style) -> String {
        var lines: [String] = []
        var file: String?
        for outcome in outcomes {
            let place = outcome.test.location
            if place.file != file { lines.append(style.strong(place.file.printable)) }
            file = place.file
            let word = outcome.faults.isEmpty ? style.good("ok    ") : style.bad("FAILED")
            lines.append("  \(word) \(outcome.test.name.printable)")
            lines += outcome.faults.map { "         \($0.printable)" }
        }
        let number = failures.count
        let summary = "\(count(outcomes.count, "case")), \(number) failed"
        return (lines + [number == 0 ? style.good(summary) : style.bad(summary)]).text
    }
}

import Core
import Engine

/// `belay triage`: what is behind trouble, what shows it, what follows from it and what mends it.
struct TriageView: Sendable {
    let report: TriageReport
    /// Of each finding the runbooks that mend it.
    let remedies: [[TriageRemedy]]
    /// Nodes that could not be looked at, and why.
    let unseen: [String: String]
    /// A node's name in Kubernetes → its name in the inventory.
    let names: [String: String]
    /// A node for what is done in the cluster; nil where only a person knows one.
    var controlPlane: String?
    /// Also what was ruled out, by name, and every place and object.
    var verbose = false

    /// Of what is alike so much is shown: two hundred pods behind one full disk hide what comes next.
    private static let shownEach = 4

    /// 11 where something was found; 10 where nothing was, and not all could be checked.
    var exit: Exit {
        if !report.findings.isEmpty { return .trouble }
        return isWhole ? .done : .couldNotStart
    }

    private var isWhole: Bool { unseen.isEmpty && report.unchecked.isEmpty }

    func text(_ style: Style) -> String {
        var lines = [verdict(style)]
        if let layer = report.layer { lines.append("The layer that fails first: \(layer.rawValue).") }
        for (index, finding) in report.findings.enumerated() {
            lines += [""] + section(index, finding, style)
        }
        return (lines + [""] + rest(style)).text
    }

    private func verdict(_ style: Style) -> String {
        let names = report.scope.names.map(\.printable).joined(separator: ", ")
        let number = report.scope.names.count
        return switch report.scope.kind {
        case .nothing:
            isWhole ? style.good("NOTHING FOUND") : style.warning("NOTHING FOUND where it could be looked")
        case .cluster: style.bad("TROUBLE in the whole cluster")
        case .nodes: style.bad("TROUBLE on \(count(number, "node")): \(names)")
        case .namespaces: style.bad("TROUBLE in \(count(number, "namespace")): \(names)")
        }
    }

    private func section(_ index: Int, _ finding: TriageReport.Finding, _ style: Style) -> [String] {
        let word = finding.isUnexplained ? "no known cause: " : ""
        let head = "\(index + 1). \(word)\(finding.title.printable)"
        var lines = [
            style.strong(head) + " " + style.faint("(\(finding.rule), set \(finding.set), \(finding.layer.rawValue))")
        ]
        let (places, more) = some(finding.places)
        for place in places {
            lines += ["   on \(place.subject.printable)"] + place.evidence.map { "     \($0.printable)" }
        }
        if more > 0 { lines.append("   and on \(more) more (--verbose lists them)") }
        if !finding.consequences.isEmpty { lines.append("   and so") }
        lines += finding.consequences.map { other in
            let (subjects, more) = some(other.subjects)
            let names = subjects.map(\.printable).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
            return "     \(other.title.printable): \(names)"
        }
        if !finding.advice.isEmpty { lines.append("   → \(finding.advice.printable)") }
        return lines + plans(index, finding).map { "   \($0)" }
    }

    private func some<Item>(_ items: [Item]) -> (shown: ArraySlice<Item>, more: Int) {
        let shown = verbose ? items[...] : items.prefix(Self.shownEach)
        return (shown, items.count - shown.count)
    }

    /// The ready lines, and how far each can be taken back.
    private func plans(_ index: Int, _ finding: TriageReport.Finding) -> [String] {
        let lines = zip(remedies[index], commands(of: index)).map { remedy, command in
            [command, "\(remedy.reversibility?.rawValue ?? "as its parameters are"): \(remedy.title.printable)"]
        }
        let (shown, more) = some(lines)
        return Table.lines(Array(shown)) + (more > 0 ? ["and \(more) more (--verbose lists them)"] : [])
    }

    /// `belay plan …` of each remedy of a finding.
    func commands(of index: Int) -> [String] {
        remedies[index].map { remedy in
            let nodes = Set(remedy.nodes.map { names[$0] ?? $0 }).sorted()
            let targets = remedy.isAboutNode ? nodes : [controlPlane].compactMap(\.self)
            let words =
                ["belay", "plan", remedy.runbook] + (targets.isEmpty ? ["NODE"] : targets).flatMap { ["--node", $0] }
                + remedy.parameters.sorted { $0.key < $1.key }.flatMap { ["--param", "\($0.key)=\($0.value)"] }
            return ShellQuote.display(words).printable
        }
    }

    private func rest(_ style: Style) -> [String] {
        let seen = unseen.sorted { $0.key < $1.key }.map { name, cause in
            style.warning("not looked at: \(name.printable): \(cause.printable)")
        }
        let out = report.ruledOut
        let ruledOut =
            verbose
            ? ["Ruled out:"] + out.map { "  \($0.title.printable) \(style.faint("(\($0.rule), set \($0.set))"))" }
            : [style.faint("Ruled out: \(count(out.count, "cause")) (--verbose lists them).")]
        return seen + ruledOut + unchecked(style)
    }

    /// Rules that cannot be told for the same reason share a line.
    private func unchecked(_ style: Style) -> [String] {
        guard !report.unchecked.isEmpty else { return [] }
        let groups = Dictionary(grouping: report.unchecked) { [$0.subject?.description ?? "", $0.cause] }
        let lines = groups.sorted { ($0.key[0], $0.key[1]) < ($1.key[0], $1.key[1]) }.map { key, rules in
            let names = rules.map(\.rule).joined(separator: ", ")
            return "  \(names)\(key[0].isEmpty ? "" : " on \(key[0].printable)"): \(key[1].printable)"
        }
        return [style.warning("Could not be checked:")] + lines
    }

    /// The report, with the ready lines.
    func json() throws -> String {
        struct Shown: Encodable {
            let report: TriageReport
            let remedies: [[Remedy]]
            let unseen: [String: String]
        }
        struct Remedy: Encodable {
            let runbook, command: String
            let reversibility: Reversibility?
        }
        let shown = report.findings.indices.map { index in
            zip(remedies[index], commands(of: index)).map {
                Remedy(runbook: $0.runbook, command: $1, reversibility: $0.reversibility)
            }
        }
        return try JSONText.pretty(Shown(report: report, remedies: shown, unseen: unseen))
    }
}

/// `belay triage --test`.
struct TriageTestView: Sendable {
    let outcomes: [TriageTestFile.Outcome]

    var failures: [TriageTestFile.Outcome] { outcomes.filter { !$0.faults.isEmpty } }

    func text(_ style: Style) -> String {
        let lines = failures.flatMap { outcome in
            [style.bad("FAILED \(outcome.test.location.place.printable): \(outcome.test.name.printable)")]
                + outcome.faults.map { "  \($0.printable)" }
        }
        return (lines + ["\(count(outcomes.count, "case")), \(failures.count) failed"]).text
    }
}

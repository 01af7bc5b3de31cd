import CEL
import Core

/// `belay runbook list`.
struct RunbooksView: Sendable {
    /// A runbook, or why its file cannot be read.
    struct Item: Sendable {
        let name: String
        let runbook: Result<Runbook, Diagnostics>
    }

    let items: [Item]

    func text(_ style: Style) -> String {
        guard !items.isEmpty else { return "There is no runbook in the project's folders.\n" }
        return Table.lines(
            items.map { item in
                switch item.runbook {
                case .success(let runbook):
                    [item.name, runbook.metadata.layer.rawValue, runbook.metadata.title].map(\.printable)
                case .failure(let faults):
                    [item.name.printable, "-", "\(count(faults.all.count, "fault")): belay runbook lint says which"]
                }
            }
        ).text
    }

    func json() throws -> String {
        struct Shown: Encodable {
            let name: String
            let layer: String?
            let title: String?
            let symptoms: [String]
            let faults: [String]
        }
        let shown = items.map { item in
            switch item.runbook {
            case .success(let runbook):
                let about = runbook.metadata
                return Shown(
                    name: item.name, layer: about.layer.rawValue, title: about.title, symptoms: about.symptoms,
                    faults: [])
            case .failure(let faults):
                return Shown(
                    name: item.name, layer: nil, title: nil, symptoms: [], faults: faults.all.map(\.description))
            }
        }
        return try JSONText.pretty(shown)
    }
}

/// `belay runbook show`: when to use it, what it needs, what it does.
struct RunbookView: Sendable {
    private let runbook: Runbook

    init(_ runbook: Runbook) { self.runbook = runbook }

    func text(_ style: Style) -> String {
        let about = runbook.metadata
        let roles =
            runbook.targets.roles.isEmpty
            ? "any node" : runbook.targets.roles.sorted().joined(separator: ", ").printable
        var lines = [
            style.strong(about.name.printable) + ": \(about.title.printable)",
            "  layer \(about.layer.rawValue), for \(roles), at most \(count(runbook.targets.max, "node")) at a time, "
                + "by \(about.author.printable)",
        ]
        if !about.symptoms.isEmpty {
            lines.append("  symptoms: " + about.symptoms.map(\.printable).joined(separator: ", "))
        }
        if !about.description.isEmpty { lines += [""] + about.description.printableLines.indented(2) }
        lines += parameters(style) + conditions(style) + steps(style)
        return lines.text + "\n" + style.strong("belay plan \(about.name.printable) --node NODE\(needed)") + "\n"
    }

    private var needed: String {
        runbook.parameters.filter(\.required).map { " --param \($0.name.printable)=…" }.joined()
    }

    private func parameters(_ style: Style) -> [String] {
        guard !runbook.parameters.isEmpty else { return [] }
        let rows = runbook.parameters.map { parameter in
            let value =
                parameter.fallback.map { "default \($0.text)" } ?? (parameter.required ? "required" : "optional")
            let allowed = parameter.allowed.isEmpty ? "" : " (one of \(parameter.allowed.joined(separator: ", ")))"
            return [parameter.name, parameter.type.rawValue, value, parameter.description + allowed].map(\.printable)
        }
        return ["", style.strong("Parameters")] + Table.lines(rows).indented(2)
    }

    private func conditions(_ style: Style) -> [String] {
        guard !runbook.preconditions.isEmpty else { return [] }
        return ["", style.strong("Only when")]
            + runbook.preconditions.map {
                "\($0.message.printable)  \(style.faint($0.condition.program.source.printable))"
            }.indented(2)
    }

    private func steps(_ style: Style) -> [String] {
        let steps = runbook.steps.enumerated().map { "\($0 + 1). \($1.name.printable): \($1.action.printable)" }
        let checks = runbook.verify.map { "then \($0.condition.program.source.printable)" }
        return ["", style.strong("Does")] + (steps + checks).indented(2)
    }
}

/// `belay runbook lint`.
struct LintView: Sendable {
    /// How many files were read.
    let files: Int
    /// Every fault of every file.
    let faults: [Diagnostics]

    var exit: Exit { faults.isEmpty ? .done : .usage }

    func text(_ style: Style) -> String {
        if faults.isEmpty { return "\(style.good("ok")): \(count(files, "runbook"))\n" }
        let total = faults.reduce(0) { $0 + $1.all.count }
        let texts = faults.map { DiagnosticsView($0).text }
        return texts.joined(separator: "\n\n") + "\n\n"
            + style.bad("\(count(total, "fault")) in \(faults.count) of \(count(files, "runbook"))") + "\n"
    }
}

/// `belay policy list`.
struct PoliciesView: Sendable {
    private let set: PolicySet

    init(_ set: PolicySet) { self.set = set }

    func text() -> String {
        let policies = set.policies.map {
            [$0.name, $0.enforcement.rawValue, $0.location.description].map(\.printable)
        }
        let grants = set.grants.map { [$0.name, "grant", $0.location.description].map(\.printable) }
        return (Table.lines(policies + grants) + ["effective digest \(set.digest)"]).text
    }
}

import ArgumentParser
import CEL
import Core
import Engine

/// `belay triage`: from what somebody complains about to the layer that fails, what shows it, and what mends it.
struct TriageVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "triage", abstract: "Find the layer that fails, what shows it, and the runbooks that mend it.",
        discussion: """
            Without nodes it asks the API first, and then looks at the control plane, at every node that the API has doubts about, \
            and at the others as far as there are few. Where something seems wrong it looks twice, \
            and keeps what was so both times. Changes nothing; while an incident is open its answer is kept in the log. Exits \
            with 11 when it found something.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOption
    @OptionGroup var selection: NodeArguments

    @Flag(help: "The whole cluster too, where nodes are named: their pods alone unless given.")
    var cluster = false

    @Flag(help: "List what was ruled out, and every object that is alike.")
    var verbose = false

    @Option(help: ArgumentHelp("Also save what was seen, for --from on another day.", valueName: "file"))
    var save: String?

    @Option(help: ArgumentHelp("Ask no node: judge what was saved.", valueName: "file"))
    var from: String?

    @Option(help: ArgumentHelp("The incident it is for; the only open one unless given.", valueName: "id"))
    var incident: String?

    @Flag(help: "Ask no node: run the cases beside the rules; exits with 2 when one fails.")
    var test = false

    mutating func validate() throws {
        guard incident == nil || from == nil && !test else {
            throw ValidationError(
                "--incident is for an answer about what is so now: it goes neither with --from nor --test.")
        }
    }

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let workspace = try await global.workspace()
        let rules = try workspace.triageRules()
        if test { return try runTests(rules, workspace, terminal) }
        let keeping = try await TriageKeeping(workspace, incident: incident, isSeen: from == nil, terminal)
        var sight = try await look(workspace)
        var report = rules.judge(sight.evidence)
        if !report.findings.isEmpty, from == nil {
            // What was so for a moment is no trouble: it has to be so twice.
            let first = sight.evidence
            try await Task.sleep(for: .seconds(2))
            sight = try await look(workspace)
            report = rules.judge(sight.evidence, after: first)
        }
        if let save {
            try ProjectFiles.write(try JSON.encodePretty(FactsJSON(sight.evidence.document)), to: save)
        }
        let remedies = try report.findings.map { try workspace.remedies(of: $0) }
        let view = TriageView(
            report: report, remedies: remedies,
            unseen: sight.unseen,
            names: Dictionary(
                workspace.inventory.nodes.map { ($0.nameInKubernetes, $0.name) },
                uniquingKeysWith: { first, _ in first }),
            controlPlane: workspace.inventory.nodes.first { $0.roles.contains("control-plane") }?.name,
            verbose: verbose)
        terminal.write(output.format == .json ? try view.json() : view.text(terminal.style))
        await keeping.keep(terminal) { id in
            TriageRecord(
                report, incident: id, nodes: try named(workspace), offered: remedies.map { $0.map(\.runbook) },
                unseen: sight.unseen.keys.sorted())
        }
        return view.exit
    }

    private func named(_ workspace: Workspace) throws -> [String] {
        guard !selection.names.isEmpty || !selection.selectors.isEmpty else { return [] }
        return try selection.nodes(in: workspace.inventory).map(\.name)
    }

    private func look(_ workspace: Workspace) async throws -> TriageSight {
        if let from {
            return TriageSight(evidence: try TriageEvidence.parse(try InputFile.read(from), file: from), unseen: [:])
        }
        let isNamed = !selection.names.isEmpty || !selection.selectors.isEmpty
        let nodes = isNamed ? try selection.nodes(in: workspace.inventory) : nil
        return try await workspace.lookForTriage(at: nodes, cluster: cluster || !isNamed, choices: connection.choices)
    }

    private func runTests(_ rules: TriageRules, _ workspace: Workspace, _ terminal: Terminal) throws -> Exit {
        let view = TriageTestView(outcomes: try workspace.triageTests().flatMap(rules.test))
        terminal.write(view.text(terminal.style))
        return view.failures.isEmpty ? .done : .usage
    }
}

/// Keeping triage's answer in the log while an incident is open. Whatever becomes of the log, the answer itself is shown.
struct TriageKeeping {
    private let workspace: Workspace
    private var choice = IncidentChoice.none

    /// - Parameter isSeen: whether nodes are asked; what somebody saved is no answer about now.
    /// - Throws: ``WorkspaceError`` for an incident that is named and is none, before anything is asked.
    init(_ workspace: Workspace, incident: String?, isSeen: Bool, _ terminal: Terminal) async throws {
        self.workspace = workspace
        guard isSeen else { return }
        do {
            choice = try await workspace.incidents().choice(incident)
        } catch let error as WorkspaceError {
            throw error
        } catch {
            terminal.complain("this answer will not be in the log: \("\(error)".printable)")
        }
    }

    /// Keeps it, and says so.
    func keep(_ terminal: Terminal, _ answer: (String) throws -> TriageRecord) async {
        guard let id = choice.id else {
            let view = IncidentTieView(choice: choice, what: "this answer", run: nil)
            return terminal.complain(view.text(terminal.errorStyle))
        }
        do {
            let record = try answer(id)
            let name = try await workspace.withBelay { try await $0.keep(record) }
            let view = IncidentTieView(choice: choice, what: "this answer", run: nil, entry: name.index)
            terminal.complain(view.text(terminal.errorStyle))
        } catch {
            terminal.complain("this answer is not in the log: \("\(error)".printable)")
        }
    }
}

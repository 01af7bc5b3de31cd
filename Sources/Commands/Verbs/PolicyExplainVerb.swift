import ArgumentParser
import Core
import Engine

/// `belay policy explain`: what would decide, before anybody has asked.
struct PolicyExplainVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say which policies would decide about a runbook on nodes, and what is missing to be allowed.",
        discussion: """
            Reads the nodes as `belay plan` does. Signs nothing, saves nothing, and leaves nothing in the log but that it was opened. \
            Exits with 3 when it would be denied, with 4 when only approvals are missing.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOption

    @Argument(help: "The runbook's name; `belay runbook list` shows them.")
    var runbook: String

    @OptionGroup var selection: NodeSelection

    @Option(name: .customLong("param"), help: ArgumentHelp("A parameter of the runbook.", valueName: "name=value"))
    var parameters: [String] = []

    @Option(help: ArgumentHelp("For whose private key; the project's unless given.", valueName: "path"))
    var key: String?

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let given = try ParameterArguments.parse(parameters, files: [])
        try selection.requireSome()
        let workspace = try await global.workspace()
        let nodes = try selection.nodes(in: workspace.inventory).map(\.name)
        let (runbook, key) = (runbook, key)
        let explained = try await workspace.withBelay(connection) {
            try await $0.explain(runbook: runbook, nodes: nodes, parameters: given, key: key)
        }
        let view = PolicyExplainView(explained)
        terminal.hiding(explained.plan).write(output.format == .json ? try view.json() : view.text(terminal.style))
        return view.exit
    }
}

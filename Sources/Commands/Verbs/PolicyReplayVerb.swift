import ArgumentParser
import Core
import Engine

/// `belay policy replay`: whether the log's decisions follow from what the log says they were made from.
struct PolicyReplayVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Make every decision about a run again, from the inputs that the log has of them.",
        discussion: """
            Asks no node and changes nothing. Under the policies of then something else may not be decided: that exits with 9. \
            Where the policies have changed since, it shows what those of today would have said.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOption

    @Argument(help: "The run's id, or its beginning.")
    var run: String

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let workspace = try await global.workspace()
        let run = try await workspace.store().run(run)
        let (decisions, unreadable) = try run.replay(under: workspace.guardrails().policies)
        let view = PolicyReplayView(run: run.id, decisions: decisions, unreadable: unreadable)
        terminal.hiding(run.plan).write(output.format == .json ? try view.json() : view.text(terminal.style))
        return view.exit
    }
}

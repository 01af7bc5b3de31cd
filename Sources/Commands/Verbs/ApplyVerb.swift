import ArgumentParser
import Core
import Engine

/// `belay apply`: runs a saved plan, once.
struct ApplyVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Run a saved plan.",
        discussion: "Policies judge it again on fresh facts first. When a step or a check fails, the node is undone.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "The plan's file; approvals are looked for beside it.")
    var plan: String

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let workspace = try await global.workspace()
        let file = plan
        let progress = Progress(terminal)
        do {
            let state = try await workspace.withBelay(connection) {
                try await $0.apply(planFile: file, watch: progress.watch)
            }
            terminal.hiding(state.plan).write(
                OutcomeView(state: state, inventory: workspace.inventory).text(terminal.style))
            return Exit(state.end)
        } catch {
            return try progress.interrupted(by: error, inventory: workspace.inventory)
        }
    }
}

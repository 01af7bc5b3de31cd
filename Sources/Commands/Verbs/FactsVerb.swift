import ArgumentParser
import Core
import Engine

/// `belay facts`.
struct FactsVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "facts",
        abstract: "Show what nodes say of themselves: all facts that triage reads, or one schema of them.",
        discussion: """
            One round trip a node, read-only, of at most 256 KiB. Changes nothing on a node and writes no log. What cannot be \
            told is shown as unknown, with its cause. Exits with 10 when a node cannot be asked, with its remedy.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOption
    @OptionGroup var selection: NodeArguments
    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Ask no node; print what facts there are, as docs/facts.md has them.")
    var schema = false

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        if schema {
            let view = FactsSchemaView(schema: .node)
            terminal.write(output.format == .json ? try view.json() : view.markdown)
            return .done
        }
        let workspace = try await global.workspace()
        let nodes = try selection.nodesSaid(in: workspace.inventory)
        let sights = try await workspace.facts(of: nodes, choices: connection.choices)
        let view = FactsView(sights: sights)
        terminal.write(output.format == .json ? try view.json() : view.text(terminal.style))
        return sights.allSatisfy { (try? $0.facts.get()) != nil } ? .done : .couldNotStart
    }
}

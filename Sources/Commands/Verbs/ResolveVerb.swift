import ArgumentParser
import Core
import Engine

/// `belay resolve`: a person's word about a node that Belay cannot bring to its end.
struct ResolveVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "resolve", abstract: "Say in which state a node is that a run cannot bring to its end.",
        discussion: """
            Signed, and kept in the audit log. What the run left on the node is taken away if the node answers, so that other \
            plans may run there. Belay undoes nothing; an armed dead-man is let fire unless the word is `after`. The run's other nodes are brought to their end as `recover` does.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "The run's id, or its beginning; `belay status` shows those that wait.")
    var run: String

    @Argument(help: "The node's name.")
    var node: String

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp(
            "before: it is as the run found it. after: as it was to be left. abandoned: nobody knows, and nobody will look.",
            valueName: "state"))
    var verdict: Verdict

    @Option(help: "How you know: whoever reads the audit log will ask.")
    var reason: String

    @Option(help: ArgumentHelp("The private key to sign with; the project's unless given.", valueName: "path"))
    var key: String?

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        guard reason.contains(where: { !$0.isWhitespace }) else {
            throw UsageError("--reason is empty", remedy: "Say how you know: whoever reads the audit log will ask.")
        }
        let workspace = try await global.workspace()
        let progress = Progress(terminal)
        let (run, node, verdict, reason, key) = (run, node, verdict, reason, key)
        do {
            let state = try await workspace.withBelay(connection, isWayBack: true) {
                try await $0.resolve(
                    run: run, node: node, as: verdict.value, reason: reason, key: key, watch: progress.watch)
            }
            terminal.hiding(state.plan).write(
                OutcomeView(state: state, inventory: workspace.inventory).text(terminal.style))
            return state.end == .abandoned || state.isSettled ? .done : .needsPerson
        } catch {
            return try progress.interrupted(by: error, inventory: workspace.inventory)
        }
    }

    /// A verdict as an argument.
    enum Verdict: String, ExpressibleByArgument, CaseIterable, Sendable {
        case before, after, abandoned

        var value: Resolution.Verdict {
            switch self {
            case .before: .before
            case .after: .after
            case .abandoned: .abandoned
            }
        }
    }
}

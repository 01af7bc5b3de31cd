import ArgumentParser
import Core
import Engine

/// `belay status`: what is under way, in place for a time, or waits for somebody.
struct StatusVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Say what is under way, interrupted, temporarily in place, or waits for a person or a review.",
        discussion: """
            Open incidents stand first, a line each; -o json has the runs alone, and `belay incident list` the incidents. \
            Exits with 7 when somebody has to do something.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOption

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let workspace = try await global.workspace()
        let view = StatusView(
            try await workspace.summaries(),
            incidents: try await workspace.incidents().open.map { IncidentSummary($0) },
            now: SystemClock().now())
        terminal.write(output.format == .json ? try view.json() : view.text(terminal.style))
        return view.exit
    }
}

/// `belay runs`.
struct RunsVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "List runs, or show one with everything that happened.",
        subcommands: [List.self, Show.self])

    /// `belay runs list`.
    struct List: Verb {
        static let configuration = CommandConfiguration(abstract: "List every run of the log.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var output: OutputOption

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let view = RunsView(runs: try await global.workspace().summaries())
            terminal.write(output.format == .json ? try view.json() : view.text())
            return .done
        }
    }

    /// `belay runs show`.
    struct Show: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Show a run: plan, decision, approvals, what happened.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var output: OutputOption

        @Argument(help: "The run's id, or its beginning.")
        var run: String

        @Flag(help: "Show the input of commands, and long scripts and diffs in full.")
        var verbose = false

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let workspace = try await global.workspace()
            let store = try await workspace.store()
            let run = try store.run(run)
            let isHeld = try RunLock.isHeld(run: run.id, in: workspace.logDirectory)
            let view = RunView(
                run: run, inventory: workspace.inventory, isHeld: isHeld, verbose: verbose,
                change: store.temporaryChanges()[run.id])
            terminal.write(output.format == .json ? try view.json() : view.text(terminal.style))
            return .done
        }
    }
}

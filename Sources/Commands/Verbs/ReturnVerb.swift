import ArgumentParser
import Core
import Engine

/// `belay return`: gives back what temporary runs left in place.
struct ReturnVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "return", abstract: "Give back what temporary runs left in place.",
        discussion: """
            Plans the way back and applies it at once, under the policies and approvals of any plan: one that waits for \
            approvals is saved, and taken up by the next call. What somebody changed since is left as it is, for a person to \
            decide. A timer calls it with --due.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "The run's id, or its beginning; due or not.")
    var run: String?

    @Flag(help: "Every run that is due.")
    var due = false

    @Option(
        help: ArgumentHelp(
            "The folder that plans are saved in, and looked for; this one unless given.", valueName: "folder"))
    var plans: String?

    @Option(help: ArgumentHelp("The private key to sign with; the project's unless given.", valueName: "path"))
    var key: String?

    mutating func validate() throws {
        if (run == nil) != due { throw ValidationError("Name one run, or give --due for every one that is due.") }
    }

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let workspace = try await global.workspace()
        let (given, caller) = (run, self)
        return try await workspace.withBelay(connection) { belay in
            var runs = given.map { [$0] } ?? []
            if given == nil { runs = try await belay.overdue().map(\.run) }
            if runs.isEmpty { terminal.write("Nothing temporary is due.") }
            var exits: [Exit] = []
            for run in runs { exits.append(try await caller.giveBack(run, belay, workspace, terminal)) }
            return Self.exit(of: exits)
        }
    }

    // One that fails keeps none of the others from being given back.
    private func giveBack(
        _ run: String, _ belay: Belay, _ workspace: Workspace, _ terminal: Terminal
    ) async throws -> Exit {
        let progress = Progress(terminal)
        do {
            let returned = try await belay.giveBack(
                run: run, key: key, folder: plans, again: !due, watch: progress.watch)
            let view = ReturnView(run: run, returned: returned, inventory: workspace.inventory)
            var hiding = terminal
            if case .ran(let state) = returned { hiding = terminal.hiding(state.plan) }
            hiding.write(view.text(terminal.style))
            return view.exit
        } catch {
            return try await explain(error, progress, workspace, terminal)
        }
    }

    private func explain(
        _ error: any Error, _ progress: Progress, _ workspace: Workspace, _ terminal: Terminal
    ) async throws -> Exit {
        do {
            return try progress.interrupted(by: error, inventory: workspace.inventory)
        } catch {
            let failure = Failure(await global.locating(error))
            terminal.complain(failure.text(terminal.errorStyle))
            return failure.exit
        }
    }

    /// What all say; where they differ, somebody has to look.
    static func exit(of exits: [Exit]) -> Exit {
        let kinds = Set(exits).subtracting([.done])
        return kinds.count > 1 ? .needsPerson : kinds.first ?? .done
    }
}

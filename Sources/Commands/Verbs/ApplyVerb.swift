import ArgumentParser
import Core
import Engine
import Synchronization

/// `belay apply`: runs a saved plan, once.
struct ApplyVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Run a saved plan.",
        discussion: "Policies judge it again on fresh facts first. When a step or a check fails, the node is undone.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The plan's file; approvals are looked for beside it.")
    var plan: String

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let workspace = try await global.workspace()
        let file = plan
        let progress = Progress(terminal)
        do {
            let state = try await workspace.withBelay { try await $0.apply(planFile: file, watch: progress.watch) }
            terminal.write(OutcomeView(state: state, inventory: workspace.inventory).text(terminal.style))
            return Exit(state.end)
        } catch {
            return try progress.interrupted(by: error, inventory: workspace.inventory)
        }
    }
}

/// `belay recover`: brings every run whose executor is gone to an end.
struct RecoverVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Bring interrupted runs to an end, each node to its state before or after.",
        discussion: "Nothing is begun anew: what was fully verified is finished, everything else is undone.")

    @OptionGroup var global: GlobalOptions

    @Option(help: "Only this run, by its id or its beginning.")
    var run: String?

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let workspace = try await global.workspace()
        var id: String?
        if let run { id = try await workspace.store().run(run).id }
        let progress = Progress(terminal)
        let states: [RunState]
        do {
            states = try await workspace.withBelay { [id] in try await $0.recover(only: id, watch: progress.watch) }
        } catch {
            return try progress.interrupted(by: error, inventory: workspace.inventory)
        }
        for state in states {
            terminal.write(OutcomeView(state: state, inventory: workspace.inventory).text(terminal.style))
        }
        if states.isEmpty { terminal.write(try await nothing(workspace, id)) }
        return states.contains { $0.end == nil || $0.end == .needsPerson } ? .needsPerson : .done
    }

    private func nothing(_ workspace: Workspace, _ id: String?) async throws -> String {
        let open = try await workspace.summaries().filter { $0.standing == .running && (id == nil || $0.id == id) }
        return open.isEmpty
            ? "There is nothing to recover: no run was interrupted.\n"
            : open.map { "Run \($0.id.printable) is under way in another process, which was left to it." }.text
    }
}

/// What a run says while it runs, and what is known of it should it be cut off.
private final class Progress: Sendable {
    private let terminal: Terminal
    private let last = Mutex<RunState?>(nil)
    private let clock = SystemClock()

    init(_ terminal: Terminal) { self.terminal = terminal }

    func watch(_ state: RunState, _ next: NextEffect) {
        last.withLock { $0 = state }
        if let line = ProgressView(state.plan).line(next, at: clock.now(), terminal.style) { terminal.write(line) }
    }

    /// Rethrows what happened before anything was done; later it is an interruption, with what is known.
    func interrupted(by error: any Error, inventory: Inventory) throws -> Exit {
        guard let state = last.withLock({ $0 }) else { throw error }
        terminal.complain(Failure(error).text(terminal.errorStyle))
        terminal.write(OutcomeView(state: state, inventory: inventory).text(terminal.style))
        return .needsPerson
    }
}

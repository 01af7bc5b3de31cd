import ArgumentParser
import Core
import Engine

/// `belay recover`: brings every run whose executor is gone to an end.
struct RecoverVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Bring interrupted runs to an end, each node to its state before or after.",
        discussion: """
            Nothing is begun anew: what was fully verified is finished, everything else is undone. With --node or -l it reads what \
            runs left on that node and on the execution host, also runs that this machine's log has never heard of: when the \
            laptop that began them is gone, or not here. Whoever may still drive them is fenced off.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var connection: ConnectionOptions

    @Option(help: "Only this run, by its id or its beginning.")
    var run: String?

    @OptionGroup var selection: NodeSelection

    mutating func validate() throws {
        if run != nil, !selection.isEmpty {
            throw ValidationError("--run and --node or -l do not go together: give one of them.")
        }
    }

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let workspace = try await global.workspace()
        guard selection.isEmpty else {
            return try await recover(try selection.nodes(in: workspace.inventory).map(\.name), in: workspace, terminal)
        }
        var id: String?
        if let run { id = try await workspace.store().run(run).id }
        let progress = Progress(terminal)
        let states: [RunState]
        do {
            states = try await workspace.withBelay(connection, isWayBack: true) { [id] in
                try await $0.recover(only: id, watch: progress.watch)
            }
        } catch {
            return try progress.interrupted(by: error, inventory: workspace.inventory)
        }
        Self.show(states, workspace, terminal)
        if states.isEmpty { terminal.write(try await nothing(workspace, id)) }
        return states.allSatisfy(\.isSettled) ? .done : .needsPerson
    }

    // A node that fails keeps none of the others from being recovered.
    private func recover(_ names: [String], in workspace: Workspace, _ terminal: Terminal) async throws -> Exit {
        return try await workspace.withBelay(connection, isWayBack: true) { belay in
            var exit = Exit.done
            for name in names {
                let progress = Progress(terminal)
                do {
                    let found = try await belay.recover(node: name, watch: progress.watch)
                    Self.show(found.states, workspace, terminal)
                    for (run, standing) in found.due.sorted(by: { $0.key < $1.key }) {
                        terminal.write(
                            "\(name.printable) gives back run \(run.printable) by itself: \(standing.printable)\n")
                    }
                    for note in found.notes { terminal.complain("belay: \(name.printable): \(note.printable)") }
                    if found.states.isEmpty, found.notes.isEmpty, found.due.isEmpty {
                        terminal.write("There is nothing to recover on \(name.printable).\n")
                    }
                    if !found.notes.isEmpty || !found.states.allSatisfy(\.isSettled) { exit = .needsPerson }
                } catch let failure as NodeFailure where names.count > 1 {
                    terminal.complain(Failure(failure).text(terminal.errorStyle))
                    exit = .needsPerson
                } catch {
                    exit = try progress.interrupted(by: error, inventory: workspace.inventory)
                }
            }
            return exit
        }
    }

    private static func show(_ states: [RunState], _ workspace: Workspace, _ terminal: Terminal) {
        for state in states {
            terminal.hiding(state.plan).write(
                OutcomeView(state: state, inventory: workspace.inventory).text(terminal.style))
        }
    }

    private func nothing(_ workspace: Workspace, _ id: String?) async throws -> String {
        let open = try await workspace.summaries().filter { $0.standing == .running && (id == nil || $0.id == id) }
        return open.isEmpty
            ? "There is nothing to recover: no run of this log was interrupted. For runs of another machine: --node NAME.\n"
            : open.map { "Run \($0.id.printable) is under way in another process, which was left to it." }.text
    }
}

extension NodeReturnStanding {
    /// With the time that is left.
    fileprivate var printable: String {
        guard case .armed(let left, nil) = self, left > 0 else { return words.printable }
        return "in \(Span.words(Int64(min(left, Temporary.seconds.upperBound)) * 1000))"
    }
}

extension RunState {
    /// Whether nothing of it waits for anybody.
    var isSettled: Bool {
        switch end {
        case nil, .needsPerson, .abandoned: false
        case .succeeded, .rolledBack, .stale, .denied, .partial: true
        }
    }
}

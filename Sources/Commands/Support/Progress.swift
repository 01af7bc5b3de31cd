import Core
import Engine
import Synchronization

/// What a run says while it runs, and what is known of it should it be cut off.
final class Progress: Sendable {
    private let terminal: Terminal
    private let last = Mutex<RunState?>(nil)
    private let clock = SystemClock()

    init(_ terminal: Terminal) { self.terminal = terminal }

    func watch(_ state: RunState, _ next: NextEffect) {
        last.withLock { $0 = state }
        guard let line = ProgressView(state.plan).line(next, at: clock.now(), terminal.style) else { return }
        terminal.hiding(state.plan).write(line)
    }

    /// Rethrows what happened before anything was done; later it is an interruption, with what is known.
    func interrupted(by error: any Error, inventory: Inventory) throws -> Exit {
        guard let state = last.withLock({ $0 }) else { throw error }
        let terminal = terminal.hiding(state.plan)
        terminal.complain(Failure(error).text(terminal.errorStyle))
        terminal.write(OutcomeView(state: state, inventory: inventory).text(terminal.style))
        return .needsPerson
    }
}

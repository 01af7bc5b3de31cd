package import Core
import Synchronization

/// Runs at their beginning, by the entry that brought them into the log: a plan is long, never changes, and is asked for at
/// every turn.
public final class RunBeginnings: Sendable {
    private struct Key: Hashable {
        let id: String
        let entry: UInt64
        let planSha256: String
    }

    private let known = Mutex<[Key: RunState]>([:])

    /// None known.
    public init() {}

    func beginning(of origin: StoredRun.Origin, in entry: UInt64, _ id: String) -> RunState? {
        let key = Key(id: id, entry: entry, planSha256: origin.planSha256)
        if let state = known.withLock({ $0[key] }) { return state }
        guard let state = origin.beginning(id) else { return nil }
        known.withLock { $0[key] = state }
        return state
    }

    /// Whoever has just made the entry need not read it.
    package func learn(_ state: RunState, from entry: UInt64, planSha256: String) {
        known.withLock { $0[Key(id: state.id, entry: entry, planSha256: planSha256)] = state }
    }
}

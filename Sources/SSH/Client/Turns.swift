import Synchronization

/// Lets a number of tasks do something at once and the others wait in the order they came; a cancelled one leaves the
/// queue.
final class Turns: Sendable {
    private struct State {
        var free: Int
        var queue: [(id: UInt64, waiter: Waiter)] = []
        var nextID: UInt64 = 0
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: max(1, count))) }

    /// Does `body` when it is this task's turn.
    /// - Throws: `CancellationError` when the task was cancelled while it waited, or what `body` throws.
    func take<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        try await acquire()
        defer { release() }
        return try await body()
    }

    /// Waits for a turn, which `release()` gives back.
    /// - Throws: `CancellationError` when the task was cancelled while it waited.
    func acquire() async throws(CancellationError) {
        let (id, waiter) = state.withLock { state -> (UInt64, Waiter?) in
            state.nextID += 1
            if state.free > 0 {
                state.free -= 1
                return (state.nextID, nil)
            }
            let waiter = Waiter()
            state.queue.append((state.nextID, waiter))
            return (state.nextID, waiter)
        }
        guard let waiter else { return }
        guard await waiter.wait() != .cancelled else {
            leave(id)
            throw CancellationError()
        }
    }

    /// A turn that was given in the moment of cancelling goes to the next one.
    private func leave(_ id: UInt64) {
        let hadTurn = state.withLock { state in
            let count = state.queue.count
            state.queue.removeAll { $0.id == id }
            return state.queue.count == count
        }
        if hadTurn { release() }
    }

    /// Gives a turn to the next one.
    func release() {
        let next = state.withLock { state -> Waiter? in
            guard !state.queue.isEmpty else {
                state.free += 1
                return nil
            }
            return state.queue.removeFirst().waiter
        }
        next?.wake(.changed)
    }
}

import Synchronization

/// Why a suspended task goes on.
enum Wake: Sendable {
    /// Something may have changed: try again.
    case changed
    case deadline
    case cancelled
}

/// One suspension. Readiness, a timer and cancellation race to end it; the first wins.
final class Waiter: Sendable {
    private enum State {
        case idle
        case waiting(CheckedContinuation<Wake, Never>)
        case woken(Wake)
    }

    private let state = Mutex(State.idle)

    /// May be called on any thread, before or after `wait()`.
    func wake(_ wake: Wake) {
        let continuation = state.withLock { state -> CheckedContinuation<Wake, Never>? in
            switch state {
            case .woken: return nil
            case .idle:
                state = .woken(wake)
                return nil
            case .waiting(let continuation):
                state = .woken(wake)
                return continuation
            }
        }
        continuation?.resume(returning: wake)
    }

    func wait() async -> Wake {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let early = state.withLock { state -> Wake? in
                    if case .woken(let wake) = state { return wake }
                    state = .waiting(continuation)
                    return nil
                }
                if let early { continuation.resume(returning: early) }
            }
        } onCancel: {
            wake(.cancelled)
        }
    }
}

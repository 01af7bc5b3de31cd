import Synchronization

/// What a caller wants appended, and where it waits.
struct AppendTicket: Sendable {
    /// With contiguous indices.
    let entries: [[UInt8]]
    let continuation: CheckedContinuation<Range<UInt64>, any Error>
}

/// What waits for the next batch. Callers leave their entries here without a detour over the log's thread, which may be
/// in fdatasync and would have to be woken for each of them.
final class AppendQueue: Sendable {
    private struct State {
        var tickets: [AppendTicket] = []
        /// Whether somebody writes, and looks here again before resting.
        var isServed = false
    }

    private let state = Mutex(State())

    /// True when nobody writes: then whoever brings it sees to that.
    func add(_ ticket: AppendTicket) -> Bool {
        state.withLock { state in
            state.tickets.append(ticket)
            defer { state.isServed = true }
            return !state.isServed
        }
    }

    /// All of them; none when the writer may rest.
    func take() -> [AppendTicket] {
        state.withLock { state in
            defer { state.tickets = [] }
            state.isServed = !state.tickets.isEmpty
            return state.tickets
        }
    }
}

/// What those are told whose batch was written.
struct Answers {
    private var waiting: [(CheckedContinuation<Range<UInt64>, any Error>, Result<Range<UInt64>, any Error>)] = []

    /// None.
    init() {}

    /// - Parameters:
    ///   - first: the index of the first entry, nil when none was written.
    ///   - durable: the log's size after it: of a batch that failed later on, what was synced before is durable.
    init(to tickets: [AppendTicket], first: UInt64?, durable: UInt64, written: Result<Void, any Error>) {
        var next = first ?? 0
        waiting = tickets.map { ticket in
            let range = next..<(next + UInt64(ticket.entries.count))
            next = range.upperBound
            let isDurable = first != nil && range.upperBound <= durable
            return (ticket.continuation, isDurable ? .success(range) : written.map { range })
        }
    }

    /// Tells them, once, on a thread that may be busy with it.
    mutating func send() {
        if waiting.isEmpty { return }
        Task.detached { [waiting] in
            for (continuation, answer) in waiting { continuation.resume(with: answer) }
        }
        waiting = []
    }
}

/// What a caller wants appended, and where it waits.
struct AppendTicket: Sendable {
    /// With contiguous indices.
    let entries: [[UInt8]]
    let continuation: CheckedContinuation<Range<UInt64>, any Error>
}

/// What waits to be written, and how many of those who write are at it. Callers leave their entries here and are woken when
/// those are durable.
// @unchecked: all that changes is touched only within `monitor`.
final class AppendQueue: @unchecked Sendable {
    /// While one batch is synced, so many are worth a sync of their own; fewer wait for it and are the next one's.
    private static let worthwhile = 16
    private let monitor = Monitor()
    private var tickets: [AppendTicket] = []
    private var writing = 0
    private var isStopped = false
    private var hasFailed = false

    /// False when the log is closed.
    func add(_ ticket: AppendTicket) -> Bool {
        let isOpen = monitor.withLock {
            if !isStopped { tickets.append(ticket) }
            if isReady { monitor.signal() }
            return !isStopped
        }
        return isOpen
    }

    /// All that wait, as soon as it is time; nil when the log is closed and nobody waits any more.
    func next() -> [AppendTicket]? {
        monitor.withLock {
            while !isReady, !(isStopped && tickets.isEmpty) { monitor.wait() }
            defer { tickets = [] }
            if !tickets.isEmpty { writing += 1 }
            return tickets.isEmpty ? nil : tickets
        }
    }

    /// What `next` gave is done with. After a failure nobody waits for a disk that may hang: all are refused at once.
    func done(failed: Bool) {
        monitor.withLock {
            writing -= 1
            if failed { hasFailed = true }
        }
    }

    /// Nothing more is taken.
    func stop() {
        monitor.withLock {
            isStopped = true
            monitor.broadcast()
        }
    }

    private var isReady: Bool {
        !tickets.isEmpty && (writing == 0 || tickets.count >= Self.worthwhile || isStopped || hasFailed)
    }
}

/// What those are told who wait for a batch.
struct Answers {
    /// Whether what they are told is that it failed.
    let areFailures: Bool
    private let waiting: [(CheckedContinuation<Range<UInt64>, any Error>, Result<Range<UInt64>, any Error>)]

    /// Their entries are durable, from index `first` on.
    init(to tickets: [AppendTicket], from first: UInt64) {
        var next = first
        areFailures = false
        waiting = tickets.map { ticket in
            defer { next += UInt64(ticket.entries.count) }
            return (ticket.continuation, .success(next..<(next + UInt64(ticket.entries.count))))
        }
    }

    /// It is unknown what became of their entries.
    init(to tickets: [AppendTicket], failing error: any Error) {
        areFailures = true
        waiting = tickets.map { ($0.continuation, .failure(error)) }
    }

    /// Tells them.
    func send() {
        // Waking many takes as long as a part of a sync, so others do it.
        guard waiting.count > 1 else { return tell() }
        Task.detached { tell() }
    }

    private func tell() {
        for (continuation, answer) in waiting { continuation.resume(with: answer) }
    }
}

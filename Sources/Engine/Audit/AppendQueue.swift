/// What a caller wants appended, and where it waits.
struct AppendTicket: Sendable {
    /// With contiguous indices.
    let entries: [[UInt8]]
    let continuation: CheckedContinuation<Range<UInt64>, any Error>
}

/// What waits to be written, and which of the two lanes are at it. Callers leave their entries here and are woken when
/// those are durable.
// @unchecked: all that changes is touched only within `monitor`.
final class AppendQueue: @unchecked Sendable {
    /// The lane that writes whatever comes, and the one that helps while that is at the disk and much waits.
    enum Lane: Int { case first, second }

    /// While one batch is synced, so many are worth a sync of their own; fewer wait for it and are the next one's.
    private static let worthwhile = 16
    private let monitor = Monitor(waiters: 2)
    private var tickets: [AppendTicket] = []
    private var busy: Set<Lane> = []
    private var isStopped = false
    private var hasFailed = false

    /// False when the log is closed.
    func add(_ ticket: AppendTicket) -> Bool {
        monitor.withLock {
            if !isStopped { tickets.append(ticket) }
            signal()
            return !isStopped
        }
    }

    /// All that wait, as soon as it is the lane's turn; nil when the log is closed and nobody waits any more.
    func next(_ lane: Lane) -> [AppendTicket]? {
        monitor.withLock {
            while !isReady(lane), !(isStopped && tickets.isEmpty) { monitor.wait(lane.rawValue) }
            defer { tickets = [] }
            if !tickets.isEmpty { busy.insert(lane) }
            return tickets.isEmpty ? nil : tickets
        }
    }

    /// What `next` gave is done with. After a failure nobody waits for a disk that may hang: all are refused at once.
    func done(_ lane: Lane, failed: Bool) {
        monitor.withLock {
            busy.remove(lane)
            if failed { hasFailed = true }
            signal()
        }
    }

    /// Nothing more is taken.
    func stop() {
        monitor.withLock {
            isStopped = true
            for lane in [Lane.first, .second] { monitor.signal(lane.rawValue) }
        }
    }

    /// Wakes whose turn it is.
    private func signal() {
        for lane in [Lane.first, .second] where !busy.contains(lane) && isReady(lane) {
            return monitor.signal(lane.rawValue)
        }
    }

    private func isReady(_ lane: Lane) -> Bool {
        guard !tickets.isEmpty else { return false }
        let isWorthwhile = tickets.count >= Self.worthwhile || isStopped || hasFailed
        return lane == .first ? busy.isEmpty || isWorthwhile : !busy.isEmpty && isWorthwhile
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

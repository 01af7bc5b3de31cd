/// What a caller wants appended, and where it waits.
struct AppendTicket: Sendable {
    /// With contiguous indices.
    let entries: [[UInt8]]
    // Unchecked: a checked one is an object more for each entry, and who takes a ticket out of the queue answers it, below.
    let continuation: UnsafeContinuation<Range<UInt64>, any Error>
}

/// What waits to be written, and which lanes are at it. Callers leave their entries here and are woken when those are durable.
// @unchecked: all that changes is touched only within `monitor`.
final class AppendQueue: @unchecked Sendable {
    /// Lane 0 writes whatever comes; the others help while one is at the disk and much waits.
    static let lanes = 2

    /// While one batch is synced, so many are worth a sync of their own; fewer wait for it and are the next one's.
    private static let worthwhile = 8
    private let monitor = Monitor(waiters: AppendQueue.lanes)
    private var tickets: [AppendTicket] = []
    /// Lanes that have a batch.
    private var busy = 0
    /// Lanes that wait and have not been called, a bit each.
    private var idle: UInt = 0
    private var isStopped = false
    private var hasFailed = false

    /// False when the log is closed.
    func add(_ ticket: AppendTicket) -> Bool {
        monitor.withLock {
            if !isStopped { tickets.append(ticket) }
            call()
            return !isStopped
        }
    }

    /// All that wait, as soon as it is the lane's turn; nil when the log is closed and nobody waits any more.
    func next(_ lane: Int) -> [AppendTicket]? {
        monitor.withLock {
            while !isReady(lane), !(isStopped && tickets.isEmpty) {
                idle |= 1 << UInt(lane)
                monitor.wait(lane)
                idle &= ~(1 << UInt(lane))
            }
            guard !tickets.isEmpty else { return nil }
            defer { tickets = [] }
            busy += 1
            return tickets
        }
    }

    /// What `next` gave is done with. After a failure nobody waits for a disk that may hang: all are refused at once.
    func done(failed: Bool) {
        monitor.withLock {
            busy -= 1
            if failed { hasFailed = true }
            call()
        }
    }

    /// Nothing more is taken.
    func stop() {
        monitor.withLock {
            isStopped = true
            for lane in 0..<Self.lanes { monitor.signal(lane) }
        }
    }

    /// Wakes one whose turn it is.
    private func call() {
        let lane = idle.trailingZeroBitCount
        guard lane < Self.lanes, isReady(lane) else { return }
        idle &= ~(1 << UInt(lane))
        monitor.signal(lane)
    }

    private func isReady(_ lane: Int) -> Bool {
        guard !tickets.isEmpty else { return false }
        return busy == 0 && lane == 0 || tickets.count >= Self.worthwhile || isStopped || hasFailed
    }
}

extension [AppendTicket] {
    /// Tells those who wait that their entries are durable, from index `first` on.
    func answer(from first: UInt64) {
        var next = first
        for ticket in self {
            let first = next
            next += UInt64(ticket.entries.count)
            ticket.continuation.resume(returning: first..<next)
        }
    }

    /// Tells them that it is unknown what became of their entries.
    func answer(_ error: any Error) {
        for ticket in self { ticket.continuation.resume(throwing: error) }
    }
}

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
    private let tickets = Mutex<[AppendTicket]>([])

    /// True for the first after `take`: whoever brings it has the batch written.
    func add(_ ticket: AppendTicket) -> Bool {
        tickets.withLock {
            $0.append(ticket)
            return $0.count == 1
        }
    }

    /// All of them.
    func take() -> [AppendTicket] {
        tickets.withLock { tickets in
            defer { tickets = [] }
            return tickets
        }
    }
}

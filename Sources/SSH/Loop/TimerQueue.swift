typealias Instant = ContinuousClock.Instant

/// Deadlines of one loop: a binary heap whose cancelled entries are dropped when they surface.
struct TimerQueue {
    typealias ID = UInt64

    private struct Entry {
        let at: Instant
        let id: ID
    }

    private var heap: [Entry] = []
    private var waiters: [ID: Waiter] = [:]
    private var nextID: ID = 0

    /// Wakes `waiter` at `instant` unless cancelled before.
    mutating func schedule(_ waiter: Waiter, at instant: Instant) -> ID {
        nextID += 1
        waiters[nextID] = waiter
        heap.append(Entry(at: instant, id: nextID))
        siftUp(heap.count - 1)
        return nextID
    }

    mutating func cancel(_ id: ID) {
        waiters[id] = nil
        // Every pause of a chatty command leaves a dead entry behind: rebuild before they outnumber the living.
        guard heap.count > 64, heap.count > 4 * waiters.count else { return }
        heap = heap.filter { waiters[$0.id] != nil }.sorted { $0.at < $1.at }
    }

    /// The earliest deadline, or nil when none is set.
    mutating func next() -> Instant? {
        while let first = heap.first, waiters[first.id] == nil { removeFirst() }
        return heap.first?.at
    }

    /// Wakes whoever is due.
    mutating func fire(now: Instant) {
        while let at = next(), at <= now, let first = heap.first {
            removeFirst()
            waiters.removeValue(forKey: first.id)?.wake(.deadline)
        }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child].at < heap[least].at {
                least = child
            }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0, heap[index].at < heap[(index - 1) / 2].at {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }
}

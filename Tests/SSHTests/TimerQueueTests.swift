import Testing

@testable import SSH

@Suite("Timers of a loop")
struct TimerQueueTests {
    @Test("timers fire when due, in any order of setting, and never when cancelled")
    func order() async {
        var queue = TimerQueue()
        let start = Instant.now
        let offsets = (0..<500).map { ($0 * 7919) % 500 }
        let waiters = offsets.map { _ in Waiter() }
        let ids = zip(offsets, waiters).map { queue.schedule($1, at: start + .seconds($0)) }
        for (offset, id) in zip(offsets, ids) where offset % 5 != 0 { queue.cancel(id) }
        queue.fire(now: start + .seconds(250))
        for (offset, waiter) in zip(offsets, waiters) {
            waiter.wake(.changed)
            let isDue = offset % 5 == 0 && offset <= 250
            #expect(await waiter.wait() == (isDue ? .deadline : .changed), "offset \(offset)")
        }
        #expect(queue.next() == start + .seconds(255))
    }
}

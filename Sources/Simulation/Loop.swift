import Core

/// One thread and a time that passes only when nothing else is left to do: tasks run on it in the order they became ready, so
/// that the same world goes the same way every time.
// @unchecked: one thread alone touches it, the one that drives it.
final class Loop: TaskExecutor, @unchecked Sendable {
    private struct Timer {
        let at: Double
        let number: Int
        let action: () -> Void
    }

    /// Seconds since the world began.
    private(set) var now = 0.0
    private var jobs: [UnownedJob] = []
    private var next = 0
    // A heap, the earliest first.
    private var timers: [Timer] = []
    private var count = 0

    func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

    /// Does something at a time.
    func at(_ time: Double, _ action: @escaping () -> Void) {
        count += 1
        timers.append(Timer(at: max(time, now), number: count, action: action))
        rise()
    }

    func sleep(_ seconds: Double) async {
        await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
            at(now + max(0, seconds)) { done.resume() }
        }
    }

    /// Begins a task of the world.
    func begin(_ body: @escaping @Sendable () async -> Void) {
        // Not in a group: the world is what outlives it, and is let pass until nothing happens any more.
        Task(executorPreference: self) { await body() }
    }

    /// Lets time pass, and what happens in it.
    func pass(_ seconds: Double) {
        let end = now + seconds
        while next < jobs.count || timers.first.map({ $0.at <= end }) == true { guard step() else { break } }
        now = end
    }

    /// Does the next thing; false when there is none.
    func step() -> Bool {
        if next < jobs.count {
            let job = jobs[next]
            next += 1
            if next == jobs.count { (jobs, next) = ([], 0) }
            job.runSynchronously(on: asUnownedTaskExecutor())
            return true
        }
        guard let timer = takeFirst() else { return false }
        now = timer.at
        timer.action()
        return true
    }

    private static func isBefore(_ a: Timer, _ b: Timer) -> Bool { (a.at, a.number) < (b.at, b.number) }

    private func rise() {
        var child = timers.count - 1
        while child > 0, case let parent = (child - 1) / 2, Self.isBefore(timers[child], timers[parent]) {
            timers.swapAt(child, parent)
            child = parent
        }
    }

    private func takeFirst() -> Timer? {
        guard let first = timers.first else { return nil }
        let last = timers.removeLast()
        guard !timers.isEmpty else { return first }
        timers[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < timers.count && Self.isBefore(timers[child], timers[least]) { least = child }
            guard least != parent else { return first }
            timers.swapAt(parent, least)
            parent = least
        }
    }
}

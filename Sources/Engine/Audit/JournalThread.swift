/// A thread of its own for actors that block in fdatasync: the cooperative pool has one thread per core, and a slow
/// disk must not stop the rest of the program. The thread ends when the last holder lets go.
package final class JournalThread: Sendable {
    private let loop: JobLoop

    package init() throws {
        loop = JobLoop()
        // The thread holds the loop until it has ended, so a job may release the last actor that uses it.
        try startThread(loop)
    }

    deinit { loop.stop() }

    package var executor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
}

/// Runs jobs in the order they come.
// @unchecked: `jobs` and `isStopped` are touched only within `monitor`.
private final class JobLoop: SerialExecutor, ThreadBody, @unchecked Sendable {
    private let monitor = Monitor()
    private var jobs: [UnownedJob] = []
    private var isStopped = false

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        monitor.withLock {
            jobs.append(job)
            monitor.signal()
        }
    }

    func stop() {
        monitor.withLock {
            isStopped = true
            monitor.signal()
        }
    }

    func run() {
        while let job = next() { job.runSynchronously(on: asUnownedSerialExecutor()) }
    }

    private func next() -> UnownedJob? {
        monitor.withLock {
            while jobs.isEmpty, !isStopped { monitor.wait() }
            return jobs.isEmpty ? nil : jobs.removeFirst()
        }
    }
}

import Glibc

/// A thread of its own for actors that block in fdatasync: the cooperative pool has one thread per core, and a slow
/// disk must not stop the rest of the program. The thread ends when the last holder lets go.
final class JournalThread: Sendable {
    private let loop: JobLoop

    init() throws {
        loop = JobLoop()
        try loop.start()
    }

    deinit { loop.stop() }

    var executor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
}

/// Runs jobs in the order they come.
// @unchecked: `jobs` and `isStopped` are touched only between lock and unlock of `mutex`.
private final class JobLoop: SerialExecutor, @unchecked Sendable {
    // Allocated, because POSIX wants them at one address for life.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [UnownedJob] = []
    private var isStopped = false

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// The thread holds the loop until it has ended, so a job may release the last actor that uses it.
    func start() throws {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let status = pthread_create(&thread, nil, journalThreadMain, context.toOpaque())
        guard status == 0 else {
            context.release()
            throw AuditError("pthread_create", "the audit log's thread", errno: status)
        }
        pthread_detach(thread)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pthread_mutex_lock(mutex)
        jobs.append(job)
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    func stop() {
        pthread_mutex_lock(mutex)
        isStopped = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    func run() {
        while let batch = next() {
            for job in batch { job.runSynchronously(on: asUnownedSerialExecutor()) }
        }
    }

    private func next() -> [UnownedJob]? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while jobs.isEmpty, !isStopped { pthread_cond_wait(condition, mutex) }
        defer { jobs = [] }
        return jobs.isEmpty ? nil : jobs
    }
}

// Top-level: a closure literal would inherit the isolation of where it is written.
private nonisolated func journalThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<JobLoop>.fromOpaque(context).takeRetainedValue().run()
    return nil
}

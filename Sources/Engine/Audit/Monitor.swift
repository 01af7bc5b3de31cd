import Glibc

/// A mutex and its condition, for threads that may block; a task never waits here.
// @unchecked: both are pthread's own, made to be used from any thread.
final class Monitor: @unchecked Sendable {
    // Allocated, because POSIX wants them at one address for life.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let conditions: UnsafeMutablePointer<pthread_cond_t>
    private let waiters: Int

    /// - Parameter waiters: how many kinds of waiters there are, each of which is signalled by itself.
    init(waiters: Int = 1) {
        self.waiters = waiters
        conditions = .allocate(capacity: waiters)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // So that a changed wall clock neither hurries nor delays who waits.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_mutex_init(mutex, nil)
        for waiter in 0..<waiters { pthread_cond_init(conditions + waiter, &attributes) }
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        for waiter in 0..<waiters { pthread_cond_destroy(conditions + waiter) }
        pthread_mutex_destroy(mutex)
        conditions.deallocate()
        mutex.deallocate()
    }

    func withLock<Result>(_ body: () throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }

    /// Within `withLock`: until somebody signals, or `nanoseconds` of CLOCK_MONOTONIC.
    func wait(_ waiter: Int = 0, until nanoseconds: UInt64? = nil) {
        guard let nanoseconds else {
            pthread_cond_wait(conditions + waiter, mutex)
            return
        }
        var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        pthread_cond_timedwait(conditions + waiter, mutex, &time)
    }

    func signal(_ waiter: Int = 0) { pthread_cond_signal(conditions + waiter) }

    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Starts a detached thread that holds `context` until it has ended.
func startThread(_ context: some ThreadBody) throws {
    var thread = pthread_t()
    let held = Unmanaged.passRetained(Box(body: context))
    let status = pthread_create(&thread, nil, threadMain, held.toOpaque())
    guard status == 0 else {
        held.release()
        throw AuditError("pthread_create", "the audit log's thread", errno: status)
    }
    pthread_detach(thread)
}

/// What a thread does.
protocol ThreadBody: AnyObject, Sendable {
    func run()
}

private final class Box: Sendable {
    let body: any ThreadBody

    init(body: any ThreadBody) {
        self.body = body
    }
}

// Top-level: a closure literal would inherit the isolation of where it is written.
private nonisolated func threadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body.run()
    return nil
}

import Glibc

/// Takes the place of `Synchronization.Mutex` in the SSH target under ThreadSanitizer, which does not see that one's futex and
/// takes every access that it guards for a race; it knows pthread_mutex_lock(3).
struct Mutex<Value>: ~Copyable, @unchecked Sendable {
    // Sendable: the value is only touched with the lock held.

    private final class Storage {
        let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        var value: Value

        init(_ value: Value) {
            self.value = value
            pthread_mutex_init(lock, nil)
        }

        deinit {
            pthread_mutex_destroy(lock)
            lock.deallocate()
        }
    }

    private let storage: Storage

    init(_ value: sending Value) { storage = Storage(value) }

    borrowing func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(storage.lock)
        defer { pthread_mutex_unlock(storage.lock) }
        return try body(&storage.value)
    }
}

import CSSH2
import Glibc
import Synchronization

/// One thread with one epoll instance that runs the jobs of the actors pinned to it, their timers and their sockets.
///
/// The thread starts with the first job and ends when `stop()` was called and nothing is left to do; a job that comes
/// later starts it again, so nothing enqueued is ever lost.
final class EventLoop: SerialExecutor, @unchecked Sendable {
    // Sendable: `inbox`, `thread` and the two descriptors are safe on any thread; all other state is touched on the
    // loop's own thread only, which `preconditionOnLoop()` checks at each entry.

    private struct Inbox {
        var jobs: [UnownedJob] = []
        var isRunning = false
        var isStopping = false
        var wakePending = false
        var stopped: [CheckedContinuation<Void, Never>] = []
    }

    private struct Watch {
        weak var descriptor: LoopDescriptor?
    }

    private let inbox = Mutex(Inbox())
    private let thread = Atomic<UInt>(0)
    private let epoll: Int32
    private let wakeUp: Int32

    private var timers = TimerQueue()
    private var watches: [Int32: Watch] = [:]
    private var events = [epoll_event](repeating: epoll_event(), count: 128)

    /// Descriptors that their owners have not closed.
    private(set) var openDescriptors = 0

    /// Called in each task that is about to wait on this loop; tests cancel it there. Set before the first job comes.
    var whenWaiting: (@Sendable () -> Void)?

    /// Read buffer shared by all sessions of the loop: one call fills it and the same call empties it.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16384, alignment: 16)

    init() throws(SSHError) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeUp = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(fd: wakeUp))
        guard epoll >= 0, wakeUp >= 0, epoll_ctl(epoll, EPOLL_CTL_ADD, wakeUp, &event) == 0 else {
            let cause = systemMessage(errno)
            throw SSHError(
                .resources, .preparation, host: "this machine", "no event loop: \(cause)",
                remedy: "raise the limit of open files (ulimit -n)")
        }
    }

    deinit {
        close(epoll)
        close(wakeUp)
        buffer.deallocate()
    }

    // MARK: Executor

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        var mustStart = false
        let mustWake = inbox.withLock { inbox -> Bool in
            inbox.jobs.append(job)
            mustStart = !inbox.isRunning
            inbox.isRunning = true
            guard !mustStart, !inbox.wakePending, !isCurrent else { return false }
            inbox.wakePending = true
            return true
        }
        if mustStart { startThread() }
        if mustWake { eventfd_write(wakeUp, 1) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    func checkIsolated() { preconditionOnLoop() }

    private var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    private func preconditionOnLoop() { precondition(isCurrent, "an event loop's state was used off its thread") }

    /// Ends the thread once no job is left; returns when it has ended.
    func stop() async {
        await withCheckedContinuation { continuation in
            let isRunning = inbox.withLock { inbox in
                inbox.isStopping = true
                if inbox.isRunning { inbox.stopped.append(continuation) }
                return inbox.isRunning
            }
            if isRunning { eventfd_write(wakeUp, 1) } else { continuation.resume() }
        }
    }

    // MARK: Timers and sockets, on the loop's thread

    func schedule(_ waiter: Waiter, at instant: Instant) -> TimerQueue.ID {
        preconditionOnLoop()
        whenWaiting?()
        return timers.schedule(waiter, at: instant)
    }

    func cancel(_ timer: TimerQueue.ID) {
        preconditionOnLoop()
        timers.cancel(timer)
    }

    /// Reports the next readiness of a descriptor, once.
    func arm(_ descriptor: LoopDescriptor, for interest: UInt32) {
        preconditionOnLoop()
        var event = epoll_event(
            events: interest | EPOLLONESHOT.rawValue, data: epoll_data_t(fd: descriptor.fd))
        watches[descriptor.fd] = Watch(descriptor: descriptor)
        // A number closed and used again is unknown to epoll although it is in our table.
        if epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor.fd, &event) == 0 { return }
        if epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor.fd, &event) == 0 { return }
        // Not watchable: let the owner try and see the real error at its next call.
        descriptor.wakeAll()
    }

    func adopt() {
        preconditionOnLoop()
        openDescriptors += 1
    }

    func forget(_ fd: Int32) {
        preconditionOnLoop()
        openDescriptors -= 1
        watches[fd] = nil
        epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nil)
    }

    // MARK: The thread

    private func startThread() {
        var id = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let result = startDetachedThread(&id, loopThread, context)
        // Without its thread the actors on this loop would hang silently.
        precondition(result == 0, "cannot start an event loop's thread: \(systemMessage(result))")
    }

    fileprivate func runUntilStopped() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        while true {
            let moreJobs = runJobs()
            // Before sleeping: what held up the end may just have gone, and nothing else would wake the thread.
            if let finished = finishIfStopping() {
                for continuation in finished { continuation.resume() }
                return
            }
            poll(milliseconds: moreJobs ? 0 : millisecondsToNextTimer())
            timers.fire(now: .now)
        }
    }

    /// Runs what is queued now; jobs that these enqueue wait until sockets had their turn.
    private func runJobs() -> Bool {
        let jobs = inbox.withLock { inbox in
            inbox.wakePending = false
            return exchangeJobs(&inbox.jobs)
        }
        for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
        return inbox.withLock { !$0.jobs.isEmpty }
    }

    private func exchangeJobs(_ jobs: inout [UnownedJob]) -> [UnownedJob] {
        defer { jobs = [] }
        return jobs
    }

    private func millisecondsToNextTimer() -> Int32 {
        guard let next = timers.next() else { return -1 }
        let (seconds, attoseconds) = (next - .now).components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        // Rounded up: waking a moment early would only spin.
        return Int32(clamping: min(seconds, 86400) * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }

    private func poll(milliseconds: Int32) {
        let count = Int(epoll_wait(epoll, &events, Int32(events.count), milliseconds))
        guard count > 0 else { return }
        for event in events[..<count] {
            if event.data.fd == wakeUp {
                var ignored = eventfd_t()
                eventfd_read(wakeUp, &ignored)
            } else {
                watches[event.data.fd]?.descriptor?.wakeAll()
            }
        }
    }

    private func finishIfStopping() -> [CheckedContinuation<Void, Never>]? {
        inbox.withLock { inbox in
            guard inbox.isStopping, inbox.jobs.isEmpty, timers.next() == nil else { return nil }
            inbox.isRunning = false
            thread.store(0, ordering: .relaxed)
            defer { inbox.stopped = [] }
            return inbox.stopped
        }
    }
}

/// A thread's entry must be a top-level nonisolated function: a closure literal inherits its surroundings' isolation,
/// and the runtime stops the process when the new thread does not have it.
private nonisolated func loopThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue().runUntilStopped()
    return nil
}

/// pthread_create(3) for a thread that nobody joins.
func startDetachedThread(
    _ id: inout pthread_t, _ entry: @escaping @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?,
    _ context: UnsafeMutableRawPointer
) -> Int32 {
    let result = pthread_create(&id, nil, entry, context)
    if result == 0 { pthread_detach(id) }
    return result
}

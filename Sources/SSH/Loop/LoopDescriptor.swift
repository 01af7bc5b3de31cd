import CSSH2
import Glibc

/// A non-blocking file descriptor on a loop and the tasks that wait for it. It belongs to the actor pinned to the loop.
final class LoopDescriptor {
    let loop: EventLoop
    private(set) var fd: Int32
    private var waiters: [Waiter] = []
    private var interest: UInt32 = 0

    init(_ fd: Int32, on loop: EventLoop) {
        self.fd = fd
        self.loop = loop
        loop.adopt()
    }

    /// The owner calls `close()`; this only keeps a forgotten descriptor from leaking.
    deinit {
        if fd >= 0 { Glibc.close(fd) }
    }

    /// Suspends until the descriptor may be readable (or writable too), someone calls `wakeAll()`, the deadline comes
    /// or the task is cancelled.
    func wait(writable: Bool = false, until deadline: Instant) async -> Wake {
        let waiter = Waiter()
        waiters.append(waiter)
        interest |= EPOLLIN.rawValue | (writable ? EPOLLOUT.rawValue : 0)
        if fd >= 0 { loop.arm(self, for: interest) }
        let timer = loop.schedule(waiter, at: deadline)
        let wake = await waiter.wait()
        loop.cancel(timer)
        waiters.removeAll { $0 === waiter }
        return wake
    }

    /// Lets every waiting task try again.
    func wakeAll() {
        interest = 0
        let woken = waiters
        waiters = []
        for waiter in woken { waiter.wake(.changed) }
    }

    func close() {
        guard fd >= 0 else { return }
        loop.forget(fd)
        Glibc.close(fd)
        fd = -1
        wakeAll()
    }
}

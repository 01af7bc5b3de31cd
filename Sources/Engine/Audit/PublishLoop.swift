import TransparencyLog

/// When what is durable is published: tiles written, a checkpoint signed.
public struct PublishPace: Sendable {
    /// As soon as so many entries wait; under a load that lasts it rests between, see ``PublishLoop``.
    public var entries: UInt64
    /// And no later than this after the first of them; nil: only when asked to.
    public var delay: Duration?

    /// Every 256 entries and every second.
    public static let standard = PublishPace(entries: 256, delay: .seconds(1))
    /// Only when a checkpoint is asked for.
    public static let onDemand = PublishPace(entries: .max, delay: nil)
}

/// Publishes on a thread of its own, since a tile costs several syncs and appending must not wait for them. What comes
/// while it publishes is taken together the next time, and before it publishes again for their number alone
/// it rests seven times as long: appending shares the disk and the cores with it. The first failure is the last attempt.
// @unchecked: all that changes is touched only within `monitor`, except `publisher`, which is the thread's alone.
final class PublishLoop: ThreadBody, @unchecked Sendable {
    private struct Waiter {
        let size: UInt64
        /// A change of keys that it waits for.
        let succession: Succession?
        let continuation: CheckedContinuation<SignedCheckpoint, any Error>

        func isAnswered(by signed: SignedCheckpoint, _ done: Succession?) -> Bool {
            size <= signed.checkpoint.size && (succession == nil || succession == done)
        }
    }

    private enum Work {
        case publish(UInt64, Succession?)
        case spareSegment
    }

    /// How many times as long as it took it rests.
    private static let rest: UInt64 = 7
    private let publisher: Publisher
    private let pace: PublishPace
    private let monitor = Monitor()
    private var durable: UInt64
    private var published: UInt64
    private var waitingSince = Monitor.now
    private var began = Monitor.now
    private var restsUntil: UInt64 = 0
    private var needsSpare = false
    private var waiters: [Waiter] = []
    private var isStopped = false
    private var reason: AuditError?
    private var key: VerifierKey

    init(_ publisher: Publisher, durable: UInt64, pace: PublishPace) throws {
        self.publisher = publisher
        self.pace = pace
        self.durable = durable
        published = publisher.size
        key = publisher.verifierKey
        try startThread(self)
    }

    /// Why nothing is published any more.
    var failure: AuditError? { monitor.withLock { reason } }

    /// The key that verifies what is published.
    var verifierKey: VerifierKey { monitor.withLock { key } }

    /// So many entries are durable now, and perhaps the writer took the spare segment.
    func advance(to size: UInt64, needsSpare taken: Bool) {
        monitor.withLock {
            if taken {
                needsSpare = true
                monitor.signal()
            }
            guard size > durable else { return }
            let isFirst = durable <= published
            if isFirst { waitingSince = Monitor.now }
            durable = size
            // For the first the thread begins to count the time; between it and the last it need not wake.
            if isFirst || isDue { monitor.signal() }
        }
    }

    /// A signed checkpoint of `size` entries, which are durable, or more; by both keys when one of the entries says a succession.
    func publish(upTo size: UInt64, _ succession: Succession? = nil) async throws -> SignedCheckpoint {
        try await withCheckedThrowingContinuation { continuation in
            let refusal: (any Error)? = monitor.withLock {
                if let reason { return reason }
                if isStopped { return AuditError(.closed, "the log is closed") }
                durable = max(durable, size)
                waiters.append(Waiter(size: size, succession: succession, continuation: continuation))
                monitor.signal()
                return nil
            }
            if let refusal { continuation.resume(throwing: refusal) }
        }
    }

    /// Ends the thread once it has answered those who wait.
    func stop() {
        monitor.withLock {
            isStopped = true
            monitor.signal()
        }
    }

    /// Nothing more is signed: what the disk says is not trusted any more.
    func stopSigning(_ error: AuditError) { fail(error) }

    func run() {
        while let work = next() {
            do {
                switch work {
                case .spareSegment: try publisher.prepareSpare()
                case .publish(let size, let succession):
                    finish(try publisher.publish(upTo: size, succession), succession, publisher.verifierKey)
                }
            } catch {
                fail(publisher.explain(error))
            }
        }
    }

    private var isDue: Bool {
        if !waiters.isEmpty { return true }
        guard durable > published else { return false }
        let now = Monitor.now
        return hasMany && now >= restsUntil || deadline.map { now >= $0 } == true
    }

    private var hasMany: Bool { durable - published >= pace.entries }

    /// When to look again, if nobody signals.
    private var nextLook: UInt64? {
        guard durable > published, hasMany else { return deadline }
        return min(restsUntil, deadline ?? .max)
    }

    private var deadline: UInt64? {
        guard durable > published, let delay = pace.delay else { return nil }
        let (seconds, attoseconds) = delay.components
        return waitingSince + UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds) / 1_000_000_000
    }

    private func next() -> Work? {
        monitor.withLock {
            while !isDue, !needsSpare, !isStopped, reason == nil { monitor.wait(until: nextLook) }
            guard reason == nil, !(isStopped && waiters.isEmpty) else { return nil }
            // The writer will have to wait for it, so it comes first.
            if needsSpare {
                needsSpare = false
                return .spareSegment
            }
            guard isDue else { return nil }
            began = Monitor.now
            return .publish(durable, waiters.lazy.compactMap(\.succession).first)
        }
    }

    private func finish(_ signed: SignedCheckpoint, _ succession: Succession?, _ key: VerifierKey) {
        let answered = monitor.withLock {
            published = max(published, signed.checkpoint.size)
            self.key = key
            let now = Monitor.now
            waitingSince = now
            restsUntil = now + Self.rest * (now - began)
            defer { waiters.removeAll { $0.isAnswered(by: signed, succession) } }
            return waiters.filter { $0.isAnswered(by: signed, succession) }
        }
        for waiter in answered { waiter.continuation.resume(returning: signed) }
    }

    private func fail(_ error: AuditError) {
        let answered = monitor.withLock {
            reason = reason ?? error
            monitor.signal()
            defer { waiters = [] }
            return waiters
        }
        for waiter in answered { waiter.continuation.resume(throwing: error) }
    }
}

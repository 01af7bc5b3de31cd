import Core

/// The process has ended: whatever it was about to do is not done any more.
struct Ended: Error {}

/// One process of an operator, on a host with a log. It may be ended between any two things it does.
// @unchecked: the loop's one thread alone touches it.
final class Executor: @unchecked Sendable {
    let number: Int
    let log: SimLog
    private(set) var isEnded = false
    /// Until then its host sleeps.
    var sleepsUntil = 0.0
    /// The run it works on, by its name in the log.
    var run: String?
    /// Its log took no more entries after an error.
    var isPoisoned = false

    init(_ number: Int, _ log: SimLog) {
        self.number = number
        self.log = log
    }

    var holder: String { "op\(number)@host\(log.number):\(number)" }

    func end() { isEnded = true }
}

/// The world's time, as an executor sees it.
// @unchecked: the loop's one thread alone touches it.
struct SimClock: Clock, @unchecked Sendable {
    let world: World
    let executor: Executor

    static let epoch = 1_700_000_000_000

    func now() -> Timestamp { world.timestamp }
    func uptime() -> Double { world.loop.now }

    func sleep(seconds: Double) async throws {
        await world.loop.sleep(seconds)
        await world.wake(executor)
        if executor.isEnded { throw Ended() }
        if Task.isCancelled { throw CancellationError() }
    }
}

/// Numbers in place of what nobody can guess.
// @unchecked: the loop's one thread alone touches it.
struct SimNonces: Nonces, @unchecked Sendable {
    let world: World

    func next() -> String {
        world.nonces += 1
        let digits = String(world.nonces, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}

import Synchronization
import Testing

@testable import SSH

@Suite("Turns and limits")
struct TurnsTests {
    /// Counts how many are inside at once.
    private final class Room: Sendable {
        private let state = Mutex((now: 0, most: 0, all: 0))
        var most: Int { state.withLock { $0.most } }
        var all: Int { state.withLock { $0.all } }

        func visit() async {
            state.withLock { state in
                state.now += 1
                state.all += 1
                state.most = max(state.most, state.now)
            }
            for _ in 0..<5 { await Task.yield() }
            state.withLock { $0.now -= 1 }
        }
    }

    @Test("never more at once than there are turns, and everybody gets one")
    func limit() async throws {
        let (turns, room) = (Turns(3), Room())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 { group.addTask { try await turns.take { await room.visit() } } }
            try await group.waitForAll()
        }
        #expect(room.most == 3)
        #expect(room.all == 200)
    }

    @Test("who is cancelled while waiting leaves the queue, and the turn goes to the next one")
    func cancelled() async throws {
        let turns = Turns(1)
        try await turns.acquire()
        let waiting = Task { try await turns.acquire() }
        let next = Task { try await turns.acquire() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        turns.release()
        try await next.value
        turns.release()
        try await turns.acquire()
    }

    @Test("logins at one address and through one jump host are limited, each by its own number")
    func places() async throws {
        var limits = Limits()
        (limits.logins, limits.loginsPerAddress, limits.loginsPerJump) = (8, 2, 3)
        let queue = LoginQueue(limits)
        let jump = Route(name: "jump", endpoint: Endpoint(host: "jump", user: "u"))
        func route(_ host: String, _ jumps: [Route] = []) -> Route {
            var route = Route(name: host, endpoint: Endpoint(host: host, user: "u"))
            route.jumps = jumps
            return route
        }
        let (same, behind, all) = (Room(), Room(), Room())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<60 {
                group.addTask { try await queue.take(route("same")) { await same.visit() } }
                group.addTask { try await queue.take(route("behind\(index)", [jump])) { await behind.visit() } }
                group.addTask { try await queue.take(route("other\(index)")) { await all.visit() } }
            }
            try await group.waitForAll()
        }
        #expect(same.most <= 2)
        #expect(behind.most <= 3)
        #expect(all.most <= 8)
        #expect(same.all + behind.all + all.all == 180)
    }

    @Test("pauses before another try grow and differ")
    func pauses() {
        let limits = Limits()
        var generator = SystemRandomNumberGenerator()
        for next in 2...5 {
            let bound = limits.firstPause * (1 << (next - 2))
            let pauses = (0..<50).map { _ in limits.pause(before: next, using: &generator) }
            #expect(pauses.allSatisfy { $0 >= bound / 4 && $0 <= bound })
            #expect(Set(pauses).count > 1)
        }
    }
}

@Suite("Trying again")
struct RetriesTests {
    private func failure(_ code: SSHError.Code, _ phase: SSHError.Phase) -> SSHError {
        SSHError(code, phase, host: "h", "m", remedy: "r")
    }

    @Test("a node that turns us away is tried again; one that says no, or a login that was lost, is not")
    func what() async throws {
        var limits = Limits()
        limits.firstPause = .milliseconds(1)
        let cases: [(SSHError.Code, SSHError.Phase, Int)] = [
            (.bannerRefused, .banner, 4), (.connectionLost, .banner, 4), (.connectionLost, .keyExchange, 4),
            (.connectionLost, .authentication, 1), (.authenticationFailed, .authentication, 1),
            (.hostKeyMismatch, .hostKey, 1), (.unreachable, .connection, 1), (.timedOut, .banner, 1),
        ]
        for (code, phase, expected) in cases {
            var tries = 0
            await #expect(throws: failure(code, phase)) {
                try await Retries(limits).run(for: Endpoint(host: "h", user: "u")) { () throws(SSHError) in
                    tries += 1
                    throw failure(code, phase)
                }
            }
            #expect(tries == expected, "\(code) \(phase)")
        }
    }
}

@Suite("A password that many nodes share")
struct SharedPasswordTests {
    private func password(_ answers: [String]) -> (SharedPassword, Asked) {
        let asked = Asked(answers)
        return (SharedPassword { (_) throws(SSHError) in asked.next() }, asked)
    }

    private final class Asked: Sendable {
        private let state: Mutex<(answers: [String], count: Int)>
        init(_ answers: [String]) { state = Mutex((answers, 0)) }
        var count: Int { state.withLock { $0.count } }
        func next() -> String {
            state.withLock { state in
                state.count += 1
                return state.answers[min(state.count, state.answers.count) - 1]
            }
        }
    }

    @Test("it is asked for once, and no second node is tried before it was right on the first")
    func once() async throws {
        let (password, asked) = password(["right"])
        let first = try #require(try await password.begin(for: "a"))
        #expect(first.isAlone)
        let second = Task { try await password.begin(for: "b") }
        await password.finish(first, accepted: true)
        let next = try #require(try await second.value)
        #expect(next.password == "right")
        await password.finish(next, accepted: true)
        let third = try #require(try await password.begin(for: "c"))
        #expect(!third.isAlone)
        #expect(asked.count == 1)
    }

    @Test("a wrong one is asked for again, three times in all, and then no more")
    func wrong() async throws {
        let (password, asked) = password(["one", "two", "three", "four"])
        for _ in 0..<3 {
            let turn = try #require(try await password.begin(for: "a"))
            await password.finish(turn, accepted: false)
        }
        for host in ["a", "b"] {
            let turn = try await password.begin(for: host)
            #expect(turn == nil)
        }
        #expect(asked.count == 3)
    }

    @Test("a node that was lost meanwhile says nothing about it: the next one is tried with the same")
    func unknown() async throws {
        let (password, asked) = password(["right"])
        let lost = try #require(try await password.begin(for: "a"))
        await password.finish(lost, accepted: nil)
        let next = try #require(try await password.begin(for: "b"))
        #expect(next.isAlone && next.password == "right")
        await password.finish(next, accepted: true)
        #expect(asked.count == 1)
    }
}

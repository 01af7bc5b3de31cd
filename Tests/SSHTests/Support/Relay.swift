import Foundation
import Glibc

/// Passes one TCP connection on to a port of 127.0.0.1, and breaks it after a certain byte. Its thread ends with the
/// connection, so there has to be one.
final class Relay: Sendable {
    enum Direction: Int, Sendable, CaseIterable { case fromClient, fromServer }

    struct Break: Sendable {
        enum Kind: Sendable, CaseIterable {
            /// Both ends get a reset.
            case reset
            /// Both ends are kept open, and nothing more is passed on.
            case freeze
        }

        let kind: Kind
        let direction: Direction
        let after: Int
    }

    let port: UInt16
    private let seams = Seams()

    init(to target: UInt16, _ interruption: Break? = nil) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        port = try bindLoopback(listener)
        listen(listener, 1)
        Thread.detachNewThread { [seams] in
            let client = accept(listener, nil, nil)
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            close(listener)
            guard client >= 0, let server = try? connectLoopback(target) else { return }
            let passed = Passage([client, server], interruption).run()
            seams.value = passed
        }
    }

    /// After the connection has ended: how many bytes had passed each time the relay had passed some on.
    func passed() async throws -> [[Int]] {
        guard try await eventually({ !seams.value[0].isEmpty }) else { throw Missing() }
        return seams.value
    }
}

/// Guarded by a lock that ThreadSanitizer knows, unlike Synchronization's.
private final class Seams: @unchecked Sendable {
    private let lock = NSLock()
    private var stored: [[Int]] = [[], []]

    var value: [[Int]] {
        get { lock.withLock { stored } }
        set { lock.withLock { stored = newValue } }
    }
}

/// The two sockets of a relay, on its thread: client and server, in the order of `Relay.Direction`.
private final class Passage {
    private let sockets: [Int32]
    private let interruption: Relay.Break?
    private var counts = [0, 0]
    private var seams: [[Int]] = [[], []]

    init(_ sockets: [Int32], _ interruption: Relay.Break?) {
        self.sockets = sockets
        self.interruption = interruption
    }

    func run() -> [[Int]] {
        for fd in sockets { disableDelay(fd) }
        while !isBroken, passOne() {}
        if isBroken, interruption?.kind == .freeze { waitForTheEnd() }
        if isBroken, interruption?.kind == .reset { resetOnClose() }
        for fd in sockets { close(fd) }
        return seams
    }

    private var isBroken: Bool { interruption.map { counts[$0.direction.rawValue] >= $0.after } ?? false }

    /// False when one end has closed.
    private func passOne() -> Bool {
        var polls = sockets.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        poll(&polls, 2, -1)
        for direction in [0, 1] where polls[direction].revents != 0 && !isBroken {
            guard pass(direction) else { return false }
        }
        return true
    }

    private func pass(_ direction: Int) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 32768)
        var room = buffer.count
        if let interruption, interruption.direction.rawValue == direction {
            room = min(room, interruption.after - counts[direction])
        }
        let count = recv(sockets[direction], &buffer, room, 0)
        guard count > 0, send(sockets[1 - direction], buffer, count, Int32(MSG_NOSIGNAL)) == count else { return false }
        counts[direction] += count
        seams[direction].append(counts[direction])
        return true
    }

    /// Reads nothing, so that a frozen end can fill its socket.
    private func waitForTheEnd() {
        // POLLRDHUP, which <poll.h> keeps from those who do not ask for GNU's extensions.
        var end = pollfd(fd: sockets[0], events: 0x2000, revents: 0)
        poll(&end, 1, -1)
    }

    private func resetOnClose() {
        for fd in sockets {
            var atOnce = linger(l_onoff: 1, l_linger: 0)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &atOnce, socklen_t(MemoryLayout<linger>.size))
        }
    }

    private func disableDelay(_ fd: Int32) {
        var yes: Int32 = 1
        setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }
}

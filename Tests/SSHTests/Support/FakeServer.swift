import Foundation
import Glibc

/// A TCP server that sends fixed bytes to everyone and then keeps silent, or closes. One thread serves all.
final class FakeServer: Sendable {
    enum Manner: Sendable {
        case once
        /// Over and over, a byte ten times a second.
        case drip
        /// Over and over, as fast as they are taken.
        case flood
    }

    let port: UInt16
    private let listener: Int32
    private let accepts: Bool

    /// `backlog` 0 with `accepts` false fills up: further connects get no answer, like a black hole.
    init(sends bytes: [UInt8] = [], _ manner: Manner = .once, closes: Bool = false, accepts: Bool = true) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        port = try bindLoopback(listener)
        self.accepts = accepts
        listen(listener, accepts ? 512 : 0)
        guard accepts else { return }
        let listener = listener
        Thread.detachNewThread { FakeClients(listener, bytes, manner, closes).serve() }
    }

    /// The thread closes what it serves.
    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        if !accepts { close(listener) }
    }

    /// Takes all places in the queue of a server that does not accept; close the result.
    func fillQueue() throws -> [Int32] {
        try (0..<4).map { _ in try connectLoopback(port, flags: Int32(SOCK_NONBLOCK.rawValue)) }
    }
}

/// The connections of a `FakeServer`, on its thread.
private final class FakeClients {
    private let listener: Int32
    private let bytes: [UInt8]
    private let manner: FakeServer.Manner
    private let closes: Bool
    private var sent: [Int32: Int] = [:]

    init(_ listener: Int32, _ bytes: [UInt8], _ manner: FakeServer.Manner, _ closes: Bool) {
        self.listener = listener
        self.bytes = bytes
        self.manner = manner
        self.closes = closes
    }

    func serve() {
        defer { for fd in [listener] + sent.keys { close(fd) } }
        while true {
            let writing = manner == .flood ? POLLOUT : 0
            var polls = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
            polls += sent.keys.map { pollfd(fd: $0, events: Int16(POLLIN | writing), revents: 0) }
            poll(&polls, nfds_t(polls.count), manner == .drip ? 100 : -1)
            guard Int32(polls[0].revents) & POLLHUP == 0 else { return }
            for poll in polls.dropFirst() where Int32(poll.revents) & ~POLLOUT != 0 { drain(poll.fd) }
            if manner != .once { for fd in sent.keys { sendMore(fd) } }
            while acceptOne() {}
        }
    }

    private func acceptOne() -> Bool {
        let fd = accept(listener, nil, nil)
        guard fd >= 0 else { return false }
        _ = fcntl(fd, F_SETFL, O_NONBLOCK)
        _ = fcntl(fd, F_SETFD, FD_CLOEXEC)
        sent[fd] = 0
        sendMore(fd)
        if closes { shutdown(fd, Int32(SHUT_WR)) }
        return true
    }

    private func sendMore(_ fd: Int32) {
        let start = sent[fd, default: 0]
        guard !bytes.isEmpty else { return }
        let piece = manner == .drip ? bytes[(start % bytes.count)...].prefix(1) : bytes[(start % bytes.count)...]
        let count = piece.withUnsafeBytes { send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        sent[fd] = start + max(0, count)
    }

    private func drain(_ fd: Int32) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(fd, &buffer, buffer.count, 0)
        guard count == 0 || (count < 0 && errno != EAGAIN) else { return }
        sent[fd] = nil
        close(fd)
    }
}

import Foundation
import Glibc

/// A TCP server that sends fixed bytes to everyone and then keeps silent, or closes.
final class FakeServer: Sendable {
    let port: UInt16
    private let listener: Int32

    /// `backlog` 0 with `accepts` false fills up: further connects get no answer, like a black hole.
    init(sends bytes: [UInt8] = [], closes: Bool = false, accepts: Bool = true) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        port = try bindLoopback(listener)
        listen(listener, accepts ? 16 : 0)
        guard accepts else { return }
        let listener = listener
        Thread.detachNewThread {
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                _ = bytes.withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                // Otherwise left open until the process ends: a silent peer.
                if closes {
                    shutdown(client, Int32(SHUT_WR))
                    var byte: UInt8 = 0
                    while recv(client, &byte, 1, 0) > 0 {}
                    close(client)
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// Takes all places in the queue of a server that does not accept; close the result.
    func fillQueue() -> [Int32] {
        (0..<4).map { _ in
            let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            _ = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            return fd
        }
    }
}

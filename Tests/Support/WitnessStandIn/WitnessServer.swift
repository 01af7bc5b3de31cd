import Foundation
import Glibc
import Synchronization
public import TransparencyLog

/// A witness on a port of this machine, or something else that answers there. A thread for each connection, over real TCP.
public final class WitnessServer: Sendable {
    /// What it does with a request.
    public enum Manner: Sendable {
        /// Answers as a witness.
        case honest
        /// Answers as a witness whose cosignatures have one wrong bit.
        case wrongSignature
        /// Answers everything so.
        case fixed(TestWitness.Response)
        /// Sends these bytes, which may be no HTTP.
        case raw([UInt8])
        /// Sends the head of an answer and then a byte every 50 ms.
        case slow
    }

    private struct State {
        var witness: TestWitness
        var manner: Manner
        var requests: [String] = []
    }

    /// `http://127.0.0.1:PORT/belay`
    public let url: String
    /// The witness's public key.
    public let key: VerifierKey
    private let listener: Int32
    private let state: Mutex<State>

    /// Begins to listen.
    public init(name: String, logs: [VerifierKey], _ manner: Manner = .honest) throws {
        var seed = Array(name.utf8.prefix(32))
        seed += [UInt8](repeating: 1, count: 32 - seed.count)
        let signing = try SigningKey(name: name, type: .witness, seed: seed)
        key = signing.verifier
        state = Mutex(State(witness: TestWitness(key: signing, logs: logs), manner: manner))
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let port = try bindLoopback(listener)
        url = "http://127.0.0.1:\(port)/belay"
        listen(listener, 64)
        Thread.detachNewThread { [weak self, listener] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0, let server = self else { break }
                Thread.detachNewThread { server.serve(client) }
            }
            close(listener)
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    /// From now on.
    public func set(_ manner: Manner) { state.withLock { $0.manner = manner } }

    /// The heads of the requests so far.
    public var requests: [String] { state.withLock { $0.requests } }

    private func serve(_ client: Int32) {
        defer { close(client) }
        guard let (head, body) = readRequest(client) else { return }
        let manner = state.withLock { state in
            state.requests.append(head)
            return state.manner
        }
        switch manner {
        case .honest, .wrongSignature:
            let now = UInt64(Date().timeIntervalSince1970)
            guard var response = try? state.withLock({ try $0.witness.addCheckpoint(body, at: now) }) else { return }
            if case .wrongSignature = manner, response.status == 200 { response.body = Self.spoiled(response.body) }
            put(Self.bytes(response), client)
        case .fixed(let response): put(Self.bytes(response), client)
        case .raw(let bytes): put(bytes, client)
        case .slow:
            guard put(Array("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n".utf8), client) else { return }
            while put([UInt8(ascii: "x")], client) { usleep(50_000) }
        }
    }

    // In the middle of the signature, where every base64 digit may be any other.
    private static func spoiled(_ line: [UInt8]) -> [UInt8] {
        var line = line
        let place = line.count - 20
        line[place] = line[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        return line
    }

    private static func bytes(_ response: TestWitness.Response) -> [UInt8] {
        let type = response.contentType.map { "Content-Type: \($0)\r\n" } ?? ""
        let head = "HTTP/1.1 \(response.status) X\r\n\(type)Content-Length: \(response.body.count)\r\n"
        return Array((head + "Connection: close\r\n\r\n").utf8) + response.body
    }
}

/// The head, and as much body as it announces; nil when the client goes before.
private func readRequest(_ client: Int32) -> (head: String, body: [UInt8])? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = recv(client, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        bytes += buffer[..<count]
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: [13, 10, 13, 10]) }) else { continue }
        let head = String(decoding: bytes[..<end], as: UTF8.self)
        let length = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
        let body = bytes[(end + 4)...]
        if body.count >= length ?? 0 { return (head, Array(body)) }
    }
}

@discardableResult
private func put(_ bytes: [UInt8], _ client: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
    }
    return true
}

private func bindLoopback(_ listener: Int32) throws -> UInt16 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(listener, $0, length) == 0 && getsockname(listener, $0, &length) == 0
        }
    }
    guard status else { throw CocoaError(.fileReadUnknown) }
    return UInt16(bigEndian: address.sin_port)
}

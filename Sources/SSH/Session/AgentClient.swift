import CSSH2
import Glibc

/// A client of ssh-agent (draft-ietf-sshm-ssh-agent) on a loop; nothing in it blocks.
final class AgentClient {
    private static let maxAnswer = 256 * 1024

    private let descriptor: LoopDescriptor
    private let deadline: Instant
    private let host: String

    init(socket path: String, for host: String, on loop: EventLoop, until deadline: Instant) throws(SSHError) {
        self.deadline = deadline
        self.host = host
        let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { throw Self.failure(.resources, host, systemMessage(errno)) }
        descriptor = LoopDescriptor(fd, on: loop)
        guard var address = Self.address(path) else {
            throw Self.failure(.agentUnavailable, host, "bad socket path \(printable(path.utf8))")
        }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            throw Self.failure(.agentUnavailable, host, "\(printable(path.utf8)): \(systemMessage(errno))")
        }
    }

    func close() { descriptor.close() }

    func identities() async throws(SSHError) -> [PublicKey] {
        guard let keys = AgentMessage.identities(in: try await ask(AgentMessage.identitiesRequest)) else {
            throw refused
        }
        return keys
    }

    /// The signature's inner part, without the algorithm's name.
    func sign(_ data: [UInt8], with key: PublicKey) async throws(SSHError) -> [UInt8] {
        let answer = try await ask(AgentMessage.signRequest(data, with: key))
        guard let signature = AgentMessage.signature(in: answer, type: key.type) else { throw refused }
        return signature
    }

    private var refused: SSHError {
        Self.failure(.agentUnavailable, host, "it refused or its answer makes no sense")
    }

    private static func failure(_ code: SSHError.Code, _ host: String, _ cause: String) -> SSHError {
        SSHError(
            code, .authentication, host: host, "ssh-agent: \(cause)",
            remedy: "check SSH_AUTH_SOCK and that ssh-add -l lists the key")
    }

    private static func address(_ path: String) -> sockaddr_un? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { field in
            guard !bytes.isEmpty, bytes.count < field.count else { return false }
            field.copyBytes(from: bytes)
            return true
        }
        return fits ? address : nil
    }

    private func ask(_ request: [UInt8]) async throws(SSHError) -> [UInt8] {
        try await write(Wire.string(request))
        let size = try await read(4).reduce(0) { $0 << 8 | Int($1) }
        guard (1...Self.maxAnswer).contains(size) else { throw refused }
        return try await read(size)
    }

    private func write(_ bytes: [UInt8]) async throws(SSHError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(descriptor.fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 { rest = rest.dropFirst(count) } else { try await pause(errno, writable: true) }
        }
    }

    private func read(_ count: Int) async throws(SSHError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                recv(descriptor.fd, buffer.baseAddress.map { $0 + filled }, count - filled, 0)
            }
            guard got != 0 else { throw Self.failure(.agentUnavailable, host, "it closed the connection") }
            if got > 0 { filled += got } else { try await pause(errno, writable: false) }
        }
        return bytes
    }

    private func pause(_ code: Int32, writable: Bool) async throws(SSHError) {
        guard code == EAGAIN || code == EINTR else { throw Self.failure(.agentUnavailable, host, systemMessage(code)) }
        switch await descriptor.wait(writable: writable, until: deadline) {
        case .changed: return
        case .deadline: throw Self.failure(.timedOut, host, "no answer before the deadline")
        case .cancelled: throw Self.failure(.cancelled, host, "cancelled")
        }
    }
}

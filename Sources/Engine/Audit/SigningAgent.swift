import Glibc
import SSH
import TransparencyLog

/// ssh-agent (draft-ietf-sshm-ssh-agent) where it keeps a log's key. Asked from threads that may block; each question has its time.
public struct SigningAgent: Sendable {
    /// The socket it listens on; nil when it is not known.
    let socket: String?
    /// How long one question may take: whoever uses the key may have to be asked.
    let limit: Duration
    /// Whether a log may be opened without it: then nothing is signed, and what happens is recorded all the same.
    var mayBeAbsent = false

    private static let maxAnswer = 256 << 10

    /// The agent at a socket.
    public init(socket: String?, limit: Duration = .seconds(30)) {
        self.socket = socket
        self.limit = limit
    }

    /// The one that `SSH_AUTH_SOCK` names.
    public static var ofEnvironment: SigningAgent { SigningAgent(socket: Environment.variable("SSH_AUTH_SOCK")) }

    /// The keys it has.
    func keys() throws -> [PublicKey] {
        guard let keys = AgentMessage.identities(in: try ask(AgentMessage.identitiesRequest)) else { throw refused }
        return keys
    }

    /// Its signature over a message, without the algorithm's name.
    func sign(_ message: [UInt8], with key: PublicKey) throws -> [UInt8] {
        let answer = try ask(AgentMessage.signRequest(message, with: key))
        guard let signature = AgentMessage.signature(in: answer, type: key.type) else { throw refused }
        return signature
    }

    /// The key of its own that a person names, by its fingerprint (`SHA256:…`) or the file of the public key.
    func key(named name: String) throws -> PublicKey {
        let held = try keys()
        if name.hasPrefix("SHA256:") {
            guard let key = held.first(where: { $0.fingerprint == name }) else {
                throw failure("it has no key \(name)")
            }
            return key
        }
        guard let bytes = try Files.read(name, limit: 1 << 16),
            let key = PublicKey(line: String(decoding: bytes, as: UTF8.self))
        else {
            throw AuditError(
                .invalid,
                "\(name) is not the file of an OpenSSH public key: give KEY.pub, or SHA256:… as ssh-add -l shows it")
        }
        guard held.contains(key) else { throw failure("it does not have \(key) (\(name))") }
        return key
    }

    func failure(_ reason: String) -> AuditError {
        AuditError(
            .cannotSign,
            "the log's key is kept by ssh-agent, and \(reason). `ssh-add -l` must list the key, by the agent that "
                + "SSH_AUTH_SOCK names; nothing is begun without it")
    }

    private var refused: AuditError { failure("it refused, or its answer makes no sense") }

    private func ask(_ request: [UInt8]) throws -> [UInt8] {
        guard let socket else { throw failure("SSH_AUTH_SOCK is not set") }
        let connection = try Connection(to: socket, of: self)
        defer { connection.close() }
        let length = (0..<4).map { UInt8(truncatingIfNeeded: request.count >> (24 - 8 * $0)) }
        try connection.send(length + request)
        let size = try connection.receive(4).reduce(0) { $0 << 8 | Int($1) }
        guard (1...Self.maxAnswer).contains(size) else { throw refused }
        return try connection.receive(size)
    }
}

/// One connection to an agent, until a moment.
private struct Connection {
    private let agent: SigningAgent
    private let descriptor: Int32
    private let deadline: UInt64

    init(to path: String, of agent: SigningAgent) throws {
        self.agent = agent
        let (seconds, attoseconds) = agent.limit.components
        deadline = Monitor.now + UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds) / 1_000_000_000
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw agent.failure("the path of its socket is too long: \(path)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else {
            throw agent.failure("there is no socket for it: \(String(cString: strerror(errno)))")
        }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        let reason = String(cString: strerror(errno))
        guard status == 0 else {
            Glibc.close(descriptor)
            throw agent.failure("it cannot be reached at \(path): \(reason)")
        }
    }

    func close() { Glibc.close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 { rest = rest.dropFirst(count) } else { try wait(for: POLLOUT) }
        }
    }

    func receive(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress.map { $0 + filled }, count - filled, 0)
            }
            guard got != 0 else { throw agent.failure("it closed the connection") }
            if got > 0 { filled += got } else { try wait(for: POLLIN) }
        }
        return bytes
    }

    /// After a call that did not go through: until it may.
    private func wait(for event: Int32) throws {
        guard errno == EAGAIN || errno == EINTR else { throw agent.failure(String(cString: strerror(errno))) }
        let now = Monitor.now
        guard now < deadline else { throw agent.failure("it did not answer within \(agent.limit)") }
        var polled = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        _ = poll(&polled, 1, Int32(clamping: (deadline - now) / 1_000_000 + 1))
    }
}

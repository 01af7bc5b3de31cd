import Foundation
import Glibc

@testable import SSH

/// A real sshd on a loopback port of its own, ended by its process id.
final class TestServer: Sendable {
    let folder: TemporaryFolder
    let port: UInt16
    let userKey: String
    private let process: ChildProcess

    /// `hostKeys` are types that the server offers; ed25519 and ecdsa exist as files, and rsa if it is
    /// offered. The lines of `extra` win
    /// over the ones below, as the first of a kind counts, except for MaxStartups.
    init(
        _ version: OpenSSHVersion = .installed, hostKeys: [String] = ["ed25519", "ecdsa"], extra: String = ""
    ) async throws {
        folder = try TemporaryFolder()
        for type in Set(["ed25519", "ecdsa"] + hostKeys) { try await makeKey(folder, "host_\(type)", type: type) }
        userKey = try await makeKey(folder, "user", type: "ed25519")
        try FileManager.default.copyItem(atPath: userKey + ".pub", toPath: "\(folder.path)/authorized_keys")
        try? FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        port = try freePort()
        let folder = folder
        let files = hostKeys.map { "HostKey \(folder.path)/host_\($0)" }.joined(separator: "\n")
        let configuration = """
            \(extra)
            Port \(port)
            ListenAddress 127.0.0.1
            \(files)
            PidFile none
            PermitRootLogin prohibit-password
            AuthorizedKeysFile \(folder.path)/authorized_keys
            StrictModes no
            UsePAM no
            \(extra.contains("MaxStartups") ? "" : "MaxStartups 200")
            """
        let file = try folder.write(configuration, to: "sshd_config")
        let command = try version.command(["/usr/sbin/sshd", "-D", "-E", "\(folder.path)/log", "-f", file], folder)
        process = try ChildProcess(command[0], Array(command.dropFirst()))
        let log = "\(folder.path)/log"
        guard
            try await eventually({
                (try? String(contentsOfFile: log, encoding: .utf8))?.contains("Server listening") == true
            })
        else { throw Missing() }
    }

    deinit { process.end() }

    var endpoint: Endpoint { Endpoint(host: "127.0.0.1", port: port, user: NSUserName()) }

    /// Whether a script has written a line to a file in the server's folder.
    func has(_ name: String) throws -> Bool {
        guard FileManager.default.fileExists(atPath: "\(folder.path)/\(name)") else { return false }
        return try folder.read(name).hasSuffix("\n")
    }

    /// What sshd has written about its doings.
    var log: String { get throws { try folder.read("log") } }

    func knownHosts(_ types: [String] = ["ed25519"]) throws -> KnownHosts {
        var hosts = KnownHosts()
        for type in types {
            let key = try publicKey("\(folder.path)/host_\(type)")
            hosts.add("[127.0.0.1]:\(port) \(key.type) \(key.base64)", file: "test")
        }
        return hosts
    }

    /// The processes that serve connections.
    func sessions() throws -> [pid_t] {
        let children = try String(contentsOfFile: "/proc/\(process.pid)/task/\(process.pid)/children", encoding: .utf8)
        return children.split(separator: " ").compactMap { pid_t($0) }
    }

    /// Kills the processes that serve connections; the listener lives on.
    func killSessions() throws {
        for session in try sessions() { kill(session, SIGKILL) }
    }

    /// Has sshd read its files again, and waits until it listens again.
    func reload() async throws {
        let before = try logged("Server listening").count
        kill(process.pid, SIGHUP)
        guard try await eventually({ try logged("Server listening").count > before }) else { throw Missing() }
    }

    /// The log's lines that contain `words`.
    func logged(_ words: String) throws -> [Substring] {
        try folder.read("log").split(whereSeparator: \.isNewline).filter { $0.contains(words) }
    }

    func authorize(_ path: String) throws {
        let all = try folder.read("authorized_keys") + String(contentsOfFile: path + ".pub", encoding: .utf8)
        _ = try folder.write(all, to: "authorized_keys")
    }

    func connect(_ loops: LoopGroup, options: Options = Options()) async throws -> SSHConnection {
        try await SSHConnection.connect(
            to: endpoint, using: .key(PrivateKey(path: userKey)), knownHosts: knownHosts(), options: options, on: loops)
    }
}

/// A port that was free a moment ago.
func freePort() throws -> UInt16 {
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(fd) }
    return try bindLoopback(fd)
}

/// Binds to 127.0.0.1 and returns the port.
func bindLoopback(_ fd: Int32) throws -> UInt16 {
    var (address, size) = loopback(0)
    let result = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(fd, $0, size) == 0 && getsockname(fd, $0, &size) == 0
        }
    }
    guard result else { throw Missing() }
    return UInt16(bigEndian: address.sin_port)
}

/// A TCP socket connected, or with SOCK_NONBLOCK being connected, to a port of 127.0.0.1. Like all sockets of the tests it
/// is closed on exec: a program that inherited it would keep the connection open when the test closes it.
func connectLoopback(_ port: UInt16, flags: Int32 = 0) throws -> Int32 {
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue) | flags, 0)
    var (address, size) = loopback(port)
    let result = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(fd, $0, size) }
    }
    guard result == 0 || errno == EINPROGRESS else {
        close(fd)
        throw Missing()
    }
    return fd
}

private func loopback(_ port: UInt16) -> (sockaddr_in, socklen_t) {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return (address, socklen_t(MemoryLayout<sockaddr_in>.size))
}

/// Runs `body` with a connected session and closes all after it.
func withConnection<T>(
    to server: TestServer, options: Options = Options(), _ body: (SSHConnection) async throws -> T
) async throws -> T {
    let loops = try LoopGroup(count: 1)
    let connection = try await server.connect(loops, options: options)
    do {
        let result = try await body(connection)
        await connection.close()
        await loops.shutdown()
        return result
    } catch {
        await connection.close()
        await loops.shutdown()
        throw error
    }
}

import Foundation
import Glibc

@testable import SSH

/// A real sshd on a loopback port of its own, ended by its process id.
final class TestServer: Sendable {
    let folder: TemporaryFolder
    let port: UInt16
    let userKey: String
    private let process: ChildProcess

    /// `hostKeys` are types that the server offers; all of ed25519 and ecdsa exist as files, and rsa if it is offered.
    init(hostKeys: [String] = ["ed25519", "ecdsa"], extra: String = "") async throws {
        folder = try TemporaryFolder()
        for type in Set(["ed25519", "ecdsa"] + hostKeys) { try await makeKey(folder, "host_\(type)", type: type) }
        userKey = try await makeKey(folder, "user", type: "ed25519")
        try FileManager.default.copyItem(atPath: userKey + ".pub", toPath: "\(folder.path)/authorized_keys")
        try? FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        port = try freePort()
        let folder = folder
        let files = hostKeys.map { "HostKey \(folder.path)/host_\($0)" }.joined(separator: "\n")
        let configuration = """
            Port \(port)
            ListenAddress 127.0.0.1
            \(files)
            PidFile none
            PermitRootLogin prohibit-password
            AuthorizedKeysFile \(folder.path)/authorized_keys
            StrictModes no
            UsePAM no
            MaxStartups 200
            \(extra)
            """
        let file = try folder.write(configuration, to: "sshd_config")
        process = try ChildProcess("/usr/sbin/sshd", ["-D", "-E", "\(folder.path)/log", "-f", file])
        let log = "\(folder.path)/log"
        guard
            try await eventually({
                (try? String(contentsOfFile: log, encoding: .utf8))?.contains("Server listening") == true
            })
        else { throw Missing() }
    }

    deinit { process.end() }

    var endpoint: Endpoint { Endpoint(host: "127.0.0.1", port: port, user: NSUserName()) }

    func knownHosts(_ types: [String] = ["ed25519"]) throws -> KnownHosts {
        var hosts = KnownHosts()
        for type in types {
            let key = try publicKey("\(folder.path)/host_\(type)")
            hosts.add("[127.0.0.1]:\(port) \(key.type) \(key.base64)", file: "test")
        }
        return hosts
    }

    /// Kills the processes that serve connections; the listener lives on.
    func killSessions() throws {
        let children = try String(contentsOfFile: "/proc/\(process.pid)/task/\(process.pid)/children", encoding: .utf8)
        for child in children.split(separator: " ").compactMap({ pid_t($0) }) { kill(child, SIGKILL) }
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
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(fd, $0, size) == 0 && getsockname(fd, $0, &size) == 0
        }
    }
    guard result else { throw Missing() }
    return UInt16(bigEndian: address.sin_port)
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

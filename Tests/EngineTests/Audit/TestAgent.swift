import Foundation
import Glibc

struct ToolFailure: Error {
    let tool: String
    let status: Int32
}

/// A real ssh-agent that ends with the test.
final class TestAgent: Sendable {
    let folder: String
    private let process: pid_t

    var socket: String { folder + "/agent" }

    /// - Parameter folder: where its socket and the keys are; it exists.
    init(in folder: String) throws {
        self.folder = folder
        process = try spawn("ssh-agent", ["-D", "-a", folder + "/agent"])
        for _ in 0..<500 where access(folder + "/agent", F_OK) != 0 { usleep(10_000) }
    }

    deinit {
        kill(process, SIGTERM)
        waitpid(process, nil, 0)
    }

    /// Makes a key with ssh-keygen and gives it to the agent alone; returns the path of the public half.
    func add(_ name: String, type: String = "ed25519") throws -> String {
        let path = "\(folder)/\(name)"
        try run("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", name, "-f", path])
        try run("ssh-add", ["-q", path], ["SSH_AUTH_SOCK": socket])
        unlink(path)
        return path + ".pub"
    }

    func removeAll() throws { try run("ssh-add", ["-q", "-D"], ["SSH_AUTH_SOCK": socket]) }

    private func run(_ tool: String, _ arguments: [String], _ environment: [String: String] = [:]) throws {
        var status: Int32 = 0
        waitpid(try spawn(tool, arguments, environment), &status, 0)
        guard status == 0 else { throw ToolFailure(tool: tool, status: status) }
    }
}

/// Without Foundation's Process, which takes a daemon that closes all inherited descriptors for ended.
private func spawn(_ tool: String, _ arguments: [String], _ environment: [String: String] = [:]) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor in 0..<3 as Range<Int32> {
        posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
    }
    // Pool threads block all signals, and a child inherits that: it could not be ended.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let merged = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    var argv = ([tool] + arguments).map { strdup($0) } + [nil]
    var envp = merged.map { strdup("\($0)=\($1)") } + [nil]
    defer { (argv + envp).forEach { free($0) } }
    var pid = pid_t()
    let status = posix_spawnp(&pid, tool, &actions, &attributes, &argv, &envp)
    guard status == 0 else { throw ToolFailure(tool: tool, status: status) }
    return pid
}

/// Something else that listens where an agent should: answers each request with what `answer` makes of it, nil: never.
final class FalseAgent: Sendable {
    let socket: String
    private let listener: Int32

    init(_ socket: String, answer: @escaping @Sendable ([UInt8]) -> [UInt8]?) throws {
        self.socket = socket
        listener = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(socket.utf8)) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0, listen(listener, 8) == 0 else { throw ToolFailure(tool: "bind", status: errno) }
        Thread.detachNewThread { [listener] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { break }
                Self.serve(client, answer)
            }
            close(listener)
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func serve(_ client: Int32, _ answer: ([UInt8]) -> [UInt8]?) {
        defer { close(client) }
        var buffer = [UInt8](repeating: 0, count: 8192)
        let count = recv(client, &buffer, buffer.count, 0)
        guard count > 4 else { return }
        guard let answer = answer(Array(buffer[4..<count])) else {
            while recv(client, &buffer, buffer.count, 0) > 0 {}
            return
        }
        let frame = Wire.string(answer)
        _ = send(client, frame, frame.count, Int32(MSG_NOSIGNAL))
    }
}

/// The encoding of agents' messages.
enum Wire {
    static func string(_ bytes: [UInt8]) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (24 - 8 * $0)) } + bytes
    }
}

import Foundation
import Glibc

@testable import SSH

/// A folder that is removed when the test is over.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "ssh-tests-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws -> String {
        try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
        chmod("\(path)/\(name)", 0o600)
        return "\(path)/\(name)"
    }

    /// A shell script that can be run at once. A process of its own writes it: children that begin here meanwhile hold what is
    /// open here for writing until they run their program, and a file that is written to does not run (ETXTBSY).
    func writeProgram(_ text: String, to name: String) async throws -> String {
        let path = "\(path)/\(name)"
        try await runTool("/bin/sh", "-c", #"printf '#!/bin/sh\n%s' "$1" >"$0" && chmod 755 "$0""#, path, text)
        return path
    }

    func read(_ name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }
}

struct ToolFailure: Error {
    let tool: String
    let status: Int32
}

/// What was built beside the test bundle: `swift test` builds there what a test target depends on.
func built(_ name: String) -> String {
    let tests = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: tests ?? "").deletingLastPathComponent().path + "/" + name
}

/// Runs a local program to its end.
func runTool(_ tool: String, _ arguments: String..., environment: [String: String] = [:]) async throws {
    let status = try await ChildProcess(tool, arguments, environment: environment).wait()
    guard status == 0 else { throw ToolFailure(tool: tool, status: status) }
}

/// Makes a key pair with ssh-keygen and returns its path.
@discardableResult
func makeKey(_ folder: TemporaryFolder, _ name: String, type: String, bits: Int? = nil, passphrase: String = "")
    async throws -> String
{
    let path = "\(folder.path)/\(name)"
    if let bits {
        try await runTool(
            "/usr/bin/ssh-keygen", "-q", "-t", type, "-b", String(bits), "-N", passphrase, "-C", "test", "-f", path)
    } else {
        try await runTool("/usr/bin/ssh-keygen", "-q", "-t", type, "-N", passphrase, "-C", "test", "-f", path)
    }
    return path
}

/// The public half that ssh-keygen wrote beside a private key.
func publicKey(_ path: String) throws -> PublicKey {
    let text = try String(contentsOfFile: path + ".pub", encoding: .utf8)
    return try requireValue(PublicKey(base64: String(text.split(separator: " ")[1])))
}

struct Missing: Error {}

func requireValue<T>(_ value: T?) throws -> T {
    guard let value else { throw Missing() }
    return value
}

/// Waits until `condition` holds, at most `limit`.
func eventually(within limit: Duration = .seconds(60), _ condition: () throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try condition() { return true }
        try await Task.sleep(for: .milliseconds(20))
    }
    return try condition()
}

/// Open descriptors of this process.
func openDescriptors() -> Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? -1 }

/// What a process has open, by identity: pipes and sockets have a number each.
func descriptors(of process: pid_t) -> Set<String> {
    let files = FileManager.default
    let names = (try? files.contentsOfDirectory(atPath: "/proc/\(process)/fd")) ?? []
    return Set(names.compactMap { try? files.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\($0)") })
        .filter { $0.hasPrefix("pipe:") || $0.hasPrefix("socket:") }
}

/// Threads of this process.
func threadCount() -> Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? -1 }

/// This machine's TCP connections to a port of 127.0.0.1 that the connecting side has not closed. Unlike a count of
/// descriptors it does not see what tests beside this one do.
func openConnections(to port: UInt16) throws -> Int {
    let remote = "0100007F:" + String(format: "%04X", port)
    // ESTABLISHED, SYN_SENT, CLOSE_WAIT.
    let table = try String(contentsOfFile: "/proc/self/net/tcp", encoding: .utf8).split(separator: "\n").dropFirst()
    return table.map { $0.split(separator: " ") }.filter { $0[2] == remote && ["01", "02", "08"].contains($0[3]) }.count
}

import Foundation
import Glibc

@testable import SSH

/// The `hostile-sshd` of Tests/Support in one of its modes, ended by its process id.
final class HostileServer: Sendable {
    let port: UInt16
    private let hostKey: PublicKey
    private let folder: TemporaryFolder
    private let userKey: String
    private let process: ChildProcess

    init(_ mode: String) async throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        userKey = try await makeKey(folder, "user", type: "ed25519")
        process = try ChildProcess(Self.program, [mode], output: "\(folder.path)/announcement")
        guard try await eventually({ try folder.read("announcement").hasSuffix("\n") }) else { throw Missing() }
        let words = try folder.read("announcement").split(whereSeparator: \.isWhitespace).map(String.init)
        port = try requireValue(UInt16(words[0]))
        hostKey = try requireValue(PublicKey(base64: words[1]))
    }

    deinit { process.end() }

    func connect(_ loops: LoopGroup, _ options: Options) async throws(SSHError) -> SSHConnection {
        var hosts = KnownHosts()
        hosts.add("[127.0.0.1]:\(port) \(hostKey.type) \(hostKey.base64)", file: "test")
        return try await SSHConnection.connect(
            to: Endpoint(host: "127.0.0.1", port: port, user: "u"), using: .key(PrivateKey(path: userKey)),
            knownHosts: hosts, options: options, on: loops)
    }

    private static let program = built("hostile-sshd")
}

import Foundation
import Testing

@testable import SSH

/// A way to connect that the contract holds for.
enum TransportUnderTest: String, CaseIterable, Sendable {
    case libssh2, openSSH

    /// Connects with the server's user key; `knownHosts` is a known_hosts file's text, the right one unless told.
    func connect(
        to server: TestServer, options: Options = Options(), knownHosts: String? = nil, on loops: LoopGroup
    ) async throws -> SSHConnection {
        let text = try knownHosts ?? server.knownHostsText()
        switch self {
        case .libssh2:
            var hosts = KnownHosts()
            hosts.add(text, file: "test")
            return try await SSHConnection.connect(
                to: server.endpoint, using: .key(PrivateKey(path: server.userKey)), knownHosts: hosts, options: options,
                on: loops)
        case .openSSH:
            return try await SSHConnection.connect(
                overOpenSSH: server.route(knownHosts: text), options: options, reason: "a test")
        }
    }

    /// Runs `body` with a connection and closes all after it.
    func connected<T>(
        to server: TestServer, options: Options = Options(), knownHosts: String? = nil,
        _ body: (SSHConnection) async throws -> T
    ) async throws -> T {
        let loops = try LoopGroup(count: 1)
        do {
            let connection = try await connect(to: server, options: options, knownHosts: knownHosts, on: loops)
            let result = await Result { try await body(connection) }
            await connection.close()
            await loops.shutdown()
            return try result.get()
        } catch {
            await loops.shutdown()
            throw error
        }
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

extension TestServer {
    func knownHostsText(_ types: [String] = ["ed25519"]) throws -> String {
        try types.map { type in
            let key = try publicKey("\(folder.path)/host_\(type)")
            return "[127.0.0.1]:\(port) \(key.type) \(key.base64)\n"
        }.joined()
    }

    /// A route to it without any configuration, by the user's key.
    func route(knownHosts text: String? = nil) throws -> Route {
        var route = Route(name: "127.0.0.1", endpoint: endpoint)
        route.configuration = .none
        route.identityFiles = [userKey]
        route.knownHostsFiles = [
            try folder.write(text ?? knownHostsText(), to: "known \(UUID().uuidString)")
        ]
        return route
    }
}

/// Runs `body` with a connection over OpenSSH and closes it after it.
func withOpenSSH<T>(
    _ route: Route, options: Options = Options(), _ body: (SSHConnection) async throws -> T
) async throws -> T {
    let connection = try await SSHConnection.connect(overOpenSSH: route, options: options, reason: "a test")
    let result = await Result { try await body(connection) }
    await connection.close()
    return try result.get()
}

/// Connects over OpenSSH, which must fail.
func refusal(of route: Route) async -> SSHError? {
    await #expect(throws: SSHError.self) {
        let connection = try await SSHConnection.connect(overOpenSSH: route, reason: "a test")
        await connection.close()
    }
}

/// A process that has all of these words on its command line.
func processes(with words: String...) -> [Int32] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return all.compactMap(Int32.init).filter { pid in
        guard let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return false }
        let text = String(decoding: line, as: UTF8.self)
        return words.allSatisfy(text.contains)
    }
}

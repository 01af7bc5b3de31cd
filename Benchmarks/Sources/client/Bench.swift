import Measuring
import SSH

/// Does the work and says what it took.
struct Bench {
    private struct Failed: Error {
        let output: Output
    }

    private let arguments: Arguments
    private let identity: Identity
    private let loops: LoopGroup

    init(_ arguments: Arguments, _ identity: Identity, _ loops: LoopGroup) {
        self.arguments = arguments
        self.identity = identity
        self.loops = loops
    }

    /// One login, so that what happens once in a process is not counted.
    func warmUp() async throws {
        raiseDescriptorLimit()
        let connection = try await connect()
        try await run("true", on: connection)
        await connection.close()
    }

    func measure() async throws -> Measurement {
        switch arguments.mode {
        case .hosts: try await hosts()
        case .hold: try await hold()
        case .commands: try await commands()
        }
    }

    private func hosts() async throws -> Measurement {
        var measurement = Measurement()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for started in 0..<arguments.count {
                if started >= arguments.inFlight { try await group.next() }
                group.addTask {
                    let connection = try await connect()
                    try await run(arguments.script, on: connection)
                    await connection.close()
                }
            }
            try await group.waitForAll()
        }
        measurement.end()
        return measurement
    }

    private func hold() async throws -> Measurement {
        var measurement = Measurement()
        let connections = try await withThrowingTaskGroup(of: SSHConnection.self) { group in
            for _ in 0..<arguments.count {
                group.addTask {
                    let connection = try await connect()
                    try await run(arguments.script, on: connection)
                    return connection
                }
            }
            var connections: [SSHConnection] = []
            connections.reserveCapacity(arguments.count)
            for try await connection in group { connections.append(connection) }
            return connections
        }
        measurement.end()
        for connection in connections { await connection.close() }
        return measurement
    }

    private func commands() async throws -> Measurement {
        let connection = try await connect()
        var measurement = Measurement()
        for _ in 0..<arguments.count { measurement.bytes += try await run(arguments.script, on: connection) }
        measurement.end()
        await connection.close()
        return measurement
    }

    private func connect() async throws -> SSHConnection {
        var options = Options()
        // Thousands at once on a slow server: its slowness is what is looked at, not our deadlines.
        options.connectTimeout = .seconds(300)
        options.handshakeTimeout = .seconds(300)
        options.authenticationTimeout = .seconds(300)
        options.channelTimeout = .seconds(300)
        options.silenceLimit = .seconds(300)
        return try await SSHConnection.connect(
            to: identity.endpoint, using: identity.credentials, knownHosts: identity.knownHosts, options: options,
            on: loops)
    }

    @discardableResult
    private func run(_ script: String, on connection: SSHConnection) async throws -> Int {
        let output = try await connection.run(script: script, timeLimit: .seconds(300))
        guard output.termination == .exited(0) else { throw Failed(output: output) }
        return output.stdout.length
    }
}

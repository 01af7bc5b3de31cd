public import Core
import Logging
import SSH

/// Nodes over SSH: one connection each, made when it is needed and made again when it was lost.
public actor SSHNodes: Nodes {
    private let connector: Connector
    private var connections: [String: SSHConnection] = [:]
    private let logger = Logger(label: "belay.nodes")

    /// Nodes reached through a connector.
    public init(connector: Connector) {
        self.connector = connector
    }

    /// See ``Core/Nodes/run(_:on:for:afresh:)``.
    public func run(
        _ script: NodeScript, on host: HostPlan, for node: String, afresh: Bool
    ) async throws(NodeFailure) -> [UInt8] {
        let text = try script.sendable()
        if host.isLocal { return try await LocalHost().run(text, seconds: script.seconds) }
        // A target's steps on the execution host have a connection of their own: none waits for another's.
        let key = "\(host.name) for \(node)"
        if afresh { await drop(key) }
        let connection = try await connection(to: host, key)
        do throws(NodeFailure) {
            return try await Connector.run(text, on: connection, seconds: script.seconds)
        } catch {
            logger.debug("a script was cut off", metadata: ["node": "\(host.name)", "cause": "\(error.message)"])
            await drop(key)
            throw error
        }
    }

    /// Closes every connection.
    public func close() async {
        for key in Array(connections.keys) { await drop(key) }
    }

    private func drop(_ key: String) async {
        await connections.removeValue(forKey: key)?.close()
    }

    private func connection(to node: HostPlan, _ key: String) async throws(NodeFailure) -> SSHConnection {
        if let connection = connections[key] { return connection }
        let connection: SSHConnection
        do throws(NodeFailure) {
            connection = try await connector.connect(to: node.name)
        } catch {
            logger.debug("no connection", metadata: ["node": "\(node.name)", "cause": "\(error.message)"])
            throw error
        }
        guard connection.hostKey.fingerprint == node.identity.hostKey else {
            let shown = connection.hostKey.fingerprint
            await connection.close()
            throw NodeFailure(
                "\(node.name) shows the host key \(shown), the plan was made for \(node.identity.hostKey)",
                remedy: "Make the plan again, once you know why the key changed.", isPassing: false)
        }
        connections[key] = connection
        return connection
    }
}

extension NodeScript {
    fileprivate func sendable() throws(NodeFailure) -> String {
        do { return try text() } catch {
            throw NodeFailure(
                "the plan cannot be written as JSON: \(error)", remedy: "Make the plan again.", isPassing: false)
        }
    }
}

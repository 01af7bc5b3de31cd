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

    /// See ``Core/Nodes/run(_:on:for:seconds:afresh:)``.
    public func run(
        _ script: String, on host: HostPlan, for node: String, seconds: Int, afresh: Bool
    ) async throws(NodeFailure) -> [UInt8] {
        if host.isLocal { return try await LocalHost().run(script, seconds: seconds) }
        // A target's steps on the execution host have a connection of their own: none waits for another's.
        let key = "\(host.name) for \(node)"
        if afresh { await drop(key) }
        let connection = try await connection(to: host, key)
        do throws(NodeFailure) {
            return try await Connector.run(script, on: connection, seconds: seconds)
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

/// Makes connections as the inventory says.
public struct Connector: Sendable {
    private let inventory: Inventory
    private let agentSocket: String?
    private let loops: LoopGroup

    /// A connector for the nodes of an inventory.
    /// - Parameter agentSocket: the ssh-agent to ask after the inventory's key files, nil for none.
    /// - Throws: when the event loops cannot be started.
    public init(inventory: Inventory, agentSocket: String?) throws {
        self.inventory = inventory
        self.agentSocket = agentSocket
        loops = try LoopGroup()
    }

    /// Ends the event loops; all connections must be closed before.
    public func shutdown() async { await loops.shutdown() }

    func connect(to name: String) async throws(NodeFailure) -> SSHConnection {
        guard let node = inventory.node(name) else {
            throw NodeFailure(
                "\(name) is not in the inventory", remedy: "Add it to \(inventory.file) again.", isPassing: false)
        }
        do {
            let known = inventory.defaults.knownHosts
            let knownHosts = try KnownHosts(files: known.isEmpty ? Self.userKnownHosts() : known)
            var options = Options()
            options.connectTimeout = .seconds(6)
            // What the inventory does not say is ssh's configuration to say; until it is asked, these stand for its answer.
            let (user, port) = (node.user ?? "root", node.port ?? 22)
            options.privilege = node.usesSudo(as: user) ? .sudo : .none
            let endpoint = Endpoint(
                host: node.address, port: UInt16(clamping: port), user: user, hostKeyAlias: node.hostKeyAlias)
            return try await SSHConnection.connect(
                to: endpoint, using: try credentials(for: node), knownHosts: knownHosts, options: options, on: loops)
        } catch let error as SSHError {
            throw NodeFailure(error)
        } catch {
            throw NodeFailure("\(name): \(error)", remedy: "Report this.", isPassing: false)
        }
    }

    private func credentials(for node: Inventory.Node) throws -> Credentials {
        let files = node.identityFiles ?? inventory.defaults.identityFiles
        var sources = try files.map { Credentials.Method.key(try PrivateKey(path: $0)) }
        if let agentSocket { sources.append(.agent(socket: agentSocket)) }
        return Credentials(sources)
    }

    private static func userKnownHosts() -> [String] {
        [Environment.home.map { $0 + "/.ssh/known_hosts" }, "/etc/ssh/ssh_known_hosts"].compactMap(\.self)
    }

    static func run(_ script: String, on connection: SSHConnection, seconds: Int) async throws(NodeFailure) -> [UInt8] {
        do {
            // Frames are base64 of several outputs of up to a megabyte each.
            let output = try await connection.run(script: script, timeLimit: .seconds(seconds), outputLimit: 64 << 20)
            guard case .exited(0) = output.termination else {
                let tail = Printable.escape(output.stderr.text, limit: 300)
                throw NodeFailure(
                    "the script on the node ended with \(output.termination)\(tail.isEmpty ? "" : ": \(tail)")",
                    remedy: "Try again; if it stays, look at the node's load and disk.", isPassing: true)
            }
            return output.stdout.head
        } catch let error as SSHError {
            throw NodeFailure(error)
        } catch let failure as NodeFailure {
            throw failure
        } catch {
            throw NodeFailure("\(error)", remedy: "Report this.", isPassing: false)
        }
    }
}

extension NodeFailure {
    // Fatal: what only a person can change. Everything else may pass (a reboot, a cut cable, a full MaxStartups).
    fileprivate init(_ error: SSHError) {
        switch error.code {
        case .nameNotFound, .unreachable, .timedOut, .connectionLost, .peerSilent, .bannerRefused, .channelRefused,
            .closed,
            .resources, .protocolFailure:
            self.init("\(error.host): \(error.phase.rawValue): \(error.message)", remedy: error.remedy, isPassing: true)
        default:
            self.init(
                "\(error.host): \(error.phase.rawValue): \(error.message)", remedy: error.remedy, isPassing: false)
        }
    }
}

public import Core
import SSH

/// Makes connections as the inventory says, and as ssh(1)'s configuration says where the inventory is silent.
public struct Connector: Sendable {
    /// What a person says on the command line, for all nodes.
    public struct Choices: Sendable {
        /// The transport, whatever the inventory says; nil leaves it to that.
        public var transport: Inventory.Transport?
        /// Asks for a password for nodes that take no key: once for all of them. Nil asks nobody.
        public var askPassword: (@Sendable (_ host: String) async -> String?)?

        /// Nothing said.
        public init() {}
    }

    private let inventory: Inventory
    private let choices: Choices
    private let client: SSHClient
    private let loops: LoopGroup

    /// A connector for the nodes of an inventory.
    /// - Throws: when the event loops cannot be started.
    public init(inventory: Inventory, choices: Choices = Choices()) throws {
        self.inventory = inventory
        self.choices = choices
        loops = try LoopGroup()
        var settings = SSHClient.Settings()
        settings.configuration = ConfigFile(inventory.defaults.sshConfig)
        settings.password = choices.askPassword.map { ask in
            SharedPassword { (host) throws(SSHError) in
                guard let password = await ask(host) else { throw SSHError.noPassword(host) }
                return password
            }
        }
        client = SSHClient(settings, on: loops)
    }

    /// Ends what is kept for later, and the event loops; all connections must be closed before.
    public func shutdown() async {
        await client.close()
        await loops.shutdown()
    }

    /// A connection to a node of the inventory, made afresh.
    func connect(to name: String) async throws(NodeFailure) -> SSHConnection {
        guard let node = inventory.node(name) else {
            throw NodeFailure(
                "\(name) is not in the inventory", remedy: "Add it to \(inventory.file) again.", isPassing: false)
        }
        do throws(SSHError) {
            return try await connect(along: try await route(to: node), node)
        } catch {
            throw NodeFailure(error)
        }
    }

    /// How a node is reached.
    func route(to node: Inventory.Node) async throws(SSHError) -> Route {
        let known = inventory.defaults.knownHosts
        let keys = node.identityFiles ?? inventory.defaults.identityFiles
        return try await client.route(
            to: Destination(
                node.address, user: node.user, port: node.port.map(UInt16.init(clamping:)),
                hostKeyAlias: node.hostKeyAlias, identityFiles: keys.isEmpty ? nil : keys,
                knownHostsFiles: known.isEmpty ? nil : known,
                transport: TransportChoice(choices.transport ?? node.transport)))
    }

    /// A connection along a route that was looked up before.
    func connect(along route: Route, _ node: Inventory.Node) async throws(SSHError) -> SSHConnection {
        var options = Options()
        options.connectTimeout = .seconds(6)
        options.privilege = node.usesSudo(as: route.endpoint.user) ? .sudo : .none
        return try await client.connect(along: route, options: options)
    }

    /// The host keys a node shows, without logging in.
    func scan(_ route: Route) async throws(SSHError) -> [PublicKey] { try await client.hostKeys(along: route) }

    /// What is on record of a node.
    func record(of route: Route) async throws(SSHError) -> KnownHosts.Record { try await client.record(of: route) }

    /// Runs a script that has to succeed; what it printed.
    static func run(_ script: String, on connection: SSHConnection, seconds: Int) async throws(NodeFailure) -> [UInt8] {
        let output: Output
        do throws(SSHError) {
            // Frames are base64 of several outputs of up to a megabyte each.
            output = try await connection.run(script: script, timeLimit: .seconds(seconds), outputLimit: 64 << 20)
        } catch {
            throw NodeFailure(error)
        }
        guard case .exited(0) = output.termination else {
            let tail = Printable.escape(output.stderr.text, limit: 300)
            throw NodeFailure(
                "the script on the node ended with \(output.termination)\(tail.isEmpty ? "" : ": \(tail)")",
                remedy: "Try again; if it stays, look at the node's load and disk.", isPassing: true)
        }
        return output.stdout.head
    }
}

extension NodeFailure {
    init(_ error: SSHError) {
        self.init(
            "\(error.host): \(error.phase.rawValue): \(error.message)", remedy: error.remedy,
            isPassing: error.isPassing)
    }
}

extension SSHError {
    fileprivate static func noPassword(_ host: String) -> SSHError {
        SSHError(
            .authenticationFailed, .authentication, host: host, "no password was given",
            remedy: "use a key, or run it in a terminal with --ask-password")
    }
}

extension ConfigFile {
    fileprivate init(_ choice: Inventory.SSHConfig?) {
        self =
            switch choice {
            case nil: .standard
            case .disabled: .none
            case .file(let path): .file(path)
            }
    }
}

extension TransportChoice {
    fileprivate init(_ choice: Inventory.Transport) {
        self =
            switch choice {
            case .auto: .automatic
            case .libssh2: .libssh2
            case .openssh: .openSSH
            }
    }
}

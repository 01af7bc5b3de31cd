public import Core
import SSH

/// What `belay inventory check` finds out about one node: one login, two commands, nothing changed.
public struct NodeCheck: Codable, Sendable, Hashable {
    /// Its name in the inventory.
    public var node: String
    /// `user@host:port`, after ssh's configuration; the address as written where that could not be read.
    public var address: String
    /// The jump hosts on the way, first one first.
    public var jumps: [String] = []
    /// `libssh2` or `openssh`; nil when there is no connection.
    public var transport: String?
    /// Why OpenSSH carries it.
    public var transportReason: String?
    /// The server's software, as its banner says.
    public var server: String?
    /// Type and fingerprint of the proven host key.
    public var hostKey: String?
    /// The method, and the key where there was one.
    public var authentication: String?
    /// Whether commands run as root, by sudo or at once.
    public var root: Root?
    /// The node's clock less ours, in milliseconds; right to half of what the first command took.
    public var clockSkewMilliseconds: Int?
    /// Whether systemd is its init.
    public var systemd: Bool?
    /// From the first packet to being logged in.
    public var handshakeMicroseconds: Int?
    /// A command on the open connection, from asking to knowing its end.
    public var commandMicroseconds: Int?
    /// What works and should not stay as it is.
    public var warnings: [String] = []
    /// Why the node cannot be used; nil when it can.
    public var problem: Problem?

    /// How commands become root's.
    public enum Root: String, Codable, Sendable {
        /// The user who logs in is root.
        case login
        /// `sudo -n`.
        case sudo
        /// They do not.
        case none
    }

    /// A way to fail.
    public struct Problem: Codable, Sendable, Hashable {
        /// For programs: ``SSH/SSHError/Code``.
        public var code: String
        /// How far it came.
        public var phase: String
        /// What happened.
        public var message: String
        /// What to do.
        public var remedy: String
    }

    /// A clock further off than this, in milliseconds, makes time limits and logs misleading.
    public static let skewLimit = 2000
}

/// Looks at nodes as `belay inventory check` does.
struct NodeChecker: Sendable {
    let connector: Connector

    /// First what tells of the node, then nothing: the second command shows the latency, as start-up files cost the first.
    private static let script = """
        id -u; date +%s.%N; if [ -d /run/systemd/system ]; then echo systemd; else echo none; fi
        """

    func check(_ node: Inventory.Node) async -> NodeCheck {
        var check = NodeCheck(node: node.name, address: node.address)
        do throws(SSHError) {
            let route = try await connector.route(to: node)
            check.address = route.endpoint.description
            check.jumps = route.jumps.map(\.endpoint.description)
            let connection = try await connector.connect(along: route, node)
            check.note(connection.facts)
            do throws(SSHError) {
                try await look(over: connection, &check)
            } catch {
                check.problem = NodeCheck.Problem(error)
            }
            await connection.close()
        } catch {
            check.problem = NodeCheck.Problem(error)
        }
        return check
    }

    private func look(over connection: SSHConnection, _ check: inout NodeCheck) async throws(SSHError) {
        let before = SystemClock().now()
        let first = try await connection.run(script: Self.script, timeLimit: .seconds(20), outputLimit: 4096)
        let between = (before.milliseconds + SystemClock().now().milliseconds) / 2
        check.note(first, connection, at: Int(between))
        let second = try await connection.run(script: ":", timeLimit: .seconds(20), outputLimit: 16)
        check.commandMicroseconds = second.duration.microseconds
    }
}

extension NodeCheck.Problem {
    init(_ error: SSHError) {
        self.init(
            code: error.code.rawValue, phase: error.phase.rawValue, message: error.message, remedy: error.remedy)
    }
}

extension NodeCheck {
    fileprivate mutating func note(_ facts: ConnectionFacts) {
        switch facts.transport {
        case .libssh2: transport = "libssh2"
        case .openSSH(let reason): (transport, transportReason) = ("openssh", reason)
        }
        server = facts.server
        hostKey = "\(facts.hostKey.type) \(facts.hostKey.fingerprint)"
        authentication = facts.authentication
        handshakeMicroseconds = facts.handshake.microseconds
    }

    fileprivate mutating func note(_ output: Output, _ connection: SSHConnection, at time: Int) {
        let lines = output.stdout.text.split(separator: "\n").map(String.init)
        guard output.termination == .exited(0), lines.count == 3,
            let there = Double(lines[1]).flatMap({ Int(exactly: ($0 * 1000).rounded()) })
        else {
            problem = Problem(
                code: "commandFailed", phase: "command",
                message:
                    "a harmless script ended with \(output.termination): \(Printable.escape(output.stderr.text, limit: 200))",
                remedy: "look at the user's shell and at PATH on the node")
            return
        }
        root = lines[0] != "0" ? Root.none : connection.endpoint.user == "root" ? .login : .sudo
        clockSkewMilliseconds = there - time
        systemd = lines[2] == "systemd"
        warn(output)
    }

    private mutating func warn(_ output: Output) {
        if root == Root.none {
            warnings.append("commands do not run as root: set sudo in the inventory, or log in as root")
        }
        if let skew = clockSkewMilliseconds, abs(skew) > Self.skewLimit {
            let side = skew > 0 ? "ahead" : "behind"
            warnings.append("its clock is \(abs(skew) / 1000) s \(side): look at its time synchronisation")
        }
        if !output.noise.isEmpty {
            warnings.append(
                "start-up files of the shell write to commands' output: \(output.noise); let them be silent unless the shell is interactive"
            )
        }
    }
}

extension Duration {
    fileprivate var microseconds: Int {
        let (seconds, attoseconds) = components
        return Int(clamping: seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
    }
}

extension Workspace {
    /// Looks at nodes: how they are reached, and whether Belay can work there. Changes nothing, and writes no log.
    /// - Parameter report: called for each node as soon as it is known, in any order.
    /// - Returns: one answer a node, in the order of `nodes`.
    public func check(
        _ nodes: [Inventory.Node], choices: Connector.Choices, report: @escaping @Sendable (NodeCheck) -> Void
    ) async throws -> [NodeCheck] {
        let checker = NodeChecker(connector: try Connector(inventory: inventory, choices: choices))
        let checks = await withTaskGroup(of: (Int, NodeCheck).self) { group in
            for (index, node) in nodes.enumerated() { group.addTask { (index, await checker.check(node)) } }
            var found: [Int: NodeCheck] = [:]
            for await (index, check) in group {
                report(check)
                found[index] = check
            }
            return nodes.indices.compactMap { found[$0] }
        }
        await checker.connector.shutdown()
        return checks
    }
}

public import Core
import SSH

/// Looks at nodes before a plan: read-only, one script and one round trip each, all nodes at once.
public struct Gatherer: Sendable {
    private let connector: Connector
    private let nonces: any Nonces

    /// A gatherer over a connector.
    public init(connector: Connector, nonces: any Nonces) {
        self.connector = connector
        self.nonces = nonces
    }

    /// What was seen of one node.
    public struct Sight: Sendable {
        /// The node as the inventory has it.
        public var node: Inventory.Node
        /// Who answered.
        public var identity: NodeIdentity
        /// Its facts.
        public var facts: Facts
        /// One answer for each action asked about.
        public var observations: [Result<Observation, ObservationError>]
    }

    /// Looks at every node.
    /// - Parameters:
    ///   - actions: what to observe of a node, by its name.
    ///   - services: the units whose facts are wanted.
    /// - Returns: what was seen or why not, in the order of `nodes`.
    public func look(
        at nodes: [Inventory.Node], for actions: [String: [any Action]], services: [String]
    ) async -> [(Inventory.Node, Result<Sight, NodeFailure>)] {
        await withTaskGroup(of: (Int, Result<Sight, NodeFailure>).self) { group in
            for (index, node) in nodes.enumerated() {
                group.addTask {
                    do throws(NodeFailure) {
                        return (index, .success(try await look(at: node, for: actions[node.name] ?? [], services)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var seen: [Int: Result<Sight, NodeFailure>] = [:]
            for await (index, result) in group { seen[index] = result }
            return nodes.indices.compactMap { index in seen[index].map { (nodes[index], $0) } }
        }
    }

    private func look(
        at node: Inventory.Node, for actions: [any Action], _ services: [String]
    ) async throws(NodeFailure) -> Sight {
        let connection = try await connector.connect(to: node.name)
        let probe = FactsProbe(services: services)
        let commands = [probe.commands()] + actions.map { $0.observe() }
        let script = ReadScript(commands.flatMap(\.self), nonce: nonces.next())
        let printed: [UInt8]
        do throws(NodeFailure) {
            printed = try await Connector.run(script.text, on: connection, seconds: 60)
        } catch {
            await connection.close()
            throw error
        }
        let hostKey = connection.hostKey.fingerprint
        await connection.close()
        return try sight(node, hostKey, probe, actions, commands, script, printed)
    }

    private func sight(
        _ node: Inventory.Node, _ hostKey: String, _ probe: FactsProbe, _ actions: [any Action],
        _ commands: [[Command]],
        _ script: ReadScript, _ printed: [UInt8]
    ) throws(NodeFailure) -> Sight {
        do throws(ObservationError) {
            var rest = try script.parse(printed)[...]
            let parts = commands.map { part in
                defer { rest = rest.dropFirst(part.count) }
                return Array(rest.prefix(part.count))
            }
            let facts = probe.parse(parts[0])
            guard let machineID = facts.machine.id.value else {
                throw ObservationError(
                    "\(node.name) has no readable /etc/machine-id", remedy: "Run systemd-machine-id-setup.")
            }
            let observations = zip(actions, parts.dropFirst()).map { action, outputs in
                Result { () throws(ObservationError) in try action.parse(outputs) }
            }
            return Sight(
                node: node,
                identity: NodeIdentity(address: "\(node.address):\(node.port)", hostKey: hostKey, machineID: machineID),
                facts: facts, observations: observations)
        } catch {
            throw NodeFailure("\(node.name): \(error.message)", remedy: error.remedy, isPassing: false)
        }
    }
}

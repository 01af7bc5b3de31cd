public import Core
import SSH

/// What was found out of one node for `belay facts` and triage.
public struct NodeFactsSight: Sendable {
    /// The node's name in the inventory.
    public var node: String
    /// Where it was reached, or is to be.
    public var address: String
    /// When it was asked.
    public var observedAt: Timestamp
    /// Its facts, or why it could not be asked.
    public var facts: Result<NodeFacts, NodeFailure>
    /// What it sent, in bytes.
    public var bytes = 0
    /// How long the question took, the connection not counted.
    public var milliseconds = 0

    /// A sight.
    public init(node: String, address: String, observedAt: Timestamp, facts: Result<NodeFacts, NodeFailure>) {
        self.node = node
        self.address = address
        self.observedAt = observedAt
        self.facts = facts
    }
}

/// Asks nodes for all their facts: read-only, one script and one round trip each, all nodes at once.
struct NodeFactsReader: Sendable {
    let connector: Connector
    let nonces: any Nonces

    /// The seconds after which a node that does not come to an end is given up; it has its own, much shorter bounds.
    private static let seconds = 20

    func look(at nodes: [Inventory.Node]) async -> [NodeFactsSight] {
        await withTaskGroup(of: (Int, NodeFactsSight).self) { group in
            for (index, node) in nodes.enumerated() { group.addTask { (index, await look(at: node)) } }
            var seen: [Int: NodeFactsSight] = [:]
            for await (index, sight) in group { seen[index] = sight }
            return nodes.indices.compactMap { seen[$0] }
        }
    }

    private func look(at node: Inventory.Node) async -> NodeFactsSight {
        let clock = SystemClock()
        let unasked = NodeFailure("\(node.name) was not asked", remedy: "Try again.", isPassing: true)
        var sight = NodeFactsSight(
            node: node.name, address: node.address, observedAt: clock.now(), facts: .failure(unasked))
        do throws(NodeFailure) {
            let connection = try await connector.connect(to: node.name)
            sight.address = connection.endpoint.place
            let probe = NodeProbe()
            let asked = Questions([probe.commands()], nonces, bounds: probe.bounds())
            let start = clock.now()
            sight.observedAt = start
            let answers = await asked.ask { (script) throws(NodeFailure) in
                let printed = try await Connector.run(script, on: connection, seconds: Self.seconds)
                sight.milliseconds = Int(clock.now().milliseconds - start.milliseconds)
                sight.bytes = printed.count
                return printed
            }
            sight.facts = answers.map { Self.facts(of: probe.parse($0[0], at: start)) }
            await connection.close()
        } catch {
            sight.facts = .failure(error)
        }
        return sight
    }

    private static func facts(of found: NodeFacts) -> NodeFacts {
        var found = found
        found.facts.kubernetes = .unknown("only nodes were asked")
        return found
    }
}

extension Workspace {
    /// All facts of nodes. Changes nothing, and writes no log.
    /// - Returns: one sight a node, in the order of `nodes`.
    public func facts(of nodes: [Inventory.Node], choices: Connector.Choices) async throws -> [NodeFactsSight] {
        let connector = try Connector(inventory: inventory, choices: choices)
        let sights = await NodeFactsReader(connector: connector, nonces: SystemNonces()).look(at: nodes)
        await connector.shutdown()
        return sights
    }
}

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
            let script = ReadScript(probe.commands(), nonce: nonces.next(), bounds: probe.bounds())
            sight.observedAt = clock.now()
            do throws(NodeFailure) {
                let printed = try await Connector.run(script.text, on: connection, seconds: Self.seconds)
                sight.milliseconds = Int(clock.now().milliseconds - sight.observedAt.milliseconds)
                sight.bytes = printed.count
                sight.facts = Self.read(printed, script, probe, at: sight.observedAt)
            } catch {
                sight.facts = .failure(error)
            }
            await connection.close()
        } catch {
            sight.facts = .failure(error)
        }
        return sight
    }

    private static func read(
        _ printed: [UInt8], _ script: ReadScript, _ probe: NodeProbe, at now: Timestamp
    ) -> Result<NodeFacts, NodeFailure> {
        do throws(ObservationError) {
            var found = probe.parse(try script.parse(printed), at: now)
            found.facts.kubernetes = .unknown("only nodes were asked")
            return .success(found)
        } catch {
            return .failure(NodeFailure(error.message, remedy: error.remedy, isPassing: false))
        }
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

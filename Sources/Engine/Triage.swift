public import Core
import SSH

/// What was looked at for triage.
public struct TriageSight: Sendable {
    /// What was seen.
    public var evidence: TriageEvidence
    /// Nodes that could not be looked at, by their names in the inventory, and why.
    public var unseen: [String: String]

    /// Collects the parts.
    public init(evidence: TriageEvidence, unseen: [String: String]) {
        self.evidence = evidence
        self.unseen = unseen
    }
}

extension Workspace {
    /// Looks at nodes and at what the API says of their cluster: read-only, one round trip to each.
    /// - Parameters:
    ///   - named: these nodes; nil for those that a look at the whole cluster asks for.
    ///   - cluster: also what runs elsewhere than on the named nodes.
    public func lookForTriage(
        at named: [Inventory.Node]?, cluster: Bool, choices: Connector.Choices
    ) async throws -> TriageSight {
        let connector = try Connector(inventory: inventory, choices: choices)
        let look = TriageLook(
            gatherer: Gatherer(connector: connector, inventory: inventory, nonces: SystemNonces()),
            reader: NodeFactsReader(connector: connector, nonces: SystemNonces()),
            inventory: inventory, now: SystemClock().now())
        var sight = await look.look(at: named)
        await connector.shutdown()
        if !cluster, let named { sight.evidence.keepPods(on: Set(named.map(\.nameInKubernetes))) }
        return sight
    }
}

/// One look at a cluster.
struct TriageLook: Sendable {
    let gatherer: Gatherer
    let reader: NodeFactsReader
    let inventory: Inventory
    let now: Timestamp

    /// So few that all of them are looked at, before anybody has said which are in doubt.
    static let few = 16

    func look(at named: [Inventory.Node]?) async -> TriageSight {
        if let nodes = named ?? (inventory.nodes.count <= Self.few ? inventory.nodes : nil) {
            async let survey = gatherer.survey(at: now)
            let seen = await reader.look(at: nodes)
            return sight(seen, await survey)
        }
        let survey = await gatherer.survey(at: now)
        return sight(await reader.look(at: doubtful(survey)), survey)
    }

    /// The control plane, and every node that the API has doubts about; all of them where it says nothing.
    private func doubtful(_ survey: ClusterSurveyFacts) -> [Inventory.Node] {
        guard let known = survey.nodes.value else { return inventory.nodes }
        return inventory.nodes.filter { node in
            guard let facts = known[node.nameInKubernetes]?.facts, !node.roles.contains("control-plane") else {
                return true
            }
            let isPressed = facts.conditions.value?.contains { $0.key != "Ready" && $0.value.status == "True" }
            return facts.ready.value != true || isPressed != false
                || survey.hasTroubledPods(on: node.nameInKubernetes)
        }
    }

    private func sight(_ seen: [NodeFactsSight], _ survey: ClusterSurveyFacts) -> TriageSight {
        let names = Dictionary(inventory.nodes.map { ($0.name, $0.nameInKubernetes) }) { first, _ in first }
        var (nodes, unseen): ([String: NodeFacts], [String: String]) = ([:], [:])
        for one in seen {
            let name = names[one.node] ?? one.node
            switch one.facts {
            case .success(let facts): nodes[name] = facts
            case .failure(let failure):
                nodes[name] = .unknown("the node was not seen: \(failure.message)")
                unseen[one.node] = failure.description
            }
            nodes[name]?.facts.kubernetes = survey.kubernetes(of: name)
        }
        return TriageSight(
            evidence: TriageEvidence(nodes: nodes.mapValues(\.value), kubernetes: survey.value, now: now),
            unseen: unseen)
    }
}

public import Core
import SSH

/// Looks at nodes before a plan: read-only, one script and one round trip each, all nodes at once; and at what the cluster's
/// API says of them, from the execution host.
public struct Gatherer: Sendable {
    let connector: Connector
    let inventory: Inventory
    let nonces: any Nonces

    /// A gatherer over a connector.
    public init(connector: Connector, inventory: Inventory, nonces: any Nonces) {
        self.connector = connector
        self.inventory = inventory
        self.nonces = nonces
    }

    /// What was seen of one node.
    public struct Sight: Sendable {
        /// The node as the inventory has it.
        public var node: Inventory.Node
        /// Who answered, or why nobody did.
        public var identity: Result<NodeIdentity, NodeFailure>
        /// The execution host of its cluster steps, nil when there is none or it did not answer.
        public var host: HostPlan?
        /// Its facts.
        public var facts: Facts
        /// One answer for each action asked about.
        public var observations: [Result<Observation, ObservationError>]
        /// What runs left on it, read over the same connection; nil when that was not asked.
        public var records: Result<RecordListing, NodeFailure>?
    }

    /// What was seen of nodes and of their cluster.
    public struct View: Sendable {
        /// One a node, in the order in which they were named.
        public var targets: [Sight]
        /// What the API said of the cluster as a whole.
        public var cluster: ClusterFacts
    }

    /// What is asked besides the nodes' own facts.
    public struct Asking: Sendable {
        /// What the API says of each node; an API that hangs takes its time.
        public var kubernetes = true
        /// What the API says of the cluster as a whole.
        public var cluster = false
        /// What runs left on the nodes.
        public var records = false

        /// The API about each node, and nothing else.
        public init() {}
    }

    /// Looks at every node.
    /// - Parameters:
    ///   - actions: what to observe of a node, by its name.
    ///   - services: the units whose facts are wanted.
    ///   - asking: what is asked besides.
    ///   - since: now: no fact will be older.
    public func look(
        at nodes: [Inventory.Node], for actions: [String: [any Action]], services: [String], asking: Asking,
        since: Timestamp
    ) async -> View {
        let asks = asking.kubernetes || asking.cluster
        let host = !asks ? nil : await ClusterHost.open(inventory, connector, nonces)
        async let cluster = asking.cluster ? lookAtCluster(host, since) : unasked
        let targets = await withTaskGroup(of: (Int, Sight).self) { group in
            for (index, node) in nodes.enumerated() {
                group.addTask {
                    (index, await look(at: node, for: actions[node.name] ?? [], services, asking, host))
                }
            }
            var seen: [Int: Sight] = [:]
            for await (index, sight) in group { seen[index] = sight }
            return nodes.indices.compactMap { seen[$0] }
        }
        let view = View(targets: targets, cluster: await cluster)
        await host?.close()
        return view
    }

    private func look(
        at node: Inventory.Node, for actions: [any Action], _ services: [String], _ asking: Asking, _ host: ClusterHost?
    ) async -> Sight {
        async let own = lookThere(node, actions.filter { $0.place == .node }, services, asking.records)
        async let cluster = lookInCluster(
            node, actions.filter { $0.place == .cluster }, host, isAsked: asking.kubernetes)
        var (ofNode, ofCluster) = (await own, await cluster)
        var sight = Sight(node: node, identity: ofNode.identity, facts: ofNode.facts, observations: [])
        sight.host = host?.plan
        sight.records = ofNode.records
        sight.facts.kubernetes = ofCluster.facts
        sight.observations = actions.map { action in
            action.place == .node ? ofNode.observations.removeFirst() : ofCluster.observations.removeFirst()
        }
        return sight
    }

    private struct OwnSight {
        var identity: Result<NodeIdentity, NodeFailure>
        var facts: Facts
        var observations: [Result<Observation, ObservationError>]
        var records: Result<RecordListing, NodeFailure>?
    }

    private func lookThere(
        _ node: Inventory.Node, _ actions: [any Action], _ services: [String], _ records: Bool
    ) async -> OwnSight {
        do throws(NodeFailure) {
            let connection = try await connector.connect(to: node.name)
            let probe = FactsProbe(services: services)
            let asked = Questions([probe.commands()] + actions.map { $0.observe() }, nonces)
            let answers = await asked.ask { (script) throws(NodeFailure) in
                try await Connector.run(script, on: connection, seconds: 60)
            }
            let (hostKey, address) = (connection.hostKey.fingerprint, connection.endpoint.place)
            let left = records ? await listing(over: connection) : nil
            await connection.close()
            let parts = try answers.get()
            let facts = probe.parse(parts[0])
            guard let machineID = facts.machine.id.value else {
                throw NodeFailure(
                    "\(node.name) has no readable /etc/machine-id", remedy: "Run systemd-machine-id-setup.",
                    isPassing: false)
            }
            let identity = NodeIdentity(
                address: address, hostKey: hostKey, machineID: machineID)
            return OwnSight(
                identity: .success(identity), facts: facts,
                observations: Self.observations(actions, parts.dropFirst()), records: left)
        } catch {
            let unseen = ObservationError("\(node.name) was not seen: \(error.message)", remedy: error.remedy)
            return OwnSight(
                identity: .failure(error), facts: .unknown(error.message),
                observations: actions.map { _ in .failure(unseen) }, records: records ? .failure(error) : nil)
        }
    }

    private func lookInCluster(
        _ node: Inventory.Node, _ actions: [any Action], _ host: ClusterHost?, isAsked: Bool
    ) async -> (facts: Facts.Kubernetes, observations: [Result<Observation, ObservationError>]) {
        guard isAsked || !actions.isEmpty else { return (.unknown("no policy asks for it"), []) }
        guard let host else {
            let cause = Self.noHost
            let unseen = ObservationError(cause, remedy: "Set cluster.kubectl in \(inventory.file).")
            return (.unreachable(cause), actions.map { _ in .failure(unseen) })
        }
        let probe = KubernetesProbe(node: node.nameInKubernetes, kubeconfig: host.kubeconfig)
        let asked = Questions([probe.commands()] + actions.map { $0.observe() }, nonces)
        switch await asked.ask({ (script) throws(NodeFailure) in try await host.run(script) }) {
        case .success(let parts): return (probe.parse(parts[0]), Self.observations(actions, parts.dropFirst()))
        case .failure(let failure):
            let unseen = ObservationError("kubectl could not be run: \(failure.message)", remedy: failure.remedy)
            return (.unreachable(failure.message), actions.map { _ in .failure(unseen) })
        }
    }

    private func lookAtCluster(_ host: ClusterHost?, _ since: Timestamp) async -> ClusterFacts {
        guard let host else { return ClusterFacts(inventory, unasked: Self.noHost) }
        let probe = ClusterProbe(kubeconfig: host.kubeconfig)
        let asked = Questions([probe.commands()], nonces)
        switch await asked.ask({ (script) throws(NodeFailure) in try await host.run(script) }) {
        case .success(let parts): return probe.parse(parts[0], of: inventory, at: since)
        case .failure(let failure): return ClusterFacts(inventory, unasked: failure.message)
        }
    }

    private var unasked: ClusterFacts {
        ClusterFacts(inventory, unasked: "it was not asked for, since no policy reads it")
    }

    static let noHost = "the inventory names no execution host (cluster.kubectl)"

    private static func observations(
        _ actions: [any Action], _ parts: ArraySlice<[CommandOutput]>
    ) -> [Result<Observation, ObservationError>] {
        zip(actions, parts).map { action, outputs in
            Result { () throws(ObservationError) in try action.parse(outputs) }
        }
    }
}

/// Several groups of commands as one script, and their outputs in groups again.
struct Questions: Sendable {
    private let groups: [[Command]]
    private let script: ReadScript

    init(_ groups: [[Command]], _ nonces: any Nonces, bounds: ReadScript.Bounds = .init()) {
        self.groups = groups
        script = ReadScript(groups.flatMap(\.self), nonce: nonces.next(), bounds: bounds)
    }

    func ask(
        _ run: (String) async throws(NodeFailure) -> [UInt8]
    ) async -> Result<[[CommandOutput]], NodeFailure> {
        do throws(NodeFailure) {
            let printed = try await run(script.text)
            do throws(ObservationError) {
                var rest = try script.parse(printed)[...]
                return .success(
                    groups.map { group in
                        defer { rest = rest.dropFirst(group.count) }
                        return Array(rest.prefix(group.count))
                    })
            } catch {
                return .failure(NodeFailure(error.message, remedy: error.remedy, isPassing: false))
            }
        } catch {
            return .failure(error)
        }
    }
}

/// What else is under way, for policies: reservations in the log ∪ leases seen on nodes.
public enum Inflight {
    /// Of what no policy reads nothing is asked.
    public static let notAsked = Fact<[InflightRun]>.unknown("it was not asked for, since no policy reads it")

    /// A host whose records were read, and what lies there, or why that is not known.
    public struct Sight: Sendable {
        /// Its name in the inventory, `local` for the operator's machine.
        public var host: String
        /// What lies there.
        public var listing: Result<RecordListing, NodeFailure>

        /// Pairs them.
        public init(host: String, listing: Result<RecordListing, NodeFailure>) {
            self.host = host
            self.listing = listing
        }
    }

    /// The hosts whose records are to be read for a plan: every node of its targets' pools; those of the control plane, in
    /// whatever pool, when a target is one; and the execution host, where the leases of cluster steps lie.
    public static func hosts(for plan: Plan, in inventory: Inventory) -> [String] {
        let pools = Set(plan.nodes.map(\.pool))
        let isControlPlane = plan.nodes.contains { $0.roles.contains("control-plane") }
        let members = inventory.nodes.filter { node in
            pools.contains(node.pool) || isControlPlane && node.roles.contains("control-plane")
        }.map(\.name)
        let host: String? =
            switch inventory.cluster.kubectl?.host {
            case .node(let name)?: name
            case .local?: local
            case nil: nil
            }
        return members + [host].compactMap { $0 }.filter { !members.contains($0) }
    }

    /// The operator's machine as a host.
    public static let local = "local"

    /// What was seen of other runs, from both sources.
    public struct Seen: Sendable {
        /// One a run and node, as the log has it where it is in both.
        var runs: [InflightRun] = []
        /// Hosts that could not be read, and why.
        var unread: [(host: String, cause: String)] = []
    }

    /// Joins both sources; a run that is in both appears once a node, as the log has it.
    ///
    /// - Parameters:
    ///   - plan: of the run that is judged: it is not in its own list, nor is a run that it rolls back.
    ///   - reservations: nodes of this log's open runs that are not done with.
    ///   - settled: of each node, the runs that this log says have ended there.
    public static func seen(
        besides plan: Plan, reservations: [InflightRun], sights: [Sight], settled: [String: [String]],
        inventory: Inventory
    ) -> Seen {
        let rolledBack = Set([plan.rollsBack].compactMap(\.self))
        var seen = Seen(runs: reservations.filter { $0.run != plan.id })
        var known = Set(seen.runs.map { [$0.run, $0.node] })
        for sight in sights {
            switch sight.listing {
            case .failure(let failure): seen.unread.append((sight.host, failure.message))
            case .success(let listing):
                let standing = listing.standing { rolledBack.union(settled[$0 ?? sight.host] ?? []) }
                for found in standing where found.run != plan.id {
                    let node = found.target ?? sight.host
                    guard known.insert([found.run, node]).inserted else { continue }
                    seen.runs.append(InflightRun(run: found.run, node: node, known: inventory.node(node)))
                }
            }
        }
        return seen
    }

    /// The runs, for `inflight`: unknown when any host could not be read, since a run there would be missing (law 5).
    public static func runs(_ seen: Seen) -> Fact<[InflightRun]> {
        guard seen.unread.isEmpty else { return .unknown(sentence(seen.unread.map { "\($0.host): \($0.cause)" })) }
        return .known(seen.runs.sorted { ($0.run, $0.node) < ($1.run, $1.node) })
    }

    /// The nodes they are on and the hosts that could not be read, for `occupied`: each once, by name.
    public static func occupied(_ seen: Seen, in inventory: Inventory) -> [OccupiedNode] {
        let nodes = Dictionary(inventory.nodes.map { ($0.name, $0) }) { first, _ in first }
        let all =
            seen.runs.map { OccupiedNode($0, known: nodes[$0.node]) }
            + seen.unread.map { OccupiedNode(unread: $0.host, known: nodes[$0.host]) }
        return Dictionary(all.map { ($0.node, $0) }) { first, _ in first }.values.sorted { $0.node < $1.node }
    }

    private static func sentence(_ unread: [String]) -> String {
        let more = unread.count > 3 ? " and \(unread.count - 3) more" : ""
        return "leases could not be read on " + unread.prefix(3).joined(separator: "; ") + more
    }
}

import Core
import Testing

@testable import Engine

@Suite("what is asked for the sake of policies")
struct AskingTests {
    private static func policies(_ expression: String) throws -> PolicySet {
        let policy = """
            apiVersion: belay/v1
            kind: Policy
            metadata: {name: rule}
            spec:
              enforcement: hard
              validations: [{expression: "\(expression)", message: "no", remedy: "wait"}]
            """
        return try PolicySet.load([("p.yaml", Array(policy.utf8))])
    }

    @Test(
        "of what no policy reads nothing is asked: neither the API about the nodes or the cluster, nor what lies on nodes",
        arguments: [
            ("node.pool == cluster.name && cluster.api", false, false, false),
            ("node.ready", true, false, false), ("'hold' in node.annotations", true, false, false),
            ("node.labels.size() > 0", true, false, false),
            ("cluster.pools[node.pool].total > 0", false, true, false),
            ("cluster.etcd.members.size() > 1", false, true, false), ("node.etcdMember", false, true, false),
            ("now - cluster.observedAt < duration('2m')", false, true, false),
            ("cluster.upgrading", false, true, false),
            ("cluster.controlPlane.notReady.size() == 0", false, true, false),
            ("inflight.size() == 0", false, false, true), ("occupied.size() == 0", false, false, true),
            ("history.runs.size() == 0", false, false, false),
        ])
    func asked(expression: String, kubernetes: Bool, cluster: Bool, records: Bool) throws {
        let asking = try Self.policies(expression).asking
        #expect(asking.kubernetes == kubernetes && asking.cluster == cluster && asking.records == records)
    }
}

import CEL
import Testing

@testable import Core

/// What policies read of the cluster, and of the node by what the API says of it.
@Suite struct ClusterInputTests {
    private typealias Samples = PolicySamples

    private static func outcomes(_ expression: String, _ cluster: ClusterFacts?) throws -> [Finding.Outcome] {
        var input = Samples.input()
        if let cluster { input.cluster = cluster }
        return try Samples.judge(Samples.policy(expression), input).findings.map(\.outcome)
    }

    @Test(
        "policies read pools, control plane, etcd and when they were asked for",
        arguments: [
            ("cluster.api && cluster.name == 'c1' && cluster.environment == 'production'", true),
            ("cluster.pools[node.pool].total == 3", true), ("cluster.pools[node.pool].notReady == ['w2']", true),
            ("cluster.pools['blue'].unschedulable.filter(n, n != node.name).size() == 0", false),
            ("cluster.controlPlane.members == ['cp1', 'first'] && cluster.controlPlane.notReady == []", true),
            ("cluster.etcd.members.size() == 3 && cluster.etcd.healthy == ['cp1', 'first']", true),
            ("!node.etcdMember && cluster.upgrading", true),
            ("now - cluster.observedAt <= duration('2m')", true),
            ("cluster.pools['violet'].total == 0", nil), ("cluster.alerts.size() == 0", nil),
            ("cluster.etcd.backupAt < now", nil),
        ] as [(String, Bool?)])
    func bound(expression: String, value: Bool?) throws {
        #expect(
            try Self.outcomes(expression, ClusterProbeTests.facts())
                == (value == true ? [] : value == false ? [.deny] : [.error]))
    }

    @Test("a member of etcd is one by the cluster's list, and who cannot be counted is an error")
    func etcdMember() throws {
        var facts = try ClusterProbeTests.facts()
        facts.etcd.members = .known(["n1"])
        #expect(try Self.outcomes("node.etcdMember", facts) == [])
        facts.etcd.members = .unknown("the API lists no static pods of etcd in kube-system")
        #expect(try Self.outcomes("node.etcdMember || true == false", facts) == [.error])
    }

    @Test("without an API that is known, and what it would say is an error with the cause")
    func noAPI() throws {
        let inventory = try ClusterProbeTests.inventory(kubectl: "")
        let facts = ClusterFacts(inventory, unasked: "the inventory names no execution host (cluster.kubectl)")
        #expect(try Self.outcomes("!cluster.api || cluster.pools[node.pool].notReady.size() == 0", facts) == [])
        #expect(try Self.outcomes("cluster.controlPlane.members == ['cp1']", facts) == [])
        #expect(try Self.outcomes("cluster.controlPlane.notReady.size() == 0", facts) == [.error])
        #expect(try Self.outcomes("cluster.api", nil) == [.error])
    }

    @Test(
        "labels and annotations are the API's; a long annotation is not read, and asking for it is an error",
        arguments: [
            ("'kubernetes.io/os' in node.labels && node.labels['kubernetes.io/os'] == 'linux'", true),
            ("'belay/hold' in node.annotations && node.annotations['belay/hold'] == 'yes'", true),
            ("!('absent' in node.annotations)", true), ("'long' in node.annotations", nil),
            ("node.annotations['long'] == ''", nil), ("node.annotations['absent'] == ''", nil),
        ] as [(String, Bool?)])
    func metadata(expression: String, value: Bool?) throws {
        let long = String(repeating: "x", count: 1025)
        let object = """
            {"kind":"Node","metadata":{"labels":{"kubernetes.io/os":"linux"},
             "annotations":{"belay/hold":"yes","long":"\(long)"}}}
            """
        let kubernetes = try KubernetesFactsTests.facts(.succeeded(object))
        let input = Samples.input(facts: Samples.facts().with(kubernetes: kubernetes))
        let decision = try Samples.judge(Samples.policy(expression), input)
        #expect(decision.findings.map(\.outcome) == (value == true ? [] : [.error]))
        if expression.contains("'long'") { #expect(decision.findings.first?.message.contains("1025 bytes") == true) }
    }

    @Test(
        "labels and annotations that no API would accept, or hundreds of them, are not believed",
        arguments: [#"{"a b":"c"}"#, #"{"a":"\u001b"}"#, many])
    func hostile(pairs: String) throws {
        let object = #"{"kind":"Node","metadata":{"labels":\#(pairs),"annotations":\#(pairs)}}"#
        let node = try KubernetesFactsTests.facts(.succeeded(object)).node
        #expect(node.labels.value == nil && (node.annotations.value == nil || pairs.contains("u001b")))
        #expect(node.unschedulable == .known(false))
    }

    private static let many = "{" + (0...500).map { "\"k\($0)\":\"\"" }.joined(separator: ",") + "}"

    @Test("the record of a decision gives the cluster and who is occupied back as they were")
    func recorded() throws {
        var input = Samples.input()
        input.cluster = try ClusterProbeTests.facts()
        input.occupied = .known([
            OccupiedNode(unread: "n2", known: nil),
            OccupiedNode(InflightTests.reserved("r1", Samples.node("n3")), known: nil),
        ])
        let record = try DecisionInputRecord(DecisionInput(input, policySet: "set"))
        let read = try JSON.decode(DecisionInputRecord.self, from: JSON.encode(record)).input
        let again = PolicyInput(try #require(read), plan: input.plan)
        #expect(again.cluster == input.cluster && again.occupied == input.occupied)
        let policy = Samples.policy("occupied.size() == 3 || cluster.pools['blue'].notReady.size() == 0")
        #expect(try Samples.judge(policy, again).findings == Samples.judge(policy, input).findings)
    }

    @Test("what another version recorded, which had neither, is not judged as if there were none")
    func olderRecord() throws {
        let input = DecisionInput(Samples.input(), policySet: "set")
        var record = try DecisionInputRecord(input)
        let text = try #require(record.document.text)
        #expect(record.input == input && text.contains("\"engine\":2"))
        record.document = Payload(text.replacing("\"engine\":2", with: "\"engine\":1"))
        #expect(record.input == nil)
    }
}

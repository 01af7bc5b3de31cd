import Foundation
import Testing

@testable import Core

/// What the API says of the cluster as a whole. The fixtures were printed by kubectl of an API of version 1.20, which had the
/// objects of a recorded cluster (cp1, w1, w2) besides its own.
@Suite("Facts of the cluster")
struct ClusterProbeTests {
    private static let now = Timestamp(milliseconds: 1_795_348_800_000)
    private static let probe = ClusterProbe(kubeconfig: "/etc/kubernetes/admin.conf")
    private static let kubectl = ", kubectl: {host: cp1, kubeconfig: /etc/kubernetes/admin.conf}"

    static func inventory(_ nodes: [String] = nodes, kubectl: String = kubectl) throws -> Inventory {
        let text = """
            apiVersion: belay/v1
            kind: Inventory
            cluster: {name: c1, environment: production\(kubectl)}
            nodes:
            \(nodes.joined(separator: "\n"))
            """
        return try Inventory.parse(Array(text.utf8), file: "inventory.yaml")
    }

    /// `first` is node-1 in Kubernetes, which has no `gone`; node-2 is not in the inventory.
    static let nodes = [
        "- {name: cp1, address: 10.0.0.1, roles: [control-plane], pool: control}",
        "- {name: first, address: 10.0.0.2, roles: [worker], pool: blue, kubernetesName: node-1}",
        "- {name: w1, address: 10.0.0.3, roles: [worker], pool: blue}",
        "- {name: w2, address: 10.0.0.4, roles: [worker], pool: blue}",
        "- {name: gone, address: 10.0.0.5, roles: [worker], pool: green}",
    ]

    static func recorded(_ name: String) throws -> CommandOutput {
        CommandOutput(status: 0, output: Payload(bytes: try ModelFixture.bytes("kubernetes/\(name)")))
    }

    static func facts(
        _ nodes: CommandOutput? = nil, _ pods: CommandOutput? = nil, of inventory: Inventory? = nil
    ) throws -> ClusterFacts {
        probe.parse(
            [try nodes ?? recorded("cluster-nodes.out"), try pods ?? recorded("cluster-etcd-pods.json")],
            of: try inventory ?? Self.inventory(), at: now)
    }

    private static func failed(_ said: String) -> CommandOutput {
        CommandOutput(status: 1, output: Payload(said + "\n"), errorTail: Payload(said + "\n"))
    }

    @Test("pools are the inventory's, by its names; a node that the API does not list is not ready")
    func pools() throws {
        let facts = try Self.facts()
        #expect(
            facts.pools.value == [
                "control": .init(total: 1, notReady: [], unschedulable: []),
                "blue": .init(total: 3, notReady: ["w2"], unschedulable: ["w1"]),
                "green": .init(total: 1, notReady: ["gone"], unschedulable: []),
            ])
        #expect(facts.api == .known(true) && facts.observedAt == .known(Self.now))
    }

    @Test("the control plane is who has the role in the inventory or the label in the API")
    func controlPlane() throws {
        #expect(try Self.facts().controlPlane == .init(members: .known(["cp1", "first"]), notReady: .known([])))
        let nodes = Self.nodes.filter { !$0.contains("name: cp1") }.map {
            $0.contains("name: w2") ? $0.replacing("[worker]", with: "[control-plane]") : $0
        }
        let facts = try Self.facts(of: Self.inventory(nodes, kubectl: ""))
        #expect(facts.controlPlane == .init(members: .known(["cp1", "first", "w2"]), notReady: .known(["w2"])))
        #expect(facts.api == .known(false))
    }

    @Test("members of etcd are the mirrors of static pods, not whatever has the label, nor another etcd")
    func etcd() throws {
        #expect(
            try Self.facts().etcd
                == .init(members: .known(["cp1", "first", "w2"]), healthy: .known(["cp1", "first"])))
        let none = try Self.facts(nil, .succeeded("{\"kind\":\"PodList\",\"items\":[]}"))
        #expect(none.etcd.members == .unknown("the API lists no static pods of etcd in kube-system"))
        #expect(none.etcd.healthy.value == nil && none.pools.value != nil)
    }

    @Test("kubelets of different versions are an upgrade; that there is none is known when all say the same")
    func upgrading() throws {
        #expect(try Self.facts().upgrading == .known(true))
        func upgrading(_ versions: String...) throws -> Fact<Bool> {
            let lines = versions.enumerated().map { "n\($0)   Ready   <none>   5d   \($1)\n" }
            return try Self.facts(.succeeded(lines.joined())).upgrading
        }
        #expect(try upgrading("v1.33.1", "v1.33.1") == .known(false))
        #expect(try upgrading("v1.33.1", "", "v1.33.2") == .known(true))
        #expect(try upgrading("v1.33.1", "").value == nil)
        #expect(try upgrading().value == nil)
    }

    @Test("what a kubelet writes into its version does not pass for a node, and one without Ready is not ready")
    func forgedLine() throws {
        let facts = try Self.facts(Self.recorded("cluster-nodes-hostile.out"))
        #expect(facts.pools.value?["blue"]?.notReady == ["w2"])
        #expect(facts.upgrading == .known(true) && facts.controlPlane.members == .known(["cp1", "first"]))
    }

    @Test(
        "an API that does not answer leaves all unknown with the cause, but for the inventory's roles",
        arguments: [
            ("The connection to the server 10.0.0.1:6443 was refused", "the API does not answer: The connection to"),
            ("Error from server (Forbidden): nodes is forbidden", "Error from server (Forbidden)"),
            ("", "said nothing"),
        ])
    func unanswered(said: String, cause: String) throws {
        let facts = try Self.facts(Self.failed(said), Self.failed(said))
        #expect(facts.controlPlane.members == .known(["cp1"]) && facts.api == .known(true))
        let unknown: [Fact<Bool>] = [
            facts.pools.flatMap { _ in .known(true) }, facts.controlPlane.notReady.flatMap { _ in .known(true) },
            facts.etcd.members.flatMap { _ in .known(true) }, facts.etcd.healthy.flatMap { _ in .known(true) },
            facts.upgrading, facts.observedAt.flatMap { _ in .known(true) },
        ]
        for fact in unknown {
            guard case .unknown(let text) = fact else { return #expect(Bool(false), "known: \(fact)") }
            #expect(text.contains(cause))
        }
        let workers = try Self.inventory(Self.nodes.filter { !$0.contains("control-plane") }, kubectl: "")
        #expect(try Self.facts(Self.failed(said), of: workers).controlPlane.members.value == nil)
        #expect(try Self.facts(nil, Self.failed(said)).pools.value != nil)
    }

    @Test("a node of Kubernetes that has the name of another of the inventory is not taken for it")
    func twins() throws {
        let nodes =
            Self.nodes.filter { !$0.contains("name: cp1") } + [
                "- {name: cp1, address: 10.0.0.9, roles: [worker], pool: blue, kubernetesName: node-2}"
            ]
        let facts = try Self.facts(of: Self.inventory(nodes))
        let cause = "the node cp1 of Kubernetes is not the inventory's, which is node-2 there"
        #expect(facts.controlPlane.members == .unknown(cause) && facts.etcd.members == .unknown(cause))
        #expect(facts.pools.value?["blue"]?.total == 4)
    }

    @Test(
        "hostile or foreign answers make unknowns, never a crash",
        arguments: [
            "x\n", "{}", "<html>", "n1 Ready <none>\n", "n1 Readyish <none> 5d v1\n", "../n1 Ready <none> 5d v1\n",
            "N1 Ready <none> 5d v1\n", "n1 Ready,NotReady <none> 5d v1\n", "n1 SchedulingDisabled <none> 5d v1\n",
            "NAME STATUS ROLES AGE VERSION\nn1 Ready <none> 5d v1\n", "No resources found\n",
            String(repeating: "n1 Ready <none> 5d v1\n", count: 2),
            "{\"kind\":\"PodList\",\"items\":{}}", "{\"kind\":\"PodList\",\"items\":[{\"metadata\":{\"name\":7}}]}",
            "{\"kind\":\"NodeList\",\"items\":[]}",
            """
            {"kind":"PodList","items":[{"metadata":{"name":"etcd-A B","annotations":{"kubernetes.io/config.mirror":"x"}},
             "spec":{"nodeName":"A B"}}]}
            """,
        ])
    func hostile(text: String) throws {
        let facts = try Self.facts(.succeeded(text), .succeeded(text))
        #expect(facts.pools.value == nil && facts.observedAt.value == nil && facts.upgrading.value == nil)
        #expect(facts.etcd.members.value == nil && facts.etcd.healthy.value == nil)
        var cut = try Self.recorded("cluster-nodes.out")
        cut.truncated = true
        #expect(try Self.facts(cut).pools == .unknown("the answer was longer than is read"))
        #expect(Self.probe.parse([], of: try Self.inventory(), at: Self.now).pools.value == nil)
    }

    @Test("five thousand nodes fit into what is read of an answer, and are read at once")
    func fleet() throws {
        let names = (0..<5000).map { "ip-10-20-\($0 / 256)-\($0 % 256).eu-central-1.compute.internal" }
        let lines = names.map { "\($0)   NotReady,SchedulingDisabled   <none>   125d   v1.33.13-eks-0123456\n" }
        #expect(lines.joined().utf8.count < ReadScript.outputLimit)
        var inventory = try Self.inventory()
        let worker = try #require(inventory.node("w1"))
        inventory.nodes = names.map { name in
            var node = worker
            node.name = name
            return node
        }
        let start = ContinuousClock.now
        let facts = try Self.facts(.succeeded(lines.joined()), of: inventory)
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect(facts.pools.value?["blue"]?.notReady.count == 5000)
        let record = try JSON.encode(facts)
        print("five thousand nodes that are cordoned and not ready: \(record.count) bytes of a record")
    }

    @Test("a megabyte of nonsense is refused at once", arguments: [UInt8(ascii: "["), UInt8(ascii: " "), 0xFF, 0x0A])
    func huge(byte: UInt8) throws {
        let text = String(decoding: [UInt8](repeating: byte, count: ReadScript.outputLimit), as: UTF8.self)
        let start = ContinuousClock.now
        let facts = try Self.facts(.succeeded(text), .succeeded(text))
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect(facts.pools.value?["blue"]?.notReady.count == (byte == 0x0A ? 3 : nil))
        #expect(facts.etcd.members.value == nil)
    }

    @Test("the nodes are listed once a cheap request was answered; etcd's pods are asked for raw")
    func commands() throws {
        let commands = Self.probe.commands()
        #expect(commands.count == 2)
        #expect(commands[0].argv.suffix(3) == ["/api/v1/nodes?limit=1", "nodes", "--no-headers"])
        #expect(commands[1].argv.suffix(2).first == "--raw" && commands[1].argv.last == EtcdPods.path)
        for command in commands {
            #expect(command.argv.contains("5s") && command.argv[2].contains("--cache-dir=/dev/null"))
            #expect(command.argv[4] == "/etc/kubernetes/admin.conf")
        }
    }
}

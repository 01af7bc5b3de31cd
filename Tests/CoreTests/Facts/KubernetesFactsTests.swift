import CEL
import Foundation
import Testing

@testable import Core

@Suite("Facts of the Kubernetes API")
struct KubernetesFactsTests {
    typealias Kubernetes = Facts.Kubernetes

    static let probe = KubernetesProbe(node: "w1", kubeconfig: "/etc/kubernetes/admin.conf")
    /// 19 s after the recorded lease was renewed.
    static let clock = CommandOutput.succeeded("1795384866\n")

    static func failed(_ said: String, status: Int = 1) -> CommandOutput {
        CommandOutput(status: status, output: Payload(said + "\n"), errorTail: Payload(said + "\n"))
    }

    static func facts(
        _ node: CommandOutput, lease: CommandOutput? = nil, clock: CommandOutput = clock
    ) throws -> Kubernetes {
        probe.parse([node, try lease ?? FactsTests.recorded("lease"), clock])
    }

    static func facts(_ name: String) throws -> Kubernetes { try facts(FactsTests.recorded(name)) }

    @Test(
        "a node as the API sends it",
        arguments: [
            ("node-ready", true, false, ""), ("node-cordoned", true, true, "a person"),
            ("node-not-ready", false, false, ""),
        ])
    func nodes(name: String, ready: Bool, unschedulable: Bool, cordonedBy: String) throws {
        let facts = try Self.facts(name)
        #expect(facts.api.reachable == .known(true) && facts.api.error == .known(""))
        #expect(facts.node.ready == .known(ready) && facts.node.unschedulable == .known(unschedulable))
        // Printed by kubectl, which leaves the field managers out: the note alone says whose the cordon is.
        #expect(facts.node.cordonedBy == .known(cordonedBy == "" ? "" : "a person"))
    }

    @Test(
        "who cordoned a node is told as the actions tell it",
        arguments: [
            ("node-cordoned-by-run", "20261122-120000-abcd"), ("node-note-left", ""),
            ("node-cordoned-over-note", "a person"),
        ])
    func owners(name: String, cordonedBy: String) throws {
        #expect(try Self.facts(name).node.cordonedBy == .known(cordonedBy))
    }

    @Test("conditions have status, reason and since when")
    func conditions() throws {
        let conditions = try #require(Self.facts("node-not-ready").node.conditions.value)
        #expect(conditions["Ready"]?.status == "Unknown" && conditions["Ready"]?.reason == "NodeStatusUnknown")
        #expect(conditions["Ready"]?.since.value != nil)
        #expect(conditions.keys.sorted() == ["DiskPressure", "MemoryPressure", "PIDPressure", "Ready"])
    }

    @Test("a node that has no conditions yet is not known to be ready or not")
    func noConditions() throws {
        #expect(
            try Self.facts("node-cordoned-by-run").node.ready == .unknown("the node has no condition Ready yet"))
    }

    @Test(
        "the lease's age is by the host's clock; a clock a little behind is as good as now, one far behind is unknown",
        arguments: [
            ("1795384866\n", 18_877), ("1795384847\n", 0), ("1795384838\n", 0), ("1795384800\n", nil),
            ("garbage", nil), ("", nil), ("99999999999999999999\n", nil), ("-5\n", nil),
        ])
    func leaseAge(clock: String, milliseconds: Int?) throws {
        let age = try Self.facts(FactsTests.recorded("node-ready"), clock: .succeeded(clock)).node.leaseAge
        #expect(age.value == milliseconds.map { .milliseconds($0) })
    }

    @Test(
        "an API that does not answer is known not to; a refusal is an answer; who is not trusted has not answered",
        arguments: [
            (
                "The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?",
                false
            ),
            ("Unable to connect to the server: context deadline exceeded", false),
            ("Unable to connect to the server: net/http: TLS handshake timeout", false),
            ("Error from server (Timeout): the server was unable to return a response in the time allotted", false),
            ("Error from server (InternalError): an error on the server", false),
            ("Error from server: etcdserver: request timed out", false),
            ("Error from server (NotFound): nodes \"w1\" not found", true),
            ("Error from server (Forbidden): nodes \"w1\" is forbidden", true),
            ("error: You must be logged in to the server (Unauthorized)", true),
            ("Unable to connect to the server: tls: failed to verify certificate: x509: unknown authority", nil),
            ("Unable to connect to the server: x509: certificate has expired or is not yet valid", nil),
            ("error: stat /etc/kubernetes/admin.conf: no such file or directory", nil), ("", nil),
        ])
    func reachable(said: String, expected: Bool?) throws {
        let facts = try Self.facts(Self.failed(said), lease: Self.failed(said))
        #expect(facts.api.reachable.value == expected)
        #expect(facts.node.ready.value == nil && facts.node.leaseAge.value == nil)
        if expected == false { #expect(facts.api.error == .known(said)) }
        if case .unknown(let cause) = facts.node.ready, expected != nil { #expect(cause.contains(said)) }
    }

    @Test("kubectl that is missing, or does not end, leaves everything unknown", arguments: [124, 127, 137])
    func noKubectl(status: Int) throws {
        let facts = try Self.facts(Self.failed("sh: 1: kubectl: not found", status: status))
        #expect(facts.api.reachable.value == nil)
        if case .unknown(let cause) = facts.node.ready, status == 127 { #expect(cause.contains("not found")) }
    }

    @Test("a lease that may not be read leaves the node's own facts known")
    func noLease() throws {
        let refused = Self.failed("Error from server (NotFound): leases.coordination.k8s.io \"w1\" not found")
        let facts = try Self.facts(FactsTests.recorded("node-ready"), lease: refused)
        #expect(facts.node.ready == .known(true) && facts.node.leaseAge.value == nil)
    }

    @Test(
        "hostile or foreign answers make unknowns, never a crash",
        arguments: [
            "", "{}", "[]", "null", "{\"kind\":\"Node\"}", "{\"kind\":\"Pod\",\"metadata\":{}}", "<html>",
            String(repeating: "[", count: 100_000),
            "{\"kind\":\"Node\",\"metadata\":{\"annotations\":{\"belay/run\":1}}}",
            "{\"kind\":\"Node\",\"metadata\":{},\"spec\":{\"unschedulable\":\"yes\"}}",
        ])
    func hostile(text: String) throws {
        let facts = try Self.facts(.succeeded(text), lease: .succeeded(text))
        #expect(facts.node.ready.value == nil && facts.node.unschedulable.value == nil)
        #expect(facts.node.leaseAge.value == nil)
        #expect(Self.probe.parse([]).api.reachable.value == nil)
        var cut = CommandOutput.succeeded("{\"kind\":\"Node\"")
        cut.truncated = true
        #expect(try Self.facts(cut).api.reachable.value == nil)
    }

    @Test("texts of a node are made safe and bounded, and hundreds of conditions are not believed")
    func bounded() throws {
        let condition = "{\"type\":\"T\\u001b\",\"status\":\"\(String(repeating: "s", count: 500))\",\"reason\":null}"
        let node = { (count: Int) in
            "{\"kind\":\"Node\",\"metadata\":{},\"status\":{\"conditions\":["
                + Array(repeating: condition, count: count).joined(separator: ",") + "]}}"
        }
        let conditions = try Self.facts(.succeeded(node(2))).node.conditions.value
        #expect(conditions?.keys.first == "T\\u{1b}" && conditions?.values.first?.status.count == 21)
        #expect(try Self.facts(.succeeded(node(101))).node.conditions.value == nil)
    }

    @Test(
        "the questions are raw reads with a time limit, the clock last; about what is no node's name nothing is asked")
    func commands() {
        let commands = Self.probe.commands()
        #expect(commands.count == 3 && commands[2].argv == ["date", "+%s"])
        for (command, path) in zip(commands, ["/api/v1/nodes/w1", "kube-node-lease/leases/w1"]) {
            #expect(command.argv[4] == "/etc/kubernetes/admin.conf")
            #expect(command.argv.contains("5s") && command.argv.last?.hasSuffix(path) == true)
            #expect(command.argv.suffix(2).first == "--raw" && !command.argv[2].contains("w1"))
        }
        let probe = KubernetesProbe(node: "../w1", kubeconfig: "/k")
        #expect(probe.commands().isEmpty && probe.parse([]).api.reachable.value == nil)
    }

    @Test("facts without an execution host are unknown and say why, and take what the host was told")
    func notAsked() throws {
        let facts = try FactsTests.facts()
        #expect(facts.kubernetes.node.ready == .unknown("no cluster.kubectl in the inventory"))
        let with = facts.with(kubernetes: try Self.facts("node-ready"))
        #expect(with.kubernetes.node.ready == .known(true) && with.machine == facts.machine)
        #expect(try JSON.decode(Facts.self, from: JSON.encode(with)) == with)
    }

    @Test(
        "expressions over them",
        arguments: [
            ("facts.kubernetes.api.reachable && facts.kubernetes.api.error == ''", "true"),
            ("facts.kubernetes.node.ready", "true"), ("facts.kubernetes.node.unschedulable", "true"),
            ("facts.kubernetes.node.cordonedBy == 'a person'", "true"),
            ("facts.kubernetes.node.leaseAge < duration('40s')", "true"),
            ("facts.kubernetes.node.conditions['DiskPressure'].status == 'False'", "true"),
            ("facts.kubernetes.node.conditions['Ready'].since < timestamp('2027-01-01T00:00:00Z')", "true"),
            ("facts.kubernetes.node.conditions['Nothing'].status == 'False'", "error"),
        ])
    func expressions(source: String, expected: String) throws {
        let facts = try FactsTests.facts().with(kubernetes: Self.facts("node-cordoned"))
        let program = try Program.compile(source, declarations: Runbook.declarations, expecting: .bool)
        switch program.evaluate(["facts": facts.value]).result {
        case .success(let value): #expect(value.rendered() == expected)
        case .failure: #expect(expected == "error")
        }
        guard case .failure(let error) = program.evaluate(["facts": try FactsTests.facts().value]).result else {
            return #expect(Bool(false), "without an execution host it must be an error")
        }
        #expect(error.path?.hasPrefix("facts.kubernetes.") == true)
        #expect(error.message.contains("no cluster.kubectl in the inventory"))
    }
}

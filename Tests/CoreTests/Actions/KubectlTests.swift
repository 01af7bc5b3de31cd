import Testing

@testable import Core

@Suite("kubectl")
struct KubectlTests {
    private func fail(_ said: String, status: Int = 1) throws -> ObservationError {
        let output = CommandOutput(status: status, output: Payload(""), errorTail: Payload(said))
        let action = try NodeCordonTests.make(NodeCordon.self)
        return try #require(throws: ObservationError.self) { try action.parse([output]) }
    }

    // As kubectl 1.32 and 1.33 said it of API servers that were down, hung, refused or were not trusted.
    @Test(
        "each way to fail is an unknown with its own words and remedy",
        arguments: [
            (
                "E1122 x memcache.go:265\nThe connection to the server 10.88.0.12:6443 was refused - did you specify the "
                    + "right host or port?\n", 1, "does not answer"
            ),
            (
                "Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while awaiting "
                    + "headers)", 1, "does not answer"
            ),
            ("Unable to connect to the server: context deadline exceeded", 1, "does not answer"),
            ("Unable to connect to the server: dial tcp: lookup x on 10.0.0.1:53: no such host", 1, "does not answer"),
            ("Error from server (ServiceUnavailable): the server is unavailable", 1, "does not answer"),
            ("Error from server (NotFound): nodes \"w1\" not found", 1, "knows no node w1"),
            ("Error from server (NotFound): the server could not find the requested resource", 1, "exit status 1"),
            ("Error from server (Forbidden): nodes \"w1\" is forbidden: User \"bob\" cannot get", 1, "refuses"),
            ("error: You must be logged in to the server (Unauthorized)", 1, "refuses"),
            (
                "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by "
                    + "unknown authority", 1, "not trusted"
            ),
            ("error: stat /etc/kubernetes/admin.conf: no such file or directory", 1, "exit status 1"),
            ("timeout: failed to run command 'kubectl': No such file or directory", 127, "no kubectl"),
            ("", 124, "did not end in time"), ("", 1, "exit status 1"),
        ])
    func failures(said: String, status: Int, words: String) throws {
        let error = try fail(said, status: status)
        #expect(error.message.contains(words), "\(error)")
        #expect(!error.remedy.isEmpty)
    }

    @Test("what it says is made safe to print and bounded")
    func printable() throws {
        let error = try fail("error: \u{1B}[2J\u{202e}" + String(repeating: "x", count: 5000))
        #expect(error.message.utf8.count < 500 && !error.message.contains("\u{1B}"))
    }

    @Test(
        "what the planner must not fill in is refused",
        arguments: ["node", "kubeconfig", "run"], hostileValues + ["W1", "a..b", "-w1", "relative/path", "/a\tb"])
    func injected(name: String, value: String) throws {
        guard name != "kubeconfig" || !value.hasPrefix("/") || value.contains("\t") else { return }
        #expect(throws: ArgumentError.self) { try NodeCordonTests.make(NodeCordon.self, [name: .text(value)]) }
    }

    @Test("a node's name has at most 253 characters, a run's id 63")
    func lengths() throws {
        let long = String(repeating: "a", count: 253)
        _ = try NodeCordonTests.make(NodeCordon.self, ["node": .text(long)])
        #expect(throws: ArgumentError.self) { try NodeCordonTests.make(NodeCordon.self, ["node": .text(long + "a")]) }
        let run = String(repeating: "a", count: 64)
        #expect(throws: ArgumentError.self) { try NodeCordonTests.make(NodeCordon.self, ["run": .text(run)]) }
    }

    static let names = [
        "node.cordon", "node.uncordon", "node.drain", "node.label", "node.taint", "workload.restart",
        "workload.rollback",
        "workload.scale", "configmap.restore",
    ]
    static let own: [String: [String: ArgumentValue]] = [
        "node.label": ["key": .text("x"), "value": .text("")],
        "node.taint": ["key": .text("x"), "value": .text(""), "effect": .text("NoSchedule")],
        "workload.restart": WorkloadFixture.shop, "workload.rollback": WorkloadFixture.shop,
        "workload.scale": WorkloadFixture.shop.merging(["replicas": .text("2")]) { $1 },
        "configmap.restore": WorkloadFixture.corefile,
    ]

    @Test("a runbook gives no argument that the planner fills in, and a plan has them all", arguments: names)
    func givenAndInjected(name: String) throws {
        let own = Arguments(Self.own[name] ?? [:])
        _ = try ActionRegistry.make(name, given: own)
        let kind = try #require(ActionRegistry.kind(name))
        let injected = kind.parameters.filter(\.injected).map(\.name)
        #expect(Set(injected) == (name.hasPrefix("node.") ? ["node", "kubeconfig", "run"] : ["kubeconfig", "run"]))
        for argument in injected {
            let value = try #require(NodeCordonTests.injected[argument])
            var given = own
            given.values[argument] = value
            let error = try #require(throws: ArgumentError.self) { try ActionRegistry.make(name, given: given) }
            #expect(error.argument == argument && error.message.contains("filled in"))
        }
        let injection = Injection(node: "w1", kubeconfig: "/k", run: "r-1")
        let whole = own.injecting(injection, for: kind)
        #expect(try ActionRegistry.make(name, arguments: whole).observe()[0].argv.contains("/k"))
        for argument in injected {
            var partial = whole
            partial.values[argument] = nil
            #expect(throws: ArgumentError.self) { try ActionRegistry.make(name, arguments: partial) }
        }
    }

    @Test("actions on a node are given nothing by the planner")
    func nothingInjected() throws {
        let arguments = Arguments(["service": .text("kubelet")])
        let kind = try #require(ActionRegistry.kind("service.restart"))
        #expect(arguments.injecting(Injection(node: "n", kubeconfig: "/k", run: "r"), for: kind) == arguments)
        #expect(try ActionRegistry.make("service.restart", arguments: arguments).place == .node)
        let cluster = ActionRegistry.names.filter {
            ActionRegistry.kind($0)?.parameters.contains(where: \.injected) == true
        }
        #expect(cluster == Self.names.sorted())
    }

    @Test("an action made before its target is known can observe nothing: no kubectl can read its kubeconfig")
    func standIn() throws {
        let action = try ActionRegistry.make("node.cordon", given: Arguments())
        let index = try #require(action.observe()[0].argv.firstIndex(of: "--kubeconfig"))
        #expect(action.observe()[0].argv[index + 1].hasPrefix("/dev/null/"))
    }
}

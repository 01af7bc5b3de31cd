import Core
import Testing

/// The laws of the actions in the cluster, against a real API server: what kubectl prints and what the API refuses is
/// not imitated anywhere.
@Suite("Actions in the cluster against a real API", .serialized, .enabled(if: Cluster.isUp), .timeLimit(.minutes(40)))
struct KubectlTests {
    /// An action on a Node, with the run `r-1` unless another is named.
    private func make(
        _ kind: String, _ node: String, _ own: [String: String] = [:], run: String = "r-1",
        kubeconfig: String = Cluster.kubeconfig
    ) throws -> any Action {
        let arguments = Arguments(own.mapValues { .text($0) })
        let injection = Injection(node: node, kubeconfig: kubeconfig, run: run)
        let described = try #require(ActionRegistry.kind(kind))
        return try ActionRegistry.make(kind, arguments: arguments.injecting(injection, for: described))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var kind: String
        var own: [String: String] = [:]
        /// What people did to the node before, as kubectl's arguments with NODE for its name.
        var before: [[String]] = []
        /// What its metadata has from the start.
        var metadata = Cluster.labels
        /// Whether there is anything to do.
        var changes = true
        var testDescription: String { "\(kind) \(own) after \(before) on \(metadata)" }
    }

    private static let annotate = ["annotate", "node", "NODE", "belay/run=r-0"]
    private static let cordon = ["cordon", "NODE"]
    private static let mark = [
        "patch", "node", "NODE", "--field-manager=belay", "--type=merge", "-p",
        #"{"metadata":{"annotations":{"belay/run":"r-0"}},"spec":{"unschedulable":true}}"#,
    ]
    private static let timed = [
        "patch", "node", "NODE", "--type=merge", "-p",
        #"{"spec":{"taints":[{"key":"a","effect":"NoSchedule"},{"key":"x.example/t","effect":"NoExecute","value":"o","#
            + #""timeAdded":"2026-11-22T16:57:26Z"},{"key":"x.example/t","effect":"NoSchedule"}]}}"#,
    ]
    private static let pool = ["label", "node", "NODE", "x.example/l=old"]
    private static let label = ["key": "x.example/l"]
    private static let taint = ["key": "x.example/t", "effect": "NoExecute"]

    static let cases = [
        Case(kind: "node.cordon"), Case(kind: "node.cordon", metadata: ""),
        Case(kind: "node.cordon", before: [annotate]), Case(kind: "node.cordon", before: [cordon], changes: false),
        Case(kind: "node.cordon", before: [cordon, annotate], changes: false),
        Case(kind: "node.cordon", before: [mark], changes: false),
        Case(kind: "node.uncordon", changes: false), Case(kind: "node.uncordon", before: [mark]),
        Case(kind: "node.uncordon", before: [mark], metadata: ""),
        Case(kind: "node.uncordon", own: ["owner": "run"], before: [mark], changes: false),
        Case(kind: "node.uncordon", before: [cordon], changes: false),
        Case(kind: "node.uncordon", before: [mark, ["uncordon", "NODE"], cordon], changes: false),
        Case(kind: "node.uncordon", own: ["owner": "anyone"], before: [cordon]),
        Case(kind: "node.uncordon", own: ["owner": "anyone"], before: [mark, ["uncordon", "NODE"], cordon]),
        Case(kind: "node.label", own: label.merging(["value": "new"]) { $1 }, metadata: ""),
        Case(kind: "node.label", own: label.merging(["value": ""]) { $1 }, before: [pool]),
        Case(kind: "node.label", own: label.merging(["value": "old"]) { $1 }, before: [pool], changes: false),
        Case(kind: "node.label", own: label.merging(["remove": "true"]) { $1 }, before: [pool], metadata: ""),
        Case(kind: "node.label", own: label.merging(["remove": "true"]) { $1 }, changes: false),
        Case(kind: "node.taint", own: taint.merging(["value": "new"]) { $1 }),
        Case(kind: "node.taint", own: taint.merging(["value": ""]) { $1 }, before: [timed]),
        Case(
            kind: "node.taint", own: taint.merging(["value": "new"]) { $1 },
            before: [["taint", "node", "NODE", "a=b:NoSchedule"]]),
        Case(kind: "node.taint", own: taint.merging(["remove": "true"]) { $1 }, before: [timed]),
        Case(kind: "node.taint", own: taint.merging(["remove": "true"]) { $1 }, changes: false),
    ]

    @Test("what is predicted is found, and undo brings everything back, however often it runs", arguments: cases)
    func law(test: Case) async throws {
        try await Cluster.withNode(test.metadata) { node in
            try await people(test.before, on: node)
            let action = try make(test.kind, node, test.own)
            let before = try await Cluster.observe(action)
            let all = try await all(node)
            let prediction = try action.predict(before)
            #expect(action.apply(before).isEmpty == !test.changes)

            try await expectDone(action.apply(before))
            let after = try await Cluster.observe(action)
            #expect(after == prediction.after && prediction.qualities.isEmpty)
            #expect((after != before) == test.changes)
            #expect(action.apply(after).isEmpty)

            for _ in 1...2 {
                try await expectDone(action.undo(before))
                #expect(try await Cluster.observe(action) == before)
            }
            #expect(try await self.all(node) == all)
        }
    }

    @Test("a cordon and its owner come in one write, and the uncordon behind it takes both away again")
    func cordonAndUncordon() async throws {
        try await Cluster.withNode { node in
            let (cordon, uncordon) = (try make("node.cordon", node), try make("node.uncordon", node, ["owner": "run"]))
            let before = try await Cluster.observe(cordon)
            try await expectDone(cordon.apply(before))
            #expect(try await unschedulable(node) == "true r-1")
            let between = try await Cluster.observe(uncordon)
            #expect(between == (try cordon.predict(before)).after)
            try await expectDone(uncordon.apply(between))
            #expect(try await unschedulable(node) == " ")
            #expect(try await Cluster.observe(cordon) == before)
        }
    }

    @Test(
        "who is faster wins: a write planned for another state fails and changes nothing",
        arguments: [
            ("node.cordon", [:], [cordon]), ("node.cordon", [:], [mark]), ("node.cordon", [:], [annotate]),
            ("node.uncordon", ["owner": "anyone"], [["uncordon", "NODE"]]),
            ("node.label", label.merging(["value": "new"]) { $1 }, [pool]),
            ("node.label", label.merging(["value": "old"]) { $1 }, [pool]),
            ("node.taint", taint.merging(["value": "new"]) { $1 }, [timed]),
        ] as [(String, [String: String], [[String]])])
    func race(kind: String, own: [String: String], meanwhile: [[String]]) async throws {
        try await Cluster.withNode { node in
            if kind == "node.uncordon" { try await people([Self.cordon], on: node) }
            let action = try make(kind, node, own)
            let commands = action.apply(try await Cluster.observe(action))
            try await people(meanwhile, on: node)
            let theirs = try await Cluster.observe(action)
            let result = try await Cluster.write(commands)
            #expect(result.status == 1 && result.said.contains("nothing was changed"), "\(result)")
            #expect(try await Cluster.observe(action) == theirs)
        }
    }

    @Test("whoever writes between the read and the write of a guarded write is seen, and wins")
    func racePatch() async throws {
        try await Cluster.withNode { node in
            let action = try make("node.cordon", node)
            let before = try await Cluster.observe(action)
            let (apply, undo) = (action.apply(before), action.undo(before))
            try await Cluster.withFirstPatch("kubectl cordon \(node) >/dev/null; kubectl \"$@\"") { folder in
                let result = try await Cluster.write(apply, first: folder)
                #expect(result.status == 1 && result.said.contains("nothing was changed"), "\(result)")
                #expect(try await unschedulable(node) == "true ")
            }
            try await people([["uncordon", "NODE"]], on: node)
            try await expectDone(apply)
            let again = "kubectl uncordon \(node); kubectl cordon \(node)"
            try await Cluster.withFirstPatch("{ \(again); } >/dev/null; kubectl \"$@\"") { folder in
                let result = try await Cluster.write(undo, first: folder)
                #expect(result.status == 0, "\(result)")
                #expect(try await unschedulable(node) == "true r-1")
            }
        }
    }

    @Test(
        "a write that has nothing to do with it, or an answer that was lost, is looked at again and got through",
        arguments: [
            "kubectl annotate node NODE heartbeat=1 >/dev/null; kubectl \"$@\"",
            "kubectl taint node NODE a=:NoSchedule- >/dev/null; kubectl \"$@\"", "kubectl \"$@\"; false",
        ])
    func unrelated(first: String) async throws {
        for (kind, own) in [
            ("node.cordon", [:]), ("node.label", Self.label.merging(["value": "new"]) { $1 }),
            ("node.taint", Self.taint.merging(["value": "new"]) { $1 }),
            ("node.taint", Self.taint.merging(["remove": "true"]) { $1 }),
        ] {
            try await Cluster.withNode { node in
                try await people([Self.timed], on: node)
                let action = try make(kind, node, own)
                let before = try await Cluster.observe(action)
                let text = first.replacing("NODE", with: node)
                try await Cluster.withFirstPatch(text) { folder in
                    let result = try await Cluster.write(action.apply(before), first: folder)
                    #expect(result.status == 0, "\(kind) \(result.said)")
                }
                #expect(try await Cluster.observe(action) == (try action.predict(before)).after)
                try await Cluster.withFirstPatch(text.replacing("heartbeat=1", with: "heartbeat=2 --overwrite")) {
                    folder in
                    guard !text.contains("taint") else { return try await expectDone(action.undo(before)) }
                    #expect(try await Cluster.write(action.undo(before), first: folder).status == 0)
                }
                #expect(try await Cluster.observe(action) == before)
                let foreign = try await all(node).filter { $0.hasPrefix("x.example/t=:NoSchedule") }
                #expect(foreign.count == 1)
            }
        }
    }

    @Test(
        "undo leaves what people did since, and that is no failure",
        arguments: [
            ("node.cordon", [:], [["uncordon", "NODE"], cordon], "true r-1"),
            ("node.cordon", [:], [["annotate", "node", "NODE", "belay/run-"]], "true "),
            ("node.cordon", [:], [["annotate", "--overwrite", "node", "NODE", "belay/run=r-0"]], "true r-0"),
            ("node.cordon", [:], [["uncordon", "NODE"]], " "), ("node.uncordon", [:], [cordon], "true "),
            ("node.uncordon", [:], [annotate], " r-0"),
        ] as [(String, [String: String], [[String]], String)])
    func othersAfterwards(kind: String, own: [String: String], since: [[String]], left: String) async throws {
        try await Cluster.withNode { node in
            if kind == "node.uncordon" { try await people([Self.mark], on: node) }
            let action = try make(kind, node, own)
            let before = try await Cluster.observe(action)
            try await expectDone(action.apply(before))
            try await people(since, on: node)
            try await expectDone(action.undo(before))
            #expect(try await unschedulable(node) == left)
        }
    }

    @Test("a label or taint that somebody changed since is left by undo")
    func otherValues() async throws {
        try await Cluster.withNode { node in
            let label = try make("node.label", node, Self.label.merging(["value": "new"]) { $1 })
            let taint = try make("node.taint", node, Self.taint.merging(["value": "new"]) { $1 })
            let before = (try await Cluster.observe(label), try await Cluster.observe(taint))
            try await expectDone(label.apply(before.0) + taint.apply(before.1))
            try await people(
                [
                    ["label", "--overwrite", "node", "NODE", "x.example/l=theirs"],
                    ["taint", "--overwrite", "node", "NODE", "x.example/t=theirs:NoExecute"],
                ], on: node)
            let theirs = (try await Cluster.observe(label), try await Cluster.observe(taint))
            try await expectDone(label.undo(before.0) + taint.undo(before.1))
            #expect(try await Cluster.observe(label) == theirs.0)
            #expect(try await Cluster.observe(taint) == theirs.1)
            #expect(theirs.0.text("label") == "theirs" && theirs.1.text("taint") == "theirs")
        }
    }

    @Test("a node deleted and registered again under its name is another one: undo leaves it")
    func registeredAgain() async throws {
        try await Cluster.withNode { node in
            let action = try make("node.label", node, Self.label.merging(["value": "new"]) { $1 })
            let before = try await Cluster.observe(action)
            try await expectDone(action.apply(before))
            try await people(
                [
                    ["delete", "node", "NODE"], ["create", "-f", "/tmp/NODE"],
                    ["label", "node", "NODE", "x.example/l=new"],
                ], on: node)
            let again = try await Cluster.observe(action)
            #expect(again["uid"] != before["uid"])
            try await expectDone(action.undo(before))
            #expect(try await Cluster.observe(action) == again)
        }
    }

    @Test("writers that get in each other's way look again and all get through")
    func contention() async throws {
        try await Cluster.withNode { node in
            let actions: [any Action] = [
                try make("node.cordon", node),
                try make("node.label", node, Self.label.merging(["value": "new"]) { $1 }),
                try make("node.taint", node, Self.taint.merging(["value": "new"]) { $1 }),
                try make("node.taint", node, ["key": "other", "effect": "NoSchedule", "value": ""]),
            ]
            var befores: [Observation] = []
            for action in actions { befores.append(try await Cluster.observe(action)) }
            try await withThrowingTaskGroup { group in
                for (action, before) in zip(actions, befores) {
                    group.addTask { try await expectDone(action.apply(before)) }
                }
                try await group.waitForAll()
            }
            for (action, before) in zip(actions, befores) {
                #expect(try await Cluster.observe(action) == (try action.predict(before)).after)
            }
        }
    }

    @Test("without an answer of the API nothing is known and nothing is done: observe, apply and undo fail")
    func down() async throws {
        try await Cluster.withNode { node in
            let before = try await Cluster.observe(try make("node.cordon", node))
            try await Cluster.withKubeconfig(Self.refused) { kubeconfig in
                let action = try make("node.cordon", node, kubeconfig: kubeconfig)
                let error = try await #require(throws: ObservationError.self) { try await Cluster.observe(action) }
                #expect(error.message.contains("does not answer"), "\(error)")
                #expect(try await Cluster.write(action.apply(before)).status != 0)
                #expect(try await Cluster.write(action.undo(before)).status != 0)
                let facts = try await facts(node, kubeconfig)
                #expect(facts.api.reachable == .known(false) && facts.node.unschedulable.value == nil)
            }
            #expect(try await unschedulable(node) == " ")
        }
    }

    @Test("a user without the right, a node that is not there, a kubeconfig that is not there: each in its words")
    func refusals() async throws {
        try await Cluster.withNode { node in
            try await Cluster.withKubeconfig(Self.bob) { kubeconfig in
                let action = try make("node.cordon", node, kubeconfig: kubeconfig)
                let error = try await #require(throws: ObservationError.self) { try await Cluster.observe(action) }
                #expect(error.message.contains("refuses"), "\(error)")
                let facts = try await facts(node, kubeconfig)
                #expect(facts.api.reachable == .known(true) && facts.node.unschedulable.value == nil)
            }
            let nobody = try make("node.cordon", "law-nobody")
            let unknown = try await #require(throws: ObservationError.self) { try await Cluster.observe(nobody) }
            #expect(unknown.message.contains("knows no node law-nobody"), "\(unknown)")
            #expect(try await facts("law-nobody", Cluster.kubeconfig).api.reachable == .known(true))
            #expect(try await facts(node, "/nowhere").api.reachable.value == nil)
            let nowhere = try make("node.cordon", node, kubeconfig: "/nowhere")
            await #expect(throws: ObservationError.self) { try await Cluster.observe(nowhere) }
        }
    }

    @Test("facts tell whose a cordon is, as the actions do")
    func facts() async throws {
        try await Cluster.withNode { node in
            let action = try make("node.cordon", node)
            let free = try await facts(node, Cluster.kubeconfig)
            #expect(free.api.reachable == .known(true) && free.node.unschedulable == .known(false))
            #expect(free.node.cordonedBy == .known("") && free.node.leaseAge.value == nil)
            try await expectDone(action.apply(try await Cluster.observe(action)))
            let ours = try await facts(node, Cluster.kubeconfig)
            #expect(ours.node.unschedulable == .known(true) && ours.node.cordonedBy == .known("r-1"))
            try await people([["uncordon", "NODE"], Self.cordon], on: node)
            #expect(try await facts(node, Cluster.kubeconfig).node.cordonedBy == .known("a person"))
        }
    }

    // MARK: -

    private func facts(_ node: String, _ kubeconfig: String) async throws -> Facts.Kubernetes {
        let probe = KubernetesProbe(node: node, kubeconfig: kubeconfig)
        var outputs: [CommandOutput] = []
        for command in probe.commands() { outputs.append(try await Cluster.run(command)) }
        return probe.parse(outputs)
    }

    private func expectDone(_ commands: [Command], _ location: Testing.SourceLocation = #_sourceLocation) async throws {
        let result = try await Cluster.write(commands)
        #expect(result.status == 0, "\(result.said)", sourceLocation: location)
    }

    private func people(_ commands: [[String]], on node: String) async throws {
        for command in commands {
            let words = command.map { $0.replacing("NODE", with: node) }
            let answer = try await Cluster.run(Command(["kubectl", "--kubeconfig", Cluster.kubeconfig] + words))
            try #require(answer.status == 0, "\(words): \(answer.errorTail.text ?? "")")
        }
    }

    /// What of a node's object is in anybody's hands, in no order.
    private func all(_ node: String) async throws -> [String] {
        let maps = "{.metadata.uid} {.spec.unschedulable} {.metadata.labels} {.metadata.annotations}"
        let taints = #"{range .spec.taints[*]}{"\n"}{.key}={.value}:{.effect} {.timeAdded}{end}"#
        return try await Cluster.kubectl("get", "node", node, "-o", "jsonpath=" + maps + taints)
            .split(separator: "\n").map(String.init).sorted()
    }

    private func unschedulable(_ node: String) async throws -> String {
        try await Cluster.kubectl(
            "get", "node", node, "-o", #"jsonpath={.spec.unschedulable} {.metadata.annotations.belay/run}"#)
    }

    private static func refused(_ config: inout [String: Any]) throws {
        try edit(&config, "clusters", "cluster") { $0["server"] = "https://127.0.0.1:1" }
    }

    private static func bob(_ config: inout [String: Any]) throws {
        try edit(&config, "users", "user") { $0["as"] = "bob" }
    }

    private static func edit(
        _ config: inout [String: Any], _ list: String, _ item: String, _ change: (inout [String: Any]) -> Void
    ) throws {
        var items = try #require(config[list] as? [[String: Any]])
        var value = try #require(items.first?[item] as? [String: Any])
        change(&value)
        items[0][item] = value
        config[list] = items
    }
}

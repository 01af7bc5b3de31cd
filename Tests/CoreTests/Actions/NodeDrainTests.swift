import Foundation
import Testing

@testable import Core

/// What `node.drain` makes of what kubectl prints. The pods and the budget were printed through its own templates by kubectl
/// 1.32 of the recorded cluster.
@Suite("node.drain")
struct NodeDrainTests {
    typealias Cordon = NodeCordonTests.Printed

    enum Printed {
        static let bare = "leaves default/-/bare default bare 805a1088 Running yes"
        static let scratch =
            "leaves default/ReplicaSet/scratch+emptyDir default scratch-55bf7c55db-qjppf db5641ac Running yes "
            + "app=scratch pod-template-hash=55bf7c55db"
        static let web =
            "leaves default/ReplicaSet/web default web-75c4cbcb9c-9pt94 b6ef3905 Running yes app=web "
            + "pod-template-hash=75c4cbcb9c"
        static let proxy = "stays daemon kube-system kube-proxy-954r6 c3952d81 Running yes k8s-app=kube-proxy"
        static let etcd = "stays static kube-system etcd-cp1 e1 Running yes component=etcd"
        static let done = "stays ended default job-1-x d1 Succeeded no job-name=job-1"
        static let going = "going default/ReplicaSet/web default web-75c4cbcb9c-old b6ef3906 Running yes app=web"

        static let eviction = eviction("v1")
        static func eviction(_ version: String) -> String {
            #"{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","kind":"Pod"},"#
                + #"{"name":"pods/eviction","namespaced":true,"group":"policy","version":"\#(version)","kind":"Eviction"}]}"#
        }

        /// A budget of `default` over `app=web`.
        static func budget(
            allowed: Int, healthy: Int, desired: Int, expected: Int, observed: Int = 1, name: String = "web",
            policy: String = "-", version: String = "policy/v1", selector: String = "some app=web"
        ) -> String {
            "budget \(version) default \(name) 1 \(observed) \(allowed) \(healthy) \(desired) \(expected) \(policy) \(selector)"
        }
    }

    static func make(_ more: [String: ArgumentValue] = [:]) throws -> NodeDrain {
        try NodeCordonTests.make(NodeDrain.self, more)
    }

    static let consent: [String: ArgumentValue] = ["emptyDir": .text("delete")]

    static func observe(
        _ cordon: String = Cordon.free, pods: [String] = [Printed.web, Printed.proxy], budgets: [String] = [],
        eviction: String = Printed.eviction, by action: NodeDrain? = nil
    ) throws -> Observation {
        let outputs = [cordon, pods.joined(separator: "\n"), budgets.joined(separator: "\n"), eviction]
        return try (try action ?? make()).parse(outputs.map { Fixture.output($0) })
    }

    /// The keys that an eviction is given.
    static func keys(_ command: Command?) -> [String]? {
        command.map { Array($0.argv.dropFirst(DrainScript.wordsBeforeKeys)) }
    }

    @Test("a node is cordoned as by node.cordon, then the planned controllers' pods are evicted, for so many seconds")
    func applies() throws {
        let action = try Self.make(["seconds": .text("120")])
        let before = try Self.observe(by: action)
        let commands = action.apply(before)
        #expect(commands.count == 2)
        #expect(commands.first == (try NodeCordonTests.make(NodeCordon.self).apply(before)).first)
        let words = commands[1].argv.dropFirst(4)
        #expect(words.prefix(3) == ["/etc/kubernetes/admin.conf", "w1", "76ba8fe3"])
        #expect(words.dropFirst(5).prefix(2) == ["policy/v1", "120"])
        #expect(Self.keys(commands.last) == ["default/ReplicaSet/web"])
        let prediction = try action.predict(before)
        #expect(prediction.after.text("unschedulable") == "yes" && prediction.after.text("run") == "r-1")
        #expect(prediction.quality(of: "unschedulable") == .exact)
        #expect(prediction.after.lines("pods") == [] && prediction.quality(of: "pods") != .exact)
        // What is found after it: nothing in it is a surprise but what is volatile.
        let found = try Self.observe(Cordon.ours, pods: [Printed.proxy], by: action)
        #expect(found.differences(from: prediction.after) { !action.role(of: $0).isVolatile }.isEmpty)
        #expect(prediction.after["heldBack"] == before["heldBack"])
        #expect(prediction.notes.contains { $0.contains("1 pod is evicted") }, "\(prediction.notes)")
    }

    @Test("undo is exactly that of node.cordon, and brings no pod back")
    func undoes() throws {
        let (action, cordon) = (try Self.make(), try NodeCordonTests.make(NodeCordon.self))
        for printed in [Cordon.free, Cordon.noteLeft, Cordon.ours] {
            let before = try Self.observe(printed)
            #expect(action.undo(before) == cordon.undo(before) && !action.undo(before).isEmpty, "\(printed)")
        }
    }

    @Test(
        "a cordon that was there before stays, by undo too; its pods are evicted all the same",
        arguments: [Cordon.person, Cordon.otherRun])
    func cordoned(printed: String) throws {
        let action = try Self.make()
        let before = try Self.observe(printed)
        #expect(action.apply(before).count == 1 && Self.keys(action.apply(before).first) == ["default/ReplicaSet/web"])
        // A step without any undo would be denied: this one changes nothing and says so.
        let undo = action.undo(before)
        #expect(undo.count == 1 && undo[0].argv[2].contains("stays so") && !undo[0].argv[2].contains("kubectl"))
        #expect(try action.predict(before).after.text("unschedulable") == "yes")
    }

    @Test("a node that is cordoned and empty is left as it is; one that is only empty is cordoned and looked at again")
    func empty() throws {
        let action = try Self.make()
        let drained = try Self.observe(Cordon.person, pods: [Printed.proxy, Printed.etcd, Printed.done])
        #expect(action.apply(drained).isEmpty && action.undo(drained).isEmpty)
        #expect(try action.predict(drained).after == drained)
        let open = try Self.observe(pods: [Printed.proxy])
        #expect(action.apply(open).count == 2 && Self.keys(action.apply(open).last) == [])
        // Not over before the pod is gone.
        let going = try Self.observe(Cordon.person, pods: [Printed.going])
        #expect(Self.keys(action.apply(going).last) == [])
    }

    @Test("pods of DaemonSets, static pods and pods that have ended are never evicted, and the plan says why")
    func heldBack() throws {
        let before = try Self.observe(pods: [Printed.proxy, Printed.etcd, Printed.done, Printed.web, Printed.going])
        #expect(before.lines("pods") == ["default/ReplicaSet/web web-75c4cbcb9c-9pt94"])
        #expect(before.lines("going") == ["default/web-75c4cbcb9c-old"])
        let held = before.lines("heldBack") ?? []
        #expect(held.count == 3)
        #expect(held.contains { $0.hasPrefix("kube-system/kube-proxy-954r6: of a DaemonSet") })
        #expect(held.contains { $0.hasPrefix("kube-system/etcd-cp1: a static pod") })
        #expect(held.contains { $0.hasPrefix("default/job-1-x: has ended (Succeeded)") })
        let notes = try Self.make().predict(before).notes
        #expect(notes.contains { $0.hasPrefix("not evicted: ") && $0.contains("kube-proxy-954r6: of a DaemonSet") })
    }

    @Test("a pod that nobody would make again is refused, whatever the step says: no undo brings it back")
    func bare() throws {
        for action in [try Self.make(), try Self.make(Self.consent)] {
            let error = try #require(throws: ObservationError.self) {
                try action.predict(Self.observe(pods: [Printed.web, Printed.bare], by: action))
            }
            #expect(error.message.contains("default/bare has no controller"), "\(error)")
        }
    }

    @Test("data in emptyDir volumes is refused unless the step says so, and then the plan says what is lost")
    func consents() throws {
        let strict = try Self.make()
        let error = try #require(throws: ObservationError.self) {
            try strict.predict(Self.observe(pods: [Printed.scratch], by: strict))
        }
        #expect(error.message.contains("keeps data in an emptyDir") && error.remedy.contains("emptyDir: delete"))
        let action = try Self.make(Self.consent)
        let before = try Self.observe(pods: [Printed.scratch], by: action)
        #expect(try action.predict(before).notes.contains { $0.contains("emptyDir volumes is deleted") })
        #expect(Self.keys(action.apply(before).last)?.count == 1)
    }

    @Test("a controller's pods may come, go and be fewer until it runs; anybody else's, or data, make the plan stale")
    func permits() throws {
        let action = try Self.make(Self.consent)
        func commands(_ pods: [String], _ cordon: String = Cordon.free) throws -> [Command] {
            action.apply(try Self.observe(cordon, pods: pods, by: action))
        }
        let planned = try commands([Printed.web, Printed.scratch])
        let another = Printed.web.replacing("9pt94", with: "zzzzz").replacing("b6ef3905", with: "00000000")
        #expect(action.permits(try commands([another, Printed.web]), planned: planned))
        #expect(action.permits(try commands([]), planned: planned))
        #expect(action.permits(planned, planned: planned))
        #expect(!action.permits(try commands([Printed.web, Printed.bare]), planned: planned))
        let withData = Printed.web.replacing("/web ", with: "/web+emptyDir ")
        #expect(!action.permits(try commands([withData]), planned: planned))
        // Cordoned meanwhile: not the commands that were approved.
        #expect(!action.permits(try commands([Printed.web], Cordon.person), planned: planned))
        #expect(!action.permits(planned, planned: []))
        let longer = try Self.make(Self.consent.merging(["seconds": .text("301")]) { $1 })
        #expect(!action.permits(longer.apply(try Self.observe(pods: [Printed.web])), planned: planned))
    }

    struct BudgetCase: Sendable, CustomTestStringConvertible {
        enum Answer: Sendable { case goes, waits, refused }
        var testDescription: String
        var budgets: [String]
        var pod = Printed.web
        var answer: Answer
    }

    static let budgetCases: [BudgetCase] = [
        .init(
            testDescription: "allows one", budgets: [Printed.budget(allowed: 1, healthy: 3, desired: 2, expected: 3)],
            answer: .goes),
        .init(
            testDescription: "one replica is ill: it may get well",
            budgets: [Printed.budget(allowed: 0, healthy: 2, desired: 2, expected: 3)], answer: .waits),
        // As it was recorded: minAvailable 4 of 4.
        .init(
            testDescription: "all of them must be healthy: never",
            budgets: [Printed.budget(allowed: 0, healthy: 4, desired: 4, expected: 4)], answer: .refused),
        .init(
            testDescription: "never, even while one is ill",
            budgets: [Printed.budget(allowed: 0, healthy: 3, desired: 4, expected: 4)], answer: .refused),
        .init(
            testDescription: "not counted since it was changed",
            budgets: [Printed.budget(allowed: 1, healthy: 3, desired: 2, expected: 3, observed: 0)], answer: .waits),
        .init(
            testDescription: "nothing counted at all",
            budgets: [Printed.budget(allowed: 0, healthy: 0, desired: 0, expected: 0)], answer: .waits),
        .init(
            testDescription: "a pod that is not ready goes while the others are enough",
            budgets: [Printed.budget(allowed: 0, healthy: 2, desired: 2, expected: 3)],
            pod: Printed.web.replacing("Running yes", with: "Running no"), answer: .goes),
        .init(
            testDescription: "one that is not ready waits while the others are not enough",
            budgets: [Printed.budget(allowed: 0, healthy: 1, desired: 2, expected: 3)],
            pod: Printed.web.replacing("Running yes", with: "Running no"), answer: .waits),
        .init(
            testDescription: "unless the budget says AlwaysAllow",
            budgets: [Printed.budget(allowed: 0, healthy: 1, desired: 2, expected: 3, policy: "AlwaysAllow")],
            pod: Printed.web.replacing("Running yes", with: "Running no"), answer: .goes),
        .init(
            testDescription: "a pod that was never started is not asked about",
            budgets: [Printed.budget(allowed: 0, healthy: 4, desired: 4, expected: 4)],
            pod: Printed.web.replacing("Running yes", with: "Pending no"), answer: .goes),
        .init(
            testDescription: "several budgets over one pod",
            budgets: [
                Printed.budget(allowed: 1, healthy: 3, desired: 2, expected: 3),
                Printed.budget(allowed: 1, healthy: 3, desired: 2, expected: 3, name: "web2"),
            ], answer: .refused),
        .init(
            testDescription: "over other pods, or of another namespace",
            budgets: [
                Printed.budget(allowed: 0, healthy: 1, desired: 1, expected: 1, selector: "some app=other"),
                Printed.budget(allowed: 0, healthy: 1, desired: 1, expected: 1, selector: "nothing"),
                Printed.budget(allowed: 0, healthy: 1, desired: 1, expected: 1).replacing(" default ", with: " other "),
            ], answer: .goes),
    ]

    @Test(
        "budgets: one that may allow it later is waited for, one that never would is a refusal", arguments: budgetCases)
    func budgets(test: BudgetCase) throws {
        let action = try Self.make()
        let before = try Self.observe(pods: [test.pod], budgets: test.budgets)
        #expect(before.lines("heldByBudget")?.isEmpty == (test.answer != .waits))
        if test.answer == .refused {
            let error = try #require(throws: ObservationError.self) { try action.predict(before) }
            #expect(error.message.contains("default/web"), "\(error)")
            return
        }
        let notes = try action.predict(before).notes
        #expect(notes.contains { $0.contains("held by their budgets") } == (test.answer == .waits), "\(notes)")
    }

    @Test(
        "a budget's selector is matched as Kubernetes does",
        arguments: [
            ("some", "policy/v1", true), ("some", "policy/v1beta1", false), ("nothing", "policy/v1", false),
            ("some app=web", "policy/v1", true), ("some app=web tier=x", "policy/v1", false),
            ("some app=web", "policy/v1beta1", true), ("some app:In:a,web", "policy/v1", true),
            ("some app:In:a,b", "policy/v1", false), ("some app:NotIn:a,b", "policy/v1", true),
            ("some app:NotIn:web", "policy/v1", false), ("some tier:NotIn:x", "policy/v1", true),
            ("some app:Exists:", "policy/v1", true), ("some tier:Exists:", "policy/v1", false),
            ("some app:DoesNotExist:", "policy/v1", false), ("some tier:DoesNotExist:", "policy/v1", true),
            ("some example.com/x:DoesNotExist: app=web", "policy/v1", true),
        ])
    func selectors(selector: String, version: String, matches: Bool) throws {
        let budget = Printed.budget(
            allowed: 1, healthy: 2, desired: 1, expected: 2, version: version, selector: selector)
        #expect(try Self.observe(budgets: [budget]).lines("budgets")?.isEmpty == !matches)
    }

    @Test("what it relies on is the cordon and the kind of eviction; which pods run there changes by itself")
    func roles() throws {
        let action = try Self.make()
        for field in ["uid", "unschedulable", "run", "writer", "eviction"] {
            #expect(action.role(of: field) == .footprint)
        }
        for field in DrainLook.names { #expect(action.role(of: field).isVolatile, "\(field)") }
        #expect(action.place == .cluster && action.reversibility == .compensable && !action.cutsPath)
        #expect(action.disrupts == ["node", "pods"])
        // Chained with the cordon before it and the uncordon behind it.
        #expect(action.subject == (try NodeCordonTests.make(NodeUncordon.self)).subject)
        #expect(try Self.observe(eviction: Printed.eviction("v1beta1")).text("eviction") == "policy/v1beta1")
    }

    @Test("a rollback plan of the run lifts the cordon whatever runs there now")
    func rollbackPlan() throws {
        let restore = Restore(base: try Self.make(), target: try Self.observe())
        let now = try Self.observe(Cordon.ours, pods: [Printed.proxy])
        #expect(NodeCordonTests.Write(restore.apply(now))?.goal == Cordon.free)
        #expect(restore.apply(try Self.observe(pods: [Printed.bare], by: try Self.make(Self.consent))).isEmpty)
    }

    @Test(
        "a half, strange or hostile answer is refused, never guessed",
        arguments: [
            "odd", "leaves", "leaves default/ReplicaSet/web default web", "runs a/b/c default web u Running yes",
            "leaves default/-/x default ../../x u Running yes", "leaves default/-/x default x/y u Running yes",
            "leaves default/-/x default x u Running maybe", "stays because default x u Running yes",
            "leaves default/-/x  x u Running yes", "leaves x default x u Running yes",
            "leaves default/-/x default x u Running yes label",
        ])
    func hostilePods(line: String) {
        #expect(throws: ObservationError.self) { try Self.observe(pods: [Printed.web, line]) }
    }

    @Test(
        "so are budgets that cannot be read, and an API that does not say how it evicts",
        arguments: [
            "budget policy/v1 default web 1 1 0 4 4 4 -", "budget policy/v2 default web 1 1 0 4 4 4 - some",
            "budget policy/v1 default web 1 1 many 4 4 4 - some",
            "budget policy/v1 default web 1 1 0 4 4 4 - some a:Is:b",
            "budget policy/v1 default web 1 1 0 4 4 4 - some =b", "budget policy/v1 default web 1 1 0 4 4 4 - all",
            "<no value>",
        ])
    func hostileBudgets(line: String) throws {
        #expect(throws: ObservationError.self) { try Self.observe(budgets: [line]) }
        for answer in ["", "{}", #"{"resources":[]}"#, "not JSON", Printed.eviction("v2")] {
            #expect(throws: ObservationError.self) { try Self.observe(eviction: answer) }
        }
    }

    @Test("an answer that is cut, or a kubectl that fails, is an unknown with its own words")
    func failures() throws {
        let action = try Self.make()
        let whole = [Cordon.free, Printed.web, "", Printed.eviction].map { Fixture.output($0) }
        for index in whole.indices {
            var outputs = whole
            outputs[index].truncated = true
            #expect(throws: ObservationError.self) { try action.parse(outputs) }
            outputs[index] = CommandOutput(
                status: 1, output: Payload(""),
                errorTail: Payload("The connection to the server 10.0.0.1:6443 was refused"))
            let error = try #require(throws: ObservationError.self) { try action.parse(outputs) }
            #expect(error.message.contains("does not answer"), "\(error)")
        }
        #expect(throws: ObservationError.self) { try action.parse(Array(whole.dropLast())) }
    }

    @Test(
        "arguments that are not right are refused, each by its name",
        arguments: [
            ("seconds", "0"), ("seconds", "3601"), ("seconds", "1m"), ("emptyDir", "keep"),
        ])
    func arguments(name: String, value: String) throws {
        let error = try #require(throws: ArgumentError.self) { try Self.make([name: .text(value)]) }
        #expect(error.argument == name)
    }

    @Test("a step's timeout must leave room for what is waited for, in the file and in the plan")
    func timeouts() throws {
        func runbook(_ timeout: String) -> [UInt8] {
            Array(
                """
                apiVersion: belay/v1
                kind: Runbook
                metadata: {name: x, title: x, layer: kubernetes, author: x}
                spec:
                  steps:
                  - {name: drain, action: node.drain, with: {seconds: "120"}, timeout: \(timeout)}

                """.utf8)
        }
        #expect(throws: Never.self) { try Runbook.parse(runbook("150s"), file: "x.yaml") }
        let error = try #require(throws: Diagnostics.self) { try Runbook.parse(runbook("149s"), file: "x.yaml") }
        #expect(error.description.contains("must be 150s or more"), "\(error)")

        let action = try Self.make(["seconds": .text("120")])
        func plan(_ seconds: Int) throws -> NodePlan {
            let step = Planner.Step(
                name: "drain", kind: "node.drain", arguments: Arguments(), action: action, timeoutSeconds: seconds,
                verify: [])
            let identity = NodeIdentity(address: "192.0.2.1:22", hostKey: "SHA256:x", machineID: "m")
            return try Planner.plan(
                [step], Planner.Frame(),
                for: Planner.Subject(
                    node: RunSamples.inventoryNode("w1"), identity: identity,
                    host: HostPlan(name: "cp1", identity: identity), facts: .unknown("not asked"),
                    observations: [.success(try Self.observe())]))
        }
        #expect(try plan(150).steps[0].apply.count == 2)
        #expect(throws: PlanError.self) { try plan(149) }
    }
}

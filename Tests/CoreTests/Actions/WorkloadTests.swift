import Testing

@testable import Core

/// What the actions on workloads make of what kubectl prints; that the commands do it, a real API server says
/// (Tests/Integration/ActionLawTests.swift).
@Suite("workload.restart and workload.scale")
struct WorkloadTests {
    private typealias Write = WorkloadFixture.Write
    private static let free = "uid=d-1" + WorkloadFixture.strategy
    private static let other = free + "\nrestartedBy=\"r-0\""
    private static let ours = free + "\nrestartedBy=\"r-1\""

    private static func restart(_ more: [String: ArgumentValue] = [:]) throws -> WorkloadRestart {
        try WorkloadFixture.make(WorkloadRestart.self, more)
    }

    @Test(
        "a restart is the run's name in the pod template, from the very one that was there, and undo brings that back",
        arguments: [(free, "uid=d-1", "null"), (other, "uid=d-1\nrestartedBy=\"r-0\"", "\"r-0\"")])
    func restarts(printed: String, guarded: String, restores: String) throws {
        let action = try Self.restart()
        let before = try action.parse([Fixture.output(printed)])
        let after = try action.predict(before).after
        #expect(try after == action.parse([Fixture.output(Self.ours)]))
        let apply = try #require(Write(action.apply(before).first))
        #expect(apply.object == ["/etc/kubernetes/admin.conf", "deployments.apps", "web", "shop"])
        #expect(apply.goal == "uid=d-1\nrestartedBy=\"r-1\"" && apply.others == "fail" && apply.from == [guarded])
        func spec(_ value: String) -> String {
            "\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"belay/restarted-by\":\(value)}}}}"
        }
        #expect(apply.change == ["merge", "", spec("\"r-1\"")])
        let undo = try #require(Write(action.undo(before).first))
        #expect(undo.goal == guarded && undo.others == "leave" && undo.from == [apply.goal] && undo.view == apply.view)
        #expect(undo.change == ["merge", "", spec(restores)])
        #expect(action.apply(after).isEmpty && action.undo(after).isEmpty)
    }

    @Test("the write is followed by the wait for the pods, unless that is not wanted; undo waits for nobody")
    func waits() throws {
        let before = try Self.restart().parse([Fixture.output(Self.free)])
        let commands = try Self.restart().apply(before)
        #expect(
            commands.last?.argv == [
                "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", "--cache-dir=/dev/null", "rollout", "status",
                "deployments.apps/shop", "--namespace", "web", "--timeout=300s",
            ])
        #expect(commands.count == 2 && commands.last?.accepts == [0])
        #expect(try Self.restart(["wait": .text("0")]).apply(before).count == 1)
        #expect(try Self.restart().undo(before).count == 1)
    }

    @Test(
        "where no pod would follow it is refused, and it says what to do",
        arguments: [
            ("\npaused=yes\nstrategy=RollingUpdate\npartition=", "resume"),
            ("\npaused=no\nstrategy=OnDelete\npartition=", "RollingUpdate"),
        ])
    func doesNotRoll(strategy: String, remedy: String) throws {
        let action = try Self.restart()
        let before = try action.parse([Fixture.output("uid=d-1" + strategy)])
        let error = try #require(throws: ObservationError.self) { try action.predict(before) }
        #expect(error.remedy.contains(remedy), "\(error)")
    }

    @Test("a partition and the strategy Recreate are told")
    func notes() throws {
        let action = try Self.restart(["kind": .text("StatefulSet")])
        let partial = try action.parse([Fixture.output("uid=s\npaused=no\nstrategy=RollingUpdate\npartition=2")])
        #expect(try action.predict(partial).notes.last?.contains("partition 2") == true)
        let whole = try action.parse([Fixture.output("uid=s\npaused=no\nstrategy=Recreate\npartition=")])
        #expect(try action.predict(whole).notes.last?.contains("gone before") == true)
    }

    @Test(
        "a half, strange or hostile answer is refused, never guessed",
        arguments: [
            "", "uid=d-1", "paused=no", "uid=<no value>" + WorkloadFixture.strategy,
            "uid=d\npaused=maybe\nstrategy=RollingUpdate\npartition=", "uid=d\npaused=no\nstrategy=\npartition=",
            "uid=d\npaused=no\nstrategy=RollingUpdate\npartition=-1", "uid=d\npaused=no\nstrategy=RollingUpdate",
            free + "\nrestartedBy=r-1", free + "\nrestartedBy=\"a\"b\"", free + "\nrestartedBy=\"\\x00\"",
        ])
    func hostile(printed: String) throws {
        #expect(throws: ObservationError.self) { try Self.restart().parse([Fixture.output(printed)]) }
    }

    @Test("a failure is told of the workload, and says where to look")
    func failure() throws {
        let said = "Error from server (NotFound): deployments.apps \"shop\" not found"
        let output = CommandOutput(status: 1, output: Payload(""), errorTail: Payload(said))
        let error = try #require(throws: ObservationError.self) { try Self.restart().parse([output]) }
        #expect(error.message.contains("no Deployment web/shop") && error.remedy.contains("deployments.apps -A"))
    }

    @Test(
        "arguments that are none are refused by name",
        arguments: [
            ("kind", "ReplicaSet"), ("kind", "deployment"), ("namespace", "We"), ("namespace", "a.b"),
            ("namespace", "-a"),
            ("name", "a_b"), ("name", "x\"}}"), ("wait", "-1"), ("wait", "1h"), ("wait", "3601"), ("wait", "+1"),
        ])
    func arguments(name: String, value: String) throws {
        let error = try #require(throws: ArgumentError.self) { try Self.restart([name: .text(value)]) }
        #expect(error.argument == name)
    }

    @Test("names and namespaces never reach a shell, a template or JSON", arguments: hostileValues)
    func hostileNames(value: String) {
        for name in ["kind", "namespace", "name"] {
            #expect(throws: ArgumentError.self) { try Self.restart([name: .text(value)]) }
        }
        for name in ["namespace", "name"] {
            #expect(throws: ArgumentError.self) {
                try WorkloadFixture.make(ConfigMapRestore.self, [name: .text(value)])
            }
        }
        // A key may begin with a hyphen: it is no word of a command.
        guard value != "-rf" else { return }
        #expect(throws: ArgumentError.self) { try WorkloadFixture.make(ConfigMapRestore.self, ["key": .text(value)]) }
    }

    @Test("what they are: in the cluster, compensable, lasting; of the network where it is everybody's")
    func kinds() throws {
        let replicas = ["replicas": ArgumentValue.text("1")]
        let actions: [any Action] = [
            try Self.restart(), try WorkloadFixture.make(WorkloadRollback.self),
            try WorkloadFixture.make(WorkloadScale.self, replicas),
        ]
        for action in actions {
            #expect(action.place == .cluster && action.reversibility == .compensable && action.disrupts == ["pods"])
            #expect(!action.cutsPath && action.survivesReboot)
        }
        #expect(try Self.restart(["namespace": .text("kube-system")]).disrupts == ["pods", "network"])
        #expect(try Self.restart(["kind": .text("DaemonSet")]).disrupts == ["pods", "network"])
        #expect(try WorkloadFixture.make(ConfigMapRestore.self).disrupts == ["pods", "network"])
    }

    // MARK: - Scale

    private static func scale(_ replicas: String, _ more: [String: ArgumentValue] = [:]) throws -> WorkloadScale {
        try WorkloadFixture.make(WorkloadScale.self, ["replicas": .text(replicas)].merging(more) { $1 })
    }

    private static func outputs(
        _ replicas: String, _ autoscalers: String = "", updates: String = ""
    ) -> [CommandOutput] {
        ["uid=d-1\nreplicas=\(replicas)", "uid=d-1\nupdates=\(updates)", autoscalers].map { Fixture.output($0) }
    }

    @Test("the number is set from the very one that was there, and undo brings that back")
    func scales() throws {
        let action = try Self.scale("5")
        let before = try action.parse(Self.outputs("3"))
        #expect(try action.predict(before).after == action.parse(Self.outputs("5")))
        let apply = try #require(Write(action.apply(before).first))
        #expect(apply.change == ["merge", "", "\"spec\":{\"replicas\":5}"] && apply.from == ["uid=d-1\nreplicas=3"])
        #expect(apply.goal == "uid=d-1\nreplicas=5" && action.apply(before).count == 2)
        let undo = try #require(Write(action.undo(before).first))
        #expect(undo.change == ["merge", "", "\"spec\":{\"replicas\":3}"] && undo.others == "leave")
        #expect(undo.from == [apply.goal])
        let so = try action.parse(Self.outputs("5"))
        #expect(action.apply(so).isEmpty && action.undo(so).isEmpty)
        #expect(try Self.scale("0").predict(before).notes[0].contains("no pod"))
    }

    @Test("what an autoscaler sets is left to it, also where the number is so already")
    func autoscaler() throws {
        for number in ["3", "5"] {
            let action = try Self.scale(number)
            let before = try action.parse(Self.outputs("3", "web-scaler\n"))
            let error = try #require(throws: ObservationError.self) { try action.predict(before) }
            #expect(error.message.contains("web-scaler") && error.remedy.contains("minReplicas"))
        }
    }

    @Test("of what is updated by hand no rollout can be awaited: it is not scaled, unless nothing is awaited")
    func onDelete() throws {
        let before = Self.outputs("3", updates: "OnDelete")
        let awaited = try Self.scale("5", ["kind": .text("StatefulSet")])
        let error = try #require(throws: ObservationError.self) { try awaited.predict(awaited.parse(before)) }
        #expect(error.message.contains("OnDelete") && error.remedy.contains("wait: 0"))
        let written = try Self.scale("5", ["kind": .text("StatefulSet"), "wait": .text("0")])
        #expect(try written.predict(written.parse(before)).after.text("replicas") == "5")
        let so = try Self.scale("3", ["kind": .text("StatefulSet")])
        #expect(try so.predict(so.parse(before)).after.text("replicas") == "3")
    }

    @Test("autoscalers that cannot be read are not taken for none")
    func unknownAutoscalers() throws {
        let action = try Self.scale("5")
        let said = "Error from server (Forbidden): horizontalpodautoscalers.autoscaling is forbidden"
        let refused = CommandOutput(status: 1, output: Payload(""), errorTail: Payload(said))
        let read = Array(Self.outputs("3").prefix(2))
        #expect(throws: ObservationError.self) { try action.parse(read + [refused]) }
        #expect(throws: ObservationError.self) { try action.parse(read) }
        for odd in ["<no value>\n", "a b\n", "-x\n"] {
            #expect(throws: ObservationError.self) { try action.parse(read + [Fixture.output(odd)]) }
        }
        #expect(throws: ObservationError.self) { try action.parse(Self.outputs("3", updates: "Sometimes")) }
        for odd in ["", "-1", "<no value>", "three"] {
            #expect(throws: ObservationError.self) { try action.parse(Self.outputs(odd)) }
        }
    }

    @Test("a number that is none is refused, and a DaemonSet has none", arguments: ["", "-1", "10001", "1.5", "x"])
    func numbers(replicas: String) {
        #expect(throws: ArgumentError.self) { try Self.scale(replicas) }
        #expect(throws: ArgumentError.self) { try Self.scale("1", ["kind": .text("DaemonSet")]) }
        #expect(throws: ArgumentError.self) { try WorkloadFixture.make(WorkloadScale.self) }
    }
}

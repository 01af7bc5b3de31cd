import Foundation
import Testing

@testable import Core

/// A node's part of a plan, from what was observed of it.
@Suite("planner")
struct PlannerTests {
    func step(_ sample: RunSamples.Sample, seconds: Int = 10, verify: [CheckPlan] = []) throws -> Planner.Step {
        Planner.Step(
            name: "s", kind: sample.kind, arguments: sample.arguments,
            action: try ActionRegistry.make(sample.kind, arguments: sample.arguments), timeoutSeconds: seconds,
            verify: verify)
    }

    func plan(
        _ steps: [Planner.Step], _ observations: [Observation], verify: [CheckPlan] = [], deadMan: Int? = nil
    ) throws -> NodePlan {
        var frame = Planner.Frame()
        frame.verify = verify
        frame.deadManSeconds = deadMan
        return try Planner.plan(
            steps, frame,
            for: Planner.Subject(
                node: RunSamples.inventoryNode("n1"),
                identity: NodeIdentity(address: "a:22", hostKey: "k", machineID: "m"),
                facts: .unknown("not asked"), observations: observations.map { .success($0) }))
    }

    func check(_ seconds: Int) -> CheckPlan { CheckPlan(expression: "true", withinSeconds: seconds) }

    // restart 7+20 comes before the first cutting step and does not count; flush 11+30, restart 13+40, the longest of all
    // covered checks 50, reconnect 10: 154.
    @Test(
        "the dead-man's delay is longer than apply, verify and reconnect",
        arguments: [(nil, 164), (155, 155), (1000, 1000)])
    func deadMan(asked: Int?, delay: Int) throws {
        #expect(try cuttingPlan(asked).deadManSeconds == delay)
    }

    @Test("a delay that is not longer is refused with the number it takes", arguments: [154, 1, 0, -5])
    func deadManTooShort(asked: Int) throws {
        #expect {
            try cuttingPlan(asked)
        } throws: { error in
            guard let error = error as? PlanError else { return false }
            return error.step == "s" && error.node == "n1" && error.remedy.contains("154s")
        }
    }

    func cuttingPlan(_ asked: Int?) throws -> NodePlan {
        let (restart, flush) = (RunSamples.restart(), RunSamples.flush())
        return try plan(
            [
                try step(restart, seconds: 7, verify: [check(20)]),
                try step(flush, seconds: 11, verify: [check(30), check(5)]),
                try step(RunSamples.restart("b.service"), seconds: 13, verify: [check(40)]),
            ], [restart.before, flush.before, RunSamples.restart("b.service").before], verify: [check(50)],
            deadMan: asked)
    }

    @Test("without a step that cuts the path there is no dead-man, whatever the runbook asks")
    func noDeadMan() throws {
        let restart = RunSamples.restart()
        #expect(try plan([try step(restart)], [restart.before], deadMan: 5).deadManSeconds == nil)
        var calm = RunSamples.flush().before
        for family in ["ipv4", "ipv6"] {
            calm["\(family).rules"] = .lines([])
            calm["\(family).policies"] = .lines(["-t filter -P INPUT ACCEPT"])
        }
        let nothing = try plan([try step(RunSamples.flush())], [calm])
        #expect(nothing.steps[0].apply.isEmpty == (nothing.deadManSeconds == nil))
    }

    @Test("what cuts the path and survives a reboot has the node revert at boot too, and nothing else has")
    func survivesReboot() throws {
        let sshd = RunSamples.file("/etc/ssh/sshd_config")
        let planned = try plan([try step(sshd)], [sshd.before])
        #expect(planned.deadManAtBoot && planned.deadManSeconds == 30)
        // A flush is gone after a boot; a file that nobody needs to get in by cuts nothing; an equal one does nothing.
        let (flush, plain) = (RunSamples.flush(), RunSamples.file())
        #expect(try !plan([try step(flush), try step(plain)], [flush.before, plain.before]).deadManAtBoot)
        var same = sshd.before
        same["content"] = .content(Payload("new\n"))
        let nothing = try plan([try step(sshd), try step(flush)], [same, flush.before])
        #expect(nothing.steps[0].apply.isEmpty && nothing.deadManSeconds != nil && !nothing.deadManAtBoot)
        let read = try JSON.decode(NodePlan.self, from: try JSON.encode(planned))
        #expect(read.deadManAtBoot)
    }

    @Test("a NUL byte in an argument is refused, in apply and in undo")
    func nul() throws {
        struct Broken: Action {
            static let kind = ActionKind(name: "broken", summary: "", disrupts: [], touches: [], parameters: [])
            var writes: [Command] = []
            var reverts: [Command] = []
            init(arguments: Arguments) throws(ArgumentError) {}
            init(_ writes: [Command], _ reverts: [Command]) { (self.writes, self.reverts) = (writes, reverts) }
            var reversibility: Reversibility { .reversible }
            var cutsPath: Bool { false }
            var survivesReboot: Bool { false }
            func observe() -> [Command] { [] }
            func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation { Observation() }
            func role(of field: String) -> FieldRole { .footprint }
            func predict(_ before: Observation) throws(ObservationError) -> Prediction { Prediction(after: before) }
            func apply(_ before: Observation) -> [Command] { writes }
            func undo(_ before: Observation) -> [Command] { reverts }
        }
        let (bad, good) = (Command(["echo", "a\u{0}b"]), Command(["echo"]))
        for action in [Broken([bad], []), Broken([good], [bad])] {
            let step = Planner.Step(
                name: "s", kind: "broken", arguments: Arguments(), action: action, timeoutSeconds: 1, verify: [])
            #expect(throws: PlanError.self) { try plan([step], [Observation()]) }
        }
    }

    @Test("a step sees what an earlier one over the same thing leaves")
    func chained() throws {
        let restart = RunSamples.restart()
        let planned = try plan([try step(restart), try step(restart)], [restart.before, restart.before])
        #expect(planned.steps[0].before.text("started") == "no")
        #expect(planned.steps[1].before.text("started") == "yes")
        #expect(planned.steps[1].undo == [Command(["systemctl", "start", "demo.service"])])
    }

    @Test("a node whose state does not allow it is refused with node, step and remedy")
    func refused() throws {
        var gone = RunSamples.restart().before
        gone["load"] = .text("not-found")
        #expect {
            try plan([try step(RunSamples.restart())], [gone])
        } throws: { error in
            guard let error = error as? PlanError else { return false }
            return "\(error)".hasPrefix("n1: step 's': there is no unit") && !error.remedy.isEmpty
        }
    }

    @Test("the lease is asked for twice what everything may take, the dead-man and five minutes")
    func lease() throws {
        // (7+11+13 + 20+30+5+40+50) * 2 + 164 + 300
        #expect(try cuttingPlan(nil).leaseSeconds == 816)
    }

    @Test("the cluster's API is asked only where an expression of the plan needs it")
    func asksCluster() throws {
        let restart = RunSamples.restart()
        let plain = try plan([try step(restart, verify: [check(1)])], [restart.before])
        #expect(!plain.asksCluster)
        let ready = CheckPlan(expression: "facts.kubernetes.node.ready", withinSeconds: 1)
        #expect(try plan([try step(restart, verify: [ready])], [restart.before]).asksCluster)
        #expect(try plan([try step(restart)], [restart.before], verify: [ready]).asksCluster)
        var conditional = plain
        conditional.steps[0].when = "facts.kubernetes.api.reachable"
        #expect(conditional.asksCluster)
        var admitted = plain
        admitted.preconditions = [ready]
        #expect(admitted.asksCluster)
    }

    @Test("a plan's file reads back as the same plan and writes the same bytes")
    func roundTrip() throws {
        let samples = [
            RunSamples.restart(), RunSamples.flush(), RunSamples.file(), RunSamples.command(),
            RunSamples.prune(["a/x"]),
        ]
        var plan = RunSamples.plan([try RunSamples.node("n1", samples), try RunSamples.node("n2", samples.reversed())])
        plan.parameters = ["text": .string("é\u{301} / \u{2028}"), "number": .integer(.max), "flag": .boolean(false)]
        plan.nodes[0].steps[2].before["content"] = .content(Payload(bytes: [0, 255, 10]))
        plan.nodes[0].steps[0].restores = plan.nodes[0].steps[0].before
        for bytes in [try JSON.encodePretty(plan), try JSON.encode(plan)] {
            let read = try JSON.decode(Plan.self, from: bytes)
            #expect(read == plan)
        }
        let bytes = try JSON.encodePretty(plan)
        #expect(try JSON.encodePretty(try JSON.decode(Plan.self, from: bytes)) == bytes)
        #expect(bytes.last == UInt8(ascii: "\n"))
        #expect(!String(decoding: bytes, as: UTF8.self).contains("\\/"))
    }
}

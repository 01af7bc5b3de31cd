import Core
import Foundation
import Testing

/// A temporary run that the node gives back itself, with programs that stand in for systemd's.
@Suite("return by the node", .serialized, .timeLimit(.minutes(5)))
struct NodeReturnScriptTests {
    static let units = [
        "belay-r1-return.service", "belay-r1-return.timer", "timers.target.wants/belay-r1-return.timer",
    ]

    func units(_ node: ScriptNode) -> [String] {
        ["", "timers.target.wants/"].flatMap { folder in
            node.list(node.path("units/\(folder)")).filter { $0.contains("-return.") }.map { folder + $0 }
        }
    }

    /// A step whose look ends with a status, and whose undo leaves its name.
    func step(_ name: String, look: String = "exit 0", undo: String = ":", on node: ScriptNode) -> NodeReturn.Step {
        NodeReturn.Step(
            name: name, look: Command(["sh", "-c", look, node.path("x")]),
            undo: [Command(["sh", "-c", "echo \(name) >>\"$0\"; \(undo)", node.path("x")])], seconds: 5)
    }

    func ask(_ script: String, _ node: ScriptNode) async throws -> NodeReturnStanding {
        try NodeReturnStanding(parsing: try await node.run(script))
    }

    func take(_ node: ScriptNode, wait: Int = 5) async throws -> NodeReturnStanding {
        try await ask(NodeReturnScript.take(run: "r1", by: "bob", wait: wait), node)
    }

    func look(_ node: ScriptNode) async throws -> NodeReturnStanding {
        try await ask(NodeReturnScript.look(run: "r1"), node)
    }

    /// A run that has ended, and that the node is to give back.
    func armed(
        _ plain: ScriptNode, seconds: Int = 600, ends: Bool = true,
        _ steps: (ScriptNode) -> [NodeReturn.Step]
    ) async throws -> (ScriptNode, NodeRecord.Fence) {
        var node = plain
        try node.reboot()
        let fence = try await node.lease()
        node.hasSystemd = true
        let request = NodeReturn(steps: steps(node))
        let answer = try await ask(NodeReturnScript.arm(fence, request, seconds: seconds), node)
        guard case .armed(let left, nil) = answer, (seconds - 5...seconds).contains(left) else {
            throw WriteFailure(message: "\(answer)")
        }
        if ends { try await release(fence, node) }
        return (node, fence)
    }

    func release(_ fence: NodeRecord.Fence, _ node: ScriptNode) async throws {
        let answer = try await node.answer(LeaseScript.release(fence, as: .after, by: "alice"))
        try #require(answer == .released)
    }

    /// Has its time come, in this boot.
    func expire(_ node: ScriptNode) throws {
        let words = try #require(node.text(node.record("due/r1/clock"))).split { $0 == " " || $0 == "\n" }
        try node.write("\(words[0]) 1 1\n", to: node.record("due/r1/clock"))
    }

    // What the timer starts.
    func fire(_ node: ScriptNode) async throws {
        let text = try #require(node.text(node.path("units/\(Self.units[0])")))
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("ExecStart=") })
        _ = try await node.run("exec \(line.dropFirst("ExecStart=".count))")
    }

    func done(_ node: ScriptNode) -> String? { node.text(node.path("x")) }

    @Test(
        "at its expiry the node gives back what the run left, newest first, and takes its units away",
        arguments: ScriptNodes.installed)
    func returns(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { plain in
            let (node, _) = try await armed(plain) { [step("one", on: $0), step("two", on: $0)] }
            #expect(units(node) == Self.units)
            try await fire(node)
            #expect(done(node) == nil)
            guard case .armed(let left, nil) = try await look(node) else { throw WriteFailure(message: "not armed") }
            #expect(left > 500)

            try expire(node)
            try await fire(node)
            #expect(done(node) == "two\none\n" && units(node).isEmpty)
            #expect(try await look(node) == .returned(output: Payload("")))
            #expect(try await take(node) == .returned(output: Payload("")))
            #expect(try await ask(NodeReturnScript.forget(run: "r1"), node) == NodeReturnStanding.none)
            #expect(try await look(node) == NodeReturnStanding.none)
            #expect(node.list(node.record("due")).isEmpty && done(node) == "two\none\n")
        }
    }

    @Test("what it leaves is enabled and in this boot waits until it is due; armed again it is the same")
    func arms() async throws {
        try await ScriptNodes.with { plain in
            let (node, fence) = try await armed(plain, ends: false) { [step("one", on: $0)] }
            let timer = try #require(node.text(node.path("units/\(Self.units[1])")))
            #expect(timer.contains("\nOnActiveSec=60\n") && timer.contains("\nOnUnitInactiveSec=60\n"))
            let link = try FileManager.default.destinationOfSymbolicLink(
                atPath: node.path("units/\(Self.units[2])"))
            #expect(link == "../belay-r1-return.timer")
            let now = try #require(node.text("\(node.memory)/systemd/system/belay-r1-return.timer.d/due.conf"))
            #expect(now.hasPrefix("[Timer]\nOnActiveSec=\nOnActiveSec=600\n") || now.contains("OnActiveSec=599\n"))

            let clock = node.text(node.record("due/r1/clock"))
            try FileManager.default.removeItem(atPath: node.path("units/\(Self.units[1])"))
            let again = NodeReturnScript.arm(fence, NodeReturn(steps: [step("other", on: node)]), seconds: 9000)
            guard case .armed(...600, nil) = try await ask(again, node) else {
                throw WriteFailure(message: "armed for another time")
            }
            #expect(units(node) == Self.units && node.text(node.record("due/r1/clock")) == clock)
            try await release(fence, node)
            try expire(node)
            try await fire(node)
            #expect(done(node) == "one\n")
        }
    }

    @Test("it is armed only under the run's own lease")
    func fenced() async throws {
        try await ScriptNodes.with { plain in
            var node = plain
            node.hasSystemd = true
            let request = NodeReturn(steps: [step("one", on: node)])
            let none = NodeRecord.Fence(run: "r1", epoch: 1)
            #expect(try await ask(NodeReturnScript.arm(none, request, seconds: 600), node) == .refused("lease none"))
            let fence = try await node.lease()
            let late = NodeRecord.Fence(run: "r1", epoch: fence.epoch + 1)
            let refused = NodeReturnStanding.refused("lease r1 \(fence.epoch)")
            #expect(try await ask(NodeReturnScript.arm(late, request, seconds: 600), node) == refused)
            let elsewhere = NodeRecord.Fence(run: "r1", epoch: fence.epoch, target: "n2")
            #expect(try await ask(NodeReturnScript.arm(elsewhere, request, seconds: 600), node) == .refused("place"))
            #expect(node.list(node.record("due")).isEmpty && units(node).isEmpty)
        }
    }

    @Test("without systemd it is refused, and nothing stays")
    func noSystemd() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease()
            let script = NodeReturnScript.arm(fence, NodeReturn(steps: [step("one", on: node)]), seconds: 600)
            guard case .refused(let reason) = try await ask(script, node) else {
                throw WriteFailure(message: "armed")
            }
            #expect(reason.hasPrefix("unit no systemd answers on this node"))
            #expect(!node.exists(node.record("due/r1")))
        }
    }

    @Test("who takes it in time has it: the node leaves it alone", arguments: ScriptNodes.installed)
    func taken(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { plain in
            let (node, _) = try await armed(plain) { [step("one", on: $0)] }
            let firing = try #require(node.text(node.record("due/r1/run.sh")))
            #expect(try await ask(NodeReturnScript.forget(run: "r1"), node) == .refused("open"))
            #expect(try await take(node) == .taken)
            #expect(try await take(node) == .taken)
            #expect(units(node).isEmpty && node.text(node.record("due/r1/by")) == "bob\n")
            try expire(node)
            // A timer that had just begun.
            #expect(firing == node.text(node.record("due/r1/run.sh")))
            _ = try await node.run("exec /bin/sh /var/lib/belay/due/r1/run.sh")
            #expect(done(node) == nil)
            #expect(try await look(node) == .taken)
            #expect(try await ask(NodeReturnScript.forget(run: "r1"), node) == NodeReturnStanding.none)
            #expect(try await take(node) == NodeReturnStanding.none)
        }
    }

    @Test("of who takes it and the node exactly one wins, twenty times")
    func race() async throws {
        try await ScriptNodes.with { plain in
            for _ in 1...20 {
                let (node, _) = try await armed(plain) { [step("one", on: $0)] }
                try expire(node)
                async let fired: [UInt8] = node.run("exec /bin/sh /var/lib/belay/due/r1/run.sh")
                async let answer = take(node)
                _ = try await fired
                let decided = try await answer
                switch decided {
                case .taken: #expect(done(node) == nil)
                case .returned: #expect(done(node) == "one\n")
                default: Issue.record("\(decided)")
                }
                #expect(try await look(node) == decided)
                try? FileManager.default.removeItem(atPath: node.path("x"))
                for name in ["due", "spent"] { try FileManager.default.removeItem(atPath: node.record(name)) }
            }
        }
    }

    @Test("while another run has the node it waits; then it goes on", arguments: ScriptNodes.installed)
    func waits(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { plain in
            let (node, _) = try await armed(plain) { [step("one", on: $0)] }
            let other = try await node.answer(node.acquire("r2", plan: "d2"))
            guard case .granted(let epoch, _) = other else { throw WriteFailure(message: "\(other)") }
            try expire(node)
            try await fire(node)
            #expect(done(node) == nil && units(node) == Self.units)
            guard case .armed(...0, "r2") = try await look(node) else { throw WriteFailure(message: "not waiting") }
            try await release(NodeRecord.Fence(run: "r2", epoch: epoch), node)
            try await fire(node)
            #expect(done(node) == "one\n")
        }
    }

    @Test("a run that nobody ended is given back once its own lease has run out, unless a step of it is at work")
    func unended() async throws {
        try await ScriptNodes.with { plain in
            let (node, _) = try await armed(plain, ends: false) { [step("one", on: $0)] }
            try expire(node)
            try await fire(node)
            #expect(done(node) == nil)
            let lease = try #require(node.text(node.record("lease"))).split(separator: " ")
            try node.write(
                (lease[..<4] + ["1"] + lease[5...]).joined(separator: " "), to: node.record("lease"))
            let folder = node.record("r1/steps/00-undo1")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try node.write(try #require(node.boot) + "\n", to: "\(folder)/started")
            try await fire(node)
            #expect(done(node) == nil)
            try node.write("0 0 x\n", to: "\(folder)/result")
            try await fire(node)
            #expect(done(node) == "one\n")
        }
    }

    @Test(
        "what somebody changed is left as it is, and so is what the run did before it",
        arguments: ["echo other; exit 10", "exit 3", "sleep 30"])
    func conflict(look: String) async throws {
        try await ScriptNodes.with { plain in
            let (node, _) = try await armed(plain) { node in
                [step("one", on: node), step("two", look: look, on: node), step("three", on: node)]
            }
            try expire(node)
            try await fire(node)
            #expect(done(node) == "three\n" && units(node).isEmpty)
            guard case .conflict("two", let output) = try await self.look(node) else {
                throw WriteFailure(message: "no conflict")
            }
            let text = output.text ?? ""
            #expect(look.contains("10") ? text == "other\n" : text.contains("cannot be told"))
            #expect(try await take(node) == .conflict(step: "two", output: output))
        }
    }

    @Test("an undo that fails ends it, and its output is bounded")
    func failing() async throws {
        try await ScriptNodes.with { plain in
            let (node, _) = try await armed(plain) { node in
                [step("one", on: node), step("two", undo: "head -c 4000000 /dev/zero; exit 4", on: node)]
            }
            try expire(node)
            try await fire(node)
            guard case .failed("two", 4, let output) = try await look(node) else {
                throw WriteFailure(message: "no failure")
            }
            #expect(done(node) == "two\n" && output.bytes.count == 16384)
        }
    }

    @Test("power lost in the middle: it goes on where it was, and what had begun is not asked for again")
    func powerLost() async throws {
        try await ScriptNodes.with { plain in
            var (node, _) = try await armed(plain) { node in
                [
                    step("one", on: node), step("two", look: "exit 10", on: node),
                    step("three", look: "exit 10", undo: "exit 9", on: node),
                ]
            }
            // The last step was back, and the undo of the one before it had begun.
            let due = node.record("due/r1")
            try FileManager.default.moveItem(atPath: "\(due)/due.token", toPath: "\(due)/due.fired")
            for name in ["2/begun", "2/done", "1/begun"] { try node.write("", to: "\(due)/steps/\(name)") }
            #expect(try await look(node) == .running)
            #expect(try await ask(NodeReturnScript.forget(run: "r1"), node) == .refused("open"))
            try node.reboot()
            try await fire(node)
            #expect(done(node) == "two\none\n")
            #expect(try await look(node) == .returned(output: Payload("")))
        }
    }

    @Test("who comes while it was interrupted has it go on, and hears how it ended")
    func takenWhileInterrupted() async throws {
        try await ScriptNodes.with { plain in
            let (node, _) = try await armed(plain) { [step("one", on: $0)] }
            let due = node.record("due/r1")
            try FileManager.default.moveItem(atPath: "\(due)/due.token", toPath: "\(due)/due.fired")
            #expect(try await take(node, wait: 20) == .returned(output: Payload("")))
            #expect(done(node) == "one\n")
        }
    }

    @Test("who comes while the node is at it waits for it, and is told when that takes too long")
    func takenWhileAtIt() async throws {
        try await ScriptNodes.with { plain in
            let (node, _) = try await armed(plain) { [step("one", undo: "sleep 3", on: $0)] }
            try expire(node)
            async let fired: Void = fire(node)
            #expect(try await node.eventually { done(node) == "one\n" })
            #expect(try await take(node, wait: 1) == .running)
            #expect(try await take(node, wait: 20) == .returned(output: Payload("")))
            try await fired
        }
    }

    @Test("in another boot the calendar's time counts, from the unit that is enabled", arguments: [true, false])
    func rebooted(isDue: Bool) async throws {
        try await ScriptNodes.with { plain in
            var (node, _) = try await armed(plain) { [step("one", on: $0)] }
            let words = try #require(node.text(node.record("due/r1/clock"))).split { $0 == " " || $0 == "\n" }
            let time = isDue ? 1 : try #require(Int(words[2]))
            // What had been left on the monotonic clock says nothing any more.
            try node.write("\(words[0]) \(isDue ? 9_999_999_999 : 1) \(time)\n", to: node.record("due/r1/clock"))
            try node.reboot()
            try await fire(node)
            #expect(done(node) == (isDue ? "one\n" : nil))
        }
    }

    @Test("arming that was cut off before its token is nothing")
    func cutOff() async throws {
        try await ScriptNodes.with { plain in
            let (node, _) = try await armed(plain) { [step("one", on: $0)] }
            try FileManager.default.removeItem(atPath: node.record("due/r1/due.token"))
            try expire(node)
            try await fire(node)
            #expect(done(node) == nil)
            #expect(try await look(node) == NodeReturnStanding.none)
            #expect(try await take(node) == NodeReturnStanding.none)
            #expect(units(node).isEmpty && !node.exists(node.record("due/r1")))
        }
    }

    @Test("what waits to be given back is no run's record")
    func listed() async throws {
        try await ScriptNodes.with { plain in
            let (node, _) = try await armed(plain) { [step("one", on: $0)] }
            let printed = try await node.run(RecordScript.list(nonce: "n0"))
            let listing = try RecordListing(parsing: printed, nonce: "n0")
            #expect(listing.bases.allSatisfy { $0.runs.isEmpty && $0.lease == nil })
            // And another run may have the node.
            let other = try await node.answer(node.acquire("r2", plan: "d2"))
            guard case .granted = other else { throw WriteFailure(message: "\(other)") }
        }
    }
}

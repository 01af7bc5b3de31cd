import Core
import Foundation
import Testing

/// The switch that the node itself throws, with a detached shell in the timer's place.
@Suite("dead-man script", .serialized, .timeLimit(.minutes(3)))
struct DeadManScriptTests {
    func append(_ text: String, to path: String) -> Command {
        Command(["sh", "-c", "echo \(text) >>\"$1\"", "x", path])
    }

    func apply(_ index: Int, cuts: Bool, _ fence: NodeRecord.Fence, on node: ScriptNode) async throws {
        let step = StepScript(fence: fence, name: "0\(index)-apply", seconds: 10)
        let undo = [append("undo-\(index)", to: node.path("x"))]
        let answer = try await node.answer(step.start([Command(["true"])], undo: undo, cutsPath: cuts))
        #expect(answer.status == 0)
    }

    // What the timer does when its time has come; a timer of our own would race with a slow machine.
    func fire(_ node: ScriptNode) async throws { _ = try await node.run("exec /bin/sh /var/lib/belay/r1/deadman.sh") }

    @Test("left alone it fires by itself", arguments: ScriptNodes.installed)
    func firesByItself(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { node in
            let fence = try await node.lease()
            #expect(try await node.answer(DeadManScript.arm(fence, seconds: 2)) == .armed)
            #expect(try await node.eventually(seconds: 30) { node.exists(node.record("r1/deadman.result")) })
            #expect(node.exists(node.record("r1/deadman.fired")) && !node.exists(node.record("r1/deadman.token")))
        }
    }

    @Test("it undoes only the steps that cut the path, newest first", arguments: ScriptNodes.installed)
    func fires(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { node in
            let fence = try await node.lease()
            #expect(try await node.answer(DeadManScript.arm(fence, seconds: 90)) == .armed)
            #expect(try await node.answer(DeadManScript.arm(fence, seconds: 90)) == .armed)
            for (index, cuts) in [true, false, true].enumerated() {
                try await apply(index, cuts: cuts, fence, on: node)
            }
            try await fire(node)
            #expect(node.text(node.path("x")) == "undo-2\nundo-0\n")
            let answer = try await node.answer(DeadManScript.disarm(fence, wait: 5))
            if case .reverted(0, false, let output) = answer {
                #expect(output.text?.contains("02-apply") == true)
            } else {
                Issue.record("\(answer)")
            }
            #expect(try await node.answer(DeadManScript.arm(fence, seconds: 90)) == .refused("fired"))
        }
    }

    @Test("once it has fired no step that cuts the path begins")
    func firedThenApply() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease()
            _ = try await node.answer(DeadManScript.arm(fence, seconds: 90))
            try await fire(node)
            let step = StepScript(fence: fence, name: "00-apply", seconds: 5)
            let script = step.start([append("cut", to: node.path("x"))], cutsPath: true)
            #expect(try await node.answer(script) == .refused("deadman"))
            #expect(try await node.answer(step.lookup) == .absent)
            #expect(!node.exists(node.path("x")))
        }
    }

    @Test("an undo that fails is told, and the others are still undone")
    func failingUndo() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease()
            _ = try await node.answer(DeadManScript.arm(fence, seconds: 90))
            try await apply(0, cuts: true, fence, on: node)
            let step = StepScript(fence: fence, name: "01-apply", seconds: 5)
            _ = try await node.answer(step.start([], undo: [Command(["sh", "-c", "exit 4"])], cutsPath: true))
            try await fire(node)
            let answer = try await node.answer(DeadManScript.disarm(fence, wait: 5))
            if case .reverted(let status, _, _) = answer { #expect(status == 4) } else { Issue.record("\(answer)") }
            #expect(node.text(node.path("x")) == "undo-0\n")
        }
    }

    @Test("disarmed in time it never fires; asking again changes nothing", arguments: ScriptNodes.installed)
    func disarmed(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { node in
            let fence = try await node.lease()
            #expect(try await node.answer(DeadManScript.disarm(fence, wait: 1)) == .noDeadMan)
            #expect(try await node.answer(DeadManScript.arm(fence, seconds: 90)) == .armed)
            try await apply(0, cuts: true, fence, on: node)
            #expect(try await node.answer(DeadManScript.disarm(fence, wait: 1)) == .won)
            #expect(try await node.answer(DeadManScript.disarm(fence, wait: 1)) == .won)
            #expect(try await node.answer(DeadManScript.arm(fence, seconds: 90)) == .refused("won"))
            try await fire(node)
            #expect(!node.exists(node.path("x")) && !node.exists(node.record("r1/deadman.fired")))
        }
    }

    @Test("an apply that is under way ends before its undo")
    func endsApply() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease()
            _ = try await node.answer(DeadManScript.arm(fence, seconds: 90))
            let step = StepScript(fence: fence, name: "00-apply", seconds: 20)
            let slow = Command(["sh", "-c", "sleep 9; echo late >>\"$0\"", node.path("x")])
            let script = step.start([slow], undo: [append("undo", to: node.path("x"))], cutsPath: true)
            async let applied = node.answer(script)
            #expect(try await node.eventually { node.exists(node.record("r1/steps/00-apply/at")) })
            try await fire(node)
            let ended = try await applied
            #expect(ended == .lost(rebooted: false))
            try await Task.sleep(for: .seconds(9))
            #expect(node.text(node.path("x")) == "undo\n")
        }
    }

    @Test("of disarm and fire exactly one wins, fifty times")
    func race() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease()
            var winners: [String: Int] = [:]
            _ = try await node.answer(DeadManScript.arm(fence, seconds: 90))
            for round in 0..<50 {
                for name in ["won", "fired", "result", "out"] {
                    try? FileManager.default.removeItem(atPath: node.record("r1/deadman.\(name)"))
                }
                try node.write("1", to: node.record("r1/deadman.token"))
                async let disarms = node.answer(DeadManScript.disarm(fence, wait: 20))
                if round % 2 == 0 { try await Task.sleep(for: .milliseconds(Int.random(in: 0...25))) }
                async let fires = node.run("exec /bin/sh /var/lib/belay/r1/deadman.sh")
                let (answer, _) = (try await disarms, try await fires)
                let won = node.exists(node.record("r1/deadman.won"))
                let fired = node.exists(node.record("r1/deadman.fired"))
                #expect(won != fired)
                #expect(!node.exists(node.record("r1/deadman.token")))
                if won {
                    #expect(answer == .won)
                } else {
                    #expect(answer == .reverted(status: 0, rebooted: false, output: Payload("")))
                }
                winners[won ? "won" : "fired", default: 0] += 1
            }
            #expect(winners.values.reduce(0, +) == 50)
        }
    }

    // Between the look at the lease and what is asked of systemd nobody else can take the node over.
    @Test("what is started on the node is started under the lock, also when the dead-man is told to fire")
    func underTheLock() async throws {
        try await ScriptNodes.with { plain in
            var node = plain
            node.hasSystemd = true
            let fence = try await node.lease()
            #expect(try await node.answer(DeadManScript.arm(fence, seconds: 90)) == .armed)
            try await apply(0, cuts: true, fence, on: node)
            let answer = try await node.answer(DeadManScript.fire(fence, wait: 20))
            if case .reverted(0, false, _) = answer {} else { Issue.record("\(answer)") }
            let lines = (node.text(node.path("systemd.log")) ?? "").split(separator: "\n")
            let starts = lines.filter { $0.hasPrefix("systemd-run") || $0.hasPrefix("systemctl start") }
            #expect(starts.count == 2 && starts.allSatisfy { $0.hasSuffix(" held") }, "\(lines)")
            #expect(starts.last?.contains("start --no-block belay-r1-deadman.service") == true)
            // Let fire before its time: no timer stays behind, to look one day for a script that is gone.
            #expect(try await node.answer(LeaseScript.release(fence, as: .before, by: "alice")) == .released)
            #expect(node.text(node.path("systemd.log"))?.contains("systemctl stop belay-r1-deadman.timer ") == true)
        }
    }

    @Test("an executor that was taken over can neither arm, disarm nor fire", arguments: ScriptNodes.installed)
    func takenOver(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { node in
            let old = try await node.lease()
            #expect(try await node.answer(DeadManScript.arm(old, seconds: 90)) == .armed)
            try await apply(0, cuts: true, old, on: node)
            let new = try await node.lease("r1", holder: "bob", recovering: true)
            let scripts = [
                DeadManScript.arm(old, seconds: 1), DeadManScript.disarm(old, wait: 1),
                DeadManScript.fire(old, wait: 1),
                LeaseScript.release(old, as: .before, by: "alice"),
            ]
            for script in scripts { #expect(try await node.answer(script) == .refused("lease r1 2")) }
            #expect(node.exists(node.record("r1/deadman.token")) && !node.exists(node.path("x")))
            let answer = try await node.answer(DeadManScript.fire(new, wait: 20))
            if case .reverted(0, false, _) = answer {} else { Issue.record("\(answer)") }
        }
    }

    @Test("a dead-man that was ended before it was done is not waited for")
    func ended() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease()
            #expect(try await node.answer(DeadManScript.arm(fence, seconds: 90)) == .armed)
            let step = StepScript(fence: fence, name: "00-apply", seconds: 5)
            let slow = Command(["sh", "-c", "touch \"$0\"; sleep 60", node.path("begun")])
            #expect(try await node.answer(step.start([], undo: [slow], cutsPath: true)).status == 0)
            var cut = node
            cut.shell = ["timeout", "-s", "KILL", "3", "/bin/sh"]
            await #expect(throws: (any Error).self) { try await cut.run("/bin/sh /var/lib/belay/r1/deadman.sh") }
            #expect(node.exists(node.path("begun")) && node.exists(node.record("r1/deadman.fired")))
            // A process of the test's own may have been given the number since.
            _ = try await node.run("echo \"$(cat /proc/sys/kernel/random/boot_id) $$\" >/run/belay/r1.firing")
            #expect(try await node.answer(DeadManScript.disarm(fence, wait: 60)) == .lost(rebooted: false))
        }
    }

    @Test("two targets' dead-men on one host fire apart")
    func targets() async throws {
        try await ScriptNodes.with { node in
            var fences: [NodeRecord.Fence] = []
            for target in ["a", "b"] {
                let answer = try await node.answer(node.acquire("r1", target: target))
                #expect(answer == .granted(epoch: 1, inMemory: false))
                let fence = NodeRecord.Fence(run: "r1", epoch: 1, target: target)
                #expect(try await node.answer(DeadManScript.arm(fence, seconds: 90)) == .armed)
                let step = StepScript(fence: fence, name: "00-apply", seconds: 5)
                let undo = [append("undo-\(target)", to: node.path("x"))]
                #expect(try await node.answer(step.start([], undo: undo, cutsPath: true)).status == 0)
                fences.append(fence)
            }
            let answer = try await node.answer(DeadManScript.fire(fences[1], wait: 20))
            if case .reverted(0, false, _) = answer {} else { Issue.record("\(answer)") }
            #expect(try await node.answer(DeadManScript.disarm(fences[0], wait: 1)) == .won)
            #expect(node.text(node.path("x")) == "undo-b\n")
        }
    }
}

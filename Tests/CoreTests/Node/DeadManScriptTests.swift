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
            if case .reverted(0, let output) = answer {
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
            if case .reverted(let status, _) = answer { #expect(status == 4) } else { Issue.record("\(answer)") }
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
                if won { #expect(answer == .won) } else { #expect(answer == .reverted(status: 0, output: Payload(""))) }
                winners[won ? "won" : "fired", default: 0] += 1
            }
            #expect(winners.values.reduce(0, +) == 50)
        }
    }
}

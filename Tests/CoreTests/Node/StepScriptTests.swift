import Core
import Foundation
import Testing

/// A step as a detached shell: started once, looked up for ever.
@Suite("step script", .serialized, .timeLimit(.minutes(3)))
struct StepScriptTests {
    func step(_ fence: NodeRecord.Fence, _ name: String = "00-apply", seconds: Int = 10) -> StepScript {
        StepScript(fence: fence, name: name, seconds: seconds)
    }

    func append(_ text: String, to path: String) -> Command {
        Command(["sh", "-c", "echo \(text) >>\"$1\"", "x", path])
    }

    @Test("commands run in order and the result can be looked up", arguments: ScriptNodes.installed)
    func runs(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { node in
            let step = step(try await node.lease())
            #expect(try await node.answer(step.lookup) == .absent)
            let commands = [append("a", to: node.path("x")), Command(["cat"], input: Payload("from input\n"))]
            let answer = try await node.answer(step.start(commands, undo: [Command(["true"])]))
            #expect(answer.status == 0)
            #expect(node.text(node.path("x")) == "a\n")
            #expect(
                try await node.answer(step.lookup) == .done(status: 0, failedAt: 1, output: Payload("from input\n")))
            #expect(node.exists(node.record("r1/steps/00-apply/undo.sh")))
            #expect(!node.exists(node.record("r1/steps/00-apply/cuts")))
        }
    }

    @Test(
        "the record is root's alone, whatever umask root logs in with: no file and no folder of it is anybody else's",
        arguments: ["000", "022"])
    func modes(mask: String) async throws {
        try await ScriptNodes.with { node in
            _ = try await node.run("umask \(mask)\n" + node.acquire("r1"))
            let step = step(NodeRecord.Fence(run: "r1", epoch: 1))
            let script = step.start([Command(["cat"], input: Payload("a secret"))], undo: [Command(["true"])])
            #expect(try await node.answer("umask \(mask)\n" + script).status == 0)
            #expect(node.exists(node.record("r1/steps/00-apply/undo.sh")))
            let paths = [node.record("r1"), node.record("spent"), node.volatile("lock")]
            let found = try await LocalNode().run(Command(["find"] + paths + ["-perm", "/077"]))
            #expect(found.status == 0 && found.output.bytes.isEmpty, "\(found.output.text ?? "")")
        }
    }

    @Test("the first that fails ends it with its status and number", arguments: ScriptNodes.installed)
    func failing(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { node in
            let step = step(try await node.lease())
            let commands = [
                Command(["sh", "-c", "exit 3"], accepts: [0, 3]), Command(["sh", "-c", "echo why >&2; exit 9"]),
                append("never", to: node.path("x")),
            ]
            let answer = try await node.answer(step.start(commands))
            #expect(answer.status == 9)
            if case .done(_, let index, _) = answer { #expect(index == 1) }
            #expect(!node.exists(node.path("x")))
        }
    }

    @Test("sent twice it runs once")
    func twice() async throws {
        try await ScriptNodes.with { node in
            let step = step(try await node.lease())
            for _ in 0..<3 { #expect(try await node.answer(step.start([append("a", to: node.path("x"))])).status == 0) }
            #expect(node.text(node.path("x")) == "a\n")
        }
    }

    // A connection that breaks while the script waits for the lock makes the executor send it again.
    @Test("sent many times at once it runs once")
    func concurrently() async throws {
        try await ScriptNodes.with { node in
            let step = step(try await node.lease())
            let script = step.start([append("a", to: node.path("x"))])
            let answers = try await withThrowingTaskGroup(of: NodeAnswer.self) { group in
                for _ in 0..<6 { group.addTask { try await node.answer(script) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(node.text(node.path("x")) == "a\n")
            #expect(answers.allSatisfy { $0.status == 0 }, "\(answers)")
        }
    }

    @Test("it outlives the connection that started it, and can be looked up meanwhile")
    func detached() async throws {
        try await ScriptNodes.with { node in
            let step = step(try await node.lease())
            let script = step.start([Command(["sleep", "2"]), append("a", to: node.path("x"))])
            // `timeout` ends the script as a broken connection does.
            try node.write(script, to: node.path("start"))
            var cut = node
            cut.shell = ["timeout", "1", "/bin/sh"]
            await #expect(throws: (any Error).self) { try await cut.run(script) }
            #expect(try await node.answer(step.lookup).status == 0)
            #expect(node.text(node.path("x")) == "a\n")
        }
    }

    @Test("killed or gone with a reboot it is lost, and not begun again")
    func lost() async throws {
        try await ScriptNodes.with { plain in
            var node = plain
            node.boot = "boot-a"
            let step = step(try await node.lease(), seconds: 120)
            let running = node
            let script = step.start([Command(["sleep", "100"]), append("a", to: node.path("x"))])
            async let first = running.answer(script)
            let pidFile = plain.record("r1/steps/00-apply/pid")
            @Sendable func readPID() -> Int32? {
                plain.text(pidFile).flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
            }
            #expect(try await plain.eventually { readPID() != nil })
            let pid = try #require(readPID())
            // Its number is written before it leads a session.
            #expect(try await plain.eventually { kill(-pid, SIGKILL) == 0 })
            let ended = try await first
            #expect(ended == .lost(rebooted: false))
            var rebooted = plain
            rebooted.boot = "boot-b"
            #expect(try await rebooted.answer(step.lookup) == .lost(rebooted: true))
            #expect(try await rebooted.answer(script) == .lost(rebooted: true))
            #expect(!plain.exists(plain.path("x")))
        }
    }

    @Test("a flood of output is bounded on the node and in the answer")
    func bounded() async throws {
        try await ScriptNodes.with { node in
            let step = step(try await node.lease())
            let answer = try await node.answer(step.start([Command(["head", "-c", "3000000", "/dev/zero"])]))
            #expect(answer.status == 0)
            let size =
                try FileManager.default.attributesOfItem(atPath: node.record("r1/steps/00-apply/out"))[.size] as? Int
            #expect(size ?? .max <= 65536)
            if case .done(_, _, let output) = try await node.answer(step.lookup) {
                #expect(output.bytes.count == 16384)
            }
        }
    }

    @Test("a command over its time is ended, and said so")
    func timesOut() async throws {
        try await ScriptNodes.with { node in
            let step = step(try await node.lease(), seconds: 1)
            #expect(try await node.answer(step.start([Command(["sleep", "30"])])).status == 124)
        }
    }

    // An apply that goes on behind its undo would redo what was undone.
    @Test("an undo ends the apply first", arguments: [["sleep", "9"], ["sh", "-c", "trap '' TERM; sleep 9; true"]])
    func stopping(slow: [String]) async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease()
            let apply = step(fence)
            let late = Command(["sh", "-c", "\"$@\"; echo late >>\"$0\"", node.path("x")] + slow)
            async let first = node.answer(apply.start([late, append("later", to: node.path("x"))]))
            let pidFile = node.record("r1/steps/00-apply/at")
            #expect(try await node.eventually { node.exists(pidFile) })
            try await Task.sleep(for: .milliseconds(200))
            let undo = step(fence, "00-undo1")
            let command = append("undone", to: node.path("x"))
            #expect(try await node.answer(undo.start([command], stopping: ["00-apply"])).status == 0)
            let ended = try await first
            #expect(ended == .lost(rebooted: false))
            try await Task.sleep(for: .seconds(9))
            #expect(node.text(node.path("x")) == "undone\n")
        }
    }

    @Test("a step that can cut the path does not begin without its dead-man")
    func cutsWithoutDeadMan() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease()
            let script = step(fence).start([append("a", to: node.path("x"))], cutsPath: true)
            #expect(try await node.answer(script) == .refused("deadman"))
            #expect(try await node.answer(DeadManScript.arm(fence, seconds: 60)) == .armed)
            #expect(try await node.answer(script).status == 0)
            #expect(node.exists(node.record("r1/steps/00-apply/cuts")))
            #expect(try await node.answer(DeadManScript.disarm(fence, wait: 1)) == .won)
        }
    }

    @Test("a dead-man that does not tick any more guards no step: its timer is gone, or it was armed before a reboot")
    func cutsWithDeadManThatIsGone() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease()
            #expect(try await node.answer(DeadManScript.arm(fence, seconds: 60)) == .armed)
            let script = step(fence).start([append("a", to: node.path("x"))], cutsPath: true)
            // The process that waits, which another one has the number of by now; and the boot it was started in.
            for (file, other) in [("pid", "1\n"), ("boot", "an earlier one\n")] {
                let path = node.record("r1/deadman.\(file)")
                let kept = try #require(node.text(path))
                try Data(other.utf8).write(to: URL(filePath: path))
                #expect(try await node.answer(script) == .refused("deadman"))
                try Data(kept.utf8).write(to: URL(filePath: path))
            }
            #expect(!node.exists(node.path("x")))
            #expect(try await node.answer(script).status == 0)
            #expect(try await node.answer(DeadManScript.disarm(fence, wait: 1)) == .won)
        }
    }

    @Test("no shell reads a value, in commands or undo", arguments: ScriptNodes.installed)
    func metacharacters(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { node in
            let fence = try await node.lease()
            let values = hostileValues.filter { !$0.utf8.contains(0) } + ["a'\u{301}; touch /x"]
            let script = "for v do printf '%s\\036' \"$v\"; done >\"$0\""
            let commands = [Command(["sh", "-c", script, node.path("x")] + values)]
            #expect(try await node.answer(step(fence).start(commands, undo: commands)).status == 0)
            #expect(node.text(node.path("x")) == values.map { $0 + "\u{1e}" }.joined())
            #expect(!node.exists("/x"))
        }
    }

    @Test("all commands of a step have one limit together", arguments: ScriptNodes.installed)
    func oneLimit(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { node in
            let step = step(try await node.lease(), seconds: 3)
            let commands = [Command(["sleep", "2"]), Command(["sleep", "2"]), append("never", to: node.path("x"))]
            let answer = try await node.answer(step.start(commands))
            if case .done(124, 1, _) = answer {} else { Issue.record("\(answer)") }
            #expect(!node.exists(node.path("x")))
        }
    }

    // A command that limits its own parts puts them into a process group which no limit of ours reaches.
    @Test("what outlives the limit is ended before the result is said")
    func outlives() async throws {
        try await ScriptNodes.with { node in
            let step = step(try await node.lease(), seconds: 1)
            let stubborn =
                "trap '' TERM; timeout 60 sh -c 'trap \"\" TERM; n=0; while [ $n -lt 40 ]; do sleep 1; echo $n >\"$0\"; n=$((n + 1)); done' \"$0\""
            #expect(try await node.answer(step.start([Command(["sh", "-c", stubborn, node.path("x")])])).status == 124)
            let last = node.text(node.path("x"))
            try await Task.sleep(for: .seconds(3))
            #expect(node.text(node.path("x")) == last)
        }
    }

    @Test("an undo ends an undo before it that still runs, and leaves one that ended alone")
    func stoppingUndo() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease()
            #expect(try await node.answer(step(fence).start([append("applied", to: node.path("x"))])).status == 0)
            let slow = Command(["sh", "-c", "sleep 9; echo late >>\"$0\"", node.path("x")])
            async let first = node.answer(step(fence, "00-undo1").start([slow], stopping: ["00-apply"]))
            let begun = node.record("r1/steps/00-undo1/at")
            #expect(try await node.eventually { node.exists(begun) })
            let second = step(fence, "00-undo2").start(
                [append("undone", to: node.path("x"))], stopping: ["00-apply", "00-undo1"])
            #expect(try await node.answer(second).status == 0)
            #expect(try await first == .lost(rebooted: false))
            try await Task.sleep(for: .seconds(9))
            #expect(node.text(node.path("x")) == "applied\nundone\n")
        }
    }

    @Test("the state that the undo was made from lies beside it, whatever it holds")
    func before() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease()
            let state = try JSONEncoder().encode(
                Observation(["x": .content(Payload(String(repeating: "'\n$(", count: 100_000)))]))
            #expect(try await node.answer(step(fence).start([], before: Array(state))).status == 0)
            #expect(node.bytes(node.record("r1/steps/00-apply/before.json")) == Array(state))
        }
    }

    // The lock is what ties the look at the lease to the start: whoever takes over waits for it.
    @Test(
        "an executor that was taken over between its look at the lease and its start writes nothing",
        arguments: ScriptNodes.installed)
    func takenOver(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { node in
            let old = try await node.lease()
            let script = step(old).start([append("late", to: node.path("x"))])
            // Held before the check: the old executor's script waits here, and finds another epoch.
            async let holding = node.run(
                "exec 9>>/run/belay/lock; flock 9; touch '\(node.path("held"))'; until [ -e '\(node.path("go"))' ]; do sleep 0.1; done"
            )
            #expect(try await node.eventually { node.exists(node.path("held")) })
            async let late = node.answer(script)
            // What a take-over changes, in the place of the script that would wait for the lock as well.
            let lease = try #require(node.text(node.record("lease")))
            try node.write(lease.replacingOccurrences(of: "r1 1 ", with: "r1 2 "), to: node.record("lease"))
            try node.write("", to: node.path("go"))
            _ = try await holding
            #expect(try await late == .refused("lease r1 2"))
            #expect(!node.exists(node.path("x")) && node.list(node.record("r1/steps")).isEmpty)
        }
    }

    @Test("nobody says that a step is gone while it is being started")
    func lookedUpMeanwhile() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease()
            let step = step(fence)
            // As a start leaves it in its middle, the lock held.
            let middle = """
                exec 9>>/run/belay/lock; flock 9; D=/var/lib/belay/r1/steps/00-apply; mkdir -p "$D"
                echo 'none            ' >"$D/pid"; cat /proc/sys/kernel/random/boot_id >"$D/started"; touch '\(node.path("held"))'
                until [ -e '\(node.path("go"))' ]; do sleep 0.1; done; echo "0 0 b" >"$D/result"
                """
            async let starting = node.run(middle)
            #expect(try await node.eventually { node.exists(node.path("held")) })
            async let found = node.answer(step.lookup)
            try await Task.sleep(for: .seconds(1))
            try node.write("", to: node.path("go"))
            _ = try await starting
            #expect(try await found.status == 0)
        }
    }
}

import Core
import Foundation
import Testing

/// Who may write on a node: the real scripts over a record of the test.
@Suite("lease script", .serialized, .timeLimit(.minutes(3)))
struct LeaseScriptTests {
    @Test("a free node is granted, with a higher epoch each time", arguments: ScriptNodes.installed)
    func granted(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { node in
            let first = try await node.lease("r1")
            #expect(first.epoch == 1)
            #expect(node.text(node.record("lease"))?.hasPrefix("r1 1 alice ") == true)
            #expect(try await node.answer(LeaseScript.release(first, as: .before, by: "alice")) == .released)
            #expect(!node.exists(node.record("r1")) && !node.exists(node.record("lease")))
            #expect(try await node.answer(node.acquire("r2", plan: "d2")) == .granted(epoch: 2, inMemory: false))
        }
    }

    @Test("the record is for root alone")
    func modes() async throws {
        try await ScriptNodes.with { node in
            _ = try await node.lease()
            for name in ["r1", "lease", "epoch", "spent"] {
                let mode =
                    try FileManager.default.attributesOfItem(atPath: node.record(name))[.posixPermissions] as? Int
                #expect((mode ?? 0o777) & 0o077 == 0, "\(name)")
            }
        }
    }

    @Test("another run is told who holds the node, while that one's record stands and after its lease ran out")
    func unfinished() async throws {
        try await ScriptNodes.with { node in
            var node = node
            node.uptime = 1000
            _ = try await node.lease("r1")
            #expect(try await node.answer(node.acquire("r2", plan: "d2")) == .refused("unfinished r1 alice"))
            node.uptime = 100_000
            #expect(
                try await node.answer(node.acquire("r2", plan: "d2", recovering: true))
                    == .refused("unfinished r1 alice"))
            #expect(try await node.answer(node.acquire("r1", recovering: true)) == .granted(epoch: 2, inMemory: false))
        }
    }

    @Test("a lease without a record stands until it expires or the node rebooted")
    func expiry() async throws {
        try await ScriptNodes.with { node in
            var node = node
            node.uptime = 1000
            node.boot = "boot-a"
            for (seconds, boot, expected) in [
                (1599, "boot-a", NodeAnswer.refused("held r1 alice")),
                (1600, "boot-a", .granted(epoch: 2, inMemory: false)),
                (1001, "boot-b", .granted(epoch: 2, inMemory: false)),
            ] {
                node.uptime = 1000
                node.boot = "boot-a"
                _ = try await node.lease("r1")
                try FileManager.default.removeItem(atPath: node.record("r1"))
                node.uptime = seconds
                node.boot = boot
                #expect(try await node.answer(node.acquire("r2", plan: "d2")) == expected)
                for name in ["r1", "r2", "lease", "epoch", "spent"] {
                    try? FileManager.default.removeItem(atPath: node.record(name))
                }
            }
        }
    }

    @Test("a plan is spent once, also from another laptop")
    func spent() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease("r1")
            #expect(try await node.answer(node.acquire("r1", holder: "bob")) == .refused("spent"))
            _ = try await node.answer(LeaseScript.release(fence, as: .before, by: "alice"))
            #expect(try await node.answer(node.acquire("r1")) == .refused("spent"))
            #expect(try await node.answer(node.acquire("r2")) == .refused("spent"))
        }
    }

    @Test("asking again after a lost answer finds the lease it already has")
    func lostAnswer() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease("r1")
            #expect(try await node.answer(node.acquire("r1")) == .granted(epoch: fence.epoch, inMemory: false))
        }
    }

    @Test("a machine that is not the plan's is refused and left untouched")
    func otherMachine() async throws {
        try await ScriptNodes.with { node in
            let script = LeaseScript.acquire(
                run: "r1", planSha256: "d", planJSON: [], machineID: "not-me", holder: "alice", ticket: "t",
                seconds: 60,
                recovering: false)
            let answer = try await node.answer(script)
            #expect(answer == .refused("another machine answers at this address"))
            #expect(!node.exists(node.record("lease")))
        }
    }

    @Test("of many that ask at once one run is granted")
    func race() async throws {
        try await ScriptNodes.with { node in
            let answers = try await withThrowingTaskGroup(of: NodeAnswer.self) { group in
                for index in 0..<8 {
                    group.addTask { try await node.answer(node.acquire("r\(index)", plan: "d\(index)")) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.filter { $0 == .granted(epoch: 1, inMemory: false) }.count == 1)
            #expect(answers.filter(\.isRefused).count == 7)
        }
    }

    @Test("release is idempotent, and not for one whose epoch is old")
    func release() async throws {
        try await ScriptNodes.with { node in
            let old = try await node.lease("r1")
            let new = try await node.lease("r1", holder: "bob", recovering: true)
            #expect(try await node.answer(LeaseScript.release(old, as: .before, by: "alice")) == .refused("lease r1 2"))
            #expect(node.exists(node.record("r1")))
            #expect(try await node.answer(LeaseScript.release(new, as: .before, by: "alice")) == .released)
            #expect(try await node.answer(LeaseScript.release(new, as: .before, by: "alice")) == .released)
        }
    }

    @Test("a run that was ended from another log is not taken over once more", arguments: ScriptNodes.installed)
    func endedElsewhere(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { node in
            _ = try await node.lease("r1")
            let other = try await node.lease("r1", holder: "bob@there:7", recovering: true)
            #expect(try await node.answer(LeaseScript.release(other, as: .before, by: "bob@there:7")) == .released)
            let late = node.acquire("r1", recovering: true)
            #expect(try await node.answer(late) == .ended(.before, by: "bob@there:7"))
            // Others have used the node since.
            _ = try await node.answer(node.acquire("r2", plan: "d2", holder: "carol"))
            let next = NodeRecord.Fence(run: "r2", epoch: 3)
            #expect(try await node.answer(late) == .ended(.before, by: "bob@there:7"))
            #expect(try await node.answer(LeaseScript.release(next, as: .after, by: "carol")) == .released)
            #expect(try await node.answer(node.acquire("r1")) == .refused("spent"))
            #expect(!node.exists(node.record("r1")) && !node.exists(node.record("lease")))
        }
    }

    @Test("a record that was not released yet is taken over, whatever was said of its run before")
    func endedHalfway() async throws {
        try await ScriptNodes.with { node in
            _ = try await node.lease("r1")
            try node.write("r1\nended before bob\n", to: node.record("spent/d1"))
            #expect(try await node.answer(node.acquire("r1", recovering: true)) == .granted(epoch: 2, inMemory: false))
        }
    }

    @Test("without root's rights records lie in a folder of the operator's, and none in memory")
    func operatorsFolder() async throws {
        try await ScriptNodes.with { node in
            let folder = node.path("records")
            let script = LeaseScript.acquire(
                run: "r1", target: "n1", folder: folder, planSha256: "d1", planJSON: Array("{}".utf8),
                machineID: node.machineID, holder: "alice", ticket: "t", seconds: 60, recovering: false,
                mayUseMemory: true)
            let answer = try await node.answer(script)
            #expect(answer == .granted(epoch: 1, inMemory: false))
            #expect(node.exists("\(folder)/for/n1/r1/plan.json") && node.exists("\(folder)/for/n1/lock"))
            #expect(node.list(node.record("")).isEmpty && !node.exists(node.volatile("")))
        }
    }

    @Test("a laptop that woke up late writes nothing", arguments: ScriptNodes.installed)
    func fencing(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { node in
            let old = try await node.lease("r1")
            _ = try await node.lease("r1", holder: "bob", recovering: true)
            let step = StepScript(fence: old, name: "00-apply", seconds: 5)
            #expect(try await node.answer(step.start([Command(["touch", node.path("x")])])) == .refused("lease r1 2"))
            #expect(try await node.answer(DeadManScript.arm(old, seconds: 1)) == .refused("lease r1 2"))
            #expect(try await node.answer(DeadManScript.disarm(old, wait: 1)) == .refused("lease r1 2"))
            #expect(!node.exists(node.path("x")) && !node.exists(node.record("r1/steps/00-apply")))
            #expect(!node.exists(node.record("r1/deadman.token")))
            try FileManager.default.removeItem(atPath: node.record("lease"))
            #expect(try await node.answer(step.start([Command(["touch", node.path("x")])])) == .refused("lease none"))
        }
    }

    // Two machines made alike may have a user, a name and a pid in common.
    @Test("who asks again without the first one's ticket is not granted again, whatever its name")
    func ticket() async throws {
        try await ScriptNodes.with { node in
            _ = try await node.lease("r1")
            #expect(try await node.answer(node.acquire("r1", ticket: "another")) == .refused("spent"))
            #expect(node.text(node.record("lease"))?.hasPrefix("r1 1 ") == true)
        }
    }

    @Test("an epoch is above every one that the log has seen, and above every one on the node")
    func epochs() async throws {
        try await ScriptNodes.with { node in
            _ = try await node.lease("r1")
            #expect(
                try await node.answer(node.acquire("r1", recovering: true, above: 6))
                    == .granted(epoch: 7, inMemory: false))
            #expect(
                try await node.answer(node.acquire("r1", recovering: true, above: 2))
                    == .granted(epoch: 8, inMemory: false))
            try FileManager.default.removeItem(atPath: node.record("epoch"))
            #expect(
                try await node.answer(node.acquire("r1", recovering: true)) == .granted(epoch: 9, inMemory: false))
        }
    }

    static let bigPlan = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

    @Test("the plan and its digest lie in the record, however long it is", arguments: ScriptNodes.installed)
    func plan(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { node in
            let json = Self.bigPlan
            let first = try await node.answer(node.acquire("r1", plan: "d1", json: json))
            #expect(first == .granted(epoch: 1, inMemory: false))
            #expect(node.text(node.record("r1/plan")) == "d1\n")
            #expect(node.bytes(node.record("r1/plan.json")) == json)
            #expect(
                try await node.answer(node.acquire("r1", json: [], recovering: true))
                    == .granted(epoch: 2, inMemory: false))
            #expect(node.bytes(node.record("r1/plan.json")) == json)
        }
    }

    @Test("what a settled run left is taken over, and goes when the run that took it over ends")
    func settled() async throws {
        try await ScriptNodes.with { node in
            for run in ["r1", "r2"] {
                let fence = try await node.lease(run)
                _ = try await node.answer(StepScript(fence: fence, name: "00-apply", seconds: 5).start([]))
                // Two at once: what the first left lies there without its lease.
                try FileManager.default.removeItem(atPath: node.record("lease"))
                try FileManager.default.removeItem(atPath: node.record("spent"))
                try FileManager.default.moveItem(atPath: node.record(run), toPath: node.path(run))
            }
            for run in ["r1", "r2"] {
                try FileManager.default.moveItem(atPath: node.path(run), toPath: node.record(run))
            }
            let ask = { (settled: [String]) in node.acquire("r3", plan: "d3", settled: settled) }
            #expect(try await node.answer(ask([])) == .refused("unfinished r1 somebody"))
            #expect(try await node.answer(ask(["r1"])) == .refused("unfinished r2 somebody"))
            #expect(try await node.answer(ask(["r", "r11", "r1 r2"])).isRefused)
            #expect(try await node.answer(ask(["r0", "r2", "r1"])) == .granted(epoch: 3, inMemory: false))
            #expect(node.exists(node.record("r1/steps/00-apply")) && node.exists(node.record("r2/steps/00-apply")))
            // A recovery in between does not forget them.
            let fence = try await node.lease("r3", recovering: true)
            #expect(try await node.answer(LeaseScript.release(fence, as: .before, by: "alice")) == .released)
            #expect(node.list(node.record("")) == ["epoch", "spent"])
        }
    }

    @Test("a settled run's dead-man keeps everybody away while it is armed or at work")
    func settledButArmed() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease("r1")
            _ = try await node.answer(DeadManScript.arm(fence, seconds: 300))
            let step = StepScript(fence: fence, name: "00-apply", seconds: 5)
            let undo = Command(["sh", "-c", "until [ -e \"$0\" ]; do sleep 0.1; done", node.path("go")])
            _ = try await node.answer(step.start([], undo: [undo], cutsPath: true))
            let ask = node.acquire("r2", plan: "d2", settled: ["r1"])
            #expect(try await node.answer(ask) == .refused("unfinished r1 alice"))
            async let firing = node.run("exec /bin/sh /var/lib/belay/r1/deadman.sh")
            #expect(try await node.eventually { node.exists(node.record("r1/deadman.fired")) })
            #expect(try await node.answer(ask) == .refused("unfinished r1 alice"))
            try node.write("", to: node.path("go"))
            _ = try await firing
            #expect(try await node.answer(ask) == .granted(epoch: 2, inMemory: false))
        }
    }

    @Test("twenty targets of one run on one host keep apart, and so do two runs and the host's own")
    func targets() async throws {
        try await ScriptNodes.with { node in
            let targets = (0..<20).map { "worker-\($0).example.org" }
            let answers = try await withThrowingTaskGroup(of: NodeAnswer.self) { group in
                for target in targets {
                    group.addTask {
                        guard case .granted(let epoch, _) = try await node.answer(node.acquire("r1", target: target))
                        else { return .absent }
                        let fence = NodeRecord.Fence(run: "r1", epoch: epoch, target: target)
                        let command = Command(["sh", "-c", "echo \(target) >\"$0\"", node.path(target)])
                        return try await node.answer(
                            StepScript(fence: fence, name: "00-apply", seconds: 60).start([command]))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 0 }, "\(answers)")
            for target in targets {
                #expect(node.text(node.path(target)) == "\(target)\n")
                #expect(node.text(node.record("for/\(target)/lease"))?.hasPrefix("r1 1 alice ") == true)
            }
            #expect(try await node.lease("r9").epoch == 1)
            #expect(
                try await node.answer(node.acquire("r2", target: targets[3], plan: "d2"))
                    == .refused("unfinished r1 alice"))
            let one = NodeRecord.Fence(run: "r1", epoch: 1, target: targets[3])
            #expect(try await node.answer(LeaseScript.release(one, as: .before, by: "alice")) == .released)
            #expect(node.list(node.record("for/\(targets[3])")) == ["epoch", "spent"])
            #expect(node.exists(node.record("for/\(targets[4])/r1")) && node.exists(node.record("r9")))
        }
    }

    @Test("no two runs, targets and steps share a unit's name")
    func units() {
        let runs = ["r1", "r1-a", "r1-step-00-apply"]
        let targets = [nil, "a", "a-step-00-apply", "step", "deadman"]
        let names = runs.flatMap { run in
            targets.flatMap { target in
                ["00-apply", "00-undo1"].map {
                    StepScript(
                        fence: NodeRecord.Fence(run: run, epoch: 1, target: target), name: $0, seconds: 1
                    ).unit
                }
            }
        }
        #expect(Set(names).count == names.count)
        let long = String(repeating: "a", count: 128)
        #expect(NodeRecord.isTarget(long) && !NodeRecord.isTarget(long + "a"))
        let fence = NodeRecord.Fence(run: String(long.prefix(64)), epoch: 1, target: long)
        #expect("\(fence.unit)-deadman-boot.service".utf8.count <= 255)
    }

    @Test(
        "a name that no run or target has is refused by every script, and no shell reads it",
        arguments: [
            ("r1; touch /x", nil), ("$(touch /x)", nil), ("../r1", nil), ("", nil), ("-r", nil), ("R1", nil),
            ("a'b", nil),
            ("r1", ".."), ("r1", "a/b"), ("r1", "a b"), ("r1", "`touch /x`"), ("r1", "é"), ("r1", ""), ("r1", "a\nb"),
        ] as [(String, String?)])
    func names(run: String, target: String?) async throws {
        try await ScriptNodes.with { node in
            let fence = NodeRecord.Fence(run: run, epoch: 1, target: target)
            for script in everyScript(fence, node) {
                let answer = try await node.answer(script)
                #expect(answer == .refused("name"))
            }
            #expect(node.list(node.record("")).isEmpty && !node.exists("/x"))
        }
    }

    func everyScript(_ fence: NodeRecord.Fence, _ node: ScriptNode) -> [String] {
        let step = StepScript(fence: fence, name: "00-apply", seconds: 5)
        return [
            node.acquire(fence.run, target: fence.target), LeaseScript.release(fence, as: .before, by: "alice"),
            step.start([]), step.lookup,
            DeadManScript.arm(fence, seconds: 5, atBoot: true), DeadManScript.disarm(fence, wait: 1),
            DeadManScript.fire(fence, wait: 1),
        ]
    }

    @Test("a lease is not given back under an armed dead-man, nor without the lease")
    func releaseGuards() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease("r1")
            #expect(try await node.answer(DeadManScript.arm(fence, seconds: 300)) == .armed)
            #expect(try await node.answer(LeaseScript.release(fence, as: .before, by: "alice")) == .refused("deadman"))
            #expect(try await node.answer(DeadManScript.disarm(fence, wait: 1)) == .won)
            try FileManager.default.moveItem(atPath: node.record("lease"), toPath: node.path("lease"))
            #expect(
                try await node.answer(LeaseScript.release(fence, as: .before, by: "alice")) == .refused("lease none"))
            #expect(node.exists(node.record("r1/deadman.won")))
            try FileManager.default.moveItem(atPath: node.path("lease"), toPath: node.record("lease"))
            #expect(try await node.answer(LeaseScript.release(fence, as: .before, by: "alice")) == .released)
        }
    }

    @Test("a release sent again after another run came is done, and takes nothing of that run's")
    func releaseAgain() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease("r1")
            #expect(try await node.answer(LeaseScript.release(fence, as: .before, by: "alice")) == .released)
            #expect(try await node.answer(node.acquire("r2", plan: "d2")) == .granted(epoch: 2, inMemory: false))
            #expect(try await node.answer(LeaseScript.release(fence, as: .before, by: "alice")) == .released)
            #expect(node.exists(node.record("r2/plan")))
            #expect(node.text(node.record("lease"))?.hasPrefix("r2 2 ") == true)
        }
    }

    @Test("a record without a lease keeps other runs away")
    func recordAlone() async throws {
        try await ScriptNodes.with { node in
            _ = try await node.lease("r1")
            try FileManager.default.removeItem(atPath: node.record("lease"))
            #expect(try await node.answer(node.acquire("r2", plan: "d2")) == .refused("unfinished r1 somebody"))
            #expect(
                try await node.answer(node.acquire("r1", recovering: true)) == .granted(epoch: 2, inMemory: false))
        }
    }
}

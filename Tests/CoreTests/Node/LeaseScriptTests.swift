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
            #expect(try await node.answer(LeaseScript.release(first)) == .released)
            #expect(!node.exists(node.record("r1")) && !node.exists(node.record("lease")))
            #expect(try await node.answer(node.acquire("r2", plan: "d2")) == .granted(epoch: 2))
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
            #expect(try await node.answer(node.acquire("r1", recovering: true)) == .granted(epoch: 2))
        }
    }

    @Test("a lease without a record stands until it expires or the node rebooted")
    func expiry() async throws {
        try await ScriptNodes.with { node in
            var node = node
            node.uptime = 1000
            node.boot = "boot-a"
            for (seconds, boot, expected) in [
                (1599, "boot-a", NodeAnswer.refused("held r1 alice")), (1600, "boot-a", .granted(epoch: 2)),
                (1001, "boot-b", .granted(epoch: 2)),
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
            _ = try await node.answer(LeaseScript.release(fence))
            #expect(try await node.answer(node.acquire("r1")) == .refused("spent"))
            #expect(try await node.answer(node.acquire("r2")) == .refused("spent"))
        }
    }

    @Test("asking again after a lost answer finds the lease it already has")
    func lostAnswer() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease("r1")
            #expect(try await node.answer(node.acquire("r1")) == .granted(epoch: fence.epoch))
        }
    }

    @Test("a machine that is not the plan's is refused and left untouched")
    func otherMachine() async throws {
        try await ScriptNodes.with { node in
            let script = LeaseScript.acquire(
                run: "r1", planSha256: "d", machineID: "not-me", holder: "alice", seconds: 60, recovering: false)
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
            #expect(answers.filter { $0 == .granted(epoch: 1) }.count == 1)
            #expect(answers.filter(\.isRefused).count == 7)
        }
    }

    @Test("release is idempotent, and not for one whose epoch is old")
    func release() async throws {
        try await ScriptNodes.with { node in
            let old = try await node.lease("r1")
            let new = try await node.lease("r1", holder: "bob", recovering: true)
            #expect(try await node.answer(LeaseScript.release(old)) == .refused("lease r1 2"))
            #expect(node.exists(node.record("r1")))
            #expect(try await node.answer(LeaseScript.release(new)) == .released)
            #expect(try await node.answer(LeaseScript.release(new)) == .released)
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
}

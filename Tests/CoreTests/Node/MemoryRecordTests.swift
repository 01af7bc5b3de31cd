import Core
import Foundation
import Testing

/// Nodes whose disk is full or takes no writes: what begins there, what never does, and what a reboot leaves of it.
@Suite("record in memory", .serialized, .timeLimit(.minutes(5)))
struct MemoryRecordTests {
    func append(_ text: String, to path: String) -> Command {
        Command(["sh", "-c", "echo \(text) >>\"$1\"", "x", path])
    }

    func step(_ fence: NodeRecord.Fence, _ name: String = "00-apply") -> StepScript {
        StepScript(fence: fence, name: name, seconds: 10)
    }

    /// Runs a test on a node whose disk is full, and on one whose disk is read-only.
    func onBadDisks(_ shell: [String] = ["/bin/sh"], _ body: @Sendable (ScriptNode) async throws -> Void) async throws {
        try await ScriptNodes.with(shell: shell) { node in
            try await node.withSmallDisk {
                try await node.fill()
                try await body(node)
            }
        }
        try await ScriptNodes.with(shell: shell) { plain in
            var node = plain
            node.isReadOnly = true
            try await body(node)
        }
    }

    @Test("without leave a disk that cannot be written refuses, and the plan is not spent")
    func refused() async throws {
        try await onBadDisks { (node) async throws in
            #expect(try await node.answer(node.acquire("r1")) == .refused("disk"))
            #expect(!node.exists(node.record("r1")) && !node.exists(node.record("lease")))
            #expect(node.list(node.record("spent")).isEmpty)
            #expect(!node.exists(node.volatile("r1")) && !node.exists(node.volatile("lease")))
        }
        try await ScriptNodes.with { node in
            try await node.withSmallDisk {
                try await node.fill()
                #expect(try await node.answer(node.acquire("r1")) == .refused("disk"))
                try node.drain()
                #expect(try await node.answer(node.acquire("r1")) == .granted(epoch: 1, inMemory: false))
            }
        }
    }

    @Test("with leave the record lies in memory, and a run goes through", arguments: ScriptNodes.installed)
    func memory(shell: [String]) async throws {
        try await onBadDisks(shell) { (node) async throws in
            let grant = NodeAnswer.granted(epoch: 1, inMemory: true)
            for _ in 0..<2 { #expect(try await node.answer(node.acquire("r1", mayUseMemory: true)) == grant) }
            let fence = NodeRecord.Fence(run: "r1", epoch: 1)
            let step = step(fence)
            #expect(try await node.answer(step.lookup) == .absent)
            #expect(try await node.answer(step.start([append("a", to: node.path("x"))])).status == 0)
            #expect(try await node.answer(step.start([append("a", to: node.path("x"))])).status == 0)
            #expect(try await node.answer(step.lookup).status == 0)
            #expect(node.text(node.path("x")) == "a\n")
            #expect(node.exists(node.volatile("r1/steps/00-apply/result")))
            #expect(try await node.answer(node.acquire("r2", plan: "d2")) == .refused("unfinished r1 alice"))
            #expect(
                try await node.answer(node.acquire("r1", ticket: "other", mayUseMemory: true)) == .refused("spent"))
            #expect(try await node.answer(LeaseScript.release(fence, as: .before, by: "alice")) == .released)
            #expect(!node.exists(node.volatile("r1")) && !node.exists(node.volatile("lease")))
            #expect(
                try await node.answer(node.acquire("r2", plan: "d2", mayUseMemory: true))
                    == .granted(epoch: 2, inMemory: true))
        }
    }

    @Test("where /run is on the disk there is no memory to lie in, and one lock all the same")
    func noMemory() async throws {
        try await ScriptNodes.with { plain in
            var node = plain
            node.hasNoMemory = true
            let other = node
            try await node.withSmallDisk {
                try await other.fill()
                #expect(try await other.answer(other.acquire("r1", mayUseMemory: true)) == .refused("disk"))
                try other.drain()
                let fence = try await other.lease()
                #expect(other.exists(other.record("lock")) && !other.exists(other.volatile("lock")))
                #expect(try await other.answer(step(fence).start([])).status == 0)
                #expect(try await other.answer(LeaseScript.release(fence, as: .before, by: "alice")) == .released)
            }
        }
    }

    @Test("a run that freed the disk leaves its epoch and its spent plan there")
    func persisted() async throws {
        try await ScriptNodes.with { node in
            try await node.withSmallDisk {
                try await node.fill()
                _ = try await node.answer(node.acquire("r1", above: 4, mayUseMemory: true))
                let fence = NodeRecord.Fence(run: "r1", epoch: 5)
                // Room comes while it runs, and another one would use the disk.
                try node.drain()
                #expect(try await node.answer(node.acquire("r2", plan: "d2")) == .refused("unfinished r1 alice"))
                #expect(try await node.answer(LeaseScript.release(fence, as: .before, by: "alice")) == .released)
                #expect(node.text(node.record("epoch")) == "5\n")
                var later = node
                try later.reboot()
                #expect(try await later.answer(later.acquire("r1")) == .refused("spent"))
                #expect(
                    try await later.answer(later.acquire("r2", plan: "d2")) == .granted(epoch: 6, inMemory: false))
            }
        }
    }

    // "Never began" would be a lie: it did, and a reboot took the only note of it.
    @Test("after a reboot nothing that may have begun is said never to have begun")
    func rebooted() async throws {
        try await ScriptNodes.with { plain in
            try await plain.withSmallDisk {
                var node = plain
                try node.reboot()
                try await node.fill()
                _ = try await node.answer(node.acquire("r1", mayUseMemory: true))
                let fence = NodeRecord.Fence(run: "r1", epoch: 1)
                let step = step(fence)
                let script = step.start([append("a", to: node.path("x"))])
                #expect(try await node.answer(script).status == 0)
                try node.reboot()
                let lost = NodeAnswer.lost(rebooted: true)
                #expect(try await node.answer(step.lookup) == lost)
                #expect(try await node.answer(script) == lost)
                #expect(try await node.answer(DeadManScript.arm(fence, seconds: 60)) == lost)
                #expect(try await node.answer(DeadManScript.disarm(fence, wait: 1)) == lost)
                #expect(try await node.answer(DeadManScript.fire(fence, wait: 1)) == lost)
                #expect(try await node.answer(LeaseScript.release(fence, as: .before, by: "alice")) == .released)
                // Whoever recovers makes the record anew, and is told the same.
                try node.drain()
                #expect(
                    try await node.answer(node.acquire("r1", recovering: true, above: 1))
                        == .granted(epoch: 2, inMemory: false))
                #expect(try await node.answer(step.lookup) == lost)
                #expect(try await node.answer(script) == .refused("lease r1 2"))
                let undo = self.step(NodeRecord.Fence(run: "r1", epoch: 2), "00-undo1")
                #expect(try await node.answer(undo.start([append("b", to: node.path("x"))])).status == 0)
                #expect(node.text(node.path("x")) == "a\nb\n")
                #expect(try await node.answer(step.lookup) == lost)
            }
        }
    }

    @Test("a record that was not made by a recovery says of a step without a folder that it never began")
    func absent() async throws {
        try await ScriptNodes.with { node in
            _ = try await node.lease()
            let second = try await node.lease("r1", recovering: true)
            #expect(try await node.answer(step(second).lookup) == .absent)
        }
    }

    @Test("a run whose disk filled up meanwhile is recovered in memory, with what lies on the disk")
    func recoveredInMemory() async throws {
        try await ScriptNodes.with { plain in
            try await plain.withSmallDisk {
                var node = plain
                try node.reboot()
                let first = try await node.lease()
                #expect(try await node.answer(step(first).start([append("a", to: node.path("x"))])).status == 0)
                try await node.fill()
                #expect(try await node.answer(node.acquire("r1", recovering: true)) == .refused("disk"))
                #expect(
                    try await node.answer(node.acquire("r1", recovering: true, mayUseMemory: true))
                        == .granted(epoch: 2, inMemory: true))
                #expect(!node.exists(node.record("lease")), "it would count again after a reboot")
                let second = NodeRecord.Fence(run: "r1", epoch: 2)
                #expect(try await node.answer(step(second).lookup).status == 0)
                #expect(try await node.answer(step(second, "01-apply").lookup) == .absent)
                let late = step(first, "01-apply").start([append("late", to: node.path("x"))])
                #expect(try await node.answer(late) == .refused("lease r1 2"))
                let undo = step(second, "00-undo1").start([append("b", to: node.path("x"))], stopping: ["00-apply"])
                #expect(try await node.answer(undo).status == 0)
                #expect(node.exists(node.volatile("r1/steps/00-undo1/result")))
                // The reboot takes the lease, and gives nobody an old one back.
                try node.reboot()
                #expect(try await node.answer(late) == .refused("lease none"))
                #expect(
                    try await node.answer(LeaseScript.release(second, as: .before, by: "alice"))
                        == .refused("lease none"))
                #expect(try await node.answer(node.acquire("r2", plan: "d2")) == .refused("unfinished r1 somebody"))
                try node.drain()
                #expect(
                    try await node.answer(node.acquire("r1", recovering: true, above: 2))
                        == .granted(epoch: 3, inMemory: false))
                let third = NodeRecord.Fence(run: "r1", epoch: 3)
                #expect(try await node.answer(step(third).lookup).status == 0)
                #expect(try await node.answer(LeaseScript.release(third, as: .before, by: "alice")) == .released)
                #expect(!node.exists(node.record("r1")))
                #expect(node.text(node.path("x")) == "a\nb\n")
            }
        }
    }

    @Test("a late executor of a lost memory record cannot use the number that another run got")
    func sameEpoch() async throws {
        try await ScriptNodes.with { plain in
            try await plain.withSmallDisk {
                var node = plain
                try await node.fill()
                _ = try await node.answer(node.acquire("r1", mayUseMemory: true))
                let late = NodeRecord.Fence(run: "r1", epoch: 1)
                try node.reboot()
                #expect(
                    try await node.answer(node.acquire("r2", plan: "d2", mayUseMemory: true))
                        == .granted(epoch: 1, inMemory: true))
                let script = step(late).start([append("late", to: node.path("x"))])
                #expect(try await node.answer(script) == .lost(rebooted: true))
                #expect(try await node.answer(LeaseScript.release(late, as: .before, by: "alice")) == .released)
                #expect(!node.exists(node.path("x")) && node.exists(node.volatile("r2/plan")))
            }
        }
    }

    // Every size at which one of the files of a start finds no room.
    @Test("a start that finds no room leaves nothing that looks like a started step, and can be sent again")
    func nearlyFull() async throws {
        try await ScriptNodes.with { node in
            try await node.withSmallDisk {
                let fence = try await node.lease()
                let big = [
                    Command(
                        ["sh", "-c", "cat >/dev/null; echo a >>\"$0\"", node.path("x")],
                        input: Payload(String(repeating: "x", count: 9000)))
                ]
                let script = step(fence).start(big, undo: big, before: Array(repeating: 32, count: 9000))
                var refusals = 0
                for left in stride(from: 0, through: 100_000, by: 4096) {
                    try await node.fill(left: left)
                    let answer = try await node.answer(script)
                    try node.drain()
                    guard answer == .refused("disk") else {
                        #expect(answer.status == 0)
                        break
                    }
                    refusals += 1
                    #expect(!node.exists(node.record("r1/steps/00-apply")), "\(left) bytes were left")
                    #expect(try await node.answer(step(fence).lookup) == .absent)
                    #expect(!node.exists(node.path("x")))
                }
                #expect((3...20).contains(refusals), "\(refusals)")
                #expect(node.text(node.path("x")) == "a\n")
            }
        }
    }

    @Test("arming that finds no room leaves no token")
    func armWithoutRoom() async throws {
        try await onBadDisks { (node) async throws in
            try? node.drain()
            var writable = node
            writable.isReadOnly = false
            let fence = try await writable.lease()
            if !node.isReadOnly { try await node.fill() }
            #expect(try await node.answer(DeadManScript.arm(fence, seconds: 60)) == .refused("disk"))
            #expect(node.list(node.record("r1")).filter { $0.hasPrefix("deadman.") && !$0.hasSuffix(".sh") }.isEmpty)
        }
    }

    @Test("a step that fills the disk is not a step without a result")
    func resultWithoutRoom() async throws {
        try await ScriptNodes.with { node in
            try await node.withSmallDisk {
                let fence = try await node.lease()
                let fill = Command(["sh", "-c", "cat /dev/zero >/var/lib/belay/ballast 2>/dev/null; exit 3"])
                #expect(try await node.answer(step(fence).start([fill])).status == 3)
                #expect(node.exists(node.volatile("r1/steps/00-apply/result")))
                #expect(try await node.answer(step(fence).lookup).status == 3)
                try node.drain()
                #expect(try await node.answer(LeaseScript.release(fence, as: .before, by: "alice")) == .released)
                #expect(!node.exists(node.volatile("r1")))
            }
        }
    }

    @Test("a disk that takes no rename keeps nobody from reverting, and nobody is told that all is well")
    func firedOnReadOnlyDisk() async throws {
        try await ScriptNodes.with { plain in
            let fence = try await plain.lease()
            #expect(try await plain.answer(DeadManScript.arm(fence, seconds: 300)) == .armed)
            let undo = [append("undo", to: plain.path("x"))]
            #expect(try await plain.answer(step(fence).start([], undo: undo, cutsPath: true)).status == 0)
            var node = plain
            node.isReadOnly = true
            #expect(try await node.answer(DeadManScript.disarm(fence, wait: 1)) == .refused("disk"))
            for _ in 0..<2 { _ = try await node.run("exec /bin/sh /var/lib/belay/r1/deadman.sh") }
            #expect(node.text(node.path("x")) == "undo\n")
            #expect(
                try await node.answer(DeadManScript.disarm(fence, wait: 1))
                    == .reverted(status: 0, rebooted: false, output: Payload("")))
        }
    }
}

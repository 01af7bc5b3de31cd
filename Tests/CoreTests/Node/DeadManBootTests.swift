import Core
import Foundation
import Testing

/// The dead-man that also fires at boot, with programs that stand in for systemd's; real boots are integration tests.
@Suite("dead-man at boot", .serialized, .timeLimit(.minutes(5)))
struct DeadManBootTests {
    static let unit = "belay-r1-deadman-boot.service"

    func append(_ text: String, to path: String) -> Command {
        Command(["sh", "-c", "echo \(text) >>\"$1\"", "x", path])
    }

    func units(_ node: ScriptNode) -> [String] {
        ["", "sysinit.target.wants/", "emergency.target.wants/"].flatMap { folder in
            node.list(node.path("units/\(folder)")).filter { $0.hasSuffix(".service") }.map { folder + $0 }
        }
    }

    static let enabled = ["", "sysinit.target.wants/", "emergency.target.wants/"].map { $0 + unit }

    /// A node with two steps done, the first of which can cut the path, under a dead-man that is armed for its boot.
    func armed(_ plain: ScriptNode, undo: [Command]? = nil) async throws -> (ScriptNode, NodeRecord.Fence) {
        var node = plain
        try node.reboot()
        let fence = try await node.lease()
        node.hasSystemd = true
        let answer = try await node.answer(DeadManScript.arm(fence, seconds: 20, atBoot: true))
        try #require(answer == .armed)
        for (name, cuts) in [("00-apply", true), ("01-apply", false)] {
            let undo = undo ?? [append("undo-\(name)", to: node.path("x"))]
            let started = StepScript(fence: fence, name: name, seconds: 20).start([], undo: undo, cutsPath: cuts)
            try #require(try await node.answer(started).status == 0)
        }
        return (node, fence)
    }

    // What systemd runs, when it has the unit.
    func boot(_ node: ScriptNode) async throws {
        guard let text = node.text(node.path("units/\(Self.unit)")) else { return }
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("ExecStart=") })
        _ = try await node.run("exec \(line.dropFirst("ExecStart=".count))")
    }

    @Test(
        "arming leaves a unit that is enabled, before it says so; disarming takes it away",
        arguments: ScriptNodes.installed)
    func armedAndDisarmed(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { plain in
            let (node, fence) = try await armed(plain)
            #expect(units(node) == Self.enabled)
            let text = try #require(node.text(node.path("units/\(Self.unit)")))
            for line in [
                "DefaultDependencies=no", "After=local-fs.target",
                "ExecStart=/bin/sh /var/lib/belay/r1/deadman.sh boot",
            ] {
                #expect(text.contains("\n\(line)\n"), "\(line)")
            }
            let link = try FileManager.default.destinationOfSymbolicLink(
                atPath: node.path("units/sysinit.target.wants/\(Self.unit)"))
            #expect(link == "../\(Self.unit)")
            #expect(try await node.answer(DeadManScript.arm(fence, seconds: 20, atBoot: true)) == .armed)
            #expect(try await node.answer(DeadManScript.disarm(fence, wait: 1)) == .won)
            #expect(units(node).isEmpty)
            #expect(!node.exists(node.path("x")))
        }
    }

    @Test(
        "a boot undoes what can cut the path, and whoever comes then is told that the node reverted",
        arguments: ScriptNodes.installed)
    func boots(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { plain in
            var (node, fence) = try await armed(plain)
            try node.reboot()
            try await boot(node)
            #expect(node.text(node.path("x")) == "undo-00-apply\n")
            #expect(units(node).isEmpty, "it would fire at the next boot again")
            #expect(node.text(node.path("systemd.log"))?.contains("systemctl daemon-reload ") == true)
            for script in [DeadManScript.disarm(fence, wait: 5), DeadManScript.fire(fence, wait: 5)] {
                let answer = try await node.answer(script)
                guard case .reverted(0, true, let output) = answer else { Issue.record("\(answer)"); continue }
                #expect(output.text?.contains("undo /var/lib/belay/r1/steps/00-apply") == true)
            }
            #expect(try await node.answer(DeadManScript.arm(fence, seconds: 20, atBoot: true)) == .refused("fired"))
        }
    }

    // Any start of sysinit.target after a reload of units would start it.
    @Test("started again in the boot it was armed in it does nothing")
    func sameBoot() async throws {
        try await ScriptNodes.with { plain in
            let (node, fence) = try await armed(plain)
            try await boot(node)
            #expect(!node.exists(node.path("x")) && node.exists(node.record("r1/deadman.token")))
            #expect(try await node.answer(DeadManScript.disarm(fence, wait: 1)) == .won)
        }
    }

    @Test("a reboot that takes it while it reverts is followed by a boot that finishes it")
    func interrupted() async throws {
        try await ScriptNodes.with { plain in
            let undo = [
                append("half", to: plain.path("x")),
                Command(["sh", "-c", "[ -e \"$0\" ] || sleep 60", plain.path("go")]),
                append("whole", to: plain.path("x")),
            ]
            var (node, fence) = try await armed(plain, undo: undo)
            // The timer's own start, cut off by the reboot.
            var cut = node
            cut.shell = ["timeout", "-s", "KILL", "2", "/bin/sh"]
            await #expect(throws: (any Error).self) { try await cut.run("/bin/sh /var/lib/belay/r1/deadman.sh") }
            #expect(node.exists(node.record("r1/deadman.fired")) && units(node) == Self.enabled)
            try node.reboot()
            try node.write("", to: node.path("go"))
            try await boot(node)
            #expect(node.text(node.path("x")) == "half\nhalf\nwhole\n")
            #expect(units(node).isEmpty)
            let answer = try await node.answer(DeadManScript.disarm(fence, wait: 5))
            if case .reverted(0, true, _) = answer {} else { Issue.record("\(answer)") }
        }
    }

    // The unit comes before sshd; where it could not run all the same, nobody may say that all is well.
    @Test("who disarms after a reboot before it fired is told that the node rebooted, and it never fires")
    func disarmedAfterReboot() async throws {
        try await ScriptNodes.with { plain in
            var (node, fence) = try await armed(plain)
            try node.reboot()
            let unit = node.path("units/\(Self.unit)")
            let text = try #require(node.text(unit))
            #expect(try await node.answer(DeadManScript.disarm(fence, wait: 1)) == .lost(rebooted: true))
            #expect(units(node).isEmpty)
            try node.write(text, to: unit)
            try await boot(node)
            #expect(!node.exists(node.path("x")))
        }
    }

    @Test("of a disarm and a boot exactly one wins, thirty times")
    func race() async throws {
        try await ScriptNodes.with { plain in
            var (node, fence) = try await armed(plain)
            let unit = node.path("units/\(Self.unit)")
            let text = try #require(node.text(unit))
            try node.reboot()
            for round in 0..<30 {
                for name in ["won", "fired", "result", "out"] {
                    try? FileManager.default.removeItem(atPath: node.record("r1/deadman.\(name)"))
                }
                try node.write("1", to: node.record("r1/deadman.token"))
                try node.write(text, to: unit)
                let now = node
                async let disarms = now.answer(DeadManScript.disarm(fence, wait: 20))
                if round % 2 == 0 { try await Task.sleep(for: .milliseconds(Int.random(in: 0...40))) }
                async let boots: Void = boot(now)
                let (answer, _) = (try await disarms, try await boots)
                let won = now.exists(now.record("r1/deadman.won"))
                #expect(won != now.exists(now.record("r1/deadman.fired")))
                #expect(!now.exists(now.record("r1/deadman.token")) && !now.exists(unit))
                if won {
                    #expect(answer == .lost(rebooted: true))
                } else if case .reverted(0, true, _) = answer {
                } else {
                    Issue.record("\(answer)")
                }
            }
        }
    }

    @Test("firing on purpose and giving the lease back take the unit away too")
    func removed() async throws {
        try await ScriptNodes.with { plain in
            let (node, fence) = try await armed(plain)
            let answer = try await node.answer(DeadManScript.fire(fence, wait: 20))
            if case .reverted(0, false, _) = answer {} else { Issue.record("\(answer)") }
            #expect(units(node).isEmpty && node.text(node.path("x")) == "undo-00-apply\n")
            try node.write("", to: node.path("units/\(Self.unit)"))
            #expect(try await node.answer(LeaseScript.release(fence, as: .before, by: "alice")) == .released)
            #expect(units(node).isEmpty)
        }
    }

    @Test("a settled run's unit goes with its record")
    func settled() async throws {
        try await ScriptNodes.with { plain in
            let (node, fence) = try await armed(plain)
            #expect(try await node.answer(DeadManScript.disarm(fence, wait: 1)) == .won)
            try node.write("", to: node.path("units/\(Self.unit)"))
            let answer = try await node.answer(node.acquire("r2", plan: "d2", settled: ["r1"]))
            #expect(answer == .granted(epoch: 2, inMemory: false))
            let released = LeaseScript.release(NodeRecord.Fence(run: "r2", epoch: 2), as: .before, by: "alice")
            #expect(try await node.answer(released) == .released)
            #expect(units(node).isEmpty && !node.exists(node.record("r1")))
        }
    }

    @Test("where nothing would revert after a reboot it is refused with the reason, and nothing is armed")
    func refused() async throws {
        try await ScriptNodes.with { plain in
            let fence = try await plain.lease()
            let script = DeadManScript.arm(fence, seconds: 20, atBoot: true)
            let answer = try await plain.answer(script)
            guard case .refused(let why) = answer else { Issue.record("\(answer)"); return }
            #expect(why.hasPrefix("boot no systemd"))
            #expect(!plain.exists(plain.record("r1/deadman.token")))
            // A folder in the place of the unit: it cannot be written.
            var node = plain
            node.hasSystemd = true
            try FileManager.default.createDirectory(
                atPath: node.path("units/\(Self.unit)/x"), withIntermediateDirectories: true)
            try FileManager.default.createDirectory(
                atPath: node.path("units/\(Self.unit).tmp/x"), withIntermediateDirectories: true)
            let second = try await node.answer(script)
            #expect(second == .refused("boot the unit in /etc/systemd/system cannot be written"))
            #expect(!node.exists(node.record("r1/deadman.token")))
        }
        try await ScriptNodes.with { plain in
            var node = plain
            node.hasSystemd = true
            let other = node
            try await node.withSmallDisk {
                let fence = try await other.lease()
                let answer = try await other.answer(DeadManScript.arm(fence, seconds: 20, atBoot: true))
                #expect(
                    answer
                        == .refused(
                            "boot /var/lib/belay/r1 does not outlive a reboot, so nothing would revert after it"))
                #expect(!other.exists(other.record("r1/deadman.token")))
            }
        }
    }

    // While a boot is under way the service waits for the unit: who waited for the service would wait for ever.
    @Test("an undo that restarts a service asks for it at boot and does not wait")
    func restarting() async throws {
        try await ScriptNodes.with { plain in
            var (node, _) = try await armed(plain, undo: [Command(["systemctl", "restart", "ssh"])])
            try node.reboot()
            try await boot(node)
            #expect(node.text(node.path("systemd.log"))?.contains("systemctl --no-block restart ssh ") == true)
        }
    }
}

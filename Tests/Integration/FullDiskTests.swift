import Core
import Foundation
import Testing

/// A node without a free block on the disk that its record and its images lie on.
@Suite("A node whose disk is full", .enabled(if: Variants.areUp("full")), .timeLimit(.minutes(40)))
struct FullDiskTests {
    /// A test that finds room tests nothing.
    private func expectIsFull() async throws {
        let free = try await Testbed.exec("full", "df --output=avail /var/lib | tail -1 | tr -d ' '")
        #expect(free == "0\n", "the disk of 'full' has room")
    }

    private func remains() async throws -> String {
        try await Testbed.exec(
            "full",
            """
            ls -d /var/lib/belay/[0-9]* /var/lib/belay/lease /run/belay/[0-9]* /run/belay/lease 2>/dev/null
            systemctl list-units --plain --no-legend 'belay-*.timer' 'belay-*-step-*'
            """)
    }

    /// Where the run's leases lay, by the log.
    private func wereInMemory(_ project: borrowing Project) async throws -> [Bool] {
        try await project.records().compactMap { record in
            if case .run(.outcome(_, .granted(_, let inMemory)))? = record.event { inMemory } else { nil }
        }
    }

    @Test("It is pruned through a record in memory; what must outlast that is on the disk, which has room again")
    func pruned() async throws {
        try await Variants.shared.with("full") { project in
            try await expectIsFull()
            let plan = try await project.approvedPlan("prune-images", "full", "--param", "runtime=ctr")
            // The first to see a record anywhere says where.
            async let seen = Testbed.exec(
                "full",
                """
                for i in $(seq 600); do
                  ls -d /run/belay/[0-9]* /var/lib/belay/[0-9]* 2>/dev/null && exit 0
                  sleep 0.05
                done
                """)
            let applied = try await project.belay("apply", plan)
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            let place = try await seen
            #expect(place.hasPrefix("/run/belay/") && !place.contains("/var/lib"), "\(place)")
            #expect(try await wereInMemory(project) == [true])
            let pruned = try await KillClass.compensable.state(of: "full")
            #expect(!pruned.contains("unused") && pruned.contains("app:1") && pruned.contains("pause"), "\(pruned)")
            #expect(try await remains() == "")
            #expect(try await Testbed.exec("full", "ls /var/lib/belay/spent | wc -l") == "1\n")
            let again = try await project.belay("apply", plan)
            #expect(again.status == 5, "\(again.output)\(again.error)")
            try await project.expectVerifies()
        }
    }

    // To pull what was removed takes a little more room than its removal gave, and there is none.
    @Test("A prune that is not found good is undone there too, or a person gets commands that do it once there is room")
    func undone() async throws {
        try await Variants.shared.with("full") { project in
            try await expectIsFull()
            let kills = KillClass.compensable
            try project.write("runbooks/kill.yaml", try kills.runbook(.checkFails))
            let before = try await kills.state(of: "full")
            let applied = try await project.belay("apply", try await project.approvedPlan("kill", "full"))
            #expect([6, 7].contains(applied.status), "\(applied.output)\(applied.error)")
            #expect(try await wereInMemory(project) == [true])
            if applied.status == 7 {
                let said = applied.output + applied.error
                try await Testbed.call("free", "full")
                // As it is printed, line by line.
                let commands = said.split(separator: "\n").compactMap { line -> String? in
                    let words = line.drop { $0 == " " }
                    return words.hasPrefix("$ ") && !words.hasPrefix("$ ssh") ? String(words.dropFirst(2)) : nil
                }
                #expect(commands.count == 2 && commands.last?.hasPrefix("belay resolve ") == true, "\(said)")
                for command in commands.dropLast() { try await Testbed.exec("full", command) }
                let run = try #require(try await project.entries().last?["run"] as? String)
                let resolved = try await project.belay("resolve", run, "full", "--as", "before", "--reason", "by hand")
                #expect(resolved.status == 0, "\(resolved.output)\(resolved.error)")
            }
            #expect(try await kills.state(of: "full") == before, "\(applied.output)\(applied.error)")
            #expect(try await remains() == "")
            try await project.expectVerifies()
        }
    }

    @Test(
        "Power lost under a record in memory: nobody takes the step for not begun, and recover brings the images back")
    func powerLost() async throws {
        try await Variants.shared.with("full") { project in
            let kills = KillClass.compensable
            // Checked for longer than this test needs to get there.
            try project.write(
                "runbooks/kill.yaml",
                try kills.runbook(.checkFails).replacingOccurrences(of: "within: 4s", with: "within: 60s"))
            let before = try await kills.state(of: "full")
            let executor = Executor.start(project, apply: try await project.approvedPlan("kill", "full"))
            let began = try await eventually { try await !kills.state(of: "full").contains("unused") }
            #expect(began, "nothing was pruned")
            try await executor.send(SIGKILL)
            #expect(try await executor.end().status == 137)
            try await Testbed.call("reboot", "full")
            #expect(try await remains() == "", "the reboot left the record")
            try await Testbed.call("free", "full")
            let recovered = try await project.belay("recover")
            #expect(recovered.status == 0, "\(recovered.output)\(recovered.error)")
            #expect(recovered.output.contains("BEFORE"), "\(recovered.output)\(recovered.error)")
            #expect(try await kills.state(of: "full") == before)
            #expect(try await remains() == "")
            try await project.expectVerifies()
        }
    }

    @Test(
        "What does not free disk is refused there, and changes nothing",
        arguments: ["restart-kubelet", "flush-iptables", "snapshot-iptables", "restore-kubelet-config"])
    func refused(runbook: String) async throws {
        try await Variants.shared.with("full") { project in
            try await expectIsFull()
            let config = try await Testbed.exec("full", "cat /var/lib/kubelet/config.yaml")
            try project.write("new.yaml", config + "# reviewed\n")
            let before = try await NodeTruth.read("full")
            let more =
                switch runbook {
                case "snapshot-iptables": ["--param", "name=full"]
                case "restore-kubelet-config": ["--param-file", "content=\(project.folder)/new.yaml"]
                default: [String]()
                }
            let plan = try await Project.approvedPlan(in: project.folder, runbook, "full", more)
            let applied = try await project.belay("apply", plan)
            #expect(applied.status == 5, "\(applied.output)\(applied.error)")
            #expect((applied.output + applied.error).contains("disk"), "\(applied.output)\(applied.error)")
            #expect(try await NodeTruth.read("full") == before)
            #expect(try await Testbed.exec("full", "cat /var/lib/kubelet/config.yaml") == config)
            #expect(try await remains() == "")
            let intents = try await project.records().map(KillClass.position).filter { $0.hasPrefix("intent") }
            #expect(intents == ["intent lease of node"], "\(intents)")
            try await project.expectVerifies()
        }
    }
}

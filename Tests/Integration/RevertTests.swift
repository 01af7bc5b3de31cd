import Core
import Foundation
import Testing

/// Law 3 against the clock: how long after its deadline a node that nobody confirmed has reverted, and how long after
/// power came back. `./test` asserts what happens and in which order; `./check-deep reverts` repeats and measures it.
@Suite("The node reverts alone, and in time", .enabled(if: Testbed.isUp), .timeLimit(.minutes(55)))
struct RevertTests {
    /// What the design allows beyond the deadline.
    static let allowedLateness = 0.5

    static var times: Int { Deep.count("reverts", standard: 30, otherwise: 1) }

    @Test(
        "Cable cut and executor killed under a flush: the node puts its rules back when its time is over",
        .enabled(if: Deep.isWanted("cut")))
    func cutOff() async throws {
        let late = try await measure("executor killed and cable cut, after the deadline", cutOffOnce)
        guard Deep.asks(for: "reverts") else { return }
        print("time to revert, executor killed and cable cut, after the deadline: \(late) (\(Self.busyness))")
        #expect(late.max <= Self.allowedLateness)
    }

    @Test(
        "Power lost under a new port for sshd: the boot takes it back before sshd starts",
        .enabled(if: Deep.isWanted("power")))
    func powerLost() async throws {
        let taken = try await measure("power lost, after power came back", powerLostOnce)
        guard Deep.asks(for: "reverts") else { return }
        print("time to revert, power lost, after power came back: \(taken) (\(Self.busyness))")
    }

    // What is measured on a busy machine says more of the machine.
    private static var busyness: String {
        let load = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8))?.split(separator: " ").first ?? "?"
        return "load \(load) on \(ProcessInfo.processInfo.activeProcessorCount) cores"
    }

    /// One time that was measured.
    private struct Line: Results.Line {
        static let what = "revert"
        var event: String
        var seconds: Double
        var machine: String
    }

    private func measure(
        _ event: String, _ once: @escaping @Sendable (String) async throws -> Double
    ) async throws -> Distribution {
        try await withThrowingTaskGroup(of: Double.self) { group in
            for _ in 0..<Self.times {
                group.addTask {
                    try await NodePool.shared.with { node in
                        let seconds = try await once(node)
                        try Results.append(Line(event: event, seconds: seconds, machine: Self.busyness))
                        return seconds
                    }
                }
            }
            return Distribution(try await group.reduce(into: []) { $0.append($1) })
        }
    }

    private func cutOffOnce(_ node: String) async throws -> Double {
        let project = try await Project()
        try await Testbed.exec(node, Firewall.dropWithSSH)
        let before = try await NodeTruth.read(node).rules
        let file = try await project.approvedPlan("flush-iptables", node, "--param", "policy=keep")
        let executor = Executor.start(project, apply: file)
        #expect(try await Firewall.sawCutOff(node), "the node was never seen without its rules")
        try await Testbed.call("cut", node)
        try await executor.send(SIGKILL)
        #expect(try await executor.end().status == 137)
        let plan = try JSON.decode(Plan.self, from: Array(try Data(contentsOf: URL(filePath: file))))
        let delay = try #require(plan.nodes.first?.deadManSeconds)
        let armed = try await instant("ActiveEnterTimestamp", of: "belay-\(plan.id)-deadman.timer", on: node)
        let reverted = try await revertedAt(node, plan.id)
        #expect(try await NodeTruth.read(node).rules == before, "the node did not put its rules back")
        try await Testbed.call("mend", node)
        try await expectOnlyWrittenDown(node, project)
        // Its own clock, and nothing steps it: the timer was armed and the result written by the same one.
        return reverted - armed.wall - Double(delay)
    }

    private func powerLostOnce(_ node: String) async throws -> Double {
        let project = try await Project()
        try project.write("runbooks/port.yaml", RebootTests.port)
        let file = try await project.approvedPlan("port", node)
        let executor = Executor.start(project, apply: file)
        try await RebootTests().waitForFile(node)
        try await executor.send(SIGKILL)
        #expect(try await executor.end().status == 137)
        try await Testbed.call("reboot", node)
        try await RebootTests().expectReverted(node)
        let run = try JSON.decode(Plan.self, from: Array(try Data(contentsOf: URL(filePath: file)))).id
        let began = try await instant("UserspaceTimestamp", on: node)
        let sshd = try await instant("ExecMainStartTimestamp", of: "ssh.service", on: node)
        // From the wall clock to the one that counts from power-on; systemd reads both at once.
        let reverted = try await revertedAt(node, run) - began.wall + began.monotonic
        #expect(reverted < sshd.monotonic, "sshd started before the node had reverted")
        try await expectOnlyWrittenDown(node, project)
        return reverted - began.monotonic
    }

    /// When the node wrote that it had reverted, on its wall clock; waits for it.
    private func revertedAt(_ node: String, _ run: String) async throws -> Double {
        let text = try await Testbed.exec(
            node,
            """
            for i in $(seq 900); do [ -e /var/lib/belay/\(run)/deadman.result ] && break; sleep 0.1; done
            cat /var/lib/belay/\(run)/deadman.result; stat -c %.6Z /var/lib/belay/\(run)/deadman.result
            """)
        let lines = text.split(separator: "\n")
        #expect(lines.first == "0", "an undo failed")
        return try #require(lines.last.flatMap { Double($0) })
    }

    /// A time that systemd took, by both clocks, in seconds; of a unit, or of the boot.
    private func instant(
        _ property: String, of unit: String? = nil, on node: String
    ) async throws -> (wall: Double, monotonic: Double) {
        let shown = try await Testbed.exec(
            node,
            """
            systemctl show --timestamp=us -p \(property),\(property)Monotonic \(unit ?? "") |
              while IFS== read -r name value; do
                case $name in *Monotonic) echo "monotonic $value" ;; *) echo "wall $(date -d "$value" +%s.%6N)" ;; esac
              done
            """)
        var values: [Substring: Double] = [:]
        for line in shown.split(separator: "\n") {
            let words = line.split(separator: " ")
            values[words[0]] = words.last.flatMap { Double($0) }
        }
        let monotonic = try #require(values["monotonic"], "\(shown)")
        // A unit that is not there any more shows zero.
        try #require(monotonic > 0, "\(unit ?? "the boot") has no \(property)")
        return (try #require(values["wall"], "\(shown)"), monotonic / 1_000_000)
    }

    private func expectOnlyWrittenDown(_ node: String, _ project: borrowing Project) async throws {
        let recovered = try await project.belay("recover")
        #expect(recovered.output.contains("BEFORE"), "\(recovered.output)\(recovered.error)")
        let entries = try await project.records()
        let intents = entries.compactMap { record in
            if case .run(.intent(let intent))? = record.event { intent.write } else { nil }
        }
        #expect(!intents.contains(.undo(step: 0)), "the node had done it already")
        #expect(try await NodeTruth.read(node).record.trimmingCharacters(in: .whitespaces) == "")
        try await project.expectVerifies()
    }
}

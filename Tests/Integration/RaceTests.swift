import Core
import Foundation
import Testing

/// Two machines' worth of state and one node: what each has in its log and its plans is unknown to the other, and the
/// node's lease is all that stands between them.
@Suite("Two executors race for one node", .enabled(if: Testbed.isUp), .timeLimit(.minutes(55)))
struct RaceTests {
    static var rounds: Int { Deep.count("races", standard: 200, otherwise: 16) }
    static let nodes = 4

    // Whoever is inside with another leaves a mark that nobody takes away. `command` refuses shells, awk has one.
    private static let turnstile = """
        apiVersion: belay/v1
        kind: Runbook
        metadata: {name: turnstile, title: One at a time, layer: node, author: test}
        spec:
          targets: {max: 1}
          steps:
          - name: enter
            action: command
            with:
              observe: [ls, /srv/nothing]
              apply: [[awk, 'BEGIN { if (system("mkdir /srv/inside")) { print "x" >> "/srv/clashes"; exit 1 } print "x" >> "/srv/entered"; close("/srv/entered"); system("sleep 0.3; rmdir /srv/inside") }']]
              undo: [rm, -f, /srv/nothing]
            timeout: 30s
            verify: [{expression: "facts.uptime > duration('1s')", within: 5s}]

        """

    /// How many rounds ended how.
    private struct Tally: Results.Line {
        static let what = "race"
        var oneWon = 0, bothRan = 0, grants = 0

        static func + (one: Tally, other: Tally) -> Tally {
            Tally(
                oneWon: one.oneWon + other.oneWon, bothRan: one.bothRan + other.bothRan,
                grants: one.grants + other.grants)
        }
    }

    /// Two outcomes are right: one is given the lease and the other is refused, or the other asks when the first has given
    /// it back, and then both have run, one after the other. Never both at once.
    @Test("At the same instant, again and again: never both at once, and the loser changed nothing and says why")
    func races() async throws {
        let tally = try await withThrowingTaskGroup(of: Tally.self) { group in
            for share in 0..<Self.nodes {
                let rounds = (Self.rounds + Self.nodes - 1 - share) / Self.nodes
                group.addTask { try await NodePool.shared.with { try await race(on: $0, rounds: rounds) } }
            }
            return try await group.reduce(Tally(), +)
        }
        print(
            "races of two executors for one node: \(tally.oneWon + tally.bothRan) rounds: \(tally.oneWon) one won and the "
                + "other was refused, \(tally.bothRan) ran one after the other, 0 both at once; "
                + "\(tally.grants) leases granted")
        #expect(tally.oneWon + tally.bothRan == Self.rounds)
        #expect(tally.grants == tally.oneWon + 2 * tally.bothRan)
        #expect(tally.oneWon > 0, "they never met: this was no race")
        try Results.append(tally)
    }

    private func race(on node: String, rounds: Int) async throws -> Tally {
        let one = try await Project()
        let other = try await Project()
        let folders = (one.folder, other.folder)
        try one.write("runbooks/turnstile.yaml", Self.turnstile)
        try other.write("runbooks/turnstile.yaml", Self.turnstile)
        try await Testbed.exec(node, "rm -rf /srv/*; : >/srv/entered")
        var tally = Tally()
        for round in 0..<rounds {
            async let first = Project.approvedPlan(in: folders.0, "turnstile", node)
            async let second = Project.approvedPlan(in: folders.1, "turnstile", node)
            let plans = try await (first, second)
            let executors = [Executor.start(one, apply: plans.0), Executor.start(other, apply: plans.1)]
            let results = try await [executors[0].end(), executors[1].end()]
            let said = "\(node), round \(round): \(results.map { "\($0.status) \($0.output)\($0.error)" })"
            switch results.map(\.status).sorted() {
            case [0, 0]: tally.bothRan += 1
            case [0, 5]:
                tally.oneWon += 1
                let lost = try #require(results.first { $0.status == 5 })
                #expect((lost.output + lost.error).contains("the lease was refused"), "\(said)")
            default: Issue.record("neither of the two right outcomes: \(said)")
            }
            let seen = try await Testbed.exec(
                node,
                """
                wc -l </srv/entered; ls /srv | tr '\\n' ' '
                ls -d /var/lib/belay/[0-9]* /var/lib/belay/lease /run/belay/[0-9]* 2>/dev/null; true
                """)
            #expect(seen == "\(tally.oneWon + 2 * tally.bothRan)\nentered ", "\(said)")
        }
        let epochs = try await (granted(one) + granted(other)).sorted()
        #expect(Set(epochs).count == epochs.count, "one epoch was granted twice: \(epochs)")
        #expect(try await sent(one) + sent(other) == epochs.count, "a step was sent without a lease")
        try await one.expectVerifies()
        try await other.expectVerifies()
        tally.grants = epochs.count
        return tally
    }

    /// The epochs that a log says were granted.
    private func granted(_ project: borrowing Project) async throws -> [Int] {
        try await project.records().compactMap { record in
            guard case .run(.outcome(_, .granted(let epoch, _)))? = record.event else { return nil }
            return epoch
        }
    }

    private func sent(_ project: borrowing Project) async throws -> Int {
        try await project.records().filter { KillClass.position(of: $0) == "intent apply" }.count
    }

    @Test("A laptop that slept before it sent its step wakes up when another machine is at work: it writes nothing")
    func lateLaptop() async throws {
        try await NodePool.shared.with { node in
            let kills = KillClass.reversible
            let course = try await KillMatrix(kills: kills, path: .success).wholeCourse(on: node)
            let sync = try #require(course.positions.firstIndex(of: "intent apply")) + 1
            try await Testbed.exec(node, kills.prepare)
            let project = try await Project()
            try project.write("runbooks/kill.yaml", try kills.runbook(.success))
            let before = try await kills.state(of: node)
            // -D: the executor itself has the number we know, and not its tracer.
            let laptop = Executor.start(
                project, apply: try await project.approvedPlan("kill", node),
                under: [
                    "/usr/bin/strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e",
                    "inject=fdatasync:signal=SIGSTOP:when=\(sync)",
                ])
            #expect(try await isStopped(project, at: "intent apply"), "it did not stop before its step")
            // The executor's lock is held on this machine; on another one, with a copy of its state, it is not.
            let copy = project.folder + "-copy"
            try FileManager.default.copyItem(atPath: project.folder, toPath: copy)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            let recovered = try await Shell.run(Testbed.binary, ["-C", copy, "--color", "never", "recover"], in: copy)
            #expect(recovered.output.contains("BEFORE"), "\(recovered.output)\(recovered.error)")

            let other = try await Project()
            try other.write("runbooks/slow.yaml", LinkTests.slow)
            let atWork = Executor.start(other, apply: try await other.approvedPlan("slow", node))
            try await Testbed.exec(node, "for i in $(seq 300); do [ -e /srv/began ] && exit 0; sleep 0.1; done; exit 1")
            try await laptop.send(SIGCONT)
            let late = try await laptop.end()
            // The node tells it how its run was ended; the lease of the one who works there now is left alone.
            #expect(late.status == 6, "\(late.output)\(late.error)")
            #expect((late.output + late.error).contains("brought to its state before elsewhere"), "\(late.output)")
            #expect(try await kills.state(of: node) == before)
            let worked = try await atWork.end()
            #expect(worked.status == 0, "\(worked.output)\(worked.error)")
            #expect(try await Testbed.exec(node, "cat /srv/began; rm /srv/began") == "x\n")
            #expect(try await kills.remains(of: node) == "")
            try await project.expectVerifies()
        }
    }

    // A traced process is stopped at every call; this one stays so. Its log shows where.
    private func isStopped(_ project: borrowing Project, at position: String) async throws -> Bool {
        for _ in 0..<120 {
            if try await project.records().last.map(KillClass.position) == position { break }
            try await Task.sleep(for: .milliseconds(500))
        }
        try await Task.sleep(for: .seconds(4))
        return try await project.records().last.map(KillClass.position) == position
    }
}

import Foundation
import Testing

/// Faults injected for real into a real cluster, and what triage says of them. The rounds are in `Playbook/rounds.json`: those
/// marked quick run in `./test`, all of them in `./check-deep playbook`, which leaves the lines that docs/playbook.md is made of.
@Suite("Triage of injected faults", .enabled(if: Playbook.isUp), .serialized, .timeLimit(.minutes(60)))
struct PlaybookTests {
    @Test("a healthy cluster yields no finding, however often it is asked")
    func healthy() async throws {
        let project = try await Playbook.Cluster()
        try await project.untilHealthy()
        var (seconds, findings): ([Double], Int) = ([], 0)
        for _ in 0..<Deep.count("playbook", standard: 20, otherwise: 5) {
            let report = try await project.triage()
            #expect(report.findings.isEmpty, "\(report.text)")
            findings += report.findings.count
            #expect(report.unseen.isEmpty)
            seconds.append(report.seconds)
        }
        print("triage of a healthy cluster of three nodes: \(Distribution(seconds))")
        try Results.append(HealthyLine(times: seconds.count, findings: findings, seconds: seconds))
    }

    @Test(
        "triage names what was injected, where it is and nothing else; what a runbook mends is mended by the line it offers",
        arguments: try Playbook.rounds())
    func round(_ round: Playbook.Round) async throws {
        let project = try await Playbook.Cluster()
        try await project.untilHealthy()
        try await project.prepare(round)
        do {
            for fault in round.faults { try await Testbed.call("fault", fault.on, fault.fault) }
            let told = try await project.expect(round)
            for fault in round.faults { try await project.mend(fault, of: round, told) }
        } catch {
            try? await project.lift(round)
            throw error
        }
        try await project.lift(round)
        try await project.untilHealthy()
    }
}

import Core
import Foundation
import Services
import Testing

@testable import Commands
@testable import Engine

@Suite("a node's turn that cannot be decided", .timeLimit(.minutes(5)))
struct TurnJudgeTests {
    private struct Late: Clock {
        func now() -> Timestamp { SystemClock().now().adding(seconds: -5400) }
        func uptime() -> Double { SystemClock().uptime() }
        func sleep(seconds: Double) async throws { try await SystemClock().sleep(seconds: seconds) }
    }

    private func findings(
        _ project: SignedProject, clock: any Clock, once isOpen: (String) throws -> Void = { _ in }
    ) async throws -> [Finding] {
        let file = try InputFile.plan(try await project.plan())
        let workspace = try await Workspace.open(from: project.path)
        let log = try await RunLog.open(
            directory: workspace.logDirectory, origin: "test.example/log", clock: clock, by: "eve@here:1")
        let belay = Belay(
            workspace: workspace, log: log, connector: try Connector(inventory: workspace.inventory), clock: clock,
            nonces: SystemNonces(), witnessing: WitnessClient())
        try isOpen(workspace.logDirectory)
        let judge = TurnJudge(
            belay: belay, policies: try workspace.guardrails().policies, plan: file.plan, planSha256: "d",
            requester: Principal(name: "alice", groups: ["sre"], kind: .human), approvals: .none, breakGlass: nil)
        let findings = try await judge.findings(on: try #require(file.plan.nodes.first).name)
        await belay.close()
        return findings
    }

    @Test("with a clock behind the log it is a no of this node, and no end of the run")
    func clock() async throws {
        let findings = try await findings(try await SignedProject(), clock: Late())
        #expect(findings.map(\.outcome) == [.error] && findings.allSatisfy(\.denies))
        #expect(findings.first?.message.contains("the clock shows 20") == true)
    }

    @Test("with a log that cannot be read it is a no of this node, and no end of the run")
    func unreadable() async throws {
        let findings = try await findings(try await SignedProject(), clock: SystemClock()) { log in
            try FileManager.default.moveItem(atPath: log + "/journal", toPath: log + "/elsewhere")
        }
        #expect(findings.map(\.outcome) == [.error] && findings.allSatisfy(\.denies))
        #expect(findings.first?.message.contains("the audit log cannot be read") == true)
    }
}

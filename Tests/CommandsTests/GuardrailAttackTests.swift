import Core
import Foundation
import Services
import Testing

@testable import Commands
@testable import Engine

/// Ways around the guardrails that are none of a plan's or an approval's: each is refused, for its own reason, before anything
/// has begun.
@Suite("attacks on guardrails", .timeLimit(.minutes(5)))
struct GuardrailAttackTests {
    /// A clock that someone has set back.
    struct LateClock: Clock {
        let behind: Int

        func now() -> Timestamp { SystemClock().now().adding(seconds: -behind) }
        func uptime() -> Double { SystemClock().uptime() }
        func sleep(seconds: Double) async throws { try await SystemClock().sleep(seconds: seconds) }
    }

    private func apply(
        _ plan: String, of project: SignedProject, layers: LayerFiles = LayerFiles(), clock: any Clock = SystemClock()
    ) async throws {
        let workspace = try await Workspace.open(from: project.path, layers: layers)
        let log = try await RunLog.open(
            directory: workspace.logDirectory, origin: "test.example/log", clock: clock, by: "eve@here:1")
        let belay = Belay(
            workspace: workspace, log: log, connector: try Connector(inventory: workspace.inventory), clock: clock,
            nonces: SystemNonces(), witnessing: WitnessClient())
        do {
            _ = try await belay.apply(planFile: plan) { _, _ in }
            await belay.close()
        } catch {
            await belay.close()
            throw error
        }
    }

    /// A project on a machine with settings of its own.
    private func machine(_ text: String, _ project: SignedProject) throws -> LayerFiles {
        try FileManager.default.createDirectory(atPath: "\(project.path)/etc", withIntermediateDirectories: true)
        try project.write("apiVersion: belay/v1\nkind: SystemConfiguration\n\(text)\n", to: "etc/belay.yaml")
        return LayerFiles(system: "\(project.path)/etc/belay.yaml", owner: getuid(), user: nil)
    }

    @Test("control: under the machine's settings of then, nearly on time, a plan with its approval begins")
    func control() async throws {
        let project = try await SignedProject()
        let layers = try machine("projects: [/]", project)
        let plan = try await project.plan(under: layers)
        try await project.leave(project.statement(plan), beside: plan)
        try await apply(plan, of: project, layers: layers, clock: LateClock(behind: 2))
        #expect(try await project.hasBegun)
    }

    @Test("what the machine asks for beyond the project is asked for")
    func machineAsks() async throws {
        let project = try await SignedProject()
        let layers = try machine("params: {production-two-approvals: {min: 2}}", project)
        let plan = try await project.plan(under: layers)
        try await project.leave(project.statement(plan), beside: plan)
        let refusal = await #expect(throws: PermitRefusal.self) {
            try await apply(plan, of: project, layers: layers)
        }
        #expect(refusal?.code == .approvalMissing && refusal?.message.contains("1 of 2 approvals") == true)
    }

    @Test(
        "attack: a plan whose machine's settings changed since, or were taken away, is refused",
        arguments: [
            "params: {production-two-approvals: {min: 1}}", "projects: [/]", "allowedSigners: people", "log: {}",
            "calendar: {freezes: [{name: f, start: 2026-01-01T00:00, end: 2026-02-01T00:00}]}",
        ])
    func systemChanged(text: String) async throws {
        let project = try await SignedProject()
        let asks = "params: {production-two-approvals: {min: 2}}"
        let plan = try await project.plan(under: try machine(asks, project))
        try await project.leave(project.statement(plan), beside: plan)
        let changed = try machine(text, project)
        try project.write(project.line(of: "alice") + project.line(of: "bob"), to: "etc/people")
        let refusal = await #expect(throws: PermitRefusal.self) {
            try await apply(plan, of: project, layers: changed)
        }
        #expect(refusal?.code == .policyChanged, "\(String(describing: refusal))")
        #expect(try await !project.hasBegun)
    }

    @Test("attack: a clock set back, so that an approval that is over still holds, is refused with both times")
    func clockSetBack() async throws {
        let project = try await SignedProject()
        let plan = try await project.plan(made: -7200)
        try await project.leave(project.statement(plan, from: -7200, until: -3600), beside: plan)
        // A command that only reads leaves an entry with the time of then: it must not make that the log's time.
        for _ in 0..<2 {
            let failure = await #expect(throws: ClockFailure.self) {
                try await apply(plan, of: project, clock: LateClock(behind: 5400))
            }
            #expect(failure?.message.contains("the clock shows 20") == true)
            #expect(failure?.message.contains("of the log was made at 20") == true)
            #expect(failure?.remedy.contains("timedatectl") == true)
            let log = try await RunLog.open(
                directory: project.log, origin: "test.example/log", clock: LateClock(behind: 5400), by: "eve@here:1")
            try await log.append(
                .recoveredLog(LogRecovery(tornBytes: 0, rebuiltTiles: false, open: [])), by: "eve@here:1", run: nil)
            await log.log.close()
        }
        #expect(try await !project.hasBegun)
    }

    @Test(
        "attack: a log set back to what it was before a run, so that its plan is not spent, is refused by the checkpoint beside it"
    )
    func logSetBack() async throws {
        let project = try await SignedProject()
        let plan = try await project.plan()
        try await project.leave(project.statement(plan), beside: plan)
        try project.copy(project.log, to: "earlier")
        try await apply(plan, of: project)
        try #require(try await project.hasBegun)
        try FileManager.default.removeItem(atPath: project.log)
        try FileManager.default.moveItem(atPath: "\(project.path)/earlier", toPath: project.log)
        let again = await project.belay("apply", plan)
        #expect(again.exit == .logNotIntact && again.complaints.contains("set back to an older copy"), "\(again)")
        #expect(try await !project.hasBegun)
    }

    @Test("attack: the same, with the journal alone cut off where an earlier checkpoint ends")
    func journalCut() async throws {
        let project = try await SignedProject()
        let plan = try await project.plan()
        try await project.leave(project.statement(plan), beside: plan)
        let journal = "\(project.log)/journal"
        try project.copy(journal, to: "earlier")
        try await apply(plan, of: project)
        try #require(try await project.hasBegun)
        try FileManager.default.removeItem(atPath: journal)
        try FileManager.default.moveItem(atPath: "\(project.path)/earlier", toPath: journal)
        let again = await project.belay("apply", plan)
        #expect(again.exit == .logNotIntact, "\(again)")
        #expect(try await !project.hasBegun)
    }

    @Test(
        "a log that does not go back as far as a policy looks denies, and one that does allows",
        arguments: [false, true])
    func coverage(isOld: Bool) async throws {
        let project = try await SignedProject()
        try project.write(
            """
            apiVersion: belay/v1
            kind: Policy
            metadata: {name: a-day-of-history}
            spec:
              enforcement: hard
              validations:
              - expression: "now - history.since >= duration('24h')"
                message: the log does not go back a day
                remedy: Wait, or plan where the log is.
            """, to: "policies/a-day-of-history.yaml")
        if isOld {
            let log = try await RunLog.open(
                directory: project.log, origin: "test.example/log", clock: LateClock(behind: 25 * 3600), by: "t@here:1")
            await log.log.close()
        }
        let plan = try await project.plan()
        try await project.leave(project.statement(plan), beside: plan)
        if isOld {
            try await apply(plan, of: project)
        } else {
            let refusal = await #expect(throws: PermitRefusal.self) { try await apply(plan, of: project) }
            #expect(refusal?.findings.map(\.message) == ["the log does not go back a day"])
        }
        #expect(try await project.hasBegun == isOld)
    }
}

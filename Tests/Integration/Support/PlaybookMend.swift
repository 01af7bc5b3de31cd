import Core
import Foundation
import Testing

extension Playbook.Cluster {
    /// What must be there before anything is wrong: snapshots on the node, and files of it here.
    func prepare(_ round: Playbook.Round) async throws {
        for fault in round.faults {
            for mend in fault.mends {
                if let before = mend.before {
                    let plan = try await Project.approvedPlan(
                        in: project.folder, before[0], fault.on, Array(before.dropFirst()))
                    try Results.append(
                        ActedLine(
                            suite: "PlaybookTests", wrong: "nothing yet", on: fault.on, runbook: before[0],
                            applySeconds: try await project.applied(plan)))
                }
                for (name, path) in mend.files ?? [:] {
                    try project.write(
                        Self.file(name, of: fault), try await Testbed.exec(fault.on, "cat \(ShellQuote.join([path]))"))
                }
            }
        }
    }

    private static func file(_ name: String, of fault: Playbook.Fault) -> String {
        "\(fault.fault)-\(fault.on)-\(name)"
    }

    /// Plans what the offered line says, has it approved, applies it, and asks until triage says no more of it.
    func mend(_ fault: Playbook.Fault, of round: Playbook.Round, _ report: Playbook.Report) async throws {
        guard let runbook = fault.mends.first?.runbook else { return }
        let index = try #require(report.findings.firstIndex { $0.rule == fault.rule })
        let plan = try #require(
            report.plans[index].first { $0.runbook == runbook }, "not offered: \(report.plans[index])")
        if let seconds = fault.settles { try await Task.sleep(for: .seconds(seconds)) }
        if fault.withoutAgent == true {
            try await Playbook.withoutAgent(on: fault.on) { try await mend(fault, by: plan) }
        } else {
            try await mend(fault, by: plan)
        }
    }

    private func mend(_ fault: Playbook.Fault, by plan: Playbook.Report.Plan) async throws {
        let (mends, runbook) = (fault.mends, plan.runbook)
        let start = ContinuousClock().now
        var runs: [String] = []
        for mend in mends { runs.append(try await run(runbook, fault, try words(of: plan, mend, fault))) }
        let applied = (ContinuousClock().now - start) / .seconds(1)
        guard fault.heals != false else {
            return try Results.append(
                ActedLine(
                    suite: "PlaybookTests", wrong: fault.fault, on: fault.on, runbook: runbook, applySeconds: applied))
        }
        let healthy = try await until("not mended") { !$0.tells(of: fault) && $0.unseen.isEmpty }
        try Results.append(
            MendedLine(
                fault: fault.fault, on: fault.on, runbook: runbook, reversibility: plan.reversibility ?? "",
                command: plan.command, applySeconds: applied, healthySeconds: applied + healthy,
                undoneSeconds: fault.undone == true && Playbook.isWhole ? try await undo(runs, fault) : nil,
                breakGlass: fault.breakGlass))
    }

    /// Takes it all back, and gives how long it took until triage told of the fault again.
    private func undo(_ runs: [String], _ fault: Playbook.Fault) async throws -> Double {
        let start = ContinuousClock().now
        for run in runs.reversed() { try await project.rollBack(run) }
        _ = try await until("rolled back, and the fault is not there again") { $0.tells(of: fault) }
        return (ContinuousClock().now - start) / .seconds(1)
    }

    /// Asks triage until it says what it should, for five minutes, and gives how long that took in seconds.
    private func until(_ otherwise: String, _ isSo: (Playbook.Report) -> Bool) async throws -> Double {
        let start = ContinuousClock().now
        var now = try await triage()
        while !isSo(now), ContinuousClock().now - start < .seconds(300) {
            try await Task.sleep(for: .seconds(2))
            now = try await triage()
        }
        try #require(isSo(now), "\(otherwise): \(now.text)")
        return (ContinuousClock().now - start) / .seconds(1)
    }

    /// The words behind the runbook's name, but for the node, with what a person fills in.
    private func words(
        of plan: Playbook.Report.Plan, _ mend: Playbook.Mend, _ fault: Playbook.Fault
    ) throws -> [String] {
        // Nothing that triage fills in here has a space in it.
        var words = plan.command.split(separator: " ").map(String.init)
        try #require(words.starts(with: ["belay", "plan", mend.runbook]), "\(plan.command)")
        words.removeFirst(3)
        var more: [String] = []
        while let at = words.firstIndex(of: "--param") {
            let pair = words[at + 1]
            words.removeSubrange(at...(at + 1))
            if !pair.hasSuffix("=VALUE") { more += ["--param", pair] }
        }
        for (name, value) in mend.parameters ?? [:] { more += ["--param", "\(name)=\(value)"] }
        for name in (mend.files ?? [:]).keys.sorted() {
            more += ["--param-file", "\(name)=\(project.folder)/\(Self.file(name, of: fault))"]
        }
        // The nodes that it names have to be the fault's, or it would mend another.
        #expect(words == ["--node", Self.target(of: fault)] || words == ["--node", "NODE"], "\(plan.command)")
        return more
    }

    /// What is done to workloads has a node of the control plane as its target.
    private static func target(of fault: Playbook.Fault) -> String {
        fault.on == "cluster" ? Playbook.controlPlane : fault.on
    }

    /// Has it planned, approved and applied, and gives the run's id.
    private func run(_ runbook: String, _ fault: Playbook.Fault, _ more: [String]) async throws -> String {
        let breaksGlass = fault.breakGlass == true
        let plan = try await Project.approvedPlan(
            in: project.folder, runbook, Self.target(of: fault), more, mayBeDenied: breaksGlass)
        let glass = [
            "--break-glass", "--reason", "the API is down, and this is what brings it back", "--incident", "INC-4711",
        ]
        let applied = try await project.belay(["apply", plan] + (breaksGlass ? glass : []))
        try #require(applied.status == 0, "\(applied.output)\(applied.error)")
        return try await project.lastRun()
    }
}

extension Playbook.Report {
    fileprivate func tells(of fault: Playbook.Fault) -> Bool {
        findings.contains { $0.rule == fault.rule && $0.places.contains { fault.isAbout($0.subject) } }
    }
}

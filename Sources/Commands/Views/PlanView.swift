import Core

/// A plan and what is said of it: what will change first, then why it is allowed, then what to type next.
struct PlanView: Sendable {
    let plan: Plan
    let planSha256: String
    let file: String
    /// What the policies said of making it; nil when only the plan is shown.
    var decision: Decision?
    /// What they would say of applying it now, without approvals.
    var preview: Decision?
    /// Whether it lies in its file though it is denied.
    var isSaved = false
    /// Whether input of commands, long shell texts and long diffs are shown in full.
    var verbose = false

    /// For people.
    func text(_ style: Style) -> String {
        let verdict =
            decision.map {
                [""] + DecisionView($0, preview: preview, verbose: verbose).lines(style) + [""] + next(style)
            } ?? []
        return (header(style) + plan.nodes.flatMap { node($0, style) } + verdict).text
    }

    /// For programs: plan (secrets masked), its digest and file, decision and preview.
    func json() throws -> String {
        let view = JSONView(plan: plan.masked, planSha256: planSha256, file: file, decision: decision, preview: preview)
        return try JSONText.pretty(view)
    }

    private struct JSONView: Encodable {
        let plan: Plan
        let planSha256: String
        let file: String
        let decision: Decision?
        let preview: Decision?
    }

    /// True when no step of any node has anything to run.
    var changesNothing: Bool { plan.nodes.allSatisfy { $0.steps.allSatisfy(\.apply.isEmpty) } }

    private func header(_ style: Style) -> [String] {
        let what =
            plan.rollsBack.map { "rolls back run \($0.printable) of \(plan.runbook.name.printable)" }
            ?? "\(plan.runbook.name.printable): \(plan.runbook.title.printable)"
        let leavesOut = plan.nodes.contains { $0.steps.contains { $0.skipped != nil } }
        let nothing =
            leavesOut
            ? style.warning("Nothing would be run: what is not left out has nothing to do.")
            : style.good("No change: no step has anything to do on any node.")
        let change = changesNothing ? [nothing] : []
        return [
            "\(style.strong("Plan \(plan.id.printable)")) \(what)",
            "  for \(plan.requester.printable), cluster \(plan.cluster.name.printable) (\(plan.cluster.environment.printable)), "
                + "good until \(plan.expiresAt.toSeconds)",
        ] + (plan.reason.map { ["  because: \($0.printable)"] } ?? []) + parameters + waves + temporary + [
            "  sha256 \(planSha256.printable)"
        ]
            + change
    }

    private var waves: [String] {
        guard plan.nodes.count > 1 else { return [] }
        let strategy = plan.strategy
        let waves = strategy.waves(of: plan.nodes.count).map { range in
            plan.nodes[range].map(\.name.printable).joined(separator: " + ")
        }
        let pause = strategy.pauseSeconds == 0 ? "" : ", \(strategy.pauseSeconds) s apart"
        return [
            "  nodes in \(count(waves.count, "wave"))\(pause): " + waves.joined(separator: ", then "),
            "  no further node once more than \(strategy.failureBudget) failed"
                + (plan.onFailure == .rollbackAll ? "; then all are rolled back, in reverse" : ""),
        ]
    }

    private var temporary: [String] {
        guard let time = plan.temporaryTime else {
            return plan.onNode == .takes
                ? ["  what the nodes would give back of it by themselves is taken from them first"] : []
        }
        return [
            "  temporary: what it changes stays in place until \(time) after it has ended, unless somebody keeps it"
        ]
            + (plan.onNode == .returns
                ? ["  it is given back by this machine (belay return --due), and by each node itself"] : [])
    }

    private var parameters: [String] {
        guard !plan.parameters.isEmpty else { return [] }
        let words = plan.parameters.sorted { $0.key < $1.key }.map { "\($0.printable)=\(Self.word($1))" }
        return ["  with " + words.joined(separator: " ")]
    }

    /// A parameter's value in a word: a file shows in the diff of what it becomes.
    static func word(_ value: ParameterValue) -> String {
        let text = value.masked.text
        guard text.utf8.count <= 200, !text.contains("\n") else { return "(\(Payload(text).summary))" }
        return ShellQuote.display([text]).printable
    }

    private func node(_ node: NodePlan, _ style: Style) -> [String] {
        let roles = node.roles.map(\.printable).joined(separator: ", ")
        let identity = node.identity.map {
            "host key \($0.hostKey.printable), machine \($0.machineID.printable)"
        }
        let steps = node.steps.enumerated().flatMap { StepView($1, number: $0 + 1, verbose: verbose).lines(style) }
        return [
            "",
            "\(style.strong("Node \(node.name.printable)")) \((node.identity?.address ?? "by the API alone").printable), \(roles)",
        ] + (identity.map { [style.faint("  " + $0)] } ?? []) + steps + end(of: node, style)
    }

    private func end(of node: NodePlan, _ style: Style) -> [String] {
        guard node.steps.contains(where: { !$0.apply.isEmpty }) else { return [] }
        let checks = node.verify.map { "  at the end \($0.expression.printable) within \($0.withinSeconds) s" }
        let failing =
            plan.onFailure != .stop
            ? "  when a step or check fails: this node is undone, and no further node is begun"
            : style.warning("  when a step or check fails: the run stops and leaves this node as it is")
        let deadMan = node.deadManSeconds.map {
            style.strong("  dead-man: ") + "the node undoes the path-cutting steps by itself after \($0) s "
                + "unless a new connection has found all well" + (node.deadManAtBoot ? ", and when it boots" : "")
        }
        return checks + [failing] + (deadMan.map { [$0] } ?? [])
    }

    private func next(_ style: Style) -> [String] {
        let path = ShellQuote.display([file]).printable
        guard decision?.allowed == true else {
            return isSaved
                ? [
                    "Saved as \(path), and denied: in an incident `belay apply \(path) --break-glass` lifts it, on record."
                ]
                : ["The plan was not saved, and nothing was changed."]
        }
        if changesNothing { return ["Saved as \(path). There is nothing to apply."] }
        guard preview?.waitsForApproval == true else { return ["Next: " + style.strong("belay apply \(path)")] }
        return [
            "Next, by someone else: " + style.strong("belay approve \(path) --comment 'why'"),
            "then: " + style.strong("belay apply \(path)"),
        ]
    }
}

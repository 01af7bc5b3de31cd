import Core
import Foundation

@testable import Commands

/// Plans, runs and decisions made by hand.
enum Sample {
    static let sha256 = String(repeating: "ab", count: 32)

    /// The kubelet of one worker is failed and gets restarted.
    static func restart(
        before: [String: FieldValue] = ["activeState": .text("failed"), "mainPid": .text("0")],
        after: [String: FieldValue] = ["activeState": .text("active"), "mainPid": .text("a new process")],
        qualities: [String: Quality] = ["mainPid": .unpredictable("a new process has a new PID")],
        notes: [String] = [], apply: [Command] = [Command(["systemctl", "restart", "kubelet.service"])]
    ) -> StepPlan {
        StepPlan(
            name: "restart", action: "service.restart", arguments: Arguments(["service": .text("kubelet")]),
            reversibility: .reversible, cutsPath: false, timeoutSeconds: 90, before: Observation(before),
            prediction: Prediction(after: Observation(after), qualities: qualities, notes: notes), apply: apply,
            undo: [Command(["systemctl", "start", "kubelet.service"])],
            verify: [CheckPlan(expression: "facts.kubelet.healthz == 200", withinSeconds: 30)])
    }

    /// A file is replaced.
    static func replace(_ path: String, from old: String, to new: String) -> StepPlan {
        StepPlan(
            name: "replace", action: "file.replace",
            arguments: Arguments(["path": .text(path), "content": .text(new)]), reversibility: .reversible,
            cutsPath: false,
            timeoutSeconds: 30, before: Observation(["content": .content(Payload(old)), "mode": .text("600")]),
            prediction: Prediction(after: Observation(["content": .content(Payload(new)), "mode": .text("600")])),
            apply: [Command(["tee", path], input: Payload(new))], undo: [Command(["tee", path], input: Payload(old))],
            verify: [])
    }

    static func node(_ steps: [StepPlan], name: String = "worker-1", deadManSeconds: Int? = nil) -> NodePlan {
        NodePlan(
            name: name, identity: NodeIdentity(address: "10.0.0.1:22", hostKey: "SHA256:abc", machineID: "0123abcd"),
            roles: ["worker"], pool: "default", steps: steps, verify: [], services: ["kubelet"],
            deadManSeconds: deadManSeconds)
    }

    static func plan(
        _ nodes: [NodePlan], parameters: [String: ParameterValue] = [:], title: String = "Restart the kubelet"
    ) -> Plan {
        let made = Timestamp(milliseconds: 1_795_370_400_000)
        return Plan(
            id: "20261122-180000-ab12", createdAt: made, expiresAt: made.adding(seconds: 8 * 3600), requester: "alice",
            runbook: RunbookReference(name: "restart-kubelet", title: title, author: "belay", digest: sha256),
            parameters: parameters, cluster: ClusterReference(name: "prod", environment: "production"),
            log: LogReference(origin: "test.example/log", key: "test.example/log+00000000+AA=="), policySet: sha256,
            onFailure: .rollback, nodes: nodes)
    }

    /// What a decision about a restart is made from.
    static func input(
        _ plan: Plan = plan([node([restart()])]), phase: PolicyPhase = .execute, turn: String? = nil,
        policySet: String = sha256
    ) -> DecisionInput {
        let snapshot = NodeSnapshot(facts: .unknown("nobody asked"), observedAt: plan.createdAt)
        let input = PolicyInput(
            phase: phase, plan: plan, planSha256: sha256,
            requester: Principal(name: "alice", groups: ["sre"], kind: .human),
            nodes: Dictionary(uniqueKeysWithValues: plan.nodes.map { ($0.name, snapshot) }), calendar: .empty,
            inflight: .known([]), history: .known(History([], logStart: plan.createdAt, now: plan.createdAt)),
            turn: turn, now: plan.createdAt)
        return DecisionInput(input, policySet: policySet)
    }

    static func view(_ plan: Plan, decision: Decision? = nil, preview: Decision? = nil, verbose: Bool = false)
        -> PlanView
    {
        PlanView(
            plan: plan, planSha256: sha256, file: "restart.plan", decision: decision, preview: preview, verbose: verbose
        )
    }

    /// Who broke the glass, through JSON as the log has it: nothing but a verified statement makes one.
    static func breakGlass() throws -> BreakGlass {
        let text = """
            {"principal": {"name": "alice", "groups": ["break-glass"], "kind": "human"}, "keyFingerprint": "SHA256:a",
            "reason": "kubelets are down everywhere", "incident": "INC-4711", "expires": "2026-11-22T19:00:00.000Z"}
            """
        return try JSON.decode(BreakGlass.self, from: Array(text.utf8))
    }

    /// A decision as the log keeps it.
    static func decision(allowed: Bool, findings: String = "[]", phase: String = "plan") throws -> Decision {
        let text = """
            {"allowed": \(allowed), "approvals": {"counted": [], "denials": [], "ignored": []}, "at": "2026-11-22T18:00:00.000Z",
             "evaluated": {"cost": 9, "documents": 1, "policies": 2, "validations": 4}, "findings": \(findings),
             "grants": ["default-grant-sre"], "obligations": [], "phase": "\(phase)", "planSha256": "\(sha256)",
             "policySet": "\(sha256)", "requester": {"groups": ["sre"], "kind": "human", "name": "alice"}}
            """
        return try JSON.decode(Decision.self, from: Array(text.utf8))
    }

    /// One finding as JSON.
    static func finding(outcome: String, waits: Bool) -> String {
        """
        [{"policy": "drain-first", "enforcement": "hard", "place": "policies/drain.yaml:12", "node": "worker-1",
          "step": "restart", "outcome": "\(outcome)", "message": "the node has 3 pods", "remedy": "Drain it first",
          "waitsForApproval": \(waits), "trace": [{"expression": "facts.pods", "value": "3"}]}]
        """
    }

    static let inventory = try? Inventory.parse(
        Array(
            """
            apiVersion: belay/v1
            kind: Inventory
            cluster: {name: prod, environment: production}
            defaults: {user: ops, port: 2222}
            nodes:
              - {name: worker-1, address: 10.0.0.1, roles: [worker]}
            """.utf8), file: "inventory.yaml")

    /// A run after some events.
    static func run(_ plan: Plan, _ events: [(Event, String?)]) throws -> RunState {
        var state = try RunState(plan: plan)
        for (event, node) in events { try state.apply(event, node: node) }
        return state
    }
}

/// What a verb wrote.
final class Recorder: @unchecked Sendable {
    // Only one verb runs at a time and it writes in order.
    private(set) var output = ""
    private(set) var complaints = ""

    var terminal: Terminal { Terminal(output: { self.output += $0 }, complaint: { self.complaints += $0 }) }

    /// Runs `belay` with these arguments.
    func belay(_ arguments: String...) async -> Exit { await run(arguments) { _ in self.terminal } }
}

/// A folder that goes away with the test.
final class Folder {
    let path = FileManager.default.temporaryDirectory.appending(path: "belay-commands-\(UUID().uuidString)").path

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws -> String {
        let file = URL(fileURLWithPath: path).appending(path: name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return file.path
    }

    /// A project without a log.
    func makeProject() throws {
        _ = try write(
            "apiVersion: belay/v1\nkind: Configuration\nlog: {directory: log, origin: test.example/log, reads: false}\n",
            to: "belay.yaml")
        _ = try write(
            """
            apiVersion: belay/v1
            kind: Inventory
            cluster: {name: prod, environment: production}
            nodes: [{name: worker-1, address: 10.0.0.1, roles: [worker]}]
            """, to: "inventory.yaml")
        _ = try write(
            """
            apiVersion: belay/v1
            kind: Grant
            metadata: {name: all}
            spec: {who: {groups: [sre]}, runbooks: ["*"]}
            """, to: "policies/grant.yaml")
        _ = try write("", to: "runbooks/.keep")
        _ = try write("", to: "allowed_signers")
    }
}

import Core
import TransparencyLog

func plan(_ bytes: [UInt8]) {
    guard let plan = try? Plan(bytes: bytes) else { return }
    expectSame(plan)
    for node in plan.nodes {
        expect(node.leaseSeconds > 0, "a lease lasts")
        _ = node.asksCluster
        for step in node.steps {
            guard let action = try? step.makeAction() else { continue }
            hold(action, from: step.before)
        }
    }
    judge(plan, bytes)
    _ = Redactor(declared: plan.secrets).redact(String(decoding: bytes, as: UTF8.self))
    guard var state = try? RunState(plan: plan), plan.nodes.count <= 4 else { return }
    do {
        try state.apply(.started(holder: "e0"), node: nil)
    } catch {
        fatalError("broken: every run can begin: \(error)")
    }
    finish(&state, limit: 400)
}

private let guardrails: PolicySet? = {
    let policy = """
        apiVersion: belay/v1
        kind: Policy
        metadata: {name: all}
        spec:
          enforcement: hard
          validations:
          - expression: "action.class != 'irreversible' && node.name != ''"
            message: m
            remedy: r
        """
    let grant = """
        apiVersion: belay/v1
        kind: Grant
        metadata: {name: g}
        spec: {who: {groups: [sre]}, runbooks: ["*"]}
        """
    return try? PolicySet.load([("policy.yaml", Array(policy.utf8)), ("grant.yaml", Array(grant.utf8))])
}()

/// By policies that know nothing of its nodes but what it says.
private func judge(_ plan: Plan, _ bytes: [UInt8]) {
    guard let guardrails, let nobody = try? PolicySet.load([]) else { return expect(false, "the policies are some") }
    for phase in PolicyPhase.allCases {
        let input = PolicyInput(
            phase: phase, plan: plan, planSha256: Digest.sha256(bytes),
            requester: Principal(name: plan.requester, groups: ["sre"], kind: .human), nodes: [:], calendar: .empty,
            now: Timestamp(milliseconds: 1_795_000_000_000))
        let decision = guardrails.judge(input)
        expectSame(decision)
        expect(guardrails.judge(input) == decision, "a decision is the same every time")
        expect(plan.nodes.isEmpty || !nobody.judge(input).allowed, "without a grant nothing runs")
    }
}

/// Answers what a run asks for, as if all went well; what follows from a plan must be an answer to it, and lead somewhere.
func finish(_ state: inout RunState, limit: Int) {
    for _ in 0..<limit {
        guard let next = state.next().first else { return }
        let event = answer(next, state)
        do {
            try state.apply(event, node: next.node)
        } catch {
            // Nodes of one name are in no plan that was made; which of them is meant nobody can say.
            let names = state.plan.nodes.map(\.name)
            expect(Set(names).count < names.count, "what a run asks for can be answered: \(event): \(error)")
            return
        }
    }
}

private func answer(_ next: NextEffect, _ state: RunState) -> Event {
    let node = state.nodes.first { $0.plan.name == next.node }
    switch next.effect {
    case .record(let event): return event
    case .pause(_, let wave): return .wave(wave)
    case .judge: return .judged(findings: [])
    case .admit: return .admitted(failures: [])
    case .evaluate(let step): return .evaluated(step: step, holds: step % 2 == 0, reason: "it was asked")
    case .verify(let step, _, _): return .verified(step: step, failures: [])
    case .lookUp(let write):
        if let node { _ = try? state.script(lookingUp: write, on: node).text() }
        return .outcome(write, .lost(rebooted: false))
    case .observe(let step, let moment, let expecting):
        let seen = expecting ?? node?.plan.steps[step].before ?? Observation()
        return .observed(
            step: step, moment: moment, moment == .after ? node?.plan.steps[step].prediction.after ?? seen : seen)
    case .send(let intent):
        if let node {
            let script = state.script(
                sending: intent, as: EntryName(index: 1, leaf: "ab"), to: node, planSha256: "cd", holder: "e0",
                ticket: "t")
            _ = try? script.text()
        }
        return .outcome(intent.write, outcome(intent.write))
    }
}

private func outcome(_ write: Write) -> NodeAnswer {
    switch write {
    case .acquireLease: .granted(epoch: 1, inMemory: false)
    case .armDeadMan: .armed
    case .disarmDeadMan, .fireDeadMan: .won
    case .armReturn: .ownReturn(.armed(secondsLeft: 7200, waitingFor: nil))
    case .takeReturn: .ownReturn(.taken)
    case .apply, .undo: .done(status: 0, failedAt: 0, output: Payload("out"))
    case .releaseLease: .released
    }
}

/// The entries of a log, one a line: a plan, and what happened in its run, in whatever order.
func logEntries(_ bytes: [UInt8]) {
    var state: RunState?
    for line in bytes.split(separator: UInt8(ascii: "\n")).prefix(40) {
        guard let record = try? JSON.decode(LogRecord.self, from: Array(line)) else { continue }
        expectSame(record)
        expect((try? JSON.encode(record)).map(JSONCheck.entry) == .some(nil), "what we write a verifier can read")
        switch record.event {
        case .planned(let planned)?:
            let plan = try? Plan(bytes: planned.plan.bytes)
            state = plan.flatMap { $0.nodes.count <= 4 ? try? RunState(plan: $0) : nil }
        case .adopted(let adopted)?: state = try? RunState(adopting: adopted, as: record.run ?? "r")
        case .run(let event)?:
            guard (try? state?.apply(event, node: record.node)) != nil, let state else { continue }
            for next in state.next() { _ = answer(next, state) }
        default: continue
        }
    }
    guard var state else { return }
    if (try? state.apply(.recovering(holder: "e1"), node: nil)) != nil { finish(&state, limit: 100) }
}

private let redactors = [
    Redactor(), Redactor(declared: ["hunter2", "two\nlines"]), Redactor(declared: ["hunter2"], knowsPatterns: false),
]

func redactor(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    for (index, redactor) in redactors.enumerated() {
        let redacted = redactor.redact(text)
        _ = redactor.redact(redacted)
        expect(index == 0 || !redacted.contains("hunter2"), "a secret that was declared is gone")
    }
    _ = redactors[0].redact(words: text.split(separator: " ").map(String.init))
}

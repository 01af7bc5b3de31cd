import Core
import Foundation
import Testing

@testable import Commands
@testable import Engine

/// A run in which every field that can hold it is hostile: plan, people, node, what it printed, and what the policies say.
struct HostileRun {
    let plan: Plan
    let records: [IndexedRecord]
    let decision: Decision
    let glass: BreakGlassRecord

    /// Made once: it takes its time to find out what each field may hold.
    static let shared = Result { try HostileRun() }

    /// What has to be known for a plan to be one.
    private static let known: Set = [
        "service.restart", "file.replace", "service", "kubelet", "path", "content",
        "/etc/kubelet.conf.d/10-limits.conf",
    ]

    private init() throws {
        var step = Sample.restart(
            notes: ["a note"], apply: [Command(["tee", "a"], input: Payload("b"), accepts: [0, 1])])
        step.before = Observation([
            "activeState": .text("failed"), "rules": .lines(["-A INPUT"]), "mainPid": .text("1"),
            "blob": .content(Payload(bytes: [0, 255])),
        ])
        step.when = "facts.kubelet.healthz != 200"
        step.optional = true
        var left = Sample.restart()
        (left.name, left.skipped) = ("left", "it cannot be begun")
        var node = Sample.node([Story.configuration, step, left], deadManSeconds: 60)
        node.verify = [CheckPlan(expression: "facts.ready", withinSeconds: 5)]
        let other = Sample.node([Story.configuration], name: "worker-2")
        var plain = Sample.plan([node, other], parameters: ["service": .string("kubelet")], title: "Restart it")
        plain.reason = "it is down"
        plan = try Hostile.everywhere(plain, but: Self.known)
        decision = try Hostile.everywhere(Self.decision(allowed: false))
        glass = try Hostile.everywhere(
            BreakGlassRecord(
                Sample.breakGlass(), decision: decision, lifted: ["drain-first"], statement: Payload("{}"),
                signature: "s"))
        records = try Self.records(plan, decision, glass)
    }

    private static func decision(allowed: Bool) throws -> Decision {
        let finding = Sample.finding(outcome: "deny", waits: false)
        var decision = try Sample.decision(allowed: allowed, findings: finding, phase: "execute")
        decision.obligations = ["page:lead"]
        return decision
    }

    // The node is rolled back with output that deceives, and needs a person.
    private static func records(_ plan: Plan, _ decision: Decision, _ glass: BreakGlassRecord) throws -> [IndexedRecord]
    {
        var story = Story(plan)
        let node = plan.nodes[0].name
        try story.begin(comment: Hostile.text)
        try story.add(.decided(decision))
        try story.add(.breakGlassUsed(glass))
        try story.add(.notified(NotificationRecord(command: ["/bin/page"], failure: "no")))
        try story.enter(node)
        try story.add(node, .judged(findings: decision.findings))
        try story.run(node, 0, output: Hostile.printed)
        try story.add(node, .verified(step: 0, failures: ["a", "b"]))
        try story.write(node, .apply(step: 1), .done(status: 1, failedAt: 0, output: Payload(Hostile.printed)))
        try story.end(node, .rollingBack, reason: "why")
        try story.write(node, .undo(step: 1), .done(status: 0, failedAt: 0, output: Payload(Hostile.printed)))
        let expected = plan.nodes[0].steps[0].prediction.after["content"]
        let found = FieldValue.content(Payload(Hostile.printed))
        try story.add(node, .conflict(step: 0, [Difference(field: "content", expected: expected, found: found)]))
        try story.end(node, .needsPerson, reason: "why")
        try story.add(nil, .finished(.needsPerson))
        return try story.records.map { try hostile($0, but: known) }
    }

    private static func hostile(_ entry: IndexedRecord, but words: Set<String>) throws -> IndexedRecord {
        var words = words
        if case .planned(let planned)? = entry.record.event { words.insert(planned.planSha256) }
        let record = try Hostile.everywhere(entry.record, but: words)
        return IndexedRecord(index: entry.index, record: record, bytes: try JSON.encode(record))
    }

    var run: StoredRun { get throws { try RunStore(records).run(plan.id) } }
    var history: RunHistory { get throws { RunHistory(try run, among: [try run]) } }

    /// Its nodes in an inventory, under names that no file of one could have.
    var inventory: Inventory {
        get throws {
            var inventory = try #require(Sample.inventory)
            var node = inventory.nodes[0]
            (node.name, node.address, node.user) = (plan.nodes[0].name, Hostile.text, Hostile.text)
            (node.pool, node.roles, node.labels) = (Hostile.text, [Hostile.text], [Hostile.text: Hostile.text])
            inventory.nodes = [node]
            return inventory
        }
    }
}

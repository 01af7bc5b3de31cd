import Core
import Foundation
import TransparencyLog

@testable import Commands
@testable import Engine

/// Runs as the log has them, told entry by entry: one that succeeded, one that rolled back, one that needs a person.
struct Story {
    private(set) var records: [IndexedRecord] = []
    private var now = Timestamp(milliseconds: 1_795_370_400_000)
    let plan: Plan

    /// What a node may print to deceive a reader or a browser.
    static let hostile =
        "</pre><script>alert(1)</script>\n<img src=x onerror=alert(2)>\u{1B}[2J\u{202E}gnp.exe\n\" onclick='x' &amp;\n=cmd|' /C calc'!A0\n"

    static let configuration = Sample.replace(
        "/etc/kubelet.conf.d/10-limits.conf", from: "maxPods: 110\nimageGC: off\n",
        to: "maxPods: 110\nimageGC: on\nimageGCHighThreshold: 80\n")

    init(_ plan: Plan) { self.plan = plan }

    init(id: String, title: String = "Restart the kubelet", _ nodes: [NodePlan], rollsBack: String? = nil) {
        var plan = Sample.plan(nodes, parameters: ["service": .string("kubelet")], title: title)
        plan.id = id
        plan.rollsBack = rollsBack
        self.plan = plan
    }

    var store: RunStore { RunStore(records) }

    func history() throws -> RunHistory { RunHistory(try store.run(plan.id), among: store.runs) }

    /// Writes the very entries into a new log, and signs them.
    func write(to directory: String) async throws {
        let log = try await AuditLog.open(directory: directory, origin: plan.log.origin)
        for record in records { _ = try await log.append(record.bytes) }
        _ = try await log.checkpoint()
        await log.close()
    }

    /// Appends the entries to a log that has others; outcomes name their intents by where they stand there.
    func append(to log: AuditLog) async throws {
        var names: [UInt64: EntryName] = [:]
        for entry in records {
            var record = entry.record
            record.intent = record.intent.flatMap { names[$0.index] }
            let bytes = try JSON.encode(record)
            names[entry.index] = EntryName(index: try await log.append(bytes), leaf: Merkle.leaf(bytes).hex)
        }
    }

    mutating func add(
        _ event: LogEvent, by: String = "alice@laptop:7", node: String? = nil, after: Int64 = 500,
        of intent: EntryName? = nil
    ) throws {
        now = Timestamp(milliseconds: now.milliseconds + after)
        var record = LogRecord(at: now, by: by, run: plan.id, node: node, event: event)
        record.intent = intent
        let bytes = try JSON.encode(record)
        records.append(IndexedRecord(index: UInt64(records.count), record: record, bytes: bytes))
    }

    mutating func add(_ node: String?, _ event: Event, after: Int64 = 500) throws {
        try add(.run(event), node: node, after: after)
    }

    mutating func write(_ node: String, _ write: Write, _ answer: NodeAnswer, took: Int64 = 500) throws {
        let undo = write.step.map { step in plan.nodes.first { $0.name == node }?.steps[step].undo ?? [] } ?? []
        try add(node, .intent(Intent(write, undo: undo)))
        let name = records.last.map { EntryName(index: $0.index, leaf: Merkle.leaf($0.bytes).hex) }
        try add(.run(.outcome(write, answer)), node: node, after: took, of: name)
    }

    /// Planned, judged, approved, and begun.
    mutating func begin(comment: String = "the limits are what we agreed on in CHG-4711") throws {
        let bytes = try JSON.encodePretty(plan)
        let digest = Digest.sha256(bytes)
        try add(
            .planned(PlannedRecord(plan: Payload(bytes: bytes), planSha256: digest, signature: "none")), by: "alice")
        let waiting = try Sample.decision(allowed: true, findings: Sample.finding(outcome: "warn", waits: false))
        try add(.decided(waiting), by: "alice")
        let statement = ApprovalStatement(
            planSha256: digest, decision: .approve, approver: "bob", comment: comment, notBefore: now,
            expires: now.adding(seconds: 4 * 3600), nonce: String(repeating: "0a", count: 16),
            logOrigin: plan.log.origin)
        let record = ApprovalRecord(statement: Payload(bytes: try statement.encoded()), signature: "none")
        try add(.approval(record), by: "bob", after: 312_000)
        try add(.decided(try Sample.decision(allowed: true, phase: "execute")), after: 60_000)
        try add(nil, .started(holder: "alice@laptop:7"))
        try add(nil, .wave(0))
    }

    /// The node's lease, its judgement, and the state before.
    mutating func enter(_ node: String) throws {
        try write(node, .acquireLease(.node, recovering: false), .granted(epoch: 1, inMemory: false))
        try add(node, .judged(findings: []))
        try add(node, .admitted(failures: []))
        for (index, step) in (plan.nodes.first { $0.name == node }?.steps ?? []).enumerated() {
            try add(node, .observed(step: index, moment: .before, step.before))
        }
    }

    /// A step that ends well.
    mutating func run(_ node: String, _ step: Int, output: String = "", took: Int64 = 3500) throws {
        try write(node, .apply(step: step), .done(status: 0, failedAt: 0, output: Payload(output)), took: took)
        try add(node, .verified(step: step, failures: []), after: 2500)
    }

    mutating func end(_ node: String, _ state: NodeState, reason: String) throws {
        try add(node, .nodeState(state, reason: reason))
    }

    /// - Parameter rollingBack: the run it takes back.
    static func succeeded(rollingBack run: String? = nil) throws -> Story {
        let steps = [configuration, Sample.restart()]
        var story = Story(
            id: run == nil ? "20261122-180000-ab12" : "20261122-190000-bc23", title: "Raise the kubelet's image limits",
            [Sample.node(steps), Sample.node(steps, name: "worker-2")], rollsBack: run)
        try story.begin()
        for node in ["worker-1", "worker-2"] {
            try story.enter(node)
            try story.run(node, 0, took: 1500)
            try story.run(node, 1, output: "kubelet.service: restarted\n")
            try story.add(node, .observed(step: 0, moment: .after, configuration.prediction.after))
            try story.write(node, .releaseLease(.node), .released)
            try story.end(node, .succeeded, reason: "verified")
        }
        try story.add(nil, .finished(.succeeded))
        return story
    }

    /// The restart fails with hostile output, and the file before it goes back.
    static func rolledBack() throws -> Story {
        var story = Story(
            id: "20261123-090000-cd34", title: "Raise the kubelet's image limits",
            [Sample.node([configuration, Sample.restart()])])
        try story.begin(comment: "<script>alert('approved')</script>")
        try story.enter("worker-1")
        try story.run("worker-1", 0, took: 1500)
        try story.write(
            "worker-1", .apply(step: 1), .done(status: 1, failedAt: 0, output: Payload(hostile)), took: 64_000)
        try story.end("worker-1", .rollingBack, reason: "step 'restart' failed: command 1 ended with status 1")
        for step in [1, 0] {
            try story.write("worker-1", .undo(step: step), .done(status: 0, failedAt: 0, output: Payload("")))
        }
        try story.add("worker-1", .observed(step: 0, moment: .afterUndo, configuration.before))
        try story.write("worker-1", .releaseLease(.node), .released)
        try story.end("worker-1", .rolledBack, reason: "step 'restart' failed: command 1 ended with status 1")
        try story.add(nil, .finished(.rolledBack))
        return story
    }

    /// Undoing finds that somebody else has changed the file meanwhile.
    static func needsPerson() throws -> Story {
        var story = Story(
            id: "20261124-101500-ef56", title: "Raise the kubelet's image limits",
            [Sample.node([configuration, Sample.restart()])])
        try story.begin()
        try story.enter("worker-1")
        try story.run("worker-1", 0, took: 1500)
        try story.write("worker-1", .apply(step: 1), .done(status: 1, failedAt: 0, output: Payload("failed\n")))
        try story.end("worker-1", .rollingBack, reason: "step 'restart' failed: command 1 ended with status 1")
        try story.write("worker-1", .undo(step: 1), .done(status: 0, failedAt: 0, output: Payload("")))
        let found = FieldValue.content(Payload("maxPods: 250\nimageGC: on\n"))
        let expected = configuration.prediction.after["content"]
        try story.add(
            "worker-1", .conflict(step: 0, [Difference(field: "content", expected: expected, found: found)]))
        try story.end(
            "worker-1", .needsPerson,
            reason: "someone changed what step 'replace' did; undoing it would overwrite that")
        try story.add(nil, .finished(.needsPerson))
        return story
    }
}

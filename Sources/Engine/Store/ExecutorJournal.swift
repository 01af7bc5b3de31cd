public import Core
import TransparencyLog

/// The journal of one executor and one run: each intent says for whom it is sent, each outcome whose it is.
public actor ExecutorJournal: Journal {
    private struct Sent {
        let node: String?
        let write: Write
        let name: EntryName
        /// When this executor sent it; nil when another one did.
        let at: Double?
    }

    private let log: RecordWriter
    private let clock: any Clock
    private let holder: String
    private let plan: Plan
    private let planSha256: String
    private var open: [Sent] = []
    private var attempts: [String?: [Write: Int]] = [:]

    /// Appends as `holder`.
    /// - Parameter earlier: the run's records so far.
    package init(
        log: RecordWriter, clock: any Clock, holder: String, plan: Plan, planSha256: String,
        earlier: [IndexedRecord] = []
    ) {
        self.log = log.hiding(plan.secrets)
        self.clock = clock
        self.holder = holder
        self.plan = plan
        self.planSha256 = planSha256
        for record in earlier {
            guard case .run(let event)? = record.record.event else { continue }
            if case .intent(let intent) = event {
                let name = EntryName(index: record.index, leaf: Merkle.leaf(record.bytes).hex)
                open.append(Sent(node: record.record.node, write: intent.write, name: name, at: nil))
                attempts[record.record.node, default: [:]][intent.write, default: 0] += 1
            }
            if let name = record.record.intent { open.removeAll { $0.name == name } }
        }
    }

    /// Durable when it returns.
    @discardableResult
    public func append(_ event: Event, run: String, node: String?) async throws -> EntryName? {
        switch event {
        case .intent(let intent): return try await append(intent, run, node)
        case .outcome(let write, _): return try await append(event, of: write, run, node)
        default: return try await log.append(.run(event), by: holder, run: run, node: node)
        }
    }

    private func append(_ intent: Intent, _ run: String, _ node: String?) async throws -> EntryName {
        attempts[node, default: [:]][intent.write, default: 0] += 1
        let context = context(of: intent.write, node)
        let name = try await log.append(.run(.intent(intent)), by: holder, run: run, node: node) {
            $0.context = context
        }
        open.append(Sent(node: node, write: intent.write, name: name, at: clock.uptime()))
        return name
    }

    private func append(
        _ outcome: Event, of write: Write, _ run: String, _ node: String?
    ) async throws -> EntryName {
        let sent = open.last { $0.node == node && $0.write == write }
        open.removeAll { $0.name == sent?.name }
        let elapsed = sent?.at.map { Int(max(0, clock.uptime() - $0) * 1000) }
        return try await log.append(.run(outcome), by: holder, run: run, node: node) {
            $0.intent = sent?.name
            $0.milliseconds = elapsed
        }
    }

    private func context(of write: Write, _ node: String?) -> IntentContext {
        let planned = plan.nodes.first { $0.name == node }
        let host = planned.flatMap { $0.host(at: $0.place(of: write)) }
        return IntentContext(
            attempt: attempts[node]?[write] ?? 1, hostKey: host?.identity.hostKey, planSha256: planSha256,
            requester: plan.requester, reason: plan.reason)
    }
}

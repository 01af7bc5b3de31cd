/// One entry of the audit log.
///
/// As JSON: `{"at","by","event":{…},"node","run","type"}`. What would make the entry longer than the log takes is kept as a
/// blob: then `blob` stands in place of `event`, and the rest can still be read and searched without it.
public struct LogRecord: Codable, Sendable, Hashable {
    /// The executor's clock; order comes from the index.
    public var at: Timestamp
    /// Who acted: a principal whose signature was verified, or the executor (`user@host:pid`).
    public var by: String
    /// The run, nil for entries about the log itself.
    public var run: String?
    /// The node, nil for entries about the run as a whole.
    public var node: String?
    /// The event's name, readable without the blob.
    public var type: String
    /// What happened, unless it is in `blob`.
    public var event: LogEvent?
    /// Where it is kept, when it is too long for the entry.
    public var blob: BlobName?

    /// An entry with its event inline.
    public init(at: Timestamp, by: String, run: String?, node: String?, event: LogEvent) {
        self.at = at
        self.by = by
        self.run = run
        self.node = node
        self.event = event
        type = event.name
    }
}

/// Content kept beside the log, by its salted commitment (formats §8.3).
public struct BlobName: Codable, Sendable, Hashable {
    /// 64 hex digits.
    public var commitment: String
    /// Bytes of the content.
    public var length: Int

    /// Names a blob.
    public init(commitment: String, length: Int) {
        self.commitment = commitment
        self.length = length
    }
}

/// What an entry of the log says.
public enum LogEvent: Codable, Sendable, Hashable {
    /// A plan was made and signed.
    case planned(PlannedRecord)
    /// A run was found on a node, and this log goes on with it.
    case adopted(AdoptedRecord)
    /// The policies judged it.
    case decided(Decision)
    /// Someone approved or denied it.
    case approval(ApprovalRecord)
    /// Someone decided to trust host keys of a node.
    case trusted(TrustRecord)
    /// The log was opened after a crash that showed: what was mended, and what is open.
    case recoveredLog(LogRecovery)
    /// Somebody had a blob erased, or is about to: it is deleted after this entry.
    case blobErased(BlobErasure)
    /// A step of a run.
    case run(Event)

    // The names that unlabelled values have in the log's JSON.
    private enum PlannedCodingKeys: String, CodingKey { case _0 = "record" }
    private enum AdoptedCodingKeys: String, CodingKey { case _0 = "record" }
    private enum DecidedCodingKeys: String, CodingKey { case _0 = "decision" }
    private enum ApprovalCodingKeys: String, CodingKey { case _0 = "record" }
    private enum TrustedCodingKeys: String, CodingKey { case _0 = "record" }
    private enum RecoveredLogCodingKeys: String, CodingKey { case _0 = "recovery" }
    private enum BlobErasedCodingKeys: String, CodingKey { case _0 = "erasure" }
    private enum RunCodingKeys: String, CodingKey { case _0 = "event" }

    /// The name in `type`.
    public var name: String {
        switch self {
        case .planned: "planned"
        case .adopted: "adopted"
        case .decided: "decided"
        case .approval: "approval"
        case .trusted: "trusted"
        case .recoveredLog: "log.recovered"
        case .blobErased: "blob.erased"
        case .run(let event): event.name
        }
    }
}

/// A plan as it was submitted.
public struct PlannedRecord: Codable, Sendable, Hashable {
    /// The plan's bytes, exactly.
    public var plan: Payload
    /// Their SHA-256.
    public var planSha256: String
    /// The requester's signature over the bytes, armoured.
    public var signature: String

    /// Collects the parts.
    public init(plan: Payload, planSha256: String, signature: String) {
        self.plan = plan
        self.planSha256 = planSha256
        self.signature = signature
    }
}

/// A signed statement about a plan.
public struct ApprovalRecord: Codable, Sendable, Hashable {
    /// The statement's bytes, exactly.
    public var statement: Payload
    /// The approver's signature over them, armoured.
    public var signature: String

    /// Collects the parts.
    public init(statement: Payload, signature: String) {
        self.statement = statement
        self.signature = signature
    }
}

extension Event {
    /// The name in a log entry's `type`.
    public var name: String {
        switch self {
        case .started: "started"
        case .recovering: "recovering"
        case .intent: "intent"
        case .outcome: "outcome"
        case .observed: "observed"
        case .unobservable: "unobservable"
        case .unchanged: "unchanged"
        case .evaluated: "evaluated"
        case .skipped: "skipped"
        case .judged: "judged"
        case .admitted: "admitted"
        case .verified: "verified"
        case .stale: "stale"
        case .conflict: "conflict"
        case .nodeState: "node.state"
        case .unreachable: "unreachable"
        case .resolved: "resolved"
        case .wave: "wave"
        case .finished: "finished"
        }
    }
}

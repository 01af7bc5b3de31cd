/// One entry of the audit log.
///
/// As JSON (`schemas/log-entry.schema.json`): `{"at","by","type","event":{…}}`, and `run`, `node`, `intent`, `context` and
/// `milliseconds` where they apply. What is too long for an entry, or has a secret in it, is kept as a blob: then `blob`
/// stands in place of `event`, and `shown` has what of it can be read and searched without the blob.
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
    /// Of an outcome, the entry whose end it says; nil only where that is in another log.
    public var intent: EntryName?
    /// Of an intent, for whom and on whose word it is sent.
    public var context: IntentContext?
    /// Of an outcome, the time since its intent; nil where another executor had sent that.
    public var milliseconds: Int?
    /// What happened, unless it is in `blob`.
    public var event: LogEvent?
    /// Of an event in `blob`, what may be read by whoever reads the log: without secrets, and long texts cut.
    public var shown: JSONTree?
    /// Where the event is kept as it was.
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

/// An entry, by its place and its content.
public struct EntryName: Codable, Sendable, Hashable {
    /// Its index.
    public var index: UInt64
    /// Its leaf hash (RFC 6962), 64 hex digits.
    public var leaf: String

    /// Names an entry.
    public init(index: UInt64, leaf: String) {
        self.index = index
        self.leaf = leaf
    }
}

/// For whom and on whose word a write is sent: what an auditor asks of a single entry.
public struct IntentContext: Codable, Sendable, Hashable {
    /// How often this very write was intended before in this run, plus 1.
    public var attempt: Int
    /// Fingerprint of the host key that the machine must prove, `SHA256:…`; `local` for the operator's own.
    public var hostKey: String?
    /// SHA-256 of the plan's bytes.
    public var planSha256: String
    /// Who asked for the plan; nil where the plan is another log's.
    public var requester: String?
    /// Why, as the requester says; nil when that was not said.
    public var reason: String?

    /// Collects the parts.
    public init(attempt: Int, hostKey: String?, planSha256: String, requester: String?, reason: String?) {
        self.attempt = attempt
        self.hostKey = hostKey
        self.planSha256 = planSha256
        self.requester = requester
        self.reason = reason
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

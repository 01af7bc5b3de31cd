/// What an entry of the log says.
public enum LogEvent: Codable, Sendable, Hashable {
    /// The log begins.
    case began(LogBeginning)
    /// A plan was made and signed.
    case planned(PlannedRecord)
    /// A run was found on a node, and this log goes on with it.
    case adopted(AdoptedRecord)
    /// What the policies are about to judge it from.
    case decisionInput(DecisionInputRecord)
    /// The policies judged it.
    case decided(Decision)
    /// Someone approved or denied it.
    case approval(ApprovalRecord)
    /// Somebody broke the glass for it: it goes ahead although policies deny it.
    case breakGlassUsed(BreakGlassRecord)
    /// Others were told of that, or could not be.
    case notified(NotificationRecord)
    /// Somebody else looked at how the glass was broken.
    case reviewed(SignedReview)
    /// Somebody made what a temporary run left in place permanent.
    case kept(SignedKeeping)
    /// A node was asked how the way back stands that it has by itself.
    case nodeReturn(NodeReturnRecord)
    /// Someone decided to trust host keys of a node.
    case trusted(TrustRecord)
    /// The log was opened after a crash that showed: what was mended, and what is open.
    case recoveredLog(LogRecovery)
    /// Somebody had a blob erased, or is about to: it is deleted after this entry.
    case blobErased(BlobErasure)
    /// The log goes on with another key.
    case keyRotated(KeyRotation)
    /// Somebody read entries of the log.
    case read(LogReading)
    /// An incident begins.
    case incidentStarted(IncidentStart)
    /// Somebody wrote something down about it.
    case incidentNoted(IncidentNote)
    /// It is over.
    case incidentClosed(IncidentClosing)
    /// A run belongs to it.
    case incidentTied(IncidentTie)
    /// What triage answered meanwhile.
    case triaged(TriageRecord)
    /// A step of a run.
    case run(Event)

    /// The name in `type`, and of the event's one member.
    public var name: String {
        if case .run(let event) = self { event.name } else { key?.rawValue ?? "" }
    }

    private enum Key: String, CodingKey, CaseIterable {
        case began = "log.init"
        case planned = "plan"
        case adopted
        case decisionInput = "decision.input"
        case decided = "decision"
        case approval
        case breakGlassUsed = "breakglass.used"
        case notified
        case reviewed = "review"
        case kept
        case nodeReturn = "node.return"
        case trusted
        case recoveredLog = "recovered"
        case blobErased = "blob.erased"
        case keyRotated = "key.rotate"
        case read = "log.read"
        case incidentStarted = "incident.started"
        case incidentNoted = "incident.noted"
        case incidentClosed = "incident.closed"
        case incidentTied = "incident.tied"
        case triaged = "triage"
    }

    private var key: Key? {
        switch self {
        case .began: .began
        case .planned: .planned
        case .adopted: .adopted
        case .decisionInput: .decisionInput
        case .decided: .decided
        case .approval: .approval
        case .breakGlassUsed: .breakGlassUsed
        case .notified: .notified
        case .reviewed: .reviewed
        case .kept: .kept
        case .nodeReturn: .nodeReturn
        case .trusted: .trusted
        case .recoveredLog: .recoveredLog
        case .blobErased: .blobErased
        case .keyRotated: .keyRotated
        case .read: .read
        case .incidentStarted: .incidentStarted
        case .incidentNoted: .incidentNoted
        case .incidentClosed: .incidentClosed
        case .incidentTied: .incidentTied
        case .triaged: .triaged
        case .run: nil
        }
    }

    /// Reads `{"TYPE":{…}}`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        guard let key = container.allKeys.first else {
            self = .run(try Event(from: decoder))
            return
        }
        switch key {
        case .began: self = .began(try container.decode(LogBeginning.self, forKey: key))
        case .planned: self = .planned(try container.decode(PlannedRecord.self, forKey: key))
        case .adopted: self = .adopted(try container.decode(AdoptedRecord.self, forKey: key))
        case .decisionInput: self = .decisionInput(try container.decode(DecisionInputRecord.self, forKey: key))
        case .decided: self = .decided(try container.decode(Decision.self, forKey: key))
        case .approval: self = .approval(try container.decode(ApprovalRecord.self, forKey: key))
        case .breakGlassUsed: self = .breakGlassUsed(try container.decode(BreakGlassRecord.self, forKey: key))
        case .notified: self = .notified(try container.decode(NotificationRecord.self, forKey: key))
        case .kept: self = .kept(try container.decode(SignedKeeping.self, forKey: key))
        case .nodeReturn: self = .nodeReturn(try container.decode(NodeReturnRecord.self, forKey: key))
        case .reviewed: self = .reviewed(try container.decode(SignedReview.self, forKey: key))
        case .trusted: self = .trusted(try container.decode(TrustRecord.self, forKey: key))
        case .recoveredLog: self = .recoveredLog(try container.decode(LogRecovery.self, forKey: key))
        case .blobErased: self = .blobErased(try container.decode(BlobErasure.self, forKey: key))
        case .keyRotated: self = .keyRotated(try container.decode(KeyRotation.self, forKey: key))
        case .read: self = .read(try container.decode(LogReading.self, forKey: key))
        case .incidentStarted: self = .incidentStarted(try container.decode(IncidentStart.self, forKey: key))
        case .incidentNoted: self = .incidentNoted(try container.decode(IncidentNote.self, forKey: key))
        case .incidentClosed: self = .incidentClosed(try container.decode(IncidentClosing.self, forKey: key))
        case .incidentTied: self = .incidentTied(try container.decode(IncidentTie.self, forKey: key))
        case .triaged: self = .triaged(try container.decode(TriageRecord.self, forKey: key))
        }
    }

    /// Writes it so.
    public func encode(to encoder: any Encoder) throws {
        if case .run(let event) = self { return try event.encode(to: encoder) }
        guard let key else { return }
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(content, forKey: key)
    }

    private var content: any Encodable {
        switch self {
        case .began(let content): content
        case .planned(let content): content
        case .adopted(let content): content
        case .decisionInput(let content): content
        case .decided(let content): content
        case .approval(let content): content
        case .breakGlassUsed(let content): content
        case .notified(let content): content
        case .reviewed(let content): content
        case .kept(let content): content
        case .nodeReturn(let content): content
        case .trusted(let content): content
        case .recoveredLog(let content): content
        case .blobErased(let content): content
        case .keyRotated(let content): content
        case .read(let content): content
        case .incidentStarted(let content): content
        case .incidentNoted(let content): content
        case .incidentClosed(let content): content
        case .incidentTied(let content): content
        case .triaged(let content): content
        case .run(let content): content
        }
    }
}

/// The first entry of a log: what it is.
public struct LogBeginning: Codable, Sendable, Hashable {
    /// The log's name.
    public var origin: String
    /// Its public key, as a vkey.
    public var key: String
    /// The version of the entries: `belay/v1`.
    public var version: String

    /// Collects the parts.
    public init(origin: String, key: String, version: String = Plan.apiVersion) {
        self.origin = origin
        self.key = key
        self.version = version
    }
}

/// That somebody read entries, where the project logs that.
public struct LogReading: Codable, Sendable, Hashable {
    /// How, as the words of the command line.
    public var command: [String]
    /// How many entries that gave.
    public var entries: Int

    /// Collects the parts.
    public init(command: [String], entries: Int) {
        self.command = command
        self.entries = entries
    }
}

/// What a node said of the way back of a temporary run that it has by itself, after the run.
public struct NodeReturnRecord: Codable, Sendable, Hashable {
    /// Why it was asked.
    public enum Purpose: String, Codable, Sendable, Hashable {
        /// To see what the node did.
        case look
        /// To take it from the node: what the run left was kept.
        case take
    }

    /// Why it was asked.
    public var purpose: Purpose
    /// What it said.
    public var standing: NodeReturnStanding

    /// Collects the parts.
    public init(purpose: Purpose, standing: NodeReturnStanding) {
        self.purpose = purpose
        self.standing = standing
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

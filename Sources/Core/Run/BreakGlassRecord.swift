/// That a run goes ahead although policies deny it, who answers for that, and until when somebody must have looked at it.
public struct BreakGlassRecord: Codable, Sendable, Hashable {
    /// Who broke the glass.
    public var principal: Principal
    /// With which key.
    public var keyFingerprint: String
    /// Why.
    public var reason: String
    /// For which incident.
    public var incident: String
    /// It lifts nothing from there on.
    public var expires: Timestamp
    /// The policies it lifted as the run began; what it lifts at a node's turn stands in that node's `judged`.
    public var lifted: [String]
    /// What running the plan commits to.
    public var obligations: [String]
    /// When a review must have been signed.
    public var reviewBy: Timestamp
    /// The statement's bytes, exactly.
    public var statement: Payload
    /// The signature over them, armoured.
    public var signature: String

    /// Collects the parts.
    /// - Parameters:
    ///   - decision: the one that it had a part in.
    ///   - lifted: the policies' names.
    public init(
        _ glass: BreakGlass, decision: Decision, lifted: [String], statement: Payload, signature: String
    ) {
        principal = glass.principal
        keyFingerprint = glass.keyFingerprint
        reason = glass.reason
        incident = glass.incident
        expires = glass.expires
        self.lifted = lifted
        obligations = decision.obligations
        reviewBy = decision.reviewBy
        self.statement = statement
        self.signature = signature
    }

    /// SHA-256 of the statement, hex: what a review is about.
    public var statementSha256: String { Digest.sha256(statement.bytes) }
}

/// What came of telling others.
public struct NotificationRecord: Codable, Sendable, Hashable {
    /// The program that was run and its arguments.
    public var command: [String]
    /// Why nobody may know of it; nil when the program ended well.
    public var failure: String?

    /// Collects the parts.
    public init(command: [String], failure: String?) {
        self.command = command
        self.failure = failure
    }
}

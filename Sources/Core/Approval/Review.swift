/// What a second person signs who has looked at how the glass was broken.
///
/// An outsider checks it with `ssh-keygen -Y verify` on its bytes, namespace ``SignatureNamespace/review``.
public struct Review: Codable, Sendable, Hashable {
    /// The run, as its log names it.
    public var run: String
    /// SHA-256 of the plan, hex.
    public var planSha256: String
    /// SHA-256 of the break-glass statement that was looked at, hex.
    public var statementSha256: String
    /// Who looked: their name in the allowed-signers file.
    public var by: String
    /// What they say of it.
    public var comment: String
    /// When it was signed.
    public var at: Timestamp
    /// 32 to 64 hex digits from a random source.
    public var nonce: String
    /// Origin of the log it is for.
    public var logOrigin: String

    /// Collects the parts.
    public init(
        run: String, planSha256: String, statementSha256: String, by: String, comment: String, at: Timestamp,
        nonce: String, logOrigin: String
    ) {
        self.run = run
        self.planSha256 = planSha256
        self.statementSha256 = statementSha256
        self.by = by
        self.comment = comment
        self.at = at
        self.nonce = nonce
        self.logOrigin = logOrigin
    }

    /// The bytes to sign.
    public func encoded() throws -> [UInt8] { try JSON.encodePretty(self) }

    private static let form = StatementBytes(
        name: "a review",
        fields: ["run", "planSha256", "statementSha256", "by", "comment", "at", "nonce", "logOrigin"],
        remedy: "Make one with 'belay review'")

    /// Reads signed bytes.
    public init(bytes: [UInt8]) throws(SignatureRefusal) {
        self = try Self.form.decode(Self.self, from: bytes)
        guard planSha256.isHex(64...64), statementSha256.isHex(64...64) else {
            throw Self.form.fault("planSha256 or statementSha256 is not a SHA-256 in lower-case hex")
        }
        guard nonce.isHex(32...64) else { throw Self.form.fault("the nonce is not 32 to 64 lower-case hex digits") }
    }

    /// Why somebody may not review, nil when they may.
    /// - Parameters:
    ///   - reviewer: whose key is about to sign.
    ///   - record: what is reviewed.
    ///   - other: the line of the key that broke the glass, when it is still in the allowed-signers file.
    public static func misfit(
        _ reviewer: Signer, of record: BreakGlassRecord, signedBy other: Signer?, rules: BreakGlassRules
    ) -> String? {
        let name = reviewer.principal.name
        if reviewer.principal.kind == .automation { return "\(name) is a program" }
        let names = reviewer.aliases + [name]
        if reviewer.key.fingerprint == record.keyFingerprint || names.contains(record.principal.name)
            || other?.isSamePerson(as: reviewer) == true
        {
            return "\(name) broke the glass"
        }
        guard reviewer.principal.groups.contains(rules.reviewers) else {
            return "\(name) is not in the group '\(rules.reviewers)'"
        }
        return nil
    }
}

/// A review as the log keeps it: the very bytes and the signature over them.
public struct SignedReview: Codable, Sendable, Hashable {
    /// The statement's bytes, exactly.
    public var statement: Payload
    /// The signature over them, armoured.
    public var signature: String

    /// Collects the parts.
    public init(statement: Payload, signature: String) {
        self.statement = statement
        self.signature = signature
    }
}

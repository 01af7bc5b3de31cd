/// What an approver signs: not a bare digest but a sentence about one plan, in one log, for a time.
///
/// An outsider checks it with `ssh-keygen -Y verify` on its bytes and `sha256sum` on the plan.
public struct ApprovalStatement: Codable, Sendable, Hashable {
    /// Which way it goes.
    public enum Verdict: String, Codable, Sendable {
        /// The plan may run.
        case approve
        /// The plan must not run, whoever else approves.
        case deny
    }

    /// SHA-256 of the plan's bytes, hex.
    public var planSha256: String
    /// Which way it goes.
    public var decision: Verdict
    /// The approver's name in the allowed-signers file.
    public var approver: String
    /// Why, in the approver's words; may be empty.
    public var comment: String
    /// It does not count before.
    public var notBefore: Timestamp
    /// It does not count from here on.
    public var expires: Timestamp
    /// 32 to 64 hex digits from a random source, so that no two statements are alike.
    public var nonce: String
    /// Origin of the log the plan may be spent in.
    public var logOrigin: String

    /// Collects the parts.
    public init(
        planSha256: String, decision: Verdict, approver: String, comment: String, notBefore: Timestamp,
        expires: Timestamp,
        nonce: String, logOrigin: String
    ) {
        self.planSha256 = planSha256
        self.decision = decision
        self.approver = approver
        self.comment = comment
        self.notBefore = notBefore
        self.expires = expires
        self.nonce = nonce
        self.logOrigin = logOrigin
    }

    /// The bytes to sign.
    public func encoded() throws -> [UInt8] { try JSON.encodePretty(self) }

    private static let form = StatementBytes(
        name: "an approval statement",
        fields: [
            "planSha256", "decision", "approver", "comment", "notBefore", "expires", "nonce", "logOrigin",
        ],
        remedy: "Make one with 'belay approve'")

    /// Reads signed bytes: one JSON object with exactly these fields.
    public init(bytes: [UInt8]) throws(SignatureRefusal) {
        self = try Self.form.decode(Self.self, from: bytes)
        guard planSha256.isHex(64...64) else { throw Self.form.fault("planSha256 is not a SHA-256 in lower-case hex") }
        guard nonce.isHex(32...64) else { throw Self.form.fault("the nonce is not 32 to 64 lower-case hex digits") }
        guard notBefore < expires else { throw Self.form.fault("it expires before it begins") }
    }
}

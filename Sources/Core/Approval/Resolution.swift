/// What a person signs about a node that Belay cannot bring to its end: in which state it is, or that it is given up.
///
/// An outsider checks it with `ssh-keygen -Y verify` on its bytes, namespace ``SignatureNamespace/resolution``.
public struct Resolution: Codable, Sendable, Hashable {
    /// What the person vouches for.
    public enum Verdict: String, Codable, Sendable, CaseIterable {
        /// The node is as the run found it.
        case before
        /// The node is as the run was to leave it.
        case after
        /// Nobody knows, and nobody will look: the machine is gone, or will be installed anew.
        case abandoned
    }

    /// The run, as its log names it.
    public var run: String
    /// The node's name in the plan.
    public var node: String
    /// SHA-256 of the plan, hex.
    public var planSha256: String
    /// What is vouched for.
    public var verdict: Verdict
    /// Who vouches: their name in the allowed-signers file.
    public var by: String
    /// How they know, in their words.
    public var reason: String
    /// When it was signed.
    public var at: Timestamp
    /// 32 to 64 hex digits from a random source.
    public var nonce: String
    /// Origin of the log it is for.
    public var logOrigin: String

    /// Collects the parts.
    public init(
        run: String, node: String, planSha256: String, verdict: Verdict, by: String, reason: String, at: Timestamp,
        nonce: String, logOrigin: String
    ) {
        self.run = run
        self.node = node
        self.planSha256 = planSha256
        self.verdict = verdict
        self.by = by
        self.reason = reason
        self.at = at
        self.nonce = nonce
        self.logOrigin = logOrigin
    }

    /// The bytes to sign.
    public func encoded() throws -> [UInt8] { try JSON.encodePretty(self) }

    private static let form = StatementBytes(
        name: "a resolution",
        fields: ["run", "node", "planSha256", "verdict", "by", "reason", "at", "nonce", "logOrigin"],
        remedy: "Make one with 'belay resolve'")

    /// Reads signed bytes.
    public init(bytes: [UInt8]) throws(SignatureRefusal) {
        self = try Self.form.decode(Self.self, from: bytes)
        guard planSha256.isHex(64...64) else { throw Self.form.fault("planSha256 is not a SHA-256 in lower-case hex") }
        guard nonce.isHex(32...64) else { throw Self.form.fault("the nonce is not 32 to 64 lower-case hex digits") }
    }
}

/// A resolution as the log keeps it: the very bytes and the signature over them.
public struct SignedResolution: Codable, Sendable, Hashable {
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

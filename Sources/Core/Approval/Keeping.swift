/// What a person signs who makes what a temporary run left in place permanent.
///
/// An outsider checks it with `ssh-keygen -Y verify` on its bytes, namespace ``SignatureNamespace/keeping``.
public struct Keeping: Codable, Sendable, Hashable {
    /// The run, as its log names it.
    public var run: String
    /// SHA-256 of the plan, hex.
    public var planSha256: String
    /// Who keeps it: their name in the allowed-signers file.
    public var by: String
    /// Why it stays, in their words.
    public var reason: String
    /// When it was signed.
    public var at: Timestamp
    /// 32 to 64 hex digits from a random source.
    public var nonce: String
    /// Origin of the log it is for.
    public var logOrigin: String

    /// How many bytes a reason has at most.
    public static let mostReasonBytes = 1000
    /// The obligation of a policy that whoever asked for the run does not keep it alone.
    public static let another = "keep:another"

    /// Collects the parts.
    public init(
        run: String, planSha256: String, by: String, reason: String, at: Timestamp, nonce: String, logOrigin: String
    ) {
        self.run = run
        self.planSha256 = planSha256
        self.by = by
        self.reason = reason
        self.at = at
        self.nonce = nonce
        self.logOrigin = logOrigin
    }

    /// The bytes to sign.
    public func encoded() throws -> [UInt8] { try JSON.encodePretty(self) }

    private static let form = StatementBytes(
        name: "a statement that keeps a run",
        fields: ["run", "planSha256", "by", "reason", "at", "nonce", "logOrigin"], remedy: "Make one with 'belay keep'")

    /// Reads signed bytes.
    public init(bytes: [UInt8]) throws(SignatureRefusal) {
        self = try Self.form.decode(Self.self, from: bytes)
        guard planSha256.isHex(64...64) else { throw Self.form.fault("planSha256 is not a SHA-256 in lower-case hex") }
        guard nonce.isHex(32...64) else { throw Self.form.fault("the nonce is not 32 to 64 lower-case hex digits") }
        guard Self.isReason(reason) else { throw Self.form.fault("its reason is empty or too long") }
    }

    /// Whether somebody could learn anything from it, and would read it.
    public static func isReason(_ text: String) -> Bool {
        text.contains { !$0.isWhitespace } && text.utf8.count <= mostReasonBytes
    }

    /// Why somebody may not keep a run, nil when they may: any person may whose key may sign, unless the policies that the run
    /// began under ask for another one than asked for it.
    /// - Parameters:
    ///   - keeper: whose key is about to sign.
    ///   - requester: who asked for the run.
    ///   - other: the line of the key that signed its plan, when it is still in the allowed-signers file.
    ///   - obligations: what running the plan commits to.
    public static func misfit(
        _ keeper: Signer, of requester: String, signedBy other: Signer?, obligations: [String]
    ) -> String? {
        let name = keeper.principal.name
        if keeper.principal.kind == .automation { return "\(name) is a program" }
        guard obligations.contains(another) else { return nil }
        guard (keeper.aliases + [name]).contains(requester) || other?.isSamePerson(as: keeper) == true else {
            return nil
        }
        return "\(name) asked for the run, and its policies want another person's word (\(another))"
    }
}

/// A keeping as the log has it: the very bytes and the signature over them.
public struct SignedKeeping: Codable, Sendable, Hashable {
    /// The statement's bytes, exactly.
    public var statement: Payload
    /// The signature over them, armoured.
    public var signature: String

    /// Collects the parts.
    public init(statement: Payload, signature: String) {
        self.statement = statement
        self.signature = signature
    }

    /// What it says, if it is about this run and signed for this purpose. That the signature is good was verified before it
    /// became an entry, against the allowed signers of then.
    /// - Parameters:
    ///   - planSha256: the plan's digest; nil where it is not known.
    ///   - by: whom the entry names.
    /// - Throws: ``SignatureRefusal``, and then it keeps nothing.
    public func keeping(of run: String, planSha256: String?, by: String) throws(SignatureRefusal) -> Keeping {
        let keeping = try Keeping(bytes: statement.bytes)
        guard keeping.run == run, keeping.by == by, planSha256 == nil || keeping.planSha256 == planSha256 else {
            throw SignatureRefusal(
                .mismatch, "it is about another run, or by somebody else than its entry says",
                remedy: "Make one with 'belay keep'")
        }
        let signature = try SSHSignature(armored: Array(signature.utf8))
        guard signature.namespace == SignatureNamespace.keeping else {
            throw SignatureRefusal(
                .wrongNamespace, "its signature is for '\(signature.namespace)'", remedy: "Make one with 'belay keep'")
        }
        return keeping
    }
}

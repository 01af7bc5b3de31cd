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

    /// The most bytes a statement may have.
    public static let sizeLimit = 16 << 10

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

    /// Reads signed bytes. They are one JSON object with exactly these fields: an unknown or repeated field would let two
    /// readers see two statements in one signature.
    public init(bytes: [UInt8]) throws(SignatureRefusal) {
        guard bytes.count <= Self.sizeLimit, bytes.first == UInt8(ascii: "{") else {
            throw Self.fault("it is not a JSON object of at most \(Self.sizeLimit) bytes")
        }
        do {
            // JSON is YAML, and the YAML reader refuses repeated and unknown keys, which the JSON reader does not.
            try YAMLDocument(bytes, file: "statement").read { fields in
                for name in [
                    "planSha256", "decision", "approver", "comment", "notBefore", "expires", "nonce", "logOrigin",
                ] {
                    if fields.node(name) == nil { fields.error(name, "is missing") }
                }
            }
        } catch {
            throw Self.fault(error.all.first?.description ?? "")
        }
        guard let statement = try? JSON.decode(Self.self, from: bytes) else {
            throw Self.fault("a field has the wrong form")
        }
        self = statement
        guard planSha256.isHex(64...64) else { throw Self.fault("planSha256 is not a SHA-256 in lower-case hex") }
        guard nonce.isHex(32...64) else { throw Self.fault("the nonce is not 32 to 64 lower-case hex digits") }
        guard notBefore < expires else { throw Self.fault("it expires before it begins") }
    }

    private static func fault(_ reason: String) -> SignatureRefusal {
        SignatureRefusal(
            .malformed, "this is not an approval statement: \(Printable.escape(reason, limit: 300))",
            remedy: "Make one with 'belay approve'")
    }
}

extension String {
    fileprivate func isHex(_ count: ClosedRange<Int>) -> Bool {
        count.contains(utf8.count) && utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

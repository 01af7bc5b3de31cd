/// What a person signs who cannot wait for what the policies ask: a sentence about one plan, in one log, for a short time.
///
/// An outsider checks it with `ssh-keygen -Y verify` on its bytes, namespace ``SignatureNamespace/breakGlass``.
public struct BreakGlassStatement: Codable, Sendable, Hashable {
    /// SHA-256 of the plan's bytes, hex.
    public var planSha256: String
    /// Who signs: their name in the allowed-signers file.
    public var by: String
    /// Why it cannot wait, in their words.
    public var reason: String
    /// The incident it is for, as the organisation names incidents.
    public var incident: String
    /// It lifts nothing from here on.
    public var expires: Timestamp
    /// 32 to 64 hex digits from a random source.
    public var nonce: String
    /// Origin of the log the plan may be spent in.
    public var logOrigin: String

    /// How many characters a reason has at least, runs of blanks as one.
    public static let leastReason = 20
    /// How many bytes it has at most.
    public static let mostReasonBytes = 1000
    /// How many bytes an incident's name has at most.
    public static let mostIncidentBytes = 100
    /// How far away the end may be at most, whatever policies say.
    public static let mostSeconds = 24 * 3600

    /// Collects the parts.
    public init(
        planSha256: String, by: String, reason: String, incident: String, expires: Timestamp, nonce: String,
        logOrigin: String
    ) {
        self.planSha256 = planSha256
        self.by = by
        self.reason = reason
        self.incident = incident
        self.expires = expires
        self.nonce = nonce
        self.logOrigin = logOrigin
    }

    /// The bytes to sign.
    public func encoded() throws -> [UInt8] { try JSON.encodePretty(self) }

    private static let form = StatementBytes(
        name: "a break-glass statement",
        fields: ["planSha256", "by", "reason", "incident", "expires", "nonce", "logOrigin"],
        remedy: "Make one with 'belay apply --break-glass'")

    /// Reads signed bytes.
    public init(bytes: [UInt8]) throws(SignatureRefusal) {
        self = try Self.form.decode(Self.self, from: bytes)
        guard planSha256.isHex(64...64) else { throw Self.form.fault("planSha256 is not a SHA-256 in lower-case hex") }
        guard nonce.isHex(32...64) else { throw Self.form.fault("the nonce is not 32 to 64 lower-case hex digits") }
    }

    /// What is wrong with its words and its time, nil when nothing is. Policies may ask for more than this.
    public func fault(at now: Timestamp) -> String? {
        let characters = reason.split(whereSeparator: \.isWhitespace).joined(separator: " ").count
        if characters < Self.leastReason {
            return "its reason has \(characters) characters, and \(Self.leastReason) are the least"
        }
        if reason.utf8.count > Self.mostReasonBytes { return "its reason is longer than \(Self.mostReasonBytes) bytes" }
        guard incident.contains(where: { !$0.isWhitespace }) else { return "it names no incident" }
        if incident.utf8.count > Self.mostIncidentBytes {
            return "its incident is longer than \(Self.mostIncidentBytes) bytes"
        }
        if now >= expires { return "it expired at \(expires)" }
        let limit = now.adding(seconds: Self.mostSeconds)
        return expires > limit ? "it expires at \(expires), more than \(Self.mostSeconds / 3600) h from now" : nil
    }
}

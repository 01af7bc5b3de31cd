/// A statement and the proof that the approver it names signed these very bytes.
public struct VerifiedApproval: Sendable, Hashable {
    /// What was signed.
    public let statement: ApprovalStatement
    /// Who signed.
    public let signer: Signer

    /// Joins a statement and its verified signature.
    /// - Throws: ``SignatureRefusal`` when they do not belong together.
    public init(statement bytes: [UInt8], signature: VerifiedSignature) throws(SignatureRefusal) {
        guard signature.namespace == SignatureNamespace.approval else {
            throw SignatureRefusal(
                .wrongNamespace, "a signature for '\(signature.namespace)' is no approval",
                remedy: "Sign again with '-n \(SignatureNamespace.approval)'")
        }
        guard signature.messageSha256 == Digest.sha256(bytes) else {
            throw SignatureRefusal(
                .mismatch, "the signature is over other bytes", remedy: "Fetch statement and signature again")
        }
        statement = try ApprovalStatement(bytes: bytes)
        signer = signature.signer
        guard statement.approver == signer.principal.name else {
            throw SignatureRefusal(
                .mismatch,
                "the statement names \(Printable.escape(statement.approver, limit: 100)), the key is of \(signer.principal.name)",
                remedy: "Approve in your own name, as the allowed-signers file spells it")
        }
    }
}

extension VerifiedApproval {
    /// Why it does not count for a plan at an instant, nil when it does. Who asked is looked at by ``ApprovalTally`` alone.
    public func misfit(planSha256: String, logOrigin: String, at now: Timestamp) -> String? {
        if statement.planSha256 != planSha256 { return "it is of another plan, \(statement.planSha256)" }
        if statement.logOrigin != logOrigin {
            return "it is for the log \(Printable.escape(statement.logOrigin, limit: 100)), not for \(logOrigin)"
        }
        if now < statement.notBefore { return "it is not valid before \(statement.notBefore)" }
        if now >= statement.expires { return "it expired at \(statement.expires)" }
        return signer.principal.kind == .automation ? "a program cannot approve" : nil
    }
}

/// Which approvals of a plan count, and why the others do not: plain data, recorded with the decision.
public struct ApprovalTally: Codable, Sendable, Hashable {
    /// The approvals that count, one a person.
    public var counted: [CountedApproval]
    /// Denials of this plan. One is enough.
    public var denials: [ApprovalDenial]
    /// The approvals that do not count.
    public var ignored: [IgnoredApproval]

    /// Nobody has said anything.
    public static let none = ApprovalTally(counted: [], denials: [], ignored: [])

    private init(counted: [CountedApproval], denials: [ApprovalDenial], ignored: [IgnoredApproval]) {
        self.counted = counted
        self.denials = denials
        self.ignored = ignored
    }

    /// Counts.
    ///
    /// An approval counts when it is of this plan and this log, within its time, by a person, and neither the key nor any name
    /// of its signer is the requester's or that of an approval counted before. A denial of this plan wins, and does not lapse.
    ///
    /// - Parameters:
    ///   - approvals: in any order; the result does not depend on it.
    ///   - planSha256: of the plan's bytes, hex.
    ///   - logOrigin: the plan's.
    ///   - requester: who signed the plan.
    public init(
        _ approvals: [VerifiedApproval], planSha256: String, logOrigin: String, requester: Signer, now: Timestamp
    ) {
        self = .none
        var people: [Signer] = []
        // Of several by one person the one that lasts longest counts.
        for approval in approvals.sorted(by: Self.isBefore) {
            let statement = approval.statement
            let name = approval.signer.principal.name
            if statement.decision == .deny, statement.planSha256 == planSha256 {
                denials.append(ApprovalDenial(approver: name, comment: statement.comment))
            } else if let reason = Self.reason(against: approval, planSha256, logOrigin, requester, now) {
                ignored.append(IgnoredApproval(approver: name, reason: reason))
            } else if people.contains(where: approval.signer.isSamePerson) {
                ignored.append(IgnoredApproval(approver: name, reason: "this person's approval is counted already"))
            } else {
                people.append(approval.signer)
                counted.append(CountedApproval(approval))
            }
        }
    }

    private static func isBefore(_ left: VerifiedApproval, _ right: VerifiedApproval) -> Bool {
        (right.statement.expires, left.signer.principal.name, left.statement.nonce)
            < (left.statement.expires, right.signer.principal.name, right.statement.nonce)
    }

    private static func reason(
        against approval: VerifiedApproval, _ planSha256: String, _ logOrigin: String, _ requester: Signer,
        _ now: Timestamp
    ) -> String? {
        if let misfit = approval.misfit(planSha256: planSha256, logOrigin: logOrigin, at: now) { return misfit }
        if approval.signer.key == requester.key { return "the plan was signed with the same key" }
        if approval.signer.isSamePerson(as: requester) { return "the approver is the requester" }
        return nil
    }
}

/// An approval that counts.
public struct CountedApproval: Codable, Sendable, Hashable {
    /// Who.
    public var principal: Principal
    /// With which key.
    public var keyFingerprint: String
    /// From when on, as the statement says.
    public var at: Timestamp
    /// Until when.
    public var expires: Timestamp
    /// Why.
    public var comment: String

    init(_ approval: VerifiedApproval) {
        principal = approval.signer.principal
        keyFingerprint = approval.signer.key.fingerprint
        at = approval.statement.notBefore
        expires = approval.statement.expires
        comment = approval.statement.comment
    }
}

/// Somebody who was asked said no.
public struct ApprovalDenial: Codable, Sendable, Hashable {
    /// Who.
    public var approver: String
    /// Why.
    public var comment: String
}

/// An approval that does not count.
public struct IgnoredApproval: Codable, Sendable, Hashable {
    /// Who.
    public var approver: String
    /// Why it does not count.
    public var reason: String
}

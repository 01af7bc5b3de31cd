/// A break-glass statement and the proof that the person it names signed these very bytes.
public struct VerifiedBreakGlass: Sendable, Hashable {
    /// What was signed.
    public let statement: BreakGlassStatement
    /// Who signed.
    public let signer: Signer

    /// Joins a statement and its verified signature.
    /// - Throws: ``SignatureRefusal`` when they do not belong together.
    public init(statement bytes: [UInt8], signature: VerifiedSignature) throws(SignatureRefusal) {
        guard signature.namespace == SignatureNamespace.breakGlass else {
            throw SignatureRefusal(
                .wrongNamespace, "a signature for '\(signature.namespace)' breaks no glass",
                remedy: "Sign again with '-n \(SignatureNamespace.breakGlass)'")
        }
        guard signature.messageSha256 == Digest.sha256(bytes) else {
            throw SignatureRefusal(
                .mismatch, "the signature is over other bytes", remedy: "Apply again with --break-glass")
        }
        statement = try BreakGlassStatement(bytes: bytes)
        signer = signature.signer
        guard statement.by == signer.principal.name else {
            throw SignatureRefusal(
                .mismatch,
                "the statement names \(Printable.escape(statement.by, limit: 100)), the key is of \(signer.principal.name)",
                remedy: "Break the glass in your own name, as the allowed-signers file spells it")
        }
    }
}

/// Broken glass that counts: plain data, recorded with every decision that it had a part in.
public struct BreakGlass: Codable, Sendable, Hashable {
    /// Who broke it: who asked for the plan, by the same key.
    public let principal: Principal
    /// With which key.
    public let keyFingerprint: String
    /// Why.
    public let reason: String
    /// For which incident.
    public let incident: String
    /// It lifts nothing from here on.
    public let expires: Timestamp

    /// Counts a statement, or says why it does not count. What holds here holds whatever the policies say, and where there
    /// are none about break-glass.
    ///
    /// - Parameters:
    ///   - planSha256: of the plan's bytes, hex.
    ///   - logOrigin: the plan's.
    ///   - requester: who signed the plan.
    ///   - rules: whose group it takes.
    /// - Throws: ``PermitRefusal`` with the code `breakGlassRefused`.
    public init(
        _ verified: VerifiedBreakGlass, planSha256: String, logOrigin: String, requester: Signer,
        rules: BreakGlassRules, at now: Timestamp
    ) throws(PermitRefusal) {
        try Self.check(
            verified.statement, of: verified.signer, planSha256: planSha256, logOrigin: logOrigin,
            requester: requester, rules: rules, at: now)
        principal = verified.signer.principal
        keyFingerprint = verified.signer.key.fingerprint
        reason = verified.statement.reason
        incident = verified.statement.incident
        expires = verified.statement.expires
    }

    /// The same of a statement that nobody has signed yet, so that no key is touched for one that would not count.
    /// - Parameter signer: who is about to sign.
    /// - Throws: ``PermitRefusal`` with the code `breakGlassRefused`.
    public static func check(
        _ statement: BreakGlassStatement, of signer: Signer, planSha256: String, logOrigin: String, requester: Signer,
        rules: BreakGlassRules, at now: Timestamp
    ) throws(PermitRefusal) {
        if statement.planSha256 != planSha256 { throw refusal("it is of another plan, \(statement.planSha256)") }
        if statement.logOrigin != logOrigin {
            throw refusal(
                "it is for the log \(Printable.escape(statement.logOrigin, limit: 100)), not for \(logOrigin)")
        }
        if let fault = statement.fault(at: now) { throw refusal(fault) }
        // One person for both, so that whoever approves the plan is somebody else than either.
        guard signer.key == requester.key else {
            throw refusal("it is signed with another key than the plan", remedy: "Sign it with the key the plan has")
        }
        guard signer.principal.kind == .human else { throw refusal("\(signer.principal.name) is a program") }
        guard signer.principal.groups.contains(rules.group) else {
            throw refusal(
                "\(signer.principal.name) is not in the group '\(rules.group)'",
                remedy: "Ask someone of that group to plan and apply it")
        }
    }

    private static func refusal(
        _ reason: String, remedy: String = "Apply again with --break-glass, in your own name and for this plan"
    ) -> PermitRefusal {
        PermitRefusal(code: .breakGlassRefused, message: "break-glass does not count: \(reason)", remedy: remedy)
    }

    /// Whether it lifts anything at an instant.
    public func holds(at now: Timestamp) -> Bool { now < expires }
}

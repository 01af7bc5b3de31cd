public import Core

/// What somebody who cannot wait says on the command line.
public struct BreakGlassRequest: Sendable, Hashable {
    /// Why it cannot wait.
    public var reason: String
    /// For which incident.
    public var incident: String
    /// Until when it is to lift anything.
    public var expires: Timestamp
    /// The private key to sign with, nil for the project's.
    public var key: String?

    /// Collects the parts.
    public init(reason: String, incident: String, expires: Timestamp, key: String?) {
        self.reason = reason
        self.incident = incident
        self.expires = expires
        self.key = key
    }
}

/// Broken glass as it was signed.
struct SignedBreakGlass: Sendable {
    let verified: VerifiedBreakGlass
    let statement: Payload
    let signature: String
}

extension Belay {
    /// Signs that a plan cannot wait, and verifies that as anybody would.
    /// - Throws: ``PermitRefusal`` before any key is touched where it would not count, ``SignatureRefusal`` for a key that may
    ///   not sign it.
    func breakGlass(
        _ request: BreakGlassRequest, for plan: Plan, _ planSha256: String, requester: Signer, _ guardrails: Guardrails
    ) async throws -> SignedBreakGlass {
        let key = try signingKey(request.key)
        let signer = try signer(of: key, namespace: SignatureNamespace.breakGlass, among: guardrails.signers)
        let statement = BreakGlassStatement(
            planSha256: planSha256, by: signer.principal.name, reason: request.reason, incident: request.incident,
            expires: request.expires, nonce: nonces.next(), logOrigin: plan.log.origin)
        try BreakGlass.check(
            statement, of: signer, planSha256: planSha256, logOrigin: plan.log.origin, requester: requester,
            rules: guardrails.policies.breakGlassRules, at: clock.now())
        let bytes = try statement.encoded()
        let armored = try await keygen.sign(bytes, key: key, namespace: SignatureNamespace.breakGlass)
        let signature = try await keygen.verify(
            armored, over: bytes, namespace: SignatureNamespace.breakGlass, signers: guardrails.signers,
            at: clock.now())
        return SignedBreakGlass(
            verified: try VerifiedBreakGlass(statement: bytes, signature: signature), statement: Payload(bytes: bytes),
            signature: String(decoding: armored, as: UTF8.self))
    }
}

/// Broken glass, and who knows of it.
public struct BreakGlassNotice: Sendable {
    /// As it is in the log.
    public var record: BreakGlassRecord
    /// What came of telling others; nil where the project names nobody to tell.
    public var notification: NotificationRecord?
}

extension Belay {
    /// Tells others that the glass is broken, and records whether they could be told. The run does not wait for them longer
    /// than ``Notifier`` does, and goes ahead whatever comes of it.
    func tell(of record: BreakGlassRecord, _ plan: Plan, _ planSha256: String) async throws -> BreakGlassNotice {
        guard let notifier = Notifier(command: workspace.configuration.notify) else {
            return BreakGlassNotice(record: record, notification: nil)
        }
        let message = try BreakGlassMessage(record, plan, planSha256).json(hiding: plan.secrets)
        let told = NotificationRecord(command: notifier.command, failure: await notifier.failure(telling: message))
        try await log.hiding(plan.secrets).append(.notified(told), by: runner.holder, run: plan.id)
        return BreakGlassNotice(record: record, notification: told)
    }
}

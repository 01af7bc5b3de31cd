@testable import Core

/// Statements that break the glass, as somebody with a key and no scruples can make them.
enum BreakGlassSamples {
    static func statement(
        of digest: String, by who: String = "alice", reason: String = "kubelets are down everywhere",
        incident: String = "INC-4711", expires: Int = 3600, origin: String = ApprovalSamples.origin
    ) -> BreakGlassStatement {
        BreakGlassStatement(
            planSha256: digest, by: who, reason: reason, incident: incident,
            expires: ApprovalSamples.now.adding(seconds: expires), nonce: String(repeating: "0f", count: 16),
            logOrigin: origin)
    }

    static func signer(_ who: String = "alice", key: String? = nil, groups: [String] = ["break-glass", "sre"]) throws
        -> Signer
    {
        try ApprovalSamples.signer(who, key: key, groups: groups)
    }

    static func verified(
        _ statement: BreakGlassStatement, by signer: Signer, namespace: String = SignatureNamespace.breakGlass
    ) throws -> VerifiedBreakGlass {
        let bytes = try statement.encoded()
        return try VerifiedBreakGlass(statement: bytes, signature: .sample(signer, over: bytes, namespace))
    }

    /// Glass that alice broke for the plan of `PolicySamples`.
    static func glass(expires: Int = 3600) throws -> BreakGlass {
        let signer = try signer()
        return try BreakGlass(
            verified(statement(of: PolicySamples.digest, expires: expires), by: signer),
            planSha256: PolicySamples.digest, logOrigin: ApprovalSamples.origin, requester: signer, rules: .shipped,
            at: ApprovalSamples.now)
    }
}

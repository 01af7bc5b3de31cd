public import Core

extension Belay {
    /// What an approver signed.
    public struct SignedStatement: Sendable {
        /// The statement.
        public var statement: ApprovalStatement
        /// Its file; the signature is beside it as `.sig`.
        public var file: String
        /// Whether this log has the plan, and so the statement: then it counts whatever becomes of the file.
        public var isRecorded: Bool
    }

    /// When a statement is to hold; never longer than the plan.
    public struct Validity: Sendable, Hashable {
        /// From when on; nil = from now on.
        public var from: Timestamp?
        /// Until when.
        public var until: Timestamp

        /// Collects the parts.
        public init(from: Timestamp? = nil, until: Timestamp) {
            self.from = from
            self.until = until
        }
    }

    /// Signs a statement about exactly this plan and leaves it beside the plan's file. A denial takes back what the same
    /// person approved before.
    /// - Parameters:
    ///   - shown: the digest of what the approver was shown: the file may have been exchanged since.
    ///   - decision: approve or deny.
    ///   - validity: when it holds.
    /// - Throws: ``PermitRefusal`` for a plan that is spent or expired: no word about it changes anything.
    public func approve(
        planFile: String, shown: String, decision: ApprovalStatement.Verdict, comment: String, validity: Validity,
        key: String?
    ) async throws -> SignedStatement {
        let bytes = try ProjectFiles.read(planFile)
        guard Digest.sha256(bytes) == shown else {
            throw WorkspaceError("\(planFile) was changed while it was shown", remedy: "Look at the plan again.")
        }
        let plan = try Plan(bytes: bytes)
        let key = try signingKey(key)
        let approver = try signer(of: key, namespace: SignatureNamespace.approval, among: try workspace.signers())
        let run = try await store().runs.first { $0.planned?.planSha256 == shown }
        if run?.state.isStarted == true { throw PermitRefusal.spent }
        let (from, until) = try bounds(of: validity, for: plan)
        let statement = ApprovalStatement(
            planSha256: shown, decision: decision, approver: approver.principal.name, comment: comment,
            notBefore: from, expires: until, nonce: nonces.next(), logOrigin: plan.log.origin)
        let encoded = try statement.encoded()
        let signature = try await keygen.sign(encoded, key: key, namespace: SignatureNamespace.approval)
        // In the log first, where this is the plan's log: a denial must not depend on a file that somebody can remove.
        if run != nil {
            let record = ApprovalRecord(
                statement: Payload(bytes: encoded), signature: String(decoding: signature, as: UTF8.self))
            try await log.append(.approval(record), by: approver.principal.name, run: plan.id)
        }
        let folder = FoundStatement.folder(of: planFile)
        try SystemFiles().createFolder(folder)
        let file = ProjectFiles.join(folder, "\(statement.nonce.prefix(12)).json")
        // The statement appears last: a reader that sees it finds its signature.
        try ProjectFiles.write(signature, to: file + ".sig")
        try ProjectFiles.write(encoded, to: file)
        return SignedStatement(statement: statement, file: file, isRecorded: run != nil)
    }

    private func bounds(of validity: Validity, for plan: Plan) throws -> (from: Timestamp, until: Timestamp) {
        let now = clock.now()
        guard now < plan.expiresAt else { throw PermitRefusal.expired(plan) }
        let from = max(now, validity.from ?? now)
        guard from < plan.expiresAt else {
            throw WorkspaceError(
                "the plan expires at \(plan.expiresAt), before the approval begins at \(from)",
                remedy: "Have it planned for longer, with `belay plan --expires`.")
        }
        guard from < validity.until else {
            throw WorkspaceError(
                "the approval would end at \(validity.until), before it begins at \(from)",
                remedy: "Give it a later end with --expires.")
        }
        return (from, min(validity.until, plan.expiresAt))
    }

    /// Every statement about a plan whose signature holds: those in the log, and those beside its file, which are recorded
    /// as they are first seen. A denial once recorded stays, whatever becomes of its file.
    func approvals(
        beside planFile: String, of run: StoredRun, _ signers: Guardrails.Signers
    ) async throws -> [VerifiedApproval] {
        var approvals: [VerifiedApproval] = []
        for found in try FoundStatement.all(of: run, beside: planFile) {
            let approval = try await found.verified(signers: signers, at: clock.now())
            approvals.append(approval)
            guard case .file = found.place else { continue }
            try await log.append(.approval(found.record), by: approval.signer.principal.name, run: run.id)
        }
        return approvals
    }
}

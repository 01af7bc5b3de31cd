public import Core
import Foundation

extension Belay {
    /// What an approver signed.
    public struct SignedStatement: Sendable {
        /// The statement.
        public var statement: ApprovalStatement
        /// Its file; the signature is beside it as `.sig`.
        public var file: String
    }

    /// Signs a statement about exactly this plan and leaves it beside the plan's file.
    /// - Parameters:
    ///   - shown: the digest of what the approver was shown: the file may have been exchanged since.
    ///   - decision: approve or deny.
    ///   - seconds: how long it holds.
    public func approve(
        planFile: String, shown: String, decision: ApprovalStatement.Verdict, comment: String, seconds: Int,
        key: String?
    ) async throws -> SignedStatement {
        let bytes = try ProjectFiles.read(planFile)
        guard Digest.sha256(bytes) == shown else {
            throw WorkspaceError("\(planFile) was changed while it was shown", remedy: "Look at the plan again.")
        }
        let plan = try JSON.decode(Plan.self, from: bytes)
        let key = try signingKey(key)
        let approver = try signer(of: key, namespace: SignatureNamespace.approval, among: try workspace.signers())
        let now = clock.now()
        let statement = ApprovalStatement(
            planSha256: Digest.sha256(bytes), decision: decision, approver: approver.principal.name, comment: comment,
            notBefore: now, expires: min(now.adding(seconds: seconds), plan.expiresAt), nonce: nonces.next(),
            logOrigin: plan.log.origin)
        let encoded = try statement.encoded()
        let signature = try await keygen.sign(encoded, key: key, namespace: SignatureNamespace.approval)
        // In the log first, where this is the plan's log: a denial must not depend on a file that somebody can remove.
        if try await store().runs.contains(where: { $0.planned?.planSha256 == shown }) {
            let record = ApprovalRecord(
                statement: Payload(bytes: encoded), signature: String(decoding: signature, as: UTF8.self))
            try await log.append(.approval(record), by: approver.principal.name, run: plan.id)
        }
        let folder = Self.folder(of: planFile)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let file = ProjectFiles.join(folder, "\(statement.nonce.prefix(12)).json")
        // The statement appears last: a reader that sees it finds its signature.
        try ProjectFiles.write(signature, to: file + ".sig")
        try ProjectFiles.write(encoded, to: file)
        return SignedStatement(statement: statement, file: file)
    }

    static func folder(of planFile: String) -> String { planFile + ".approvals" }

    /// Every statement about a plan whose signature holds: those in the log, and those beside its file, which are recorded
    /// as they are first seen. A denial once recorded stays, whatever becomes of its file.
    func approvals(
        beside planFile: String, of run: StoredRun, _ signers: Guardrails.Signers
    ) async throws -> [VerifiedApproval] {
        let recorded = run.records.compactMap {
            if case .approval(let record)? = $0.record.event { record } else { nil }
        }
        let found = try statements(beside: planFile).filter { !recorded.contains($0) }
        var approvals: [VerifiedApproval] = []
        for record in recorded + found {
            let verified = try await keygen.verify(
                Array(record.signature.utf8), over: record.statement.bytes, namespace: SignatureNamespace.approval,
                signers: signers, at: clock.now())
            approvals.append(try VerifiedApproval(statement: record.statement.bytes, signature: verified))
            guard !recorded.contains(record) else { continue }
            try await log.append(.approval(record), by: verified.signer.principal.name, run: run.id)
        }
        return approvals
    }

    private func statements(beside planFile: String) throws -> [ApprovalRecord] {
        let folder = Self.folder(of: planFile)
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        return try ProjectFiles.list(folder).filter { $0.hasSuffix(".json") }.map { name in
            let signature = try ProjectFiles.read(ProjectFiles.join(folder, name + ".sig"))
            return ApprovalRecord(
                statement: Payload(bytes: try ProjectFiles.read(ProjectFiles.join(folder, name))),
                signature: String(decoding: signature, as: UTF8.self))
        }
    }
}

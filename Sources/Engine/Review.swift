public import Core

extension Belay {
    /// Signs that how the glass was broken in a run has been looked at, which closes its review.
    /// - Parameters:
    ///   - id: the run's id, or its beginning.
    ///   - comment: what the reviewer says of it.
    ///   - key: the reviewer's private key, nil for the project's.
    /// - Returns: what was signed; several where the glass was broken again before the run began.
    /// - Throws: ``WorkspaceError`` where nothing is open, ``SignatureRefusal`` for who may not review it.
    public func review(run id: String, comment: String, key: String?) async throws -> [Review] {
        let run = try await store().run(id)
        let open = run.openReviews
        guard !open.isEmpty else {
            throw WorkspaceError(
                "run \(run.id) has no open review", remedy: "`belay status` shows those that are open.")
        }
        let key = try signingKey(key)
        let guardrails = try workspace.guardrails()
        let reviewer = try signer(of: key, namespace: SignatureNamespace.review, among: guardrails.signers)
        var reviews: [Review] = []
        for (record, _) in open {
            let other = guardrails.signers.list.signers.first { $0.key.fingerprint == record.keyFingerprint }
            let rules = guardrails.policies.breakGlassRules
            if let misfit = Review.misfit(reviewer, of: record, signedBy: other, rules: rules) {
                throw SignatureRefusal(
                    .notAllowed, "this review is not \(reviewer.principal.name)'s to sign: \(misfit)",
                    remedy: "Have somebody else of the group '\(rules.reviewers)' look at it")
            }
            reviews.append(try await sign(of: record, run, comment, key, reviewer, guardrails.signers))
        }
        return reviews
    }

    private func sign(
        of record: BreakGlassRecord, _ run: StoredRun, _ comment: String, _ key: String, _ reviewer: Signer,
        _ signers: Guardrails.Signers
    ) async throws -> Review {
        let review = Review(
            run: run.id, planSha256: run.planSha256, statementSha256: record.statementSha256,
            by: reviewer.principal.name, comment: comment, at: clock.now(), nonce: nonces.next(),
            logOrigin: try await log.reference.origin)
        let bytes = try review.encoded()
        let signature = try await keygen.sign(bytes, key: key, namespace: SignatureNamespace.review)
        _ = try await keygen.verify(
            signature, over: bytes, namespace: SignatureNamespace.review, signers: signers, at: review.at)
        let signed = SignedReview(
            statement: Payload(bytes: bytes), signature: String(decoding: signature, as: UTF8.self))
        try await log.append(.reviewed(signed), by: review.by, run: run.id)
        return review
    }
}

extension StoredRun {
    /// How and when the glass was broken for it, and nobody has looked at yet; oldest first. Signatures were verified before they
    /// became entries, against the allowed signers of then.
    public var openReviews: [(record: BreakGlassRecord, at: Timestamp)] {
        let reviews = records.compactMap { entry -> Review? in
            guard case .reviewed(let signed)? = entry.record.event else { return nil }
            return try? Review(bytes: signed.statement.bytes)
        }
        return records.compactMap { entry in
            guard case .breakGlassUsed(let record)? = entry.record.event else { return nil }
            let isReviewed = reviews.contains {
                $0.statementSha256 == record.statementSha256 && $0.run == id && $0.by != record.principal.name
            }
            return isReviewed ? nil : (record, entry.record.at)
        }
    }
}

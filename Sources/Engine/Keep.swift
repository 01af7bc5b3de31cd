public import Core

extension Belay {
    /// Signs that what a temporary run left in place stays there.
    /// - Parameters:
    ///   - id: the run's id, or its beginning.
    ///   - reason: why it stays.
    ///   - key: the person's private key, nil for the project's.
    /// - Throws: ``WorkspaceError`` where nothing is to be kept, ``SignatureRefusal`` for who may not keep it.
    public func keep(run id: String, reason: String, key: String?) async throws -> Keeping {
        let store = try await store()
        let run = try store.run(id)
        try check(run, store.temporaryChanges()[run.id])
        let key = try signingKey(key)
        let signers = try workspace.signers()
        let keeper = try signer(of: key, namespace: SignatureNamespace.keeping, among: signers)
        let misfit = Keeping.misfit(
            keeper, of: run.plan.requester, signedBy: requester(of: run, among: signers),
            obligations: run.decision(in: .execute)?.obligations ?? [])
        if let misfit {
            throw SignatureRefusal(
                .notAllowed, "run \(run.id) is not \(keeper.principal.name)'s to keep: \(misfit)",
                remedy: "Have somebody else sign with their own key")
        }
        let keeping = Keeping(
            run: run.id, planSha256: run.planSha256, by: keeper.principal.name, reason: reason, at: clock.now(),
            nonce: nonces.next(), logOrigin: try await log.reference.origin)
        let bytes = try keeping.encoded()
        let signature = try await keygen.sign(bytes, key: key, namespace: SignatureNamespace.keeping)
        _ = try await keygen.verify(
            signature, over: bytes, namespace: SignatureNamespace.keeping, signers: signers, at: keeping.at)
        let signed = SignedKeeping(
            statement: Payload(bytes: bytes), signature: String(decoding: signature, as: UTF8.self))
        try await log.append(.kept(signed), by: keeping.by, run: run.id)
        return keeping
    }

    // The line of the key that signed the plan; of an adopted run nobody's, since its plan came without a signature.
    private func requester(of run: StoredRun, among signers: Guardrails.Signers) -> Signer? {
        guard let planned = run.planned, let signature = try? SSHSignature(armored: Array(planned.signature.utf8))
        else { return nil }
        return signers.list.signers.first { $0.key == signature.publicKey }
    }

    private func check(_ run: StoredRun, _ change: TemporaryChange?) throws(WorkspaceError) {
        func refuse(_ why: String, _ remedy: String) -> WorkspaceError {
            WorkspaceError("run \(run.id) \(why)", remedy: remedy)
        }
        if let fault = run.fault {
            throw refuse("cannot be read: \(fault)", "`belay audit verify` says what is damaged.")
        }
        guard run.plan.temporarySeconds != nil else {
            throw refuse("is not temporary", "What it did stays in place: there is nothing to keep.")
        }
        guard run.state.end != nil else {
            throw refuse("has not ended", "Keep it when it has: `belay status` shows it then.")
        }
        guard let change else {
            throw refuse("left nothing in place on any node", "There is nothing to keep.")
        }
        if let kept = change.kept {
            throw refuse(
                "is kept already, by \(kept.by): \(kept.reason)", "To take it back: `belay rollback \(run.id)`.")
        }
        if change.nodes.isEmpty {
            let backs = Set(change.returned.values).sorted().joined(separator: ", ")
            throw refuse("was given back already, by run \(backs)", "To have it for good, plan it again.")
        }
    }
}

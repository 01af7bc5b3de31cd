public import Core

extension Belay {
    /// What came of keeping what a temporary run left.
    public struct Kept: Sendable {
        /// The statement.
        public var keeping: Keeping
        /// Whether it was signed before, and only nodes were asked once more.
        public var isOld: Bool
        /// Node → what it said when the way back that it has by itself was taken from it.
        public var standings: [String: NodeReturnStanding] = [:]
        /// Node → why it was not asked.
        public var unreached: [String: NodeFailure] = [:]
        /// When nodes give it back that it was not taken from.
        public var due: Timestamp
        /// Those nodes.
        public var stillArmed: [String] = []
    }

    /// Signs that what a temporary run left in place stays there, and takes from its nodes what they would do about it by
    /// themselves. A run that is kept already is not signed for again: the nodes are asked that could not be asked then.
    /// - Parameters:
    ///   - id: the run's id, or its beginning.
    ///   - reason: why it stays.
    ///   - key: the person's private key, nil for the project's.
    /// - Throws: ``WorkspaceError`` where nothing is to be kept, ``SignatureRefusal`` for who may not keep it.
    public func keep(run id: String, reason: String, key: String?) async throws -> Kept {
        let store = try await store()
        let run = try store.run(id)
        let change = try check(run, store.temporaryChanges()[run.id])
        if let kept = change.kept {
            return try await takeFromNodes(Kept(keeping: kept, isOld: true, due: change.due), run)
        }
        let keeping = try await sign(run, reason: reason, key: key)
        return try await takeFromNodes(Kept(keeping: keeping, isOld: false, due: change.due), run)
    }

    // After the statement, which is on record by then: until it is, the node is to give it back.
    private func takeFromNodes(_ given: Kept, _ run: StoredRun) async throws -> Kept {
        var kept = given
        guard let change = try await store().temporaryChanges()[run.id], !change.stillArmed.isEmpty else { return kept }
        let answers = try await ask(.take, change.stillArmed, of: run, change)
        (kept.standings, kept.unreached) = (answers.standings, answers.unreached)
        kept.stillArmed = try await store().temporaryChanges()[run.id]?.stillArmed ?? []
        return kept
    }

    private func sign(_ run: StoredRun, reason: String, key: String?) async throws -> Keeping {
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

    private func check(
        _ run: StoredRun, _ change: TemporaryChange?
    ) throws(WorkspaceError) -> TemporaryChange {
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
            guard change.stillArmed.isEmpty else { return change }
            throw refuse(
                "is kept already, by \(kept.by): \(kept.reason)", "To take it back: `belay rollback \(run.id)`.")
        }
        if change.nodes.isEmpty {
            let backs = Set(change.returned.values).sorted().joined(separator: ", ")
            let by = change.returnedAlone.isEmpty ? "run \(backs)" : "the nodes themselves"
            throw refuse("was given back already, by \(by)", "To have it for good, plan it again.")
        }
        return change
    }
}

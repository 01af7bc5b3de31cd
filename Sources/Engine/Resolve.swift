public import Core

extension Belay {
    /// Ends a run on a node by a person's signed word, and brings the rest of the run to its end as recovery would.
    ///
    /// What the run left on the node is taken away if it answers; nothing is undone there.
    /// - Parameters:
    ///   - id: the run's id, or its beginning.
    ///   - name: the node's name in the plan.
    ///   - verdict: what is vouched for.
    ///   - reason: how the person knows.
    ///   - key: the person's private key, nil for the project's.
    /// - Throws: ``WorkspaceError`` where there is nothing to resolve, ``SignatureRefusal`` for a key that may not sign.
    public func resolve(
        run id: String, node name: String, as verdict: Resolution.Verdict, reason: String, key: String?,
        watch: @escaping Runner.Watch
    ) async throws -> RunState {
        let run = try await store().run(id)
        guard let lock = try RunLock.tryAcquire(run: run.id, in: workspace.logDirectory) else {
            throw WorkspaceError(
                "run \(run.id) is under way in another process", remedy: "Watch it with `belay runs show \(run.id)`.")
        }
        defer { lock.release() }
        let fresh = try await store().run(run.id)
        try check(fresh, name)
        let (word, signed) = try await sign(fresh, name, verdict, reason, key)
        try await log.append(.run(.resolved(signed)), by: word.by, run: fresh.id, node: name)
        return try await runner.recover(try await store().run(fresh.id), watch: watch)
    }

    private func check(_ run: StoredRun, _ name: String) throws {
        if let fault = run.fault {
            throw WorkspaceError("run \(run.id): \(fault)", remedy: "`belay audit verify` says what is damaged.")
        }
        guard let node = run.state.nodes.first(where: { $0.plan.name == name }) else {
            let names = run.state.nodes.map(\.plan.name)
            throw WorkspaceError(
                "run \(run.id) has no node '\(name)'\(Suggestion.hint(for: name, among: names))",
                remedy: "Its nodes: \(names.joined(separator: ", ")).")
        }
        guard run.state.isStarted, node.mayBeResolved else {
            throw WorkspaceError(
                "\(name) stands as \(node.state.rawValue) in run \(run.id): there is nothing to vouch for",
                remedy: run.state.end == .succeeded
                    ? "To go back, plan it: `belay rollback \(run.id)`." : "`belay runs show \(run.id)` has it all.")
        }
    }

    private func sign(
        _ run: StoredRun, _ name: String, _ verdict: Resolution.Verdict, _ reason: String, _ key: String?
    ) async throws -> (Resolution, SignedResolution) {
        let key = try signingKey(key)
        let signer = try signer(of: key, namespace: SignatureNamespace.resolution, among: try workspace.signers())
        guard signer.principal.kind == .human else {
            throw SignatureRefusal(
                .notAllowed, "\(signer.principal.name) is automation, and this is a person's word",
                remedy: "Have somebody look at the node and sign with their own key")
        }
        let word = Resolution(
            run: run.id, node: name, planSha256: run.planSha256, verdict: verdict, by: signer.principal.name,
            reason: reason, at: clock.now(), nonce: nonces.next(), logOrigin: try await log.reference.origin)
        let bytes = try word.encoded()
        let signature = try await keygen.sign(bytes, key: key, namespace: SignatureNamespace.resolution)
        let signed = SignedResolution(
            statement: Payload(bytes: bytes), signature: String(decoding: signature, as: UTF8.self))
        return (word, signed)
    }
}

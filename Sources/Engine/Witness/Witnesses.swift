import TransparencyLog

/// The witnesses of a log, as its policy names them.
struct Witnesses: Sendable {
    let policy: WitnessPolicy
    let log: AuditLog
    let service: any WitnessService
    let store: CosignatureStore
    /// How long a run waits for the quorum; a round that has begun is let end, at most twice the service's own limit.
    let limit: Duration

    init(
        _ policy: WitnessPolicy, of log: AuditLog, through service: any WitnessService,
        limit: Duration = .seconds(30)
    ) async throws {
        self.policy = policy
        self.log = log
        self.service = service
        self.limit = limit
        store = try CosignatureStore(directory: log.directory, key: try await log.verifierKey)
    }

    /// Publishes the log and asks all witnesses at once to cosign it.
    ///
    /// - Parameter isHurried: whether to leave off asking the others when the quorum is there.
    /// - Throws: ``AuditError`` when the log cannot be published. A witness that fails is a reply like any other.
    func ask(isHurried: Bool = false) async throws -> WitnessRound {
        var signed = try await store.complete(try await log.checkpoint())
        let keys = policy.witnesses.map(\.key)
        let had = try cosigners(of: signed)
        let answers = try await answers(for: signed, had: had, isHurried: isHurried)
        let lines = answers.flatMap(\.lines)
        if !lines.isEmpty {
            signed = try await store.add(lines, to: signed, by: keys)
            try await store.remember(
                signed.checkpoint.size, of: answers.filter { !$0.lines.isEmpty }.map(\.witness.key))
        }
        let cosigners = try cosigners(of: signed)
        return WitnessRound(
            checkpoint: signed,
            replies: answers.map { answer in
                let time = cosigners.first { $0.key == answer.witness.key }?.time
                return WitnessRound.Reply(
                    witness: answer.witness,
                    outcome: time.map { .cosigned(at: $0) } ?? .failed(answer.failure ?? "it did not cosign"))
            }, hasQuorum: policy.isSatisfied(by: Set(cosigners.map(\.key))))
    }

    private func cosigners(of signed: SignedCheckpoint) throws -> [Cosigner] {
        do {
            return try signed.cosigners(among: policy.witnesses.map(\.key))
        } catch {
            throw AuditError(.damaged, "\(log.directory)/checkpoint: \(error). Restore the file from a copy")
        }
    }

    /// Returns once the quorum has cosigned all that is in the log now; asks again while there is time.
    ///
    /// - Throws: ``WitnessFailure`` when it has not.
    func awaitQuorum() async throws {
        guard !policy.isSatisfied(by: []) else {
            throw WitnessFailure(
                "the project is strict, but its witness policy asks for no witness",
                remedy: "Name a quorum there, or take log.strict out of \(Workspace.fileName). Nothing was begun.")
        }
        let end = ContinuousClock.now + limit
        var pause = Duration.seconds(1)
        while true {
            let round = try await ask(isHurried: true)
            if round.hasQuorum { return }
            guard ContinuousClock.now + pause < end else {
                throw WitnessFailure(
                    "the log's witnesses have not cosigned it (\(policy.quorumDescription) must): \(round.failures)",
                    remedy: "Nothing was begun and the plan is not spent: see to it that `belay audit witness sync` "
                        + "succeeds, then apply again.")
            }
            try await Task.sleep(for: pause)
            pause *= 2
        }
    }

    private struct Answer: Sendable {
        let witness: WitnessPolicy.Witness
        /// Verified.
        var lines: [NoteSignature] = []
        var failure: String?
    }

    private func answers(
        for signed: SignedCheckpoint, had: [Cosigner], isHurried: Bool
    ) async throws -> [Answer] {
        let known = await store.knownSizes()
        var cosigned = Set(had.map(\.key))
        return await withTaskGroup(of: (Int, Answer).self) { group in
            var answers = policy.witnesses.map { Answer(witness: $0) }
            for (index, witness) in policy.witnesses.enumerated() where !cosigned.contains(witness.key) {
                group.addTask {
                    (index, await answer(witness, signed, from: known[witness.key.description] ?? 0))
                }
            }
            if isHurried, policy.isSatisfied(by: cosigned) { group.cancelAll() }
            for await (index, answer) in group {
                answers[index] = answer
                if !answer.lines.isEmpty { cosigned.insert(answer.witness.key) }
                if isHurried, policy.isSatisfied(by: cosigned) { group.cancelAll() }
            }
            return answers
        }
    }

    private func answer(
        _ witness: WitnessPolicy.Witness, _ signed: SignedCheckpoint, from known: UInt64
    ) async -> Answer {
        do {
            return Answer(witness: witness, lines: try await lines(by: witness, under: signed, from: known))
        } catch {
            return Answer(witness: witness, failure: "\(error)")
        }
    }

    private struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// Its cosignature, verified. One that says it has seen another size is asked once more, from there.
    private func lines(
        by witness: WitnessPolicy.Witness, under signed: SignedCheckpoint, from known: UInt64
    ) async throws -> [NoteSignature] {
        guard witness.key.type == .witness else {
            throw Refusal(description: "its key is one of ML-DSA-44, whose cosignatures cannot be checked here")
        }
        guard let url = witness.url else { throw Refusal(description: "the policy does not say where it is") }
        let size = signed.checkpoint.size
        var old = min(known, size)
        for _ in 0..<2 {
            let request = try WitnessRequest(
                oldSize: old, proof: try await store.proof(from: old, to: size), checkpoint: signed)
            switch try await service.addCheckpoint(request, at: url) {
            case .cosigned(let lines):
                // Together they may hide one bad line behind the others: here each witness answers for its own.
                _ = try signed.adding(lines, by: [witness.key])
                return lines.filter { $0.name == witness.key.name && $0.keyID == witness.key.id }
            case .conflict(let seen) where seen <= size: old = seen
            case .conflict(let seen):
                throw Refusal(
                    description:
                        "it has cosigned \(seen) entries of this log, and this checkpoint has \(size): another "
                        + "process has published more, or the log was set back to an older copy")
            case .refused(let reason): throw Refusal(description: reason)
            }
        }
        throw Refusal(description: "it names another size each time it is asked")
    }
}

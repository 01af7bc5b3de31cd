/// What the checkpoints say of the entries, after these were read.
struct LogVerdict {
    /// One whose signature is good; or, else, one that only witnesses show to be of this log.
    struct Judged {
        let source: String
        let size: UInt64
        let root: TreeHash
        /// The known witnesses that vouch for it.
        let cosigners: [Cosigner]
        let isSigned: Bool
        /// Nil when there are fewer entries.
        let fits: Bool?
    }

    /// Whether a checkpoint is the log's.
    private enum Signature: Sendable {
        /// With the known witnesses that vouch for it.
        case good([Cosigner])
        /// By a key that was not the log's at its size.
        case retired
        case bad(any Error)

        init(_ claim: CheckpointFiles.Claim, _ history: KeyHistory, _ witnesses: [VerifierKey]) {
            do {
                let signed = try history.signed(claim.note)
                guard claim.hasItsName else { throw FormatError("its size is \(claim.size), which is not its name") }
                let cosigners = try signed.cosigners(among: witnesses)
                self = history.isInTerm(signed) ? .good(cosigners) : .retired
            } catch {
                self = .bad(error)
            }
        }
    }

    /// Those that verify, by size.
    private(set) var checked: [CheckedCheckpoint] = []
    /// The keys that were followed.
    private(set) var keys: [KeyTerm] = []
    private(set) var failures: [VerificationFailure] = []
    let replay: Replay
    private let witnesses: [VerifierKey]
    private(set) var judged: [Judged] = []

    init(_ files: CheckpointFiles, _ replay: Replay, key: VerifierKey?, witnesses: [VerifierKey]) {
        self.replay = replay
        self.witnesses = witnesses
        if let key {
            judge(files, key)
        } else {
            failures.append(Self.noKey(files.count))
        }
        judged.sort { $0.size < $1.size }
        checked = judged.filter { $0.fits == true && $0.isSigned }
            .map { CheckedCheckpoint(source: $0.source, size: $0.size, cosigners: $0.cosigners) }
        failures += wrongRoots
        failures += replay.damage.map { [failure($0)] } ?? missingEntries
    }

    private mutating func judge(_ files: CheckpointFiles, _ key: VerifierKey) {
        let history = KeyHistory(
            trusted: key, rotations: replay.rotations,
            checkpoints: zip(files.claims, replay.fits).filter { $0.1 == true }.map(\.0))
        keys = history.terms
        failures += files.unreadable.map { Self.bad($0.source, $0.reason, key) }
        // On all cores: a signature takes as long as hundreds of entries.
        let signatures = Cores.map(files.claims) { [witnesses] in Signature($0, history, witnesses) }
        for ((claim, fits), signature) in zip(zip(files.claims, replay.fits), signatures) {
            judge(claim, fits, signature, key)
        }
    }

    private mutating func judge(
        _ claim: CheckpointFiles.Claim, _ fits: Bool?, _ signature: Signature, _ key: VerifierKey
    ) {
        switch signature {
        case .good(let cosigners): return add(claim, cosigners, isSigned: true, fits)
        case .retired: failures.append(Self.retired(claim))
        case .bad(let reason): failures.append(Self.bad(claim.source, reason, key))
        }
        // What witnesses cosigned was the log's, even if its key is another one by now.
        guard claim.checkpoint.origin == key.name,
            let cosigners = try? claim.checkpoint.cosigners(in: claim.note.signatures, among: witnesses),
            !cosigners.isEmpty
        else { return }
        add(claim, cosigners, isSigned: false, fits)
    }

    private mutating func add(
        _ claim: CheckpointFiles.Claim, _ cosigners: [Cosigner], isSigned: Bool, _ fits: Bool?
    ) {
        judged.append(
            Judged(
                source: claim.source, size: claim.size, root: claim.checkpoint.root, cosigners: cosigners,
                isSigned: isSigned, fits: fits))
    }

    private static func bad(_ source: String, _ reason: any Error, _ key: VerifierKey) -> VerificationFailure {
        VerificationFailure(
            .badCheckpoint, file: source, what: "The checkpoint \(source) is not good: \(reason)",
            meaning: "It is damaged, forged, or signed by another key than \(key); it proves nothing.")
    }

    private static func retired(_ claim: CheckpointFiles.Claim) -> VerificationFailure {
        VerificationFailure(
            .retiredKey, entries: 0..<claim.size, file: claim.source,
            what:
                "The checkpoint \(claim.source) of size \(claim.size) is signed only by a key that was not the log's at that size",
            meaning:
                "The log had changed its key by then, or had not yet: somebody signs with a key that is not theirs to use. "
                + "Keep the checkpoint: it is the proof.")
    }

    private static func noKey(_ count: Int) -> VerificationFailure {
        VerificationFailure(
            .noKey, file: LogLayout.verifierKey,
            what: "There is no key to verify \(count) checkpoints with: none was given and the log has none",
            meaning: "Give the log's verifier key, as it was handed out when the log was made.")
    }
}

/// The checkpoints an auditor has of a log: those in its directory and those kept elsewhere.
struct CheckpointFiles {
    struct Claim {
        let source: String
        let size: UInt64
        let root: TreeHash
        /// The known witnesses that vouch for it.
        let cosigners: [Cosigner]
        /// Whether the log's key signed it; else only those witnesses show that it is of this log.
        var isSigned = true
    }

    /// Those with a good signature, by size.
    private(set) var claims: [Claim] = []
    private(set) var failures: [VerificationFailure] = []
    private let witnesses: [VerifierKey]

    init(directory: String, key: VerifierKey?, kept: [KeptCheckpoint], witnesses: [VerifierKey]) throws {
        self.witnesses = witnesses
        let names = try Files.list("\(directory)/\(LogLayout.checkpoints)") ?? []
        var found = kept
        for file in names.map({ "\(LogLayout.checkpoints)/\($0)" }) + [LogLayout.checkpoint] {
            guard let bytes = try Files.read("\(directory)/\(file)", limit: SignedNote.maxBytes) else { continue }
            found.append(KeptCheckpoint(source: file, bytes: bytes))
        }
        guard let key else {
            failures = [Self.noKey(found.count)]
            return
        }
        for file in found { add(file, key) }
        claims.sort { $0.size < $1.size }
    }

    private mutating func add(_ file: KeptCheckpoint, _ key: VerifierKey) {
        do {
            let signed = try SignedCheckpoint(file.bytes, verifiedBy: key)
            let checkpoint = signed.checkpoint
            let expected = "\(LogLayout.checkpoints)/\(LogLayout.name(of: checkpoint.size))"
            guard !file.source.hasPrefix("\(LogLayout.checkpoints)/") || file.source == expected else {
                throw FormatError("its size is \(checkpoint.size), which is not its name")
            }
            let cosigners = try signed.cosigners(among: witnesses)
            claims.append(
                Claim(source: file.source, size: checkpoint.size, root: checkpoint.root, cosigners: cosigners))
        } catch {
            failures.append(
                VerificationFailure(
                    .badCheckpoint, file: file.source, what: "The checkpoint \(file.source) is not good: \(error)",
                    meaning: "It is damaged, forged, or signed by another key than \(key); it proves nothing."))
            if let claim = witnessed(file, origin: key.name) { claims.append(claim) }
        }
    }

    /// What witnesses cosigned was the log's, even if its key is another one by now.
    private func witnessed(_ file: KeptCheckpoint, origin: String) -> Claim? {
        guard let note = try? SignedNote(file.bytes), let checkpoint = try? Checkpoint(text: note.text),
            checkpoint.origin == origin,
            let cosigners = try? checkpoint.cosigners(in: note.signatures, among: witnesses), !cosigners.isEmpty
        else { return nil }
        return Claim(
            source: file.source, size: checkpoint.size, root: checkpoint.root, cosigners: cosigners, isSigned: false)
    }

    private static func noKey(_ count: Int) -> VerificationFailure {
        VerificationFailure(
            .noKey, file: LogLayout.verifierKey,
            what: "There is no key to verify \(count) checkpoints with: none was given and the log has none",
            meaning: "Give the log's verifier key, as it was handed out when the log was made.")
    }
}

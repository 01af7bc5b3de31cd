/// What the checkpoints say of the entries, after these were read.
struct LogVerdict {
    /// One whose signature is good; or, else, one that only witnesses show to be of this log.
    private struct Judged {
        let source: String
        let size: UInt64
        let root: TreeHash
        /// The known witnesses that vouch for it.
        let cosigners: [Cosigner]
        let isSigned: Bool
        /// Nil when there are fewer entries.
        let fits: Bool?
    }

    /// Those that verify, by size.
    private(set) var checked: [CheckedCheckpoint] = []
    /// The keys that were followed.
    private(set) var keys: [KeyTerm] = []
    private(set) var failures: [VerificationFailure] = []
    private let replay: Replay
    private let witnesses: [VerifierKey]
    private var judged: [Judged] = []

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
        reportWrong()
        if let damage = replay.damage {
            failures.append(failure(damage))
        } else {
            reportMissing()
        }
    }

    private mutating func judge(_ files: CheckpointFiles, _ key: VerifierKey) {
        let history = KeyHistory(
            trusted: key, rotations: replay.rotations,
            checkpoints: zip(files.claims, replay.fits).filter { $0.1 == true }.map(\.0))
        keys = history.terms
        failures += files.unreadable.map { Self.bad($0.source, $0.reason, key) }
        for (claim, fits) in zip(files.claims, replay.fits) { judge(claim, fits, history, key) }
    }

    private mutating func judge(
        _ claim: CheckpointFiles.Claim, _ fits: Bool?, _ history: KeyHistory, _ key: VerifierKey
    ) {
        do {
            let signed = try history.signed(claim.note)
            guard claim.hasItsName else { throw FormatError("its size is \(claim.size), which is not its name") }
            let cosigners = try signed.cosigners(among: witnesses)
            if history.isInTerm(signed) { return add(claim, cosigners, isSigned: true, fits) }
            failures.append(Self.retired(claim))
        } catch {
            failures.append(Self.bad(claim.source, error, key))
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

    /// A checkpoint that fits proves every entry below it. So a wrong one below it belongs to another history, and
    /// the first wrong one above it bounds where entries were exchanged.
    private mutating func reportWrong() {
        let wrong = judged.filter { $0.fits == false }
        let proven = checked.map(\.size).max() ?? 0
        for claim in wrong where claim.size <= proven || !claim.isSigned { failures.append(forked(claim)) }
        guard let first = wrong.first(where: { $0.size > proven && $0.isSigned }) else { return }
        let others = wrong.filter { $0.size == first.size && $0.root != first.root && $0.isSigned }
        failures += others.map(forked)
        failures.append(
            VerificationFailure(
                .tampered, entries: proven..<first.size,
                what: "The entries up to \(first.size) do not have the root signed in \(first.source)",
                meaning:
                    "At least one of the entries \(proven)...\(first.size - 1) is not the one that was signed: it was "
                    + "altered and its checksum recomputed, which no accident does. The \(proven) entries before are "
                    + "proven by a checkpoint; compare the others with a copy."))
    }

    private func forked(_ claim: Judged) -> VerificationFailure {
        let names = claim.cosigners.map(\.key.name).joined(separator: ", ")
        guard claim.isSigned else {
            return VerificationFailure(
                .forked, entries: 0..<claim.size, file: claim.source,
                what:
                    "The checkpoint \(claim.source) of size \(claim.size), cosigned by \(names), has another root than "
                    + "these entries",
                meaning: "The witness has seen another history of this log, under another key: the log was made again. "
                    + "Keep the checkpoint: it is the proof.")
        }
        return VerificationFailure(
            .forked, entries: 0..<claim.size, file: claim.source,
            what: "The checkpoint \(claim.source) of size \(claim.size) carries a good signature"
                + (names.isEmpty ? "" : ", was cosigned by \(names),")
                + " but has another root than these entries, and "
                + "another good checkpoint contradicts it",
            meaning: "The log's key signed two histories: the log was rewritten, set back and continued, or copied and "
                + "continued twice. Keep both checkpoints: together they are the proof.")
    }

    /// Those beyond the entries, by size.
    private var missing: [Judged] { judged.filter { $0.fits == nil } }

    private mutating func reportMissing() {
        guard let last = missing.last else { return }
        let have = replay.frontier.size
        let sizes = Set(missing.map(\.size)).sorted().map(String.init).joined(separator: ", ")
        let torn = replay.tornTail.map { " (after them: \($0))" } ?? ""
        failures.append(
            VerificationFailure(
                .missingEntries, entries: have..<last.size, file: replay.tornTail?.file,
                offset: replay.tornTail?.offset,
                what: "The log ends after \(have) entries, but checkpoints of size \(sizes) are signed\(torn)",
                meaning:
                    "The entries \(have)...\(last.size - 1) were durable and signed, and are gone: the log was cut "
                    + "off, set back to an older copy, or its disk lost them. Restore them from a copy."))
    }

    private func failure(_ error: any Error) -> VerificationFailure {
        let index = replay.frontier.size
        guard let error = error as? JournalError else {
            return VerificationFailure(
                .damagedRecord, entries: index..<(index + 1), what: "Entry \(index) cannot be read: \(error)",
                meaning: "Nothing is known about this entry and those after it.")
        }
        let signed = (missing.last?.size ?? 0) > index ? "It was signed. " : "It was not yet signed. "
        return VerificationFailure(
            error.kind == .damaged ? .damagedRecord : .tampered, entries: error.index..<(error.index + 1),
            file: error.file, offset: error.offset,
            what: "Entry \(error.index) in \(error.file) at byte \(error.offset): \(error.what)",
            meaning: signed
                + (error.kind == .damaged
                    ? "Bytes of it were altered or rotted. This entry and those after it are not verified; restore "
                        + "the segment from a copy."
                    : "Whole records were moved, repeated or taken out, which no accident does."))
    }
}

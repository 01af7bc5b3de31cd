extension LogVerdict {
    /// A checkpoint that fits proves every entry below it. So a wrong one below it belongs to another history, and
    /// the first wrong one above it bounds where entries were exchanged.
    var wrongRoots: [VerificationFailure] {
        let wrong = judged.filter { $0.fits == false }
        let proven = checked.map(\.size).max() ?? 0
        let forks = wrong.filter { $0.size <= proven || !$0.isSigned }
        guard let first = wrong.first(where: { $0.size > proven && $0.isSigned }) else { return forks.map(forked) }
        let others = wrong.filter { $0.size == first.size && $0.root != first.root && $0.isSigned }
        return (forks + others).map(forked) + [tampered(proven, first)]
    }

    private func tampered(_ proven: UInt64, _ claim: Judged) -> VerificationFailure {
        let how =
            replay.source == .journal
            ? "it was altered and its checksum recomputed, which no accident does"
            : "it was altered, or is damaged; which one, the tiles with wrong hashes tell"
        return VerificationFailure(
            .tampered, entries: proven..<claim.size,
            what: "The entries up to \(claim.size) do not have the root signed in \(claim.source)",
            meaning:
                "At least one of the entries \(proven)...\(claim.size - 1) is not the one that was signed: \(how). "
                + "The \(proven) entries before are proven by a checkpoint; compare the others with a copy.")
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

    /// Entries that a checkpoint covers and that are not there.
    var missingEntries: [VerificationFailure] {
        guard let last = missing.last else { return [] }
        let have = replay.frontier.size
        let sizes = Set(missing.map(\.size)).sorted().map(String.init).joined(separator: ", ")
        let torn = replay.tornTail.map { " (after them: \($0))" } ?? ""
        return [
            VerificationFailure(
                .missingEntries, entries: have..<last.size, file: replay.tornTail?.file,
                offset: replay.tornTail?.offset,
                what: "The log ends after \(have) entries, but checkpoints of size \(sizes) are signed\(torn)",
                meaning:
                    "The entries \(have)...\(last.size - 1) were durable and signed, and are gone: the log was cut "
                    + "off, set back to an older copy, or its disk lost them. Restore them from a copy.")
        ]
    }

    /// Why nothing more could be read.
    func failure(_ error: any Error) -> VerificationFailure {
        let index = replay.frontier.size
        if let error = error as? BundleError { return failure(error) }
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

    private func failure(_ error: BundleError) -> VerificationFailure {
        VerificationFailure(
            error.isMissing ? .missingTile : .wrongTile, entries: error.tile.entries, file: "\(error.tile)",
            what: "The entries from \(replay.frontier.size) on cannot be read from \(error.tile): \(error.what)",
            meaning:
                "The folder has no journal, so its bundles are all there is of the entries. Get this one again from the "
                + "log, or from another copy.")
    }
}

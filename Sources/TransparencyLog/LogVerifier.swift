/// Verifies a log's directory, never seen before, with nothing but the log's public key.
public enum LogVerifier {
    static let maxFindings = 100

    /// Reads all entries and checks every checkpoint against them; writes nothing and takes no lock.
    ///
    /// - Parameters:
    ///   - directory: the log, or a copy of it.
    ///   - key: the log's key from a place the log's owner cannot change; without one the key in the log is used.
    ///   - kept: checkpoints kept elsewhere.
    ///   - policy: which witnesses are known and how many of them must have cosigned; nil: none is looked for.
    /// - Throws: `LogReadError` when there is no log there or it cannot be read at all. Damage is no error but a
    ///   failure in the report.
    public static func verify(
        directory: String, key: VerifierKey? = nil, kept: [KeptCheckpoint] = [], policy: WitnessPolicy? = nil
    ) throws -> VerificationReport {
        _ = try LogLayout.segments(in: directory)
        let source =
            try key.map { .given($0) } ?? VerifierKey.ofLog(in: directory).map { .fromLog($0) } ?? KeySource.none
        // Checkpoints first: what a live log signs meanwhile covers more than what is read afterwards.
        let files = try CheckpointFiles(
            directory: directory, key: source.key, kept: kept, witnesses: policy?.witnesses.map(\.key) ?? [])
        var replay = Replay(claims: files.claims, tiles: try TileCheck(directory: directory))
        replay.run(directory: directory)
        let quorum = policy.map { WitnessCheck(replay.checked, $0) }
        return VerificationReport(
            entries: replay.frontier.size, root: replay.frontier.root, key: source, checkpoints: replay.checked,
            tiles: replay.tiles.checked, tornTail: replay.tornTail, findings: replay.findings,
            findingCount: replay.findingCount, witnessed: quorum?.witnessed,
            failures: files.failures + replay.failures + replay.tiles.failures + (quorum?.failures ?? []))
    }
}

extension VerifierKey {
    /// The key that a log's folder says is its own; nil when it names none. Who takes it from here trusts the folder.
    public static func ofLog(in directory: String) throws(LogReadError) -> VerifierKey? {
        let path = "\(directory)/\(LogLayout.verifierKey)"
        guard let bytes = try Files.read(path, limit: 4096) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        do {
            return try VerifierKey(text.hasSuffix("\n") ? String(text.dropLast()) : text)
        } catch {
            throw LogReadError(path: path, reason: "\(error)")
        }
    }
}

/// One pass over the entries, comparing the root with each checkpoint on the way.
private struct Replay {
    private(set) var frontier = Frontier()
    private(set) var checked: [CheckedCheckpoint] = []
    private(set) var findings: [EntryFinding] = []
    private(set) var findingCount = 0
    private(set) var tornTail: TornTail?
    private(set) var failures: [VerificationFailure] = []
    private(set) var tiles: TileCheck
    private var pending: ArraySlice<CheckpointFiles.Claim>
    private var wrong: [CheckpointFiles.Claim] = []

    init(claims: [CheckpointFiles.Claim], tiles: TileCheck) {
        self.tiles = tiles
        pending = claims[...]
    }

    mutating func run(directory: String) {
        var damage: VerificationFailure?
        do {
            var reader = try JournalReader(directory: directory)
            compare()
            while let entry = try reader.next() { add(entry) }
            tornTail = reader.tornTail
        } catch {
            damage = failure(error)
        }
        reportWrong()
        if let damage {
            failures.append(damage)
        } else {
            reportMissing()
            tiles.end(signed: checked.map(\.size).max() ?? 0)
        }
    }

    private mutating func add(_ entry: JournalEntry) {
        if let defect = JSONCheck.entry(entry.bytes) {
            findingCount += 1
            if findings.count < LogVerifier.maxFindings {
                findings.append(EntryFinding(index: entry.index, defect: defect))
            }
        }
        let leaf = Merkle.leaf(entry.bytes)
        frontier.append(leaf)
        tiles.add(entry.bytes, leaf: leaf)
        compare()
    }

    private mutating func compare() {
        guard pending.first?.size == frontier.size else { return }
        let root = frontier.root
        while let claim = pending.first, claim.size == frontier.size {
            pending.removeFirst()
            if claim.root == root {
                // One that only witnesses signed was reported already.
                guard claim.isSigned else { continue }
                checked.append(
                    CheckedCheckpoint(source: claim.source, size: claim.size, cosigners: claim.cosigners))
            } else {
                wrong.append(claim)
            }
        }
    }

    /// A checkpoint that fits proves every entry below it. So a wrong one below it belongs to another history, and
    /// the first wrong one above it bounds where entries were exchanged.
    private mutating func reportWrong() {
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

    private func forked(_ claim: CheckpointFiles.Claim) -> VerificationFailure {
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

    private mutating func reportMissing() {
        guard let last = pending.last else { return }
        let have = frontier.size
        let sizes = Set(pending.map(\.size)).sorted().map(String.init).joined(separator: ", ")
        let torn = tornTail.map { " (after them: \($0))" } ?? ""
        failures.append(
            VerificationFailure(
                .missingEntries, entries: have..<last.size, file: tornTail?.file, offset: tornTail?.offset,
                what: "The log ends after \(have) entries, but checkpoints of size \(sizes) are signed\(torn)",
                meaning:
                    "The entries \(have)...\(last.size - 1) were durable and signed, and are gone: the log was cut "
                    + "off, set back to an older copy, or its disk lost them. Restore them from a copy."))
    }

    private func failure(_ error: any Error) -> VerificationFailure {
        let index = frontier.size
        guard let error = error as? JournalError else {
            return VerificationFailure(
                .damagedRecord, entries: index..<(index + 1), what: "Entry \(index) cannot be read: \(error)",
                meaning: "Nothing is known about this entry and those after it.")
        }
        let signed = (pending.last?.size ?? 0) > index ? "It was signed. " : "It was not yet signed. "
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

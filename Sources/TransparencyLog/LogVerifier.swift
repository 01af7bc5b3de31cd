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
        let files = try CheckpointFiles(directory: directory, kept: kept)
        var replay = Replay(claims: files.claims, tiles: try TileCheck(directory: directory))
        replay.run(directory: directory)
        let verdict = LogVerdict(files, replay, key: source.key, witnesses: policy?.witnesses.map(\.key) ?? [])
        if replay.damage == nil { replay.endTiles(signed: verdict.checked.map(\.size).max() ?? 0) }
        let quorum = policy.map { WitnessCheck(verdict.checked, $0) }
        return VerificationReport(
            entries: replay.frontier.size, root: replay.frontier.root, key: source, keys: verdict.keys,
            checkpoints: verdict.checked, tiles: replay.tiles.checked, tornTail: replay.tornTail,
            findings: replay.findings, findingCount: replay.findingCount, witnessed: quorum?.witnessed,
            failures: verdict.failures + replay.tiles.failures + (quorum?.failures ?? []))
    }
}

extension VerifierKey {
    /// The key that a log's folder says is its own; nil when it names none. Who takes it from here trusts the folder.
    public static func ofLog(in directory: String) throws(LogReadError) -> VerifierKey? {
        try inFile("\(directory)/\(LogLayout.verifierKey)")
    }

    /// The log's key in a file; nil when there is no such file.
    package static func inFile(_ path: String) throws(LogReadError) -> VerifierKey? {
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
struct Replay {
    private(set) var frontier = Frontier()
    private(set) var findings: [EntryFinding] = []
    private(set) var findingCount = 0
    private(set) var tornTail: TornTail?
    private(set) var tiles: TileCheck
    private(set) var rotations: [KeyRotationEntry] = []
    /// Why it ended before the last entry.
    private(set) var damage: (any Error)?
    /// Of each claim whether it has the entries' root; nil for those beyond the entries.
    private(set) var fits: [Bool?]
    private let claims: [CheckpointFiles.Claim]
    /// Claims not yet reached, by size.
    private var pending: ArraySlice<Int>

    init(claims: [CheckpointFiles.Claim], tiles: TileCheck) {
        self.claims = claims
        self.tiles = tiles
        fits = claims.map { _ in nil }
        pending = claims.indices.sorted { (claims[$0].size, $0) < (claims[$1].size, $1) }[...]
    }

    mutating func run(directory: String) {
        do {
            var reader = try JournalReader(directory: directory)
            compare()
            while let entry = try reader.next() { add(entry) }
            tornTail = reader.tornTail
        } catch {
            damage = error
        }
    }

    /// What is known of the tiles once it is known how many of the entries are signed.
    mutating func endTiles(signed: UInt64) { tiles.end(signed: signed) }

    private mutating func add(_ entry: JournalEntry) {
        if let defect = JSONCheck.entry(entry.bytes) {
            findingCount += 1
            if findings.count < LogVerifier.maxFindings {
                findings.append(EntryFinding(index: entry.index, defect: defect))
            }
        }
        if rotations.count < KeyHistory.maxChanges, let rotation = KeyRotationEntry(entry) {
            rotations.append(rotation)
        }
        let leaf = Merkle.leaf(entry.bytes)
        frontier.append(leaf)
        tiles.add(entry.bytes, leaf: leaf)
        compare()
    }

    private mutating func compare() {
        guard let first = pending.first, claims[first].size == frontier.size else { return }
        let root = frontier.root
        while let next = pending.first, claims[next].size == frontier.size {
            pending.removeFirst()
            fits[next] = claims[next].checkpoint.root == root
        }
    }
}

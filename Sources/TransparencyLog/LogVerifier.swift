/// Verifies a log's directory, never seen before, with nothing but the log's public key.
public enum LogVerifier {
    static let maxFindings = 100

    /// Reads all entries and checks every checkpoint against them; writes nothing and takes no lock. In a folder without a journal,
    /// as a client of tlog-tiles makes it, the entries are those of the bundles. Blocks its thread and works
    /// on all cores meanwhile; in memory are a part of a segment and a few chunks of 256 entries, however long the log is.
    ///
    /// - Parameters:
    ///   - directory: the log, or a copy of it.
    ///   - key: the log's key from a place the log's owner cannot change; without one the key in the log is used.
    ///   - kept: checkpoints kept elsewhere.
    ///   - policy: which witnesses are known and how many of them must have cosigned; nil: none is looked for.
    ///   - since: a kept checkpoint that vouches for all before it. Where the log's tiles have its tree, entries, tiles and
    ///     checkpoints before it are not read again, and `since` in the report is its size; where they have not, all is read.
    /// - Throws: `LogReadError` when there is no log there or it cannot be read at all. Damage is no error but a
    ///   failure in the report.
    public static func verify(
        directory: String, key: VerifierKey? = nil, kept: [KeptCheckpoint] = [], policy: WitnessPolicy? = nil,
        since: KeptCheckpoint? = nil
    ) throws -> VerificationReport {
        let source =
            try key.map { .given($0) } ?? VerifierKey.ofLog(in: directory).map { .fromLog($0) } ?? KeySource.none
        let start = try VerificationStart(directory: directory, key: source.key, since: since)
        // Checkpoints first: what a live log signs meanwhile covers more than what is read afterwards.
        let files = try CheckpointFiles(
            directory: directory, kept: kept + (since.map { [$0] } ?? []), from: start.since)
        let tiles = try TileListing(directory: directory)
        var replay = Replay(claims: files.claims, tiles: tiles, from: start)
        replay.run(start.reader, ChunkCheck(sizes: files.claims.map(\.size), tiles: tiles))
        let verdict = LogVerdict(files, replay, key: source.key, witnesses: policy?.witnesses.map(\.key) ?? [])
        if replay.damage == nil { replay.endTiles(signed: verdict.checked.map(\.size).max() ?? 0) }
        let quorum = policy.map { WitnessCheck(verdict.checked, $0) }
        return VerificationReport(
            source: start.source, since: start.since, skippedCheckpoints: files.skipped, entries: replay.frontier.size,
            root: replay.frontier.root, key: source, keys: verdict.keys, checkpoints: verdict.checked,
            tiles: replay.tiles.checked, tornTail: replay.tornTail, findings: replay.findings,
            findingCount: replay.findingCount, witnessed: quorum?.witnessed,
            failures: verdict.failures + replay.unreadableEvents + replay.tiles.failures + replay.order.failures
                + (quorum?.failures ?? []))
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

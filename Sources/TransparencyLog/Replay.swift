/// The part of the verification that goes in order: the tree over all entries, and its root at each checkpoint.
struct Replay: Sendable {
    private(set) var frontier: Frontier
    private(set) var findings: [EntryFinding] = []
    private(set) var findingCount = 0
    private(set) var tornTail: TornTail?
    private(set) var tiles: TileCheck
    private(set) var order: EventOrder
    private(set) var rotations: [KeyRotationEntry] = []
    /// Why it ended before the last entry.
    private(set) var damage: (any Error)?
    /// Of each claim whether it has the entries' root; nil for those beyond the entries.
    private(set) var fits: [Bool?]
    let source: EntrySource
    private let claims: [CheckpointFiles.Claim]
    /// Claims not yet reached, by size.
    private var pending: ArraySlice<Int>
    /// Chunks that were checked before the one whose turn it is, by their first entry.
    private var early: [UInt64: CheckedChunk] = [:]

    /// - Parameter claims: the checkpoints to compare, none below the one that `start` relies on.
    init(claims: [CheckpointFiles.Claim], tiles: TileListing, from start: VerificationStart) {
        source = start.source
        frontier = start.edge.frontier
        order = EventOrder(from: start.edge.size)
        self.tiles = TileCheck(tiles, from: start.edge, source: start.source)
        self.claims = claims
        fits = claims.map { _ in nil }
        pending = claims.indices.sorted { (claims[$0].size, $0) < (claims[$1].size, $1) }[...]
    }

    /// Reads to the end, or to where nothing more can be read.
    mutating func run(_ reader: ChunkReader, _ check: ChunkCheck) {
        var reader = reader
        compare(frontier)
        Cores.pipeline(&reader, EntryChunk(), { $0.next(&$1) }, check.check, into: &self) { replay, chunk in
            replay.take(chunk)
        }
        tornTail = reader.tornTail
        damage = reader.damage
    }

    /// What is known of the tiles once it is known how many of the entries are signed.
    mutating func endTiles(signed: UInt64) { tiles.end(size: frontier.size, signed: signed) }

    /// Takes chunks in any order; says how many had their turn.
    private mutating func take(_ chunk: CheckedChunk) -> Int {
        early[chunk.first] = chunk
        var count = 0
        while let next = early.removeValue(forKey: frontier.size) {
            add(next)
            count += 1
        }
        return count
    }

    private mutating func add(_ chunk: CheckedChunk) {
        for mark in chunk.marks {
            var tree = frontier
            tree.append(mark)
            compare(tree)
        }
        frontier.append(chunk.tree)
        findingCount += chunk.findings.count
        findings += chunk.findings.prefix(LogVerifier.maxFindings - findings.count)
        rotations += chunk.rotations.prefix(KeyHistory.maxChanges - rotations.count)
        tiles.add(chunk)
        order.add(chunk.events)
    }

    private mutating func compare(_ tree: Frontier) {
        guard let first = pending.first, claims[first].size == tree.size else { return }
        let root = tree.root
        while let next = pending.first, claims[next].size == tree.size {
            pending.removeFirst()
            fits[next] = claims[next].checkpoint.root == root
        }
    }

    /// Entries that are intact and say nothing for certain.
    var unreadableEvents: [VerificationFailure] {
        guard let first = findings.first else { return [] }
        let others = findingCount == 1 ? "" : ", nor are \(findingCount - 1) after it"
        return [
            VerificationFailure(
                .unreadableEvent, entries: first.index..<(first.index + 1),
                what: "Entry \(first.index) is not one I-JSON object (\(first.defect))\(others)",
                meaning:
                    "It is what was written, but no event, or one that two readers may understand differently. Find out what "
                    + "appended it.")
        ]
    }
}

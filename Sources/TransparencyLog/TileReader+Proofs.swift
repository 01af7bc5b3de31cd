extension TileReader {
    /// That the log's first `oldSize` entries are the beginning of its first `newSize` (RFC 6962 section 2.1.2), from a few
    /// tiles however long the log is.
    ///
    /// Nothing is verified: whoever gets the proof does that.
    /// - Parameters:
    ///   - oldSize: any size up to `newSize`; the proof from 0 and from the same size is empty.
    ///   - newSize: a size that was published, so that its tiles are there.
    /// - Throws: ``LogReadError`` for a tile that is missing, ``FormatError`` for one that is damaged, or for sizes the wrong
    ///   way round.
    public func consistencyProof(from oldSize: UInt64, to newSize: UInt64) throws -> ConsistencyProof {
        guard oldSize <= newSize else {
            throw FormatError("a log of \(newSize) entries is no extension of one of \(oldSize)")
        }
        guard oldSize > 0 else { return ConsistencyProof(hashes: []) }
        let tree = TiledTree(tiles: self, size: newSize)
        return ConsistencyProof(hashes: try tree.subproof(oldSize, 0..<newSize, isWhole: true))
    }

    /// That an entry is in the log's first `size` (RFC 6962 section 2.1.1), from a few tiles however long the log is.
    ///
    /// Nothing is verified: whoever gets the proof does that.
    /// - Parameters:
    ///   - index: which entry, below `size`.
    ///   - size: a size that was published.
    /// - Throws: as ``consistencyProof(from:to:)`` does.
    public func inclusionProof(of index: UInt64, inTreeOf size: UInt64) throws -> InclusionProof {
        guard index < size else { throw FormatError("entry \(index) is not in the tree of \(size) entries") }
        return InclusionProof(hashes: try TiledTree(tiles: self, size: size).path(index, 0..<size))
    }

    /// The root that the log's first `size` entries have.
    ///
    /// - Parameters:
    ///   - size: any size up to `published`.
    ///   - published: a size that was published.
    /// - Throws: as ``consistencyProof(from:to:)`` does.
    public func root(ofFirst size: UInt64, inTreeOf published: UInt64) throws -> TreeHash {
        guard size <= published else { throw FormatError("the tree of \(published) entries has no first \(size)") }
        return size == 0 ? Merkle.emptyRoot : try TiledTree(tiles: self, size: published).root(of: 0..<size)
    }

    /// A proof of an entry that stands alone, verified as whoever gets it will.
    ///
    /// - Parameters:
    ///   - entry: as the journal has it.
    ///   - signed: a published checkpoint that covers it; its signature must have been verified.
    ///   - extra: what comes along.
    /// - Throws: ``FormatError`` when the tiles do not have this entry at its place in the checkpoint's tree, and as
    ///   ``consistencyProof(from:to:)`` does.
    public func proof(
        of entry: JournalEntry, under signed: SignedCheckpoint, extra: [UInt8]? = nil
    ) throws -> LogProof {
        let checkpoint = signed.checkpoint
        let path = try inclusionProof(of: entry.index, inTreeOf: checkpoint.size)
        let leaf = Merkle.leaf(entry.bytes)
        guard path.verify(leaf: leaf, index: entry.index, size: checkpoint.size, root: checkpoint.root) else {
            throw FormatError(
                "entry \(entry.index) of the journal is not what the tiles and the checkpoint of \(checkpoint.size) "
                    + "entries have there")
        }
        return try LogProof(index: entry.index, inclusion: path, checkpoint: signed, extra: extra)
    }
}

/// The hashes of a tree of `size` leaves, read from tiles.
private struct TiledTree {
    let tiles: TileReader
    let size: UInt64

    // SUBPROOF of RFC 6962; `oldSize` counts from the beginning of the leaves.
    func subproof(_ oldSize: UInt64, _ leaves: Range<UInt64>, isWhole: Bool) throws -> [TreeHash] {
        if oldSize == UInt64(leaves.count) { return isWhole ? [] : [try root(of: leaves)] }
        let middle = leaves.lowerBound + half(leaves)
        let (left, right) = (leaves.lowerBound..<middle, middle..<leaves.upperBound)
        return oldSize <= half(leaves)
            ? try subproof(oldSize, left, isWhole: isWhole) + [root(of: right)]
            : try subproof(oldSize - half(leaves), right, isWhole: false) + [root(of: left)]
    }

    // PATH of RFC 6962; `index` counts from the beginning of the leaves.
    func path(_ index: UInt64, _ leaves: Range<UInt64>) throws -> [TreeHash] {
        guard leaves.count > 1 else { return [] }
        let middle = leaves.lowerBound + half(leaves)
        let (left, right) = (leaves.lowerBound..<middle, middle..<leaves.upperBound)
        return index < half(leaves)
            ? try path(index, left) + [root(of: right)]
            : try path(index - half(leaves), right) + [root(of: left)]
    }

    func root(of leaves: Range<UInt64>) throws -> TreeHash {
        guard leaves.count.nonzeroBitCount > 1 else { return try perfectRoot(of: leaves) }
        let middle = leaves.lowerBound + half(leaves)
        return Merkle.node(
            try perfectRoot(of: leaves.lowerBound..<middle), try root(of: middle..<leaves.upperBound))
    }

    /// A subtree of 2^n leaves is 2^(n mod 8) neighbouring hashes of one tile.
    private func perfectRoot(of leaves: Range<UInt64>) throws -> TreeHash {
        let height = leaves.count.trailingZeroBitCount
        let level = height / 8
        let first = leaves.lowerBound >> UInt64(8 * level)
        let inLevel = size >> UInt64(8 * level)
        let index = first / 256
        let tile = Tile(.hashes(level: level), index, Int(min(256, inLevel - index * 256)))
        let hashes = try TileEdge.hashes(try tiles.read(tile), of: tile)
        let start = Int(first % 256)
        return Merkle.root(of: hashes[start..<(start + 1 << (height % 8))])
    }

    private func half(_ leaves: Range<UInt64>) -> UInt64 {
        1 << UInt64(63 - (UInt64(leaves.count) - 1).leadingZeroBitCount)
    }
}

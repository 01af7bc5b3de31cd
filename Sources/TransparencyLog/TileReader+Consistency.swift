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

    private func root(of leaves: Range<UInt64>) throws -> TreeHash {
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

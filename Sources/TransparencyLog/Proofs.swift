/// That an entry is in a tree (RFC 6962 section 2.1.1, RFC 9162 section 2.1.3), the leaf's sibling first.
public struct InclusionProof: Sendable, Equatable {
    /// At most 63 hashes, from the leaf upwards.
    public let hashes: [TreeHash]

    /// A proof received from elsewhere; nothing is checked until `verify`.
    public init(hashes: [TreeHash]) {
        self.hashes = hashes
    }

    /// The proof for the leaf at `index` among `leaves`; nil when there is no such leaf.
    public init?(index: Int, leaves: [TreeHash]) {
        guard leaves.indices.contains(index) else { return nil }
        hashes = Self.path(index, leaves[...])
    }

    /// Whether the leaf is entry `index` of the tree. It does not authenticate `size`: take size and root
    /// from one verified checkpoint.
    public func verify(leaf: TreeHash, index: UInt64, size: UInt64, root: TreeHash) -> Bool {
        guard index < size, hashes.count <= Merkle.maxProofLength else { return false }
        var climb = Climb(index: index, last: size - 1)
        var hash = leaf
        for sibling in hashes {
            guard let side = climb.step() else { return false }
            hash = side == .left ? Merkle.node(sibling, hash) : Merkle.node(hash, sibling)
        }
        return climb.isAtRoot && hash == root
    }

    private static func path(_ index: Int, _ leaves: ArraySlice<TreeHash>) -> [TreeHash] {
        guard leaves.count > 1 else { return [] }
        let (left, right) = split(leaves)
        return index < left.count
            ? path(index, left) + [Merkle.root(of: right)]
            : path(index - left.count, right) + [Merkle.root(of: left)]
    }
}

/// That a tree is an extension of an older one (RFC 6962 section 2.1.2, RFC 9162 section 2.1.4).
public struct ConsistencyProof: Sendable, Equatable {
    /// At most 63 hashes.
    public let hashes: [TreeHash]

    /// A proof received from elsewhere; nothing is checked until `verify`.
    public init(hashes: [TreeHash]) {
        self.hashes = hashes
    }

    /// The proof from the first `oldSize` of `leaves` to all of them; nil when there are fewer.
    public init?(oldSize: Int, leaves: [TreeHash]) {
        guard (0...leaves.count).contains(oldSize) else { return nil }
        hashes = oldSize == 0 ? [] : Self.subproof(oldSize, leaves[...], isWhole: true)
    }

    /// Whether the new tree holds the old one unchanged at its beginning.
    public func verify(oldSize: UInt64, oldRoot: TreeHash, newSize: UInt64, newRoot: TreeHash) -> Bool {
        guard oldSize <= newSize, hashes.count <= Merkle.maxProofLength else { return false }
        if oldSize == newSize { return hashes.isEmpty && oldRoot == newRoot }
        if oldSize == 0 { return hashes.isEmpty && oldRoot == Merkle.emptyRoot }
        // The old root is itself a node of the new tree when its size is a power of two; the proof leaves it out.
        var path = hashes[...]
        guard let start = oldSize.nonzeroBitCount == 1 ? oldRoot : path.popFirst(), !hashes.isEmpty else {
            return false
        }
        var climb = Climb(index: oldSize - 1, last: newSize - 1)
        climb.skipRightEdges()
        var (old, new) = (start, start)
        for hash in path {
            guard let side = climb.step() else { return false }
            if side == .left { old = Merkle.node(hash, old) }
            new = side == .left ? Merkle.node(hash, new) : Merkle.node(new, hash)
        }
        return climb.isAtRoot && old == oldRoot && new == newRoot
    }

    private static func subproof(_ oldSize: Int, _ leaves: ArraySlice<TreeHash>, isWhole: Bool) -> [TreeHash] {
        if oldSize == leaves.count { return isWhole ? [] : [Merkle.root(of: leaves)] }
        let (left, right) = split(leaves)
        return oldSize <= left.count
            ? subproof(oldSize, left, isWhole: isWhole) + [Merkle.root(of: right)]
            : subproof(oldSize - left.count, right, isWhole: false) + [Merkle.root(of: left)]
    }
}

/// The climb from a node to the root that both verifications share (`fn` and `sn` of RFC 9162).
private struct Climb {
    enum Side { case left, right }
    var index: UInt64
    var last: UInt64

    var isAtRoot: Bool { last == 0 }

    /// One level up: on which side the proof's next hash stands; nil when the root is already reached.
    mutating func step() -> Side? {
        guard last != 0 else { return nil }
        let side: Side = index & 1 == 1 || index == last ? .left : .right
        // A right edge without a sibling on these levels is passed up unchanged.
        while side == .left, index & 1 == 0, index != 0 { shift() }
        shift()
        return side
    }

    mutating func skipRightEdges() {
        while index & 1 == 1 { shift() }
    }

    private mutating func shift() {
        index >>= 1
        last >>= 1
    }
}

/// The two subtrees: the left one holds the largest power of two below the count.
private func split(_ leaves: ArraySlice<TreeHash>) -> (ArraySlice<TreeHash>, ArraySlice<TreeHash>) {
    let half = 1 << (Int.bitWidth - 1 - (leaves.count - 1).leadingZeroBitCount)
    return (leaves.prefix(half), leaves.dropFirst(half))
}

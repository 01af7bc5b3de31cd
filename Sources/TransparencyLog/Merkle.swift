import CChecksum
import Crypto

/// The hashes of an RFC 6962 Merkle tree over SHA-256 (section 2.1).
public enum Merkle {
    /// MTH({}): SHA-256 of nothing.
    public static let emptyRoot = TreeHash(digest: SHA256().finalize())

    /// A proof never needs more: a tree has fewer than 2^63 leaves.
    public static let maxProofLength = 63

    /// The hash of an entry's bytes, exactly as written.
    public static func leaf(_ entry: [UInt8]) -> TreeHash {
        // The prefix keeps an entry from being passed off as an inner node.
        entry.withUnsafeBytes { leaf($0) }
    }

    static func leaf(_ entry: UnsafeRawBufferPointer) -> TreeHash {
        TreeHash { belay_leaf_hash(entry.baseAddress, entry.count, $0) }
    }

    /// The hash of the node over two subtrees.
    public static func node(_ left: TreeHash, _ right: TreeHash) -> TreeHash {
        left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                TreeHash { belay_node_hash(left.baseAddress, right.baseAddress, $0) }
            }
        }
    }

    /// MTH of a whole tree given its leaf hashes.
    public static func root(of leaves: some Sequence<TreeHash>) -> TreeHash {
        var frontier = Frontier()
        for leaf in leaves { frontier.append(leaf) }
        return frontier.root
    }
}

/// The right edge of a growing tree: the roots of its perfect subtrees, largest first.
/// It yields the root of every size on the way and needs one hash per bit of the size.
public struct Frontier: Sendable, Equatable {
    /// The number of leaves appended.
    public private(set) var size: UInt64 = 0
    private var subtrees: [TreeHash] = []

    /// The empty tree.
    public init() {}

    /// The tree of `size` leaves from the roots of its perfect subtrees: one for each bit of the size, largest first.
    init(size: UInt64, subtrees: [TreeHash]) {
        self.size = size
        self.subtrees = subtrees
    }

    /// Appends the next leaf's hash.
    public mutating func append(_ leaf: TreeHash) {
        append(leaf, width: 1)
    }

    /// Appends the leaves of another tree. This one's size must be a multiple of its largest subtree's.
    mutating func append(_ other: Frontier) {
        var rest = other.size
        for subtree in other.subtrees {
            let width: UInt64 = 1 << UInt64(63 - rest.leadingZeroBitCount)
            append(subtree, width: width)
            rest -= width
        }
    }

    /// Appends the root of a subtree of `width` leaves, a power of two.
    private mutating func append(_ subtree: TreeHash, width: UInt64) {
        var merged = subtree
        var carry = size >> UInt64(width.trailingZeroBitCount)
        while carry & 1 == 1 {
            merged = Merkle.node(subtrees.removeLast(), merged)
            carry >>= 1
        }
        subtrees.append(merged)
        size += width
    }

    /// MTH of the leaves so far.
    public var root: TreeHash {
        guard var hash = subtrees.last else { return Merkle.emptyRoot }
        for subtree in subtrees.dropLast().reversed() { hash = Merkle.node(subtree, hash) }
        return hash
    }
}

/// One of the keys a log has had, and which checkpoints are its to sign.
public struct KeyTerm: Sendable, Equatable {
    /// The key.
    public let key: VerifierKey
    /// The sizes. The first and the last, where another key comes before or after, are of checkpoints that both signed.
    public let sizes: ClosedRange<UInt64>
}

/// The keys of a log as they follow from one that is trusted: each change is an entry that names both keys, under a checkpoint
/// that both have signed.
struct KeyHistory {
    /// More changes than this are not followed: a log from anybody must not cost more than a look.
    static let maxChanges = 1000

    /// In the order of their sizes; at least the trusted one.
    let terms: [KeyTerm]

    /// - Parameter checkpoints: those with the entries' root; their signatures need not have been verified.
    init(trusted: VerifierKey, rotations: [KeyRotationEntry], checkpoints: [CheckpointFiles.Claim]) {
        let changes = rotations.compactMap { Change($0, among: checkpoints) }
        let earlier = Self.leading(to: trusted, in: changes[...])
        let later = Self.following(trusted, in: changes[(earlier.last?.place ?? changes.startIndex)...])
        let keys = earlier.map(\.change.old) + [trusted] + later.map(\.new)
        let sizes = [0] + earlier.map(\.change.size) + later.map(\.size) + [.max]
        terms = keys.indices.map { KeyTerm(key: keys[$0], sizes: sizes[$0]...max(sizes[$0], sizes[$0 + 1])) }
    }

    /// A change of keys that took effect.
    private struct Change {
        let old: VerifierKey
        let new: VerifierKey
        /// Of the first checkpoint that both signed.
        let size: UInt64

        init?(_ rotation: KeyRotationEntry, among checkpoints: [CheckpointFiles.Claim]) {
            (old, new) = (rotation.old, rotation.new)
            let keys = [old, new]
            let signed = checkpoints.filter { claim in
                let lines = claim.note.signatures
                return claim.size > rotation.index && keys.allSatisfy { key in lines.contains { $0.isBy(key) } }
                    && (try? claim.note.verified(by: keys).count) == keys.count
            }
            guard let first = signed.map(\.size).min() else { return nil }
            size = first
        }
    }

    /// The changes that end with a key, in their order, and the place after each.
    private static func leading(to key: VerifierKey, in changes: ArraySlice<Change>) -> [(change: Change, place: Int)] {
        guard let last = changes.lastIndex(where: { $0.new == key }) else { return [] }
        return leading(to: changes[last].old, in: changes[..<last]) + [(changes[last], last + 1)]
    }

    /// The changes that begin with a key, in their order. Of two from one key the first counts: after it the key had no more to say.
    private static func following(_ key: VerifierKey, in changes: ArraySlice<Change>) -> [Change] {
        guard let first = changes.firstIndex(where: { $0.old == key }) else { return [] }
        return [changes[first]] + following(changes[first].new, in: changes[(first + 1)...])
    }

    /// Whether a checkpoint is good: signed by keys that are known, one of which had it to sign.
    ///
    /// - Returns: the checkpoint; its keys' terms are to be asked of ``isInTerm(_:)``.
    /// - Throws: ``FormatError`` when no key that is known signed it.
    func signed(_ note: SignedNote) throws -> SignedCheckpoint {
        try SignedCheckpoint(note, verifiedByAnyOf: terms.map(\.key))
    }

    /// Whether one of the keys that signed was the log's at that size.
    func isInTerm(_ signed: SignedCheckpoint) -> Bool {
        // The one key there is signed it, and has all sizes: a signature is not verified twice in a log whose key never changed.
        if terms.count == 1 { return true }
        let signers = (try? signed.note.verified(by: terms.map(\.key))) ?? []
        return terms.contains { $0.sizes.contains(signed.checkpoint.size) && signers.contains($0.key) }
    }
}

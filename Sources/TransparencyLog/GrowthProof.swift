/// That a log has only grown since a size, in one file that can be checked without the log: the body that a witness is sent
/// (C2SP tlog-witness v1.0.0, add-checkpoint), `old N`, the hashes, a blank line, and the newer checkpoint.
public struct GrowthProof: Sendable, Equatable {
    /// The size it begins from. Its root is not in the file: whoever verifies has kept it.
    public let oldSize: UInt64
    /// From there to the newer checkpoint's tree.
    public let consistency: ConsistencyProof
    /// The newer checkpoint with its signatures, exactly as published.
    public let note: SignedNote

    /// The proof from `oldSize` entries to the tree of `checkpoint`.
    public init(oldSize: UInt64, consistency: ConsistencyProof, checkpoint: SignedCheckpoint) {
        self.oldSize = oldSize
        self.consistency = consistency
        note = checkpoint.note
    }

    /// Parses a proof strictly: one spelling for each. Nothing is verified yet.
    public init(_ bytes: [UInt8]) throws {
        guard bytes.count <= LogProof.maxBytes else {
            throw FormatError("a proof has at most \(LogProof.maxBytes) bytes")
        }
        guard let (lines, rest) = splitAtBlankLine(bytes, limit: 1 + Merkle.maxProofLength) else {
            throw FormatError("the proof has no blank line before its checkpoint, or more than 63 hashes")
        }
        guard let first = lines.first, first.starts(with: Self.start),
            let size = ASCIIDecimal.decode(first.dropFirst(Self.start.count))
        else { throw FormatError("the proof's first line is not 'old N', a decimal below 2^63 without leading zero") }
        oldSize = size
        consistency = ConsistencyProof(hashes: try TreeHash.lines(lines.dropFirst()))
        note = try SignedNote(Array(rest))
    }

    private static let start = Array("old ".utf8)

    /// Whether a file is meant to be one: what it is to be parsed as.
    public static func isMeant(by bytes: [UInt8]) -> Bool { bytes.starts(with: start) }

    /// The proof as it is stored.
    public var bytes: [UInt8] {
        let lines = ["old \(oldSize)"] + consistency.hashes.map(\.base64) + [""]
        return lines.flatMap { Array($0.utf8) + [0x0A] } + note.bytes
    }

    /// Verifies that the log whose checkpoint `old` is has only grown since.
    ///
    /// - Parameters:
    ///   - old: the older checkpoint, which the verifier has kept; one of the log's keys must have signed it.
    ///   - logs: the keys of the logs that are accepted.
    ///   - policy: which witnesses are known, and how many of them must have cosigned the newer checkpoint.
    /// - Returns: the newer checkpoint, and who cosigned it.
    /// - Throws: ``FormatError`` for the first thing that is not proven.
    public func verify(
        old: SignedNote, logs: [VerifierKey], policy: WitnessPolicy
    ) throws -> (checkpoint: Checkpoint, cosigners: [Cosigner]) {
        let older = try SignedCheckpoint(old, verifiedByAnyOf: logs).checkpoint
        let signed = try SignedCheckpoint(note, verifiedByAnyOf: logs)
        let newer = signed.checkpoint
        guard older.origin == newer.origin else {
            throw FormatError("the checkpoints are of two logs: \(older.origin) and \(newer.origin)")
        }
        guard older.size == oldSize else {
            throw FormatError("the proof begins from \(oldSize) entries, the older checkpoint has \(older.size)")
        }
        let cosigners = try signed.cosigners(for: policy)
        guard
            consistency.verify(
                oldSize: older.size, oldRoot: older.root, newSize: newer.size, newRoot: newer.root)
        else {
            throw FormatError(
                "the \(newer.size) entries of the newer checkpoint do not begin with the \(older.size) of the older one: "
                    + "the log was rewritten, or the proof is not of these two")
        }
        return (newer, cosigners)
    }
}

extension TileReader {
    /// That the tree of `signed` begins with the tree of `old`, verified as whoever gets it will.
    ///
    /// - Parameters:
    ///   - old: the older checkpoint; of one that nobody signed the root is `root(ofFirst:inTreeOf:)`.
    ///   - signed: the newer one, which was published; its signature must have been verified.
    /// - Throws: ``FormatError`` when it does not, and as ``consistencyProof(from:to:)`` does.
    public func proof(from old: Checkpoint, to signed: SignedCheckpoint) throws -> GrowthProof {
        let new = signed.checkpoint
        let proof = try consistencyProof(from: old.size, to: new.size)
        guard proof.verify(oldSize: old.size, oldRoot: old.root, newSize: new.size, newRoot: new.root) else {
            throw FormatError(
                "the \(new.size) entries of the log do not begin with those of the checkpoint of \(old.size): the log was "
                    + "rewritten, or its tiles are damaged")
        }
        return GrowthProof(oldSize: old.size, consistency: proof, checkpoint: signed)
    }
}

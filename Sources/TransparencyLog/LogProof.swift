/// That an entry is in a log, in one file that can be checked without the log (C2SP tlog-proof@v1, `.tlog-proof`).
public struct LogProof: Sendable, Equatable {
    /// Which entry, counted from 0.
    public let index: UInt64
    /// The path from the entry to the checkpoint's root.
    public let inclusion: InclusionProof
    /// The checkpoint with its signatures, exactly as published.
    public let note: SignedNote
    /// What came along. Nothing authenticates it.
    public let extra: [UInt8]?

    /// A proof file is a checkpoint with at most 63 hashes before it, and what came along.
    public static let maxBytes = 2 * SignedNote.maxBytes
    private static let header = "c2sp.org/tlog-proof@v1"

    /// The proof for entry `index` of the tree of `checkpoint`.
    ///
    /// - Throws: `FormatError` when the tree has no such entry.
    public init(
        index: UInt64, inclusion: InclusionProof, checkpoint: SignedCheckpoint, extra: [UInt8]? = nil
    ) throws {
        guard index < checkpoint.checkpoint.size else {
            throw FormatError("entry \(index) is not in the tree of \(checkpoint.checkpoint.size) entries")
        }
        self.index = index
        self.inclusion = inclusion
        note = checkpoint.note
        self.extra = extra
    }

    /// Parses a proof strictly: one spelling for each. Nothing is verified yet.
    public init(_ bytes: [UInt8]) throws {
        guard bytes.count <= Self.maxBytes else { throw FormatError("a proof has at most \(Self.maxBytes) bytes") }
        guard let (head, rest) = splitAtBlankLine(bytes, limit: 3 + Merkle.maxProofLength) else {
            throw FormatError("the proof has no blank line before its checkpoint, or more than 63 hashes")
        }
        var lines = head[...]
        guard let first = lines.popFirst(), first.elementsEqual(Self.header.utf8) else {
            throw FormatError("not a proof: its first line must be \(Self.header)")
        }
        if let text = lines.first.flatMap({ Self.value(of: "extra", $0) }) {
            guard let bytes = Base64.decode(text) else { throw FormatError("the proof's extra data is not base64") }
            extra = bytes
            lines.removeFirst()
        } else {
            extra = nil
        }
        guard let index = lines.popFirst().flatMap({ Self.value(of: "index", $0) }).flatMap(ASCIIDecimal.decode) else {
            throw FormatError("the proof's index is not a line 'index N', a decimal below 2^63 without leading zero")
        }
        self.index = index
        inclusion = InclusionProof(hashes: try TreeHash.lines(lines))
        note = try SignedNote(Array(rest))
    }

    /// The proof as it is stored.
    public var bytes: [UInt8] {
        let extra = self.extra.map { ["extra \(Base64.encode($0))"] } ?? []
        let lines = [Self.header] + extra + ["index \(index)"] + inclusion.hashes.map(\.base64) + [""]
        return lines.flatMap { Array($0.utf8) + [0x0A] } + note.bytes
    }

    /// Verifies that `entry` is in a log, as its bytes were written.
    ///
    /// - Parameters:
    ///   - entry: the entry's bytes.
    ///   - logs: the keys of the logs that are accepted, usually the policy's.
    ///   - policy: which witnesses are known, and how many of them must have cosigned.
    /// - Returns: what was proven.
    /// - Throws: `FormatError` for the first thing that is not proven.
    public func verify(entry: [UInt8], logs: [VerifierKey], policy: WitnessPolicy) throws -> ProvenEntry {
        let signed = try SignedCheckpoint(note, verifiedByAnyOf: logs)
        let checkpoint = signed.checkpoint
        let cosigners = try signed.cosigners(for: policy)
        let leaf = Merkle.leaf(entry)
        guard inclusion.verify(leaf: leaf, index: index, size: checkpoint.size, root: checkpoint.root) else {
            throw FormatError(
                "the entry is not number \(index) of the log \(checkpoint.origin) at size \(checkpoint.size): "
                    + "the proof is of another entry, or not of this checkpoint")
        }
        return ProvenEntry(origin: checkpoint.origin, index: index, size: checkpoint.size, cosigners: cosigners)
    }

    private static func value(of name: String, _ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        line.starts(with: "\(name) ".utf8) ? line.dropFirst(name.utf8.count + 1) : nil
    }
}

extension TreeHash {
    /// The hashes between a proof's head and its blank line.
    static func lines(_ lines: ArraySlice<ArraySlice<UInt8>>) throws -> [TreeHash] {
        try lines.map {
            guard let hash = Base64.decode($0).flatMap({ TreeHash($0) }) else {
                throw FormatError("before its blank line the proof has lines other than base64 of 32 bytes")
            }
            return hash
        }
    }
}

extension SignedCheckpoint {
    /// Who among a policy's witnesses cosigned, when they are its quorum.
    func cosigners(for policy: WitnessPolicy) throws -> [Cosigner] {
        let cosigners = try cosigners(among: policy.witnesses.map(\.key))
        guard policy.isSatisfied(by: Set(cosigners.map(\.key))) else {
            let names = cosigners.map(\.key.name).joined(separator: ", ")
            throw FormatError(
                "the checkpoint lacks the policy's quorum: cosigned by \(names.isEmpty ? "no known witness" : names)")
        }
        return cosigners
    }
}

/// What a proof has shown of an entry.
public struct ProvenEntry: Sendable, Equatable {
    /// The log it is in.
    public let origin: String
    /// Its number there, counted from 0.
    public let index: UInt64
    /// The number of entries in the checkpoint's tree.
    public let size: UInt64
    /// The known witnesses that cosigned the checkpoint. The entry was in the log at each of these times.
    public let cosigners: [Cosigner]
}

/// A log's statement of its size and root (C2SP tlog-checkpoint v1.0.0), without signatures.
public struct Checkpoint: Sendable, Equatable {
    /// Which log, as a schema-less URL; equal to the name of the log's key.
    public let origin: String
    /// The number of entries, below 2^63.
    public let size: UInt64
    /// The Merkle root of those entries.
    public let root: TreeHash
    /// Lines after the root; none of ours has any.
    public let extensions: [String]

    /// A checkpoint to sign.
    public init(origin: String, size: UInt64, root: TreeHash) throws {
        try self.init(text: "\(origin)\n\(size)\n\(root.base64)\n")
    }

    /// Parses a note's text strictly: one spelling for each checkpoint.
    public init(text: String) throws {
        let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.count >= 4, lines.last?.isEmpty == true else {
            throw FormatError("a checkpoint is three lines or more: origin, size, root, each ended by a newline")
        }
        guard lines.dropLast().allSatisfy({ !$0.isEmpty }) else { throw FormatError("empty line in the checkpoint") }
        guard let size = ASCIIDecimal.decode(lines[1]) else {
            throw FormatError("the checkpoint's size is not a decimal number below 2^63 without leading zero")
        }
        guard let root = Base64.decode(lines[2]).flatMap({ TreeHash($0) }) else {
            throw FormatError("the checkpoint's root is not base64 of 32 bytes")
        }
        origin = String(decoding: lines[0], as: UTF8.self)
        self.size = size
        self.root = root
        extensions = lines[3...].dropLast().map { String(decoding: $0, as: UTF8.self) }
    }

    /// The text that is signed.
    public var text: String {
        ([origin, String(size), root.base64] + extensions).map { $0 + "\n" }.joined()
    }
}

/// A checkpoint together with the note that carries its signatures.
public struct SignedCheckpoint: Sendable, Equatable {
    /// What is signed.
    public let checkpoint: Checkpoint
    /// The signed note; its bytes are what is stored and published.
    public let note: SignedNote

    /// Signs a checkpoint with the log's key.
    public init(_ checkpoint: Checkpoint, signedBy key: SigningKey) throws {
        self.checkpoint = checkpoint
        note = try SignedNote(text: checkpoint.text, signedBy: key)
    }

    /// A checkpoint with a signature over its text that was made elsewhere, where the log's key is.
    ///
    /// - Throws: ``FormatError`` when it is not the signature by `key`.
    public init(_ checkpoint: Checkpoint, signature: [UInt8], by key: VerifierKey) throws {
        let line = NoteSignature(name: key.name, keyID: key.id, signature: signature)
        try self.init(SignedNote(text: checkpoint.text, line: line), verifiedByAnyOf: [key])
    }

    /// Reads a checkpoint and verifies the log's signature; `key` must be the key of the checkpoint's origin.
    public init(_ bytes: [UInt8], verifiedBy key: VerifierKey) throws {
        try self.init(SignedNote(bytes), verifiedByAnyOf: [key])
    }

    /// The same with one of several keys, as a log has that has changed its own.
    public init(_ bytes: [UInt8], verifiedByAnyOf keys: [VerifierKey]) throws {
        try self.init(SignedNote(bytes), verifiedByAnyOf: keys)
    }

    /// Verifies that one of the logs in `keys` signed a checkpoint of its own.
    init(_ note: SignedNote, verifiedByAnyOf keys: [VerifierKey]) throws {
        let signers = try note.verified(by: keys)
        self.note = note
        checkpoint = try Checkpoint(text: note.text)
        guard signers.contains(where: { [checkpoint] in $0.name == checkpoint.origin }) else {
            let names = signers.map(\.name).joined(separator: ", ")
            throw FormatError("the checkpoint is of the log \(checkpoint.origin), the key of \(names)")
        }
    }

    /// The same checkpoint with a witness's answer under it.
    ///
    /// - Parameters:
    ///   - lines: the signature lines as they were received; those by unknown keys are left out.
    ///   - witnesses: the keys to verify them with.
    /// - Throws: `FormatError` when none of these witnesses signed, or a line by one of them is not valid.
    public func adding(_ lines: [NoteSignature], by witnesses: [VerifierKey]) throws -> SignedCheckpoint {
        let known = lines.filter { line in witnesses.contains { $0.type == .witness && line.isBy($0) } }
        guard !known.isEmpty else { throw FormatError("no cosignature by a known witness") }
        _ = try checkpoint.cosigners(in: known, among: witnesses)
        let result = SignedCheckpoint(checkpoint, note: try note.appending(known))
        // A bad line that was there before would take the place of a good one.
        _ = try result.cosigners(among: witnesses)
        return result
    }

    /// The same checkpoint with the signature lines that only `other` has; they are not verified.
    ///
    /// - Throws: `FormatError` when it is not the same checkpoint.
    public func merging(_ other: SignedCheckpoint) throws -> SignedCheckpoint {
        guard other.checkpoint == checkpoint else {
            throw FormatError("these are two checkpoints of \(checkpoint.origin), not one with other signatures")
        }
        return SignedCheckpoint(checkpoint, note: try note.appending(other.note.signatures))
    }

    /// Who among `witnesses` cosigned, and when, in the order of the lines. Lines by unknown keys are ignored; a bad
    /// one by a known key rejects the whole checkpoint.
    public func cosigners(among witnesses: [VerifierKey]) throws -> [Cosigner] {
        try checkpoint.cosigners(in: note.signatures, among: witnesses)
    }

    private init(_ checkpoint: Checkpoint, note: SignedNote) {
        self.checkpoint = checkpoint
        self.note = note
    }
}

/// Where the key that verified the checkpoints came from, which decides what their signatures prove.
public enum KeySource: Sendable, Equatable {
    /// The auditor's own.
    case given(VerifierKey)
    /// Read from the directory that is being verified: it proves integrity against accident only.
    case fromLog(VerifierKey)
    /// There is none.
    case none

    var key: VerifierKey? {
        switch self {
        case .given(let key), .fromLog(let key): key
        case .none: nil
        }
    }
}

/// A checkpoint that somebody kept outside the log's directory. Only these show a log that was rewritten with its
/// own key, or set back.
public struct KeptCheckpoint: Sendable {
    /// What to call it in the report, such as its path.
    public let source: String
    /// The signed note.
    public let bytes: [UInt8]

    /// A kept checkpoint.
    public init(source: String, bytes: [UInt8]) {
        self.source = source
        self.bytes = bytes
    }
}

/// A checkpoint whose signature is good and whose root is that of the entries.
public struct CheckedCheckpoint: Sendable, Equatable {
    /// The file, relative to the log's directory, or the name of a kept one.
    public let source: String
    /// The number of entries it covers.
    public let size: UInt64
    /// The known witnesses that cosigned it.
    public var cosigners: [Cosigner] = []
}

/// The largest checkpoint that a quorum of witnesses has cosigned.
public struct WitnessedCheckpoint: Sendable, Equatable {
    /// The number of entries it covers.
    public let size: UInt64
    /// All known witnesses that cosigned it.
    public let cosigners: [Cosigner]
}

/// An entry that is intact but not one I-JSON object.
public struct EntryFinding: Sendable, Equatable {
    /// Which entry.
    public let index: UInt64
    /// What about it.
    public let defect: JSONDefect
}

/// One reason why the log does not verify.
public struct VerificationFailure: Sendable, Equatable, CustomStringConvertible {
    /// What happened to the log.
    public enum Kind: String, Sendable {
        /// A record's bytes are damaged.
        case damagedRecord
        /// Records are whole, but not those that were signed.
        case tampered
        /// Signed entries are gone.
        case missingEntries
        /// A checkpoint cannot be read or its signature is not good.
        case badCheckpoint
        /// A tile is not what the entries make.
        case wrongTile
        /// A tile of what was signed is not there.
        case missingTile
        /// Among the tiles lies a file that is none, or that follows from no entries.
        case strayFile
        /// A key that was not the log's at that size signed a checkpoint: it had been replaced, or was not yet in use.
        case retiredKey
        /// An entry is not one I-JSON object.
        case unreadableEvent
        /// An outcome does not name the intent before it.
        case outcomeWithoutIntent
        /// A run that had ended did something.
        case intentAfterEnd
        /// The log's key signed two histories.
        case forked
        /// There is no key to verify with.
        case noKey
        /// No checkpoint was cosigned by the quorum that was asked for.
        case notWitnessed
    }

    /// What happened.
    public let kind: Kind
    /// The entries concerned, where known; damage is somewhere in this range.
    public let entries: Range<UInt64>?
    /// The file concerned, relative to the log's directory.
    public let file: String?
    /// Where in it, in bytes.
    public let offset: UInt64?
    /// What was found.
    public let what: String
    /// What it means, and what to do.
    public let meaning: String

    init(
        _ kind: Kind, entries: Range<UInt64>? = nil, file: String? = nil, offset: UInt64? = nil, what: String,
        meaning: String
    ) {
        self.kind = kind
        self.entries = entries
        self.file = file
        self.offset = offset
        self.what = what
        self.meaning = meaning
    }

    /// A sentence for each of both.
    public var description: String { "\(what). \(meaning)" }
}

/// What can be said about a log.
public struct VerificationReport: Sendable, Equatable {
    /// Where the entries were read from.
    public let source: EntrySource
    /// So many entries were not read, since a kept checkpoint vouches for them; 0 when all were.
    public let since: UInt64
    /// Checkpoints of fewer entries than that: they were not compared.
    public let skippedCheckpoints: Int
    /// Entries that are known, contiguous from 0, up to the first that cannot be read.
    public let entries: UInt64
    /// The Merkle root of those.
    public let root: TreeHash
    /// With which key.
    public let key: KeySource
    /// The keys the log has had, as they follow from that one; only it when there was no other.
    public let keys: [KeyTerm]
    /// Checkpoints that verify, by size.
    public let checkpoints: [CheckedCheckpoint]
    /// Tiles that are what the entries make; 0 when the log has none.
    public let tiles: Int
    /// What an unfinished write left at the end: harmless.
    public let tornTail: TornTail?
    /// The first entries that are not I-JSON, at most 100.
    public let findings: [EntryFinding]
    /// How many there are in all.
    public let findingCount: Int
    /// What the quorum of witnesses vouches for; nil when none was asked for, or none has.
    public let witnessed: WitnessedCheckpoint?
    /// Empty when the log verifies.
    public let failures: [VerificationFailure]

    /// Whether the log verifies.
    public var isIntact: Bool { failures.isEmpty }
    /// The largest size with a good checkpoint; 0 when there is none.
    public var signedSize: UInt64 { checkpoints.map(\.size).max() ?? 0 }
    /// Entries after the last good checkpoint: whole, but nothing yet proves that they were not exchanged.
    public var unsignedEntries: UInt64 { entries - signedSize }

    /// The report in sentences.
    public var summary: [String] {
        var lines = ["\(entries) entries, root \(root.hex)"]
        if source == .tiles {
            lines.append("there is no journal: the entries are those of the bundles among the tiles")
        }
        if since > 0 {
            lines.append(
                "the first \(since) were not read: a kept checkpoint vouches for them, and \(skippedCheckpoints) smaller "
                    + "ones were not compared")
        }
        lines.append("\(checkpoints.count) checkpoints verify; the largest covers \(signedSize) entries")
        lines.append(tiles > 0 ? "\(tiles) tiles are what the entries make" : "the log has no tiles")
        if unsignedEntries > 0 { lines.append("\(unsignedEntries) entries after it are not yet signed") }
        if let witnessed {
            let names = witnessed.cosigners.map(\.key.name).joined(separator: ", ")
            lines.append("\(witnessed.size) entries have the quorum of witnesses: \(names)")
        }
        switch key {
        case .given(let key): lines.append("verified with the given key \(key)")
        case .fromLog(let key):
            lines.append(
                "the key \(key) was taken from the log itself: this shows accidents, not a rewrite by someone "
                    + "who replaced the key too; get the key from elsewhere to show that")
        case .none: lines.append("no key")
        }
        lines += keys.dropLast().map { "the key \($0.key) was replaced at size \($0.sizes.upperBound)" }
        if let tornTail { lines.append("\(tornTail): it was never acknowledged and is no entry") }
        if findingCount > 0 { lines.append("\(findingCount) entries are not I-JSON objects") }
        lines += findings.map { "entry \($0.index): \($0.defect)" }
        lines.append(isIntact ? "the log verifies" : "THE LOG DOES NOT VERIFY")
        return lines + failures.map(\.description)
    }
}

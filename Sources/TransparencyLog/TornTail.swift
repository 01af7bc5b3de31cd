/// What an interrupted, never acknowledged write left after the last whole record.
public struct TornTail: Sendable, Equatable, CustomStringConvertible {
    /// The index the next entry will have.
    public let index: UInt64
    /// The segment, relative to the log's directory.
    public let file: String
    /// Where in it, in bytes.
    public let offset: UInt64
    /// Up to the last byte that is not zero.
    public let length: UInt64

    /// A sentence for people.
    public var description: String {
        "\(length) bytes of an unfinished write at \(file) offset \(offset), where entry \(index) would be"
    }
}

/// Tells a torn tail from damage. Both look like a record that does not fit; they differ in what follows.
enum TailCheck {
    /// The least a disk writes at once; `segment` begins at a multiple of it.
    static let sector = 512

    /// Whether the bytes from `offset` to `end` of the *last* segment can be what one unsynced batch left behind.
    /// The disk may have written its sectors in any order; those it did not write still hold the zeroes they
    /// were preallocated with. So whole records after a torn one are possible only behind an unwritten sector,
    /// and only within one batch; anything else was durable once and has been damaged since.
    static func isTorn(_ segment: [UInt8], at offset: Int, end: Int, index: UInt64) -> Bool {
        guard end - offset <= JournalFormat.maxBatchSize else { return false }
        guard let follower = firstRecord(segment, after: offset, end: end, index: index) else { return true }
        return hasUnwrittenSector(segment, offset..<follower)
    }

    private static func firstRecord(_ segment: [UInt8], after offset: Int, end: Int, index: UInt64) -> Int? {
        let possible = index...(index + UInt64(JournalFormat.maxBatchSize))
        return ((offset + 1)..<max(end, offset + 1)).first { candidate in
            guard candidate + JournalFormat.headerSize <= segment.count,
                segment[candidate + 2] == 0, segment[candidate + 3] == 0,
                possible.contains(JournalFormat.integer(segment, candidate + 4, 8))
            else { return false }
            if case .record = JournalFormat.scan(segment, at: candidate) { return true }
            return false
        }
    }

    private static func hasUnwrittenSector(_ segment: [UInt8], _ range: Range<Int>) -> Bool {
        stride(from: range.lowerBound / sector * sector, to: range.upperBound, by: sector).contains { start in
            JournalFormat.isZero(segment[range.clamped(to: start..<(start + sector))])
        }
    }
}

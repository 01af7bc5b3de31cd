import Glibc

/// One entry of the log with its place in the order.
public struct JournalEntry: Sendable, Equatable {
    /// Contiguous from 0; the only order there is.
    public let index: UInt64
    /// The bytes exactly as written; these are what is hashed.
    public let bytes: [UInt8]

    /// An entry at its place.
    public init(index: UInt64, bytes: [UInt8]) {
        self.index = index
        self.bytes = bytes
    }
}

/// The bytes of a journal segment:
/// `u32 LE length || u64 LE index || u32 LE CRC-32C(length || index || entry) || entry`, zeroes at the end.
public enum JournalFormat {
    /// Bytes before the entry.
    public static let headerSize = 16
    /// The longest entry.
    public static let maxEntrySize = 65_535
    /// Segments are written full of zeroes first, so that appending changes no metadata.
    public static let segmentSize = 4 << 20
    /// The most a writer may have unsynced at a time: what a crash can leave torn is never longer.
    public static let maxBatchSize = 1 << 20
    /// Segments by other writers may be longer, up to this.
    static let maxSegmentSize = 64 << 20

    /// The record that carries an entry of 1...65,535 bytes.
    public static func record(_ entry: JournalEntry) -> [UInt8] {
        var record: [UInt8] = []
        append(entry.bytes, index: entry.index, to: &record)
        return record
    }

    /// Appends the record that carries an entry of 1...65,535 bytes.
    public static func append(_ entry: [UInt8], index: UInt64, to records: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: headerSize, alignment: 8) { header in
            header.storeBytes(of: UInt32(entry.count).littleEndian, as: UInt32.self)
            header.storeBytes(of: index.littleEndian, toByteOffset: 4, as: UInt64.self)
            let head = UnsafeRawBufferPointer(rebasing: header[..<12])
            let crc = entry.withUnsafeBytes { CRC32C.checksum(head, $0) }
            header.storeBytes(of: crc.littleEndian, toByteOffset: 12, as: UInt32.self)
            records.append(contentsOf: header)
        }
        records.append(contentsOf: entry)
    }

    /// What stands at `offset` of a segment.
    package static func scan(_ segment: [UInt8], at offset: Int) -> Scan {
        segment.withUnsafeBytes { bytes in
            switch frame(bytes, at: offset) {
            case .record(let index, let entry):
                .record(JournalEntry(index: index, bytes: Array(bytes[entry])), end: entry.upperBound)
            case .end: .end
            case .damaged(let why): .damaged(why)
            }
        }
    }

    package enum Scan: Equatable {
        case record(JournalEntry, end: Int)
        case end
        case damaged(String)
    }

    /// The same with the entry left in its place, which is also where the record ends.
    static func frame(_ segment: UnsafeRawBufferPointer, at offset: Int) -> Frame {
        guard segment.count - offset >= 4 else { return .end }
        let length = Int(integer(segment, offset, as: UInt32.self))
        if length == 0 { return .end }
        guard length <= maxEntrySize else { return .damaged("its length, \(length), is impossible") }
        let start = offset + headerSize
        guard start + length <= segment.count else { return .damaged("it runs past the end of the segment") }
        let head = UnsafeRawBufferPointer(rebasing: segment[offset..<(offset + 12)])
        let entry = UnsafeRawBufferPointer(rebasing: segment[start..<(start + length)])
        guard CRC32C.checksum(head, entry) == integer(segment, offset + 12, as: UInt32.self) else {
            return .damaged("its CRC-32C does not fit its bytes")
        }
        return .record(index: integer(segment, offset + 4, as: UInt64.self), entry: start..<(start + length))
    }

    enum Frame {
        case record(index: UInt64, entry: Range<Int>)
        case end
        case damaged(String)
    }

    static func integer(_ bytes: [UInt8], _ offset: Int, _ width: Int) -> UInt64 {
        bytes[offset..<(offset + width)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func integer<Integer: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ offset: Int, as type: Integer.Type
    ) -> Integer {
        Integer(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
    }

    /// One past the last byte that is not zero, at least `start`.
    static func usedEnd(_ segment: [UInt8], from start: Int) -> Int {
        // An empty rest is the common case, and long: one memcmp instead of a loop.
        if isZero(segment[start...]) { return start }
        return (segment[start...].lastIndex { $0 != 0 } ?? start - 1) + 1
    }

    static func isZero(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress, buffer.count > 1 else { return buffer.first ?? 0 == 0 }
            return buffer[0] == 0 && memcmp(base, base + 1, buffer.count - 1) == 0
        }
    }
}

/// The bytes of a bundle of entries: each behind its length, two bytes, big-endian (C2SP tlog-tiles).
public enum EntryBundle {
    /// The longest entry that a bundle can carry.
    public static let maxEntrySize = 65_535

    /// Appends an entry of at most 65,535 bytes to a bundle.
    /// - Throws: ``FormatError`` for a longer one.
    public static func append(_ entry: [UInt8], to bundle: inout [UInt8]) throws(FormatError) {
        guard let length = UInt16(exactly: entry.count) else {
            throw FormatError("an entry of \(entry.count) bytes: a bundle takes at most \(maxEntrySize)")
        }
        bundle.append(UInt8(length >> 8))
        bundle.append(UInt8(length & 0xFF))
        bundle += entry
    }

    /// The first `count` entries; with `isWhole` the bundle must end after them.
    ///
    /// - Throws: ``FormatError`` when there are fewer, or bytes after them. A zero-filled end reads as empty entries, so the
    ///   number of entries must come from a checkpoint.
    public static func entries(_ bundle: [UInt8], count: Int, isWhole: Bool = true) throws(FormatError) -> [[UInt8]] {
        try places(bundle, count: count, isWhole: isWhole).map { Array(bundle[$0]) }
    }

    /// The same, each by where its bytes are.
    static func places(
        _ bundle: [UInt8], count: Int, isWhole: Bool = true
    ) throws(FormatError) -> [Range<Int>] {
        var places: [Range<Int>] = []
        var offset = 0
        for number in 0..<count {
            guard offset + 2 <= bundle.count else { throw FormatError("it ends after \(number) of \(count) entries") }
            let end = offset + 2 + Int(bundle[offset]) << 8 + Int(bundle[offset + 1])
            guard end <= bundle.count else { throw FormatError("it ends amid entry \(number) of \(count)") }
            places.append((offset + 2)..<end)
            offset = end
        }
        guard !isWhole || offset == bundle.count else {
            throw FormatError("\(bundle.count - offset) bytes follow its \(count) entries")
        }
        return places
    }
}

/// A place in the journal: between two entries.
public struct JournalPosition: Sendable, Equatable {
    /// The index of the first entry of the segment, which is its name.
    public var segment: UInt64
    /// Bytes into that segment.
    public var offset: Int
    /// The index of the entry that is, or will be, there.
    public var index: UInt64

    /// The very beginning.
    public static let start = JournalPosition(segment: 0, offset: 0, index: 0)

    /// A place known from reading or writing.
    public init(segment: UInt64, offset: Int, index: UInt64) {
        self.segment = segment
        self.offset = offset
        self.index = index
    }
}

/// The journal is damaged: at which entry, in which segment, at which byte.
public struct JournalError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Whether the bytes rotted or whole records are gone, moved or repeated.
    public enum Kind: Sendable {
        /// Bytes that are no record.
        case damaged
        /// Good records in a wrong place: no accident does that.
        case misplaced
    }

    /// What is wrong.
    public let kind: Kind
    /// The first entry that cannot be read.
    public let index: UInt64
    /// The segment, relative to the log's directory.
    public let file: String
    /// Where in it, in bytes.
    public let offset: UInt64
    /// Why.
    public let what: String

    /// All of it in one sentence.
    public var description: String { "entry \(index) (\(file) offset \(offset)): \(what)" }
}

/// Reads the entries of a log in order, without a lock and without write permission, also while others append:
/// it ends at the last whole record it finds. A part of a segment is in memory at a time; at the end of what is written, its rest.
public struct JournalReader: Sendable {
    /// Room for any record, and little enough to be still in the processor's cache when it is looked at.
    private static let window = 1 << 17

    private let directory: String
    private var later: ArraySlice<UInt64>
    /// The segment whose parts are read.
    private var open: (segment: UInt64, file: OpenFile)?
    private var bytes: [UInt8] = []
    /// Where in the segment `bytes` begins: a follower does not read again what it has seen.
    private var base = 0
    /// Whether `bytes` goes to the segment's end.
    private var isRest = true
    private var rereadOffset: Int?
    /// Where the next entry is.
    public private(set) var position: JournalPosition
    /// Set when the reader has ended at an unfinished write.
    public private(set) var tornTail: TornTail?

    /// A reader of the entries from `index` on.
    public init(directory: String, from index: UInt64 = 0) throws {
        let first = try LogLayout.segments(in: directory).last { $0 <= index } ?? 0
        try self.init(directory: directory, at: JournalPosition(segment: first, offset: 0, index: first))
        while position.index < index, try next() != nil {}
    }

    /// A reader that goes on where another one, or the writer, stood.
    public init(directory: String, at position: JournalPosition) throws {
        self.directory = directory
        self.position = position
        let segments = try LogLayout.segments(in: directory)
        later = segments.drop { $0 <= position.segment }
        guard segments.contains(position.segment) else {
            if segments.isEmpty, position == .start { return }
            throw error(.misplaced, "the segment is missing", at: position.segment)
        }
        try load(position.segment, from: position.offset)
    }

    /// The next entry; nil at the end. A reader does not follow a growing log: start another at `position`.
    public mutating func next() throws -> JournalEntry? {
        let index = position.index
        var entry: JournalEntry?
        _ = try visit(1) { entry = JournalEntry(index: index, bytes: Array($0)) }
        return entry
    }

    /// Lends the next entries to `body` where they lie, so many of them; says how many there were, which is fewer only at the end.
    mutating func visit(_ count: Int, _ body: (UnsafeRawBufferPointer) -> Void) throws -> Int {
        var rest = count
        while let obstacle = visitRecords(&rest, body), try pass(obstacle) {}
        return count - rest
    }

    /// The same in what is in memory; gives what is not the record that is next, if that ended it.
    private mutating func visitRecords(
        _ rest: inout Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) -> JournalFormat.Frame? {
        var (next, left) = (position, rest)
        let obstacle = bytes.withUnsafeBytes { segment -> JournalFormat.Frame? in
            while left > 0 {
                let frame = JournalFormat.frame(segment, at: next.offset - base)
                guard case .record(next.index, let entry) = frame else { return frame }
                body(UnsafeRawBufferPointer(rebasing: segment[entry]))
                next.offset = base + entry.upperBound
                next.index += 1
                left -= 1
            }
            return nil
        }
        (position, rest) = (next, left)
        return obstacle
    }

    /// Goes on where no record is that follows; false at the end.
    private mutating func pass(_ obstacle: JournalFormat.Frame) throws -> Bool {
        if case .record(let index, _) = obstacle { throw misplaced(index) }
        if try loadMore() { return true }
        guard case .damaged(let why) = obstacle else { return try advance() }
        if try reread() { return true }
        try endTorn("the record is damaged: \(why)")
        return false
    }

    /// More of the segment: its next part, or all its rest when this part would have had room for a record; false when there is none.
    private mutating func loadMore() throws -> Bool {
        guard !isRest else { return false }
        let isAtEdge = bytes.count - (position.offset - base) < JournalFormat.headerSize + JournalFormat.maxEntrySize
        guard try load(position.segment, from: position.offset, count: isAtEdge ? Self.window : .max) else {
            throw error(.misplaced, "the segment is missing")
        }
        return true
    }

    /// What was being written while it was read is whole the next time; a second look at one place is enough.
    private mutating func reread() throws -> Bool {
        guard rereadOffset != position.offset else { return false }
        rereadOffset = position.offset
        return try load(position.segment, from: base, count: .max)
    }

    /// To the next segment; false at the end of the log.
    private mutating func advance() throws -> Bool {
        let start = position.offset - base
        if JournalFormat.usedEnd(bytes, from: min(start, bytes.count)) > start {
            if try reread() { return true }
            try endTorn("the segment ends here, yet there are bytes after the end")
            return false
        }
        if let following = later.first, following != position.index {
            throw error(.misplaced, "the segment ends here and the next one starts at entry \(following)")
        }
        guard position.index > position.segment, try load(position.index, from: 0) else { return false }
        later = later.drop { $0 <= position.index }
        position = JournalPosition(segment: position.index, offset: 0, index: position.index)
        rereadOffset = nil
        return true
    }

    /// Ends here when this can be the torn end of the log; an error otherwise.
    private mutating func endTorn(_ what: String) throws {
        let start = position.offset - base
        let end = JournalFormat.usedEnd(bytes, from: start)
        guard later.isEmpty, TailCheck.isTorn(bytes, at: start, end: end, index: position.index) else {
            throw error(.damaged, what)
        }
        tornTail = TornTail(
            index: position.index, file: LogLayout.segment(startingAt: position.segment),
            offset: UInt64(position.offset), length: UInt64(end - start))
    }

    @discardableResult
    private mutating func load(_ segment: UInt64, from offset: Int, count: Int = window) throws -> Bool {
        // For its rest it is opened again: somebody may have written more.
        if count != Self.window || open?.segment != segment {
            let path = "\(directory)/\(LogLayout.segment(startingAt: segment))"
            open = try OpenFile(path, limit: JournalFormat.maxSegmentSize).map { (segment, $0) }
        }
        guard let file = open?.file else { return false }
        let aligned = offset - offset % TailCheck.sector
        try file.read(from: aligned, count: count, into: &bytes)
        base = aligned
        isRest = bytes.count < count
        return true
    }

    private func misplaced(_ index: UInt64) -> JournalError {
        error(.misplaced, "the record here is whole but is entry \(index): records were removed, repeated or moved")
    }

    private func error(_ kind: JournalError.Kind, _ what: String, at segment: UInt64? = nil) -> JournalError {
        JournalError(
            kind: kind, index: position.index, file: LogLayout.segment(startingAt: segment ?? position.segment),
            offset: UInt64(position.offset), what: what)
    }
}

extension JournalEntry {
    /// Reads one entry from where a reader found it before.
    /// - Parameter length: of its bytes.
    /// - Throws: a ``JournalError`` when it is not there, a ``LogReadError`` when its segment cannot be read.
    public init(in directory: String, at position: JournalPosition, length: Int) throws {
        let file = LogLayout.segment(startingAt: position.segment)
        let record = try Files.read(
            "\(directory)/\(file)", from: position.offset, count: JournalFormat.headerSize + length,
            limit: JournalFormat.maxSegmentSize)
        guard case .record(let entry, _)? = record.map({ JournalFormat.scan($0, at: 0) }),
            entry.index == position.index, entry.bytes.count == length
        else {
            throw JournalError(
                kind: .misplaced, index: position.index, file: file, offset: UInt64(position.offset),
                what: "the entry is not here any more")
        }
        self = entry
    }
}

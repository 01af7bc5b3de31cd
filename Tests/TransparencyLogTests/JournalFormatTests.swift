import Testing

@testable import TransparencyLog

@Suite("journal segments")
struct JournalFormatTests {
    @Test("the processor's instruction and the tables give the same CRC-32C, at every length and place")
    func processors() {
        let bytes = (0..<200).map { _ in UInt8.random(in: 0...255) }
        for start in 0..<9 {
            for end in start...bytes.count {
                let tables = Array(bytes[start..<end]).withUnsafeBytes { ~CRC32C.updateByTables(~0, $0) }
                #expect(CRC32C.checksum(Array(bytes[start..<end])) == tables)
            }
        }
        let long = (0..<4000).map { _ in UInt8.random(in: 0...255) }
        for count in [383, 384, 385, 391, 392, 767, 768, 776, 1151, 1152, 1153, 4000] {
            let tables = long[..<count].withUnsafeBytes { ~CRC32C.updateByTables(~0, $0) }
            #expect(CRC32C.checksum(Array(long[..<count])) == tables, "\(count) bytes")
        }
    }

    @Test("CRC-32C check value")
    func crc() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(CRC32C.checksum(Array("1234".utf8), Array("56789".utf8)) == 0xE306_9283)
    }

    @Test("the checksum of any number of bytes is that of the definition, bit by bit")
    func crcByDefinition() {
        let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ 7) }
        var crc = ~UInt32(0)
        for count in 0..<bytes.count {
            #expect(CRC32C.checksum(Array(bytes[..<count])) == ~crc)
            crc ^= UInt32(bytes[count])
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
        }
    }

    @Test("a record, byte by byte")
    func record() {
        let record = JournalFormat.record(JournalEntry(index: 0x0102, bytes: Array("{}".utf8)))
        #expect(Hex.encode(record[..<12]) == "02000000" + "0201000000000000")
        #expect(record[16...] == [0x7B, 0x7D])
        let crc = CRC32C.checksum(Array(record[..<12]), Array("{}".utf8))
        #expect(JournalFormat.integer(record, 12, 4) == UInt64(crc))
    }

    @Test("names have twenty digits and one spelling")
    func names() {
        #expect(LogLayout.segment(startingAt: 42) == "journal/00000000000000000042.wal")
        #expect(LogLayout.number(named: "00000000000000000042") == 42)
        for name in ["42", "+0000000000000000042", "99999999999999999999", ""] {
            #expect(LogLayout.number(named: name) == nil)
        }
    }

    @Test("reading from the middle, across segments")
    func middle() throws {
        let log = try LogFixture(30, segments: [0, 7, 19])
        for start in [0, 6, 7, 18, 29, 30] as [UInt64] {
            var reader = try JournalReader(directory: log.directory, from: start)
            var indices: [UInt64] = []
            while let entry = try reader.next() {
                #expect(entry.bytes == log.entries[Int(entry.index)])
                indices.append(entry.index)
            }
            #expect(indices == Array(start..<30))
            #expect(reader.position.index == 30)
        }
    }

    /// Entries of all lengths, in a segment that is many times what is read at once.
    private static func long() throws -> LogFixture {
        let entries = (0..<20).map { number in
            Array(#"{"text":"\#(String(repeating: "x", count: number % 3 == 0 ? 65_500 - number : 7 * number))"}"#.utf8)
        }
        return try LogFixture(entries: entries, segments: [0, 15])
    }

    @Test("a segment that is read in parts has all its entries, wherever a part ends")
    func parts() throws {
        let log = try Self.long()
        var reader = try JournalReader(directory: log.directory)
        for entry in log.entries { #expect(try reader.next()?.bytes == entry) }
        #expect(try reader.next() == nil && reader.tornTail == nil)
    }

    @Test("damage is named by its place in the segment, in whatever part it is", arguments: [0, 1, 2, 3, 5, 6, 14])
    func damagedPart(index: Int) throws {
        let log = try Self.long()
        let offset = log.offset(of: index)
        try log.edit { $0[offset + 16 + log.entries[index].count / 2] ^= 1 }
        let failure = try #require(try log.verify().failures.first)
        #expect(failure.kind == .damagedRecord && failure.offset == UInt64(offset))
        #expect(failure.entries == UInt64(index)..<UInt64(index + 1))
    }

    @Test("zeroes amid a segment are no end, wherever a part ends", arguments: [0, 1, 3, 8, 14])
    func hole(index: Int) throws {
        let log = try Self.long()
        let offset = log.offset(of: index)
        try log.edit { bytes in for place in offset..<(offset + 4) { bytes[place] = 0 } }
        let failure = try #require(try log.verify().failures.first)
        #expect(failure.offset == UInt64(offset))
        #expect(failure.what.contains("yet there are bytes after the end"))
    }

    @Test("one entry is read from its place, and from no other")
    func onePlace() throws {
        let log = try LogFixture(30, segments: [0, 19])
        let length = log.entries[3].count
        let place = JournalPosition(segment: 0, offset: log.offset(of: 3), index: 3)
        #expect(try JournalEntry(in: log.directory, at: place, length: length).bytes == log.entries[3])
        for (segment, offset, index, length) in [
            (0, place.offset, 4, length), (0, place.offset + 1, 3, length), (0, place.offset, 3, length - 1),
            (0, place.offset, 3, length + 1), (7, place.offset, 3, length), (0, 1 << 40, 3, length),
        ] as [(UInt64, Int, UInt64, Int)] {
            #expect(throws: JournalError.self) {
                let other = JournalPosition(segment: segment, offset: offset, index: index)
                return try JournalEntry(in: log.directory, at: other, length: length)
            }
        }
    }
}

import CChecksum

/// CRC-32C (Castagnoli; RFC 3720 section 12.1): finds torn writes and rot, not tampering.
enum CRC32C {
    // Swift has no word for the instruction, which is several times as fast as the tables.
    private static let hasInstruction = belay_has_crc32c()

    /// How many bytes are taken at a time ("slicing-by-16"): one look into a table each, and none waits for another.
    private static let slices = 16

    /// Row by row: what a byte adds to the checksum when so many bytes follow it as the row's number says.
    private static let table: [UInt32] = {
        var table: [UInt32] = []
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
            table.append(crc)
        }
        for place in 256..<(256 * slices) {
            let crc = table[place - 256]
            table.append(crc >> 8 ^ table[Int(crc & 0xFF)])
        }
        return table
    }()

    static func checksum(_ parts: [UInt8]...) -> UInt32 {
        ~parts.reduce(~0) { crc, part in part.withUnsafeBytes { update(crc, $0) } }
    }

    /// The checksum of two parts that follow each other.
    static func checksum(_ head: UnsafeRawBufferPointer, _ rest: UnsafeRawBufferPointer) -> UInt32 {
        ~update(update(~0, head), rest)
    }

    private static func update(_ start: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
        hasInstruction ? belay_crc32c(start, bytes.baseAddress, bytes.count) : updateByTables(start, bytes)
    }

    /// The same on any processor.
    static func updateByTables(_ start: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            var (crc, offset) = (start, 0)
            while offset + slices <= bytes.count {
                let low = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                let high = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
                crc = eight(low ^ UInt64(crc), before: 8, table) ^ eight(high, before: 0, table)
                offset += slices
            }
            while offset < bytes.count {
                crc = table[Int(UInt8(truncatingIfNeeded: crc) ^ bytes[offset])] ^ crc >> 8
                offset += 1
            }
            return crc
        }
    }

    /// What eight bytes add when `following` bytes come after them.
    @inline(__always)
    private static func eight(_ word: UInt64, before following: Int, _ table: UnsafeBufferPointer<UInt32>) -> UInt32 {
        var crc: UInt32 = 0
        for place in 0..<8 {
            crc ^= table[(following + 7 - place) << 8 | Int(word >> UInt64(8 * place) & 0xFF)]
        }
        return crc
    }
}

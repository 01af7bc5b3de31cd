/// CRC-32C (Castagnoli; RFC 3720 section 12.1): finds torn writes and rot, not tampering.
enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }

    static func checksum(_ parts: [UInt8]...) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            ~parts.reduce(~UInt32(0)) { crc, part in
                part.withUnsafeBufferPointer { bytes in
                    var crc = crc
                    for byte in bytes { crc = table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8 }
                    return crc
                }
            }
        }
    }
}

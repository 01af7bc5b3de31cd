/// Lowercase hexadecimal.
enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for an odd length, uppercase, or any other character.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text {
            guard let value = value(character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil ? bytes : nil
    }

    /// Of a digit.
    static func value(_ character: UInt8) -> UInt8? {
        let digit = digit(character)
        return digit.isValid ? digit.value : nil
    }

    /// The same without a branch; the value of what is no digit is of no use.
    @inline(__always)
    static func digit(_ character: UInt8) -> (value: UInt8, isValid: Bool) {
        let (decimal, letter) = (character &- UInt8(ascii: "0"), character &- UInt8(ascii: "a"))
        return (decimal < 10 ? decimal : letter &+ 10, decimal < 10 || letter < 6)
    }
}

/// RFC 4648 section 4 base64 with padding, strict: one spelling for each sequence of bytes. A lenient decoder
/// would let signed bytes be respelled without breaking the signature.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let pad = UInt8(ascii: "=")
    private static let values: [UInt8: UInt32] = Dictionary(
        uniqueKeysWithValues: alphabet.enumerated().map { ($1, UInt32($0)) })

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for position in 0..<4 {
                let value = alphabet[Int(bits >> UInt32(18 - 6 * position) & 63)]
                text.append(position <= group.count ? value : pad)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil unless encoding the result gives exactly this text again.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        let characters = Array(text)
        guard characters.count % 4 == 0 else { return nil }
        let padding = characters.reversed().prefix { $0 == pad }.count
        guard padding <= 2 else { return nil }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        for (position, character) in characters.dropLast(padding).enumerated() {
            guard let value = values[character] else { return nil }
            bits = bits << 6 | value
            let filled = position % 4
            if filled > 0 { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(6 - 2 * filled))) }
        }
        return Array(encode(bytes).utf8) == characters ? bytes : nil
    }
}

/// Sizes, indices and times in text: ASCII decimal below 2^63 without sign or leading zero, one spelling for each.
enum ASCIIDecimal {
    static func decode(_ text: some Collection<UInt8>) -> UInt64? {
        let number = String(decoding: text, as: UTF8.self)
        guard let value = Int64(number), value >= 0, String(value).utf8.elementsEqual(text) else { return nil }
        return UInt64(value)
    }
}

/// The lines before the first blank line, and what follows it; nil when there is none, or more than `limit` lines.
func splitAtBlankLine(_ bytes: [UInt8], limit: Int) -> (lines: [ArraySlice<UInt8>], rest: ArraySlice<UInt8>)? {
    var lines: [ArraySlice<UInt8>] = []
    var rest = bytes[...]
    while lines.count <= limit, let end = rest.firstIndex(of: 0x0A) {
        let line = rest[..<end]
        rest = rest[(end + 1)...]
        if line.isEmpty { return (lines, rest) }
        lines.append(line)
    }
    return nil
}

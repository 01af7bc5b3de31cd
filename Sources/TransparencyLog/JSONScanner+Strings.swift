extension JSONScanner {
    /// Past the string that begins at `position`; where its text is.
    mutating func string() throws(JSONDefect) -> JSONText {
        position += 1
        let start = position
        var isEscaped = false
        var hasNoncharacter = false
        while true {
            skipPlain()
            switch peek {
            case nil: throw defect("a string without end")
            case UInt8(ascii: "\""):
                let text = JSONText(start: start, end: position, isEscaped: isEscaped)
                position += 1
                guard !hasNoncharacter else { throw defect("a string with a noncharacter") }
                return text
            case UInt8(ascii: "\\"):
                isEscaped = true
                if Self.isNoncharacter(try escape()) { hasNoncharacter = true }
            case .some(0x80...):
                if Self.isNoncharacter(try scalar()) { hasNoncharacter = true }
            case .some(let byte):
                guard byte >= 0x20 else { throw defect("a raw control character in a string") }
                position += 1
            }
        }
    }

    /// A string's value.
    func string(at text: JSONText) -> String {
        if text.isEscaped { return String(decoding: unescaped(text), as: UTF8.self) }
        return String(decoding: raw(text), as: UTF8.self)
    }

    /// A string as it was written.
    func raw(_ text: JSONText) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[text.start..<text.end])
    }

    /// The bytes of a string that was scanned.
    func unescaped(_ text: JSONText) -> [UInt8] {
        var reader = JSONScanner()
        (reader.bytes, reader.position) = (bytes, text.start)
        var result: [UInt8] = []
        while reader.position < text.end {
            if bytes[reader.position] != UInt8(ascii: "\\") {
                result.append(bytes[reader.position])
                reader.position += 1
            } else if let scalar = (try? reader.escape()).flatMap(Unicode.Scalar.init) {
                result += String(scalar).utf8
            }
        }
        return result
    }

    /// Over ASCII that stands for itself, eight bytes at a time; the last few are left to the caller.
    private mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        while position + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let (quotes, backslashes) = (word ^ ones &* 0x22, word ^ ones &* 0x5C)
            // The top bit of each byte tells. A borrow can set it falsely, but only above a byte that stops us anyway.
            let controls = (word &- ones &* 0x20) & ~word
            let zeroes = (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes
            let stops = (controls | zeroes | word) & (ones &* 0x80)
            guard stops == 0 else {
                position += stops.trailingZeroBitCount / 8
                return
            }
            position += 8
        }
    }

    /// One scalar of two bytes or more (RFC 3629 section 4).
    private mutating func scalar() throws(JSONDefect) -> UInt32 {
        let lead = bytes[position]
        let (length, first): (Int, ClosedRange<UInt8>)
        switch lead {
        case 0xC2...0xDF: (length, first) = (2, 0x80...0xBF)
        case 0xE0: (length, first) = (3, 0xA0...0xBF)
        case 0xED: (length, first) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, first) = (3, 0x80...0xBF)
        case 0xF0: (length, first) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, first) = (4, 0x80...0xBF)
        case 0xF4: (length, first) = (4, 0x80...0x8F)
        default: throw defect("not valid UTF-8")
        }
        guard position + length <= bytes.count, first.contains(bytes[position + 1]) else {
            throw defect("not valid UTF-8")
        }
        var scalar = UInt32(lead) & (0x7F >> UInt32(length))
        for offset in 1..<length {
            let byte = bytes[position + offset]
            guard 0x80...0xBF ~= byte else { throw defect("not valid UTF-8") }
            scalar = scalar << 6 | UInt32(byte & 0x3F)
        }
        position += length
        return scalar
    }

    /// The scalar that an escape stands for.
    private mutating func escape() throws(JSONDefect) -> UInt32 {
        let start = position
        position += 1
        guard let kind = peek else { throw defect("a string without end") }
        position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt32(kind)
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"): break
        default: throw JSONDefect(what: "an unknown escape", offset: start)
        }
        let unit = try hexUnit()
        guard 0xD800...0xDFFF ~= unit else { return unit }
        guard unit < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw JSONDefect(what: "a lone surrogate", offset: start)
        }
        let low = try hexUnit()
        guard 0xDC00...0xDFFF ~= low else { throw JSONDefect(what: "a lone surrogate", offset: start) }
        return 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
    }

    private mutating func hexUnit() throws(JSONDefect) -> UInt32 {
        guard position + 4 <= bytes.count else { throw defect("four hexadecimal digits were expected") }
        var unit: UInt32 = 0
        for offset in 0..<4 {
            let byte = bytes[position + offset]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): unit = unit << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): unit = unit << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): unit = unit << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: throw defect("four hexadecimal digits were expected")
            }
        }
        position += 4
        return unit
    }

    private static func isNoncharacter(_ scalar: UInt32) -> Bool {
        scalar & 0xFFFE == 0xFFFE || 0xFDD0...0xFDEF ~= scalar
    }
}

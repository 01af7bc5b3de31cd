/// Why an entry is not one I-JSON object, and at which of its bytes.
public struct JSONDefect: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    public let what: String
    /// The byte, counted from 0, where it shows.
    public let offset: Int

    /// Both in one sentence.
    public var description: String { "\(what) at byte \(offset)" }
}

/// A strict scanner of entries: one I-JSON object (RFC 7493) on one line, without floats.
/// It exists so that all readers of an entry see the same values: duplicate keys, large integers and lone
/// surrogates are where JSON parsers disagree.
public enum JSONCheck {
    /// Nil when the entry is well-formed.
    public static func entry(_ bytes: [UInt8]) -> JSONDefect? {
        var scanner = Scanner(bytes: bytes)
        do {
            guard String(validating: bytes, as: UTF8.self) != nil else { throw scanner.defect("not valid UTF-8") }
            scanner.skipSpaces()
            guard scanner.peek == UInt8(ascii: "{") else { throw scanner.defect("an entry is a JSON object") }
            try scanner.value(depth: 0)
            guard scanner.peek == nil else { throw scanner.defect("bytes after the object") }
            return nil
        } catch {
            return error as? JSONDefect
        }
    }
}

private struct Scanner {
    let bytes: [UInt8]
    var position = 0

    static let maxDepth = 64
    static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    static let literals = ["true", "false", "null"].map { Array($0.utf8) }
    static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F, UInt8(ascii: "b"): 0x08,
        UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
    ]

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    func defect(_ what: String) -> JSONDefect { JSONDefect(what: what, offset: position) }

    /// Only spaces and tabs: an entry has no newline, so that a log prints as JSON Lines.
    mutating func skipSpaces() {
        while peek == 0x20 || peek == 0x09 { position += 1 }
    }

    mutating func take(_ character: Character) -> Bool {
        guard let byte = peek, byte == character.asciiValue else { return false }
        position += 1
        return true
    }

    mutating func value(depth: Int) throws {
        guard depth < Self.maxDepth else { throw defect("nested deeper than \(Self.maxDepth) levels") }
        skipSpaces()
        switch peek {
        case UInt8(ascii: "{"): try object(depth: depth)
        case UInt8(ascii: "["): try array(depth: depth)
        case UInt8(ascii: "\""): _ = try string()
        case .some(let byte) where byte == UInt8(ascii: "-") || Self.digits.contains(byte): try integer()
        default: try literal()
        }
        skipSpaces()
    }

    mutating func object(depth: Int) throws {
        position += 1
        var keys: Set<String> = []
        skipSpaces()
        if take("}") { return }
        repeat {
            skipSpaces()
            let start = position
            guard peek == UInt8(ascii: "\"") else { throw defect("a key was expected") }
            // Compared after unescaping, by scalars: "a" and "\u0061" are one key, "é" and "e\u0301" are two.
            let key = try string()
            guard keys.insert(key.map { String($0, radix: 16) }.joined(separator: " ")).inserted else {
                throw JSONDefect(what: "duplicate key", offset: start)
            }
            skipSpaces()
            guard take(":") else { throw defect("':' was expected") }
            try value(depth: depth + 1)
        } while take(",")
        guard take("}") else { throw defect("',' or '}' was expected") }
    }

    mutating func array(depth: Int) throws {
        position += 1
        skipSpaces()
        if take("]") { return }
        repeat { try value(depth: depth + 1) } while take(",")
        guard take("]") else { throw defect("',' or ']' was expected") }
    }

    mutating func literal() throws {
        guard let word = Self.literals.first(where: { bytes[position...].starts(with: $0) }) else {
            throw defect("a value was expected")
        }
        position += word.count
    }

    mutating func integer() throws {
        let start = position
        let isNegative = take("-")
        let digits = bytes[position...].prefix { Self.digits.contains($0) }
        position += digits.count
        guard let first = digits.first else { throw defect("a digit was expected") }
        if first == UInt8(ascii: "0"), digits.count > 1 || isNegative {
            throw JSONDefect(what: "leading zero or -0", offset: start)
        }
        if let next = peek, [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(next) {
            throw JSONDefect(what: "a floating-point number", offset: start)
        }
        guard let magnitude = UInt64(String(decoding: digits, as: UTF8.self)), magnitude < 1 << 53 else {
            throw JSONDefect(what: "an integer beyond 2^53", offset: start)
        }
    }

    /// The string's Unicode scalars, unescaped.
    mutating func string() throws -> [UInt32] {
        position += 1
        var scalars: [UInt32] = []
        while !take("\"") {
            switch peek {
            case nil: throw defect("a string without end")
            case UInt8(ascii: "\\"): scalars.append(try escape())
            case .some(let byte) where byte < 0x20: throw defect("a raw control character in a string")
            default:
                let run = bytes[position...].prefix {
                    $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 >= 0x20
                }
                scalars += plain(run)
                position += run.count
            }
        }
        guard !scalars.contains(where: Self.isNoncharacter) else { throw defect("a string with a noncharacter") }
        return scalars
    }

    private func plain(_ run: ArraySlice<UInt8>) -> [UInt32] {
        String(decoding: run, as: UTF8.self).unicodeScalars.map(\.value)
    }

    private mutating func escape() throws -> UInt32 {
        let start = position
        position += 1
        guard let kind = peek else { throw defect("a string without end") }
        position += 1
        if let byte = Self.escapes[kind] { return UInt32(byte) }
        guard kind == UInt8(ascii: "u") else { throw JSONDefect(what: "an unknown escape", offset: start) }
        let unit = try hexUnit()
        guard (0xD800...0xDFFF).contains(unit) else { return unit }
        guard unit < 0xDC00, take("\\"), take("u") else { throw JSONDefect(what: "a lone surrogate", offset: start) }
        let low = try hexUnit()
        guard (0xDC00...0xDFFF).contains(low) else { throw JSONDefect(what: "a lone surrogate", offset: start) }
        return 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
    }

    private mutating func hexUnit() throws -> UInt32 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw defect("four hexadecimal digits were expected") }
        position += 4
        return unit
    }

    private static func isNoncharacter(_ scalar: UInt32) -> Bool {
        scalar & 0xFFFE == 0xFFFE || (0xFDD0...0xFDEF).contains(scalar)
    }
}

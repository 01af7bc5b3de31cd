/// Reads the SSH wire encoding (RFC 4251, section 5). Every read is bounds-checked and yields nil past the end.
struct WireReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: some Sequence<UInt8>) { rest = ArraySlice(Array(bytes)) }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8? { rest.popFirst() }

    mutating func bytes(_ count: Int) -> [UInt8]? {
        guard count >= 0, rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func uint32() -> UInt32? { bytes(4)?.reduce(0) { $0 << 8 | UInt32($1) } }

    mutating func string() -> [UInt8]? { uint32().flatMap { bytes(Int($0)) } }

    mutating func text() -> String? { string().map { String(decoding: $0, as: UTF8.self) } }

    /// A positive mpint as `width` big-endian bytes, nil when it does not fit.
    mutating func unsigned(width: Int) -> [UInt8]? {
        guard let digits = string()?.drop(while: { $0 == 0 }), digits.count <= width else { return nil }
        return [UInt8](repeating: 0, count: width - digits.count) + digits
    }

    /// The digits of an mpint that is not negative and of at most 16384 bits.
    mutating func positive() -> [UInt8]? {
        guard let digits = string(), (digits.first ?? 0) < 0x80, digits.count <= 2049 else { return nil }
        return digits
    }
}

/// The SSH wire encoding, for writing.
enum Wire {
    static func uint32(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

    static func string(_ bytes: some Collection<UInt8>) -> [UInt8] { uint32(bytes.count) + bytes }

    /// A positive mpint: no leading zeros, except one when the top bit would read as a sign.
    static func mpint(_ magnitude: some Collection<UInt8>) -> [UInt8] {
        let digits = magnitude.drop { $0 == 0 }
        return string(digits.first.map { $0 >= 0x80 } == true ? [0] + Array(digits) : Array(digits))
    }
}

import Glibc

/// A string in an entry, by its place between the quotes.
struct JSONText: Equatable {
    let start: Int
    let end: Int
    /// Whether it has to be unescaped to be read.
    let isEscaped: Bool
}

/// What an entry says of itself at its top level, in a log of runs (`audit/README.md`).
struct EntryHead: Equatable {
    var type: JSONText?
    var run: JSONText?
    var node: JSONText?
    /// Of the member `intent`, which names another entry.
    var intentIndex: UInt64?
    var intentLeaf: JSONText?
}

/// Goes over an entry where it lies: nothing is decoded, and nothing allocated, but for keys with escapes and objects with many
/// keys. One scanner takes any number of entries. It is lent, never copied: a copy for each entry would cost more than a look at it.
struct JSONScanner: ~Copyable {
    /// Which object a member is of.
    private enum Place { case top, intent, elsewhere }
    /// What a value was, as far as anybody asks.
    private enum Value {
        case text(JSONText), number(UInt64), other
    }

    private static let maxDepth = 64
    /// From so many keys on an object's keys are looked up, not compared one by one.
    private static let manyKeys = 32

    // Only while `scan` runs, or its caller looks at what it found: who gave them keeps them.
    var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    var position = 0
    /// What the last entry said.
    var head = EntryHead()
    /// Those of all objects that are open, the innermost last.
    private var keys: [JSONText] = []
    /// Room for what is marked in an entry.
    var marks: [UInt64] = []

    /// Checks one entry. The places in `head` are places in `entry`.
    mutating func scan(_ entry: UnsafeRawBufferPointer) throws(JSONDefect) {
        bytes = entry
        head = EntryHead()
        if !scanPlain() { try scanWhole(entry) }
    }

    /// The same by the whole grammar, whatever the entry is like.
    mutating func scanWhole(_ entry: UnsafeRawBufferPointer) throws(JSONDefect) {
        bytes = entry
        position = 0
        head = EntryHead()
        keys.removeAll(keepingCapacity: true)
        skipSpaces()
        guard peek == UInt8(ascii: "{") else { throw defect("an entry is a JSON object") }
        _ = try value(depth: 0, .top)
        guard peek == nil else { throw defect("bytes after the object") }
    }

    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    func defect(_ what: String) -> JSONDefect { JSONDefect(what: what, offset: position) }

    mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    /// Only spaces and tabs: an entry has no newline, so that a log prints as JSON Lines.
    private mutating func skipSpaces() {
        while peek == 0x20 || peek == 0x09 { position += 1 }
    }

    private mutating func value(depth: Int, _ place: Place) throws(JSONDefect) -> Value {
        guard depth < Self.maxDepth else { throw defect("nested deeper than \(Self.maxDepth) levels") }
        skipSpaces()
        var found = Value.other
        switch peek {
        case UInt8(ascii: "{"): try object(depth: depth, place)
        case UInt8(ascii: "["): try array(depth: depth)
        case UInt8(ascii: "\""): found = .text(try string())
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): found = try integer()
        default: try literal()
        }
        skipSpaces()
        return found
    }

    private mutating func object(depth: Int, _ place: Place) throws(JSONDefect) {
        position += 1
        skipSpaces()
        if take(UInt8(ascii: "}")) { return }
        let outer = keys.count
        var many: Set<[UInt8]> = []
        repeat {
            skipSpaces()
            let start = position
            guard peek == UInt8(ascii: "\"") else { throw defect("a key was expected") }
            let key = try string()
            guard isNew(key, after: outer, &many) else { throw JSONDefect(what: "duplicate key", offset: start) }
            skipSpaces()
            guard take(UInt8(ascii: ":")) else { throw defect("':' was expected") }
            try member(key, of: place, depth: depth)
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw defect("',' or '}' was expected") }
        keys.removeLast(keys.count - outer)
    }

    private mutating func member(_ key: JSONText, of place: Place, depth: Int) throws(JSONDefect) {
        let isIntent = place == .top && isText(key, "intent")
        let found = try value(depth: depth + 1, isIntent ? .intent : .elsewhere)
        switch (place, found) {
        case (.top, .text(let text)):
            if isText(key, "type") { head.type = text }
            if isText(key, "run") { head.run = text }
            if isText(key, "node") { head.node = text }
        case (.intent, .text(let text)) where isText(key, "leaf"): head.intentLeaf = text
        case (.intent, .number(let number)) where isText(key, "index"): head.intentIndex = number
        default: break
        }
    }

    /// Compared after unescaping, by bytes: "a" and "\u0061" are one key, "é" and "e\u0301" are two.
    private mutating func isNew(_ key: JSONText, after outer: Int, _ many: inout Set<[UInt8]>) -> Bool {
        if !many.isEmpty { return many.insert(unescaped(key)).inserted }
        for other in outer..<keys.count where isSame(keys[other], key) { return false }
        keys.append(key)
        if keys.count - outer == Self.manyKeys { many = Set(keys[outer...].map { unescaped($0) }) }
        return true
    }

    private func isSame(_ one: JSONText, _ other: JSONText) -> Bool {
        if one.isEscaped || other.isEscaped { return unescaped(one) == unescaped(other) }
        return isRaw(one, bytes.baseAddress.map { $0 + other.start }, count: other.end - other.start)
    }

    /// Whether a string has this value, once unescaped.
    @inline(__always)
    func isText(_ text: JSONText, _ value: StaticString) -> Bool {
        if text.isEscaped { return unescaped(text).elementsEqual("\(value)".utf8) }
        return isRaw(text, UnsafeRawPointer(value.utf8Start), count: value.utf8CodeUnitCount)
    }

    /// Whether a string has this value and no escapes.
    func isPlain(_ text: JSONText, _ value: String) -> Bool {
        guard !text.isEscaped, value.utf8.count == text.end - text.start else { return false }
        return value.utf8.withContiguousStorageIfAvailable {
            isRaw(text, UnsafeRawPointer($0.baseAddress), count: $0.count)
        } ?? false
    }

    @inline(__always)
    private func isRaw(_ text: JSONText, _ value: UnsafeRawPointer?, count: Int) -> Bool {
        guard text.end - text.start == count, let base = bytes.baseAddress, let value else { return false }
        return memcmp(base + text.start, value, count) == 0
    }

    private mutating func array(depth: Int) throws(JSONDefect) {
        position += 1
        skipSpaces()
        if take(UInt8(ascii: "]")) { return }
        repeat { _ = try value(depth: depth + 1, .elsewhere) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw defect("',' or ']' was expected") }
    }

    private mutating func literal() throws(JSONDefect) {
        let word: StaticString
        switch peek {
        case UInt8(ascii: "t"): word = "true"
        case UInt8(ascii: "f"): word = "false"
        case UInt8(ascii: "n"): word = "null"
        default: throw defect("a value was expected")
        }
        let place = JSONText(start: position, end: position + word.utf8CodeUnitCount, isEscaped: false)
        guard place.end <= bytes.count, isText(place, word) else { throw defect("a value was expected") }
        position = place.end
    }

    private mutating func integer() throws(JSONDefect) -> Value {
        let start = position
        let isNegative = take(UInt8(ascii: "-"))
        let first = position
        var magnitude: UInt64 = 0
        while let digit = peek, UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit {
            // Beyond the limit it stays as it is, so that no number of digits overflows.
            if magnitude < 1 << 53 { magnitude = magnitude * 10 + UInt64(digit - UInt8(ascii: "0")) }
            position += 1
        }
        guard position > first else { throw defect("a digit was expected") }
        if bytes[first] == UInt8(ascii: "0"), position > first + 1 || isNegative {
            throw JSONDefect(what: "leading zero or -0", offset: start)
        }
        if let next = peek, next == UInt8(ascii: ".") || next | 0x20 == UInt8(ascii: "e") {
            throw JSONDefect(what: "a floating-point number", offset: start)
        }
        guard magnitude < 1 << 53 else { throw JSONDefect(what: "an integer beyond 2^53", offset: start) }
        return isNegative ? .other : .number(magnitude)
    }
}

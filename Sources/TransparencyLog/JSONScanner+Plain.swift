import Glibc

extension JSONScanner {
    /// Over an entry as Belay's own writer makes them: no blanks, ASCII, keys without escapes, at most sixteen in an object. Nearly
    /// every entry is one, and whether it is takes a fraction of what the whole grammar takes.
    ///
    /// - Returns: true when the entry is one I-JSON object; `head` is set then. False says nothing: the whole grammar decides.
    mutating func scanPlain() -> Bool {
        guard let base = bytes.baseAddress else { return false }
        var entry = PlainEntry(bytes: base, count: bytes.count)
        guard entry.byte(0) == UInt8(ascii: "{"), entry.object(at: 0, depth: 0, isIntent: false) == bytes.count else {
            return false
        }
        head = entry.head
        return true
    }
}

/// Places are counted from the entry's beginning; ``unsure`` stands for anything that is not plain.
private struct PlainEntry {
    fileprivate struct Key {
        let place: Int
        let count: Int
        /// Its first eight bytes, little-endian, and zeroes where there are fewer.
        let start: UInt64
    }

    private static let unsure = -1
    private static let maxDepth = 20
    private static let maxKeys = 16
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    let bytes: UnsafeRawPointer
    let count: Int
    var head = EntryHead()

    @inline(__always)
    func byte(_ place: Int) -> UInt8 { place < count ? bytes.load(fromByteOffset: place, as: UInt8.self) : 0 }

    @inline(__always)
    private func word(_ place: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    }

    /// Past the object that begins at `start`.
    mutating func object(at start: Int, depth: Int, isIntent: Bool) -> Int {
        guard depth < Self.maxDepth else { return Self.unsure }
        if byte(start + 1) == UInt8(ascii: "}") { return start + 2 }
        return withUnsafeTemporaryAllocation(of: Key.self, capacity: Self.maxKeys) { keys in
            var (place, known) = (start, 0)
            repeat {
                guard known < Self.maxKeys, let key = key(at: place + 1), isNew(key, among: keys[..<known]) else {
                    return Self.unsure
                }
                keys.initializeElement(at: known, to: key)
                known += 1
                place = member(key, depth: depth, isIntent: isIntent)
            } while place > 0 && byte(place) == UInt8(ascii: ",")
            return place > 0 && byte(place) == UInt8(ascii: "}") ? place + 1 : Self.unsure
        }
    }

    /// A key and its colon; nil when it is not plain, or so near the end that eight bytes cannot be read.
    @inline(__always)
    private func key(at place: Int) -> Key? {
        guard byte(place) == UInt8(ascii: "\""), place + 9 <= count else { return nil }
        let end = plainEnd(from: place + 1)
        guard byte(end) == UInt8(ascii: "\""), byte(end + 1) == UInt8(ascii: ":") else { return nil }
        let length = end - place - 1
        let start = length >= 8 ? word(place + 1) : word(place + 1) & (1 << UInt64(8 * length) - 1)
        return Key(place: place + 1, count: length, start: start)
    }

    @inline(__always)
    private func isNew(_ key: Key, among keys: Slice<UnsafeMutableBufferPointer<Key>>) -> Bool {
        for other in keys where other.start == key.start && other.count == key.count {
            if key.count <= 8 || memcmp(bytes + key.place, bytes + other.place, key.count) == 0 { return false }
        }
        return true
    }

    /// Past the value of a member.
    @inline(__always)
    private mutating func member(_ key: Key, depth: Int, isIntent: Bool) -> Int {
        let place = key.place + key.count + 2
        guard depth == 0 || isIntent else { return value(at: place, depth: depth + 1) }
        let end =
            depth == 0 && key.is("intent") && byte(place) == UInt8(ascii: "{")
            ? object(at: place, depth: 1, isIntent: true) : value(at: place, depth: depth + 1)
        if end > 0 { note(key, place, end, isIntent) }
        return end
    }

    private mutating func note(_ key: Key, _ place: Int, _ end: Int, _ isIntent: Bool) {
        let isText = byte(place) == UInt8(ascii: "\"")
        let text = JSONText(start: place + 1, end: end - 1, isEscaped: isText && hasBackslash(place + 1, end - 1))
        switch (isIntent, isText) {
        case (false, true):
            if key.is("type") { head.type = text }
            if key.is("run") { head.run = text }
            if key.is("node") { head.node = text }
        case (true, true): if key.is("leaf") { head.intentLeaf = text }
        case (true, false): if key.is("index") { head.intentIndex = number(place, end) }
        case (false, false): break
        }
    }

    /// Past a value.
    private mutating func value(at place: Int, depth: Int) -> Int {
        switch byte(place) {
        case UInt8(ascii: "\""): return string(at: place)
        case UInt8(ascii: "{"): return object(at: place, depth: depth, isIntent: false)
        case UInt8(ascii: "["): return array(at: place, depth: depth)
        case UInt8(ascii: "t"): return literal("true", at: place)
        case UInt8(ascii: "f"): return literal("false", at: place)
        case UInt8(ascii: "n"): return literal("null", at: place)
        default: return integer(at: place)
        }
    }

    private mutating func array(at start: Int, depth: Int) -> Int {
        guard depth < Self.maxDepth else { return Self.unsure }
        if byte(start + 1) == UInt8(ascii: "]") { return start + 2 }
        var place = start
        repeat { place = value(at: place + 1, depth: depth + 1) } while place > 0 && byte(place) == UInt8(ascii: ",")
        return place > 0 && byte(place) == UInt8(ascii: "]") ? place + 1 : Self.unsure
    }

    @inline(__always)
    private func string(at start: Int) -> Int {
        var place = start + 1
        while true {
            place = plainEnd(from: place)
            switch byte(place) {
            case UInt8(ascii: "\""): return place + 1
            case UInt8(ascii: "\\"):
                switch byte(place + 1) {
                case UInt8(ascii: "n"), UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "t"), UInt8(ascii: "/"),
                    UInt8(ascii: "r"), UInt8(ascii: "b"), UInt8(ascii: "f"):
                    place += 2
                default: return Self.unsure
                }
            default: return Self.unsure
            }
        }
    }

    /// The next byte that is a quote, a backslash, a control character or not ASCII; `count` when there is none.
    @inline(__always)
    private func plainEnd(from start: Int) -> Int {
        var place = start
        while place + 8 <= count {
            let word = word(place)
            let (quotes, backslashes) = (word ^ Self.ones &* 0x22, word ^ Self.ones &* 0x5C)
            // The top bit of each byte tells. A borrow can set it falsely, but only above a byte that stops us anyway.
            let controls = (word &- Self.ones &* 0x20) & ~word
            let zeroes = (quotes &- Self.ones) & ~quotes | (backslashes &- Self.ones) & ~backslashes
            let stops = (controls | zeroes | word) & (Self.ones &* 0x80)
            if stops != 0 { return place + stops.trailingZeroBitCount / 8 }
            place += 8
        }
        while place < count, byte(place) >= 0x20, byte(place) < 0x80, byte(place) != UInt8(ascii: "\""),
            byte(place) != UInt8(ascii: "\\")
        {
            place += 1
        }
        return place
    }

    /// Past an integer of at most fifteen digits, which is below 2^53.
    @inline(__always)
    private func integer(at start: Int) -> Int {
        let first = byte(start) == UInt8(ascii: "-") ? start + 1 : start
        var place = first
        while UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte(place) { place += 1 }
        let digits = place - first
        let isPlain =
            digits == 1 ? byte(first) != UInt8(ascii: "0") || first == start : byte(first) != UInt8(ascii: "0")
        // What follows is for whoever looks on: a point or an exponent is no end of a value.
        return 1...15 ~= digits && isPlain ? place : Self.unsure
    }

    @inline(__always)
    private func literal(_ word: StaticString, at place: Int) -> Int {
        let end = place + word.utf8CodeUnitCount
        return end <= count && memcmp(bytes + place, word.utf8Start, word.utf8CodeUnitCount) == 0 ? end : Self.unsure
    }

    private func hasBackslash(_ start: Int, _ end: Int) -> Bool {
        memchr(bytes + start, Int32(UInt8(ascii: "\\")), end - start) != nil
    }

    /// An integer that was scanned; nil below 0.
    private func number(_ start: Int, _ end: Int) -> UInt64? {
        guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte(start) else { return nil }
        return (start..<end).reduce(0) { $0 * 10 + UInt64(byte($1) - UInt8(ascii: "0")) }
    }
}

extension PlainEntry.Key {
    /// Whether it is a word of at most eight letters.
    @inline(__always)
    fileprivate func `is`(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        var bytes: UInt64 = 0
        for place in 0..<count { bytes |= UInt64(word.utf8Start[place]) << UInt64(8 * place) }
        return start == bytes
    }
}
